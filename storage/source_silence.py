"""Which sources have gone silent: they used to speak, or wait for a person, or their platform's window closes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerts.silence import WATCHED, SilentSource, judge_silence
from storage.models.mentions import Post
from storage.models.sources import Source

_ARRIVALS = 5_000  # newest posts that the silence rule looks at


def mark_silent(session: Session, now: datetime) -> list[SilentSource]:
    """Apply the silence rule to every polled source; returns those that have just gone silent.

    A source that worked and now waits for a person (its key was refused, its address is gone) is silent too.
    """
    stopped = Source.error_reason.is_not(None) & Source.last_success_at.is_not(None)
    polled = or_(Source.next_check_at.is_not(None), stopped)
    gone = []
    for source in session.scalars(select(Source).where(Source.enabled, polled).order_by(Source.id)):
        silent = _silence_of(session, source, now)
        if silent is not None and source.silent_since is None:
            source.silent_since = now
            gone.append(silent)
        elif silent is None and source.silent_since is not None and _speaks(session, source, now):
            source.silent_since = None
    session.flush()
    return gone


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
    if source.next_check_at is None:
        reason = f"It collects no more until somebody looks after it. {source.error_detail or ''}".strip()
        return SilentSource(source.id, source.name, reason, now - (source.last_success_at or now))
    verdict = judge_silence(_arrivals(session, source, now), now)
    if not verdict.silent or verdict.quiet is None:
        return None
    return SilentSource(source.id, source.name, verdict.reason, verdict.quiet)


def _speaks(session: Session, source: Source, now: datetime) -> bool:
    """Whether a silence is over; a source from which nothing came for a month stays silent."""
    return source.last_item_at is None or bool(_arrivals(session, source, now))


def _arrivals(session: Session, source: Source, now: datetime) -> Sequence[datetime]:
    published = select(Post.published_at).where(Post.source_id == source.id, Post.published_at > now - WATCHED)
    return session.scalars(published.order_by(Post.published_at.desc()).limit(_ARRIVALS)).all()
