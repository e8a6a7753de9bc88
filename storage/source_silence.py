"""Which sources have gone silent: they used to speak, or wait for a person, or their platform's window closes."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.silence import LEAST_QUIET, WATCHED, SilentSource, judge_silence, judge_window
from collectors import registry
from storage.kinds import is_polled
from storage.models.mentions import Post
from storage.models.sources import Source

_ARRIVALS = 5_000  # newest posts that the silence rule looks at
_DOUBTFUL = text("""
SELECT s.id FROM sources s
WHERE s.enabled AND (s.next_check_at IS NOT NULL OR (s.error_reason IS NOT NULL AND s.last_success_at IS NOT NULL)
    OR s.kind = ANY(CAST(:pushed AS text[])))
  AND (s.silent_since IS NOT NULL OR (s.next_check_at IS NULL AND s.kind <> ALL(CAST(:pushed AS text[])))
    OR s.kind = ANY(CAST(:windowed AS text[]))
    OR (SELECT max(p.published_at) FROM posts p WHERE p.source_id = s.id) < :quiet)
""")


def mark_silent(session: Session, now: datetime) -> list[SilentSource]:
    """Apply the silence rule to every source; returns those that have just gone silent.

    A source that worked and now waits for a person (its key was refused, its address is gone) is silent too.
    """
    gone = []
    for source in session.scalars(select(Source).where(Source.id.in_(_doubtful(session, now))).order_by(Source.id)):
        silent = _silence_of(session, source, now)
        if silent is not None and source.silent_since is None:
            source.silent_since = now
            gone.append(silent)
        elif silent is None and source.silent_since is not None and _speaks(session, source, now):
            source.silent_since = None
    session.flush()
    return gone


def _doubtful(session: Session, now: datetime) -> Sequence[int]:
    """Ids of the sources that may be silent, or may no longer be: ten thousand that speak are not looked at.

    Watched are those that are polled, and those into which others push.
    """
    pushed = [each.kind for each in registry.all_collectors() if each.takes_hooks and not each.polled]
    values = {"quiet": now - LEAST_QUIET, "windowed": list(_windows()), "pushed": pushed}
    return session.scalars(_DOUBTFUL, values).all()


def silent_sources(session: Session, now: datetime) -> list[SilentSource]:
    """All that are silent now, those first that are silent longest."""
    found = []
    for source in session.scalars(select(Source).where(Source.enabled, Source.silent_since.is_not(None))):
        since = source.silent_since or now
        still = SilentSource(source.id, source.name, "Nothing came for a month.", now - since)
        found.append(_silence_of(session, source, now) or still)
    return sorted(found, key=lambda source: (-source.quiet, source.id))


def _silence_of(session: Session, source: Source, now: datetime) -> SilentSource | None:
    """The verdict on a source; None: it is not silent."""
    if source.next_check_at is None and is_polled(source.kind):
        reason = f"It collects no more until somebody looks after it. {source.error_detail or ''}".strip()
        return SilentSource(source.id, source.name, reason, now - (source.last_success_at or now))
    window = _windows().get(source.kind)
    verdict = None if window is None else judge_window(source.last_complete_at, window, now)
    if verdict is None:
        verdict = judge_silence(_arrivals(session, source, now), now)
    if not verdict.silent or verdict.quiet is None:
        return None
    return SilentSource(source.id, source.name, verdict.reason, verdict.quiet)


def _speaks(session: Session, source: Source, now: datetime) -> bool:
    """Whether a silence is over; a source from which nothing came for a month stays silent."""
    if source.kind in _windows():
        return True  # a complete reading is proof enough: there was nothing new
    return source.last_item_at is None or bool(_arrivals(session, source, now))


def _windows() -> Mapping[str, timedelta]:
    """Kinds whose platform serves only the latest items."""
    return {each.kind: each.window for each in registry.all_collectors() if each.window is not None}


def _arrivals(session: Session, source: Source, now: datetime) -> Sequence[datetime]:
    """Answers to surveys carry the first of their month and say nothing of when something came."""
    published = select(Post.published_at).where(
        Post.source_id == source.id, Post.published_at > now - WATCHED, Post.kind != "survey"
    )
    return session.scalars(published.order_by(Post.published_at.desc()).limit(_ARRIVALS)).all()
