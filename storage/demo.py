"""The demo company in the database: whether it is there, one loader at a time, and taking all of it away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from storage import db
from storage.models.advocacy import Advocate, Campaign, Content, ProgrammeDay, Share
from storage.models.attribution import CareerVisit
from storage.models.incidents import Incident
from storage.models.sources import Company, ProfileVersion, Source
from storage.models.users import User
from storage.removal import remove_source_mentions

_LOADER_LOCK = 0x05750003
_LOADED = "loaded"


@dataclass(frozen=True, slots=True)
class DemoState:
    """`real`: a company of one's own is set up. `begun`: demo rows are there; `loaded`: all of them."""

    real: bool
    begun: bool
    loaded: bool


@contextmanager
def loading() -> Iterator[bool]:
    """Hold the right to load or remove the demo; gives False when another process has it. Ends with the process."""
    with db.connect().connect() as connection:
        held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOADER_LOCK}))
        connection.commit()  # the lock belongs to the connection; no transaction may stay open meanwhile
        try:
            yield held
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOADER_LOCK})
                connection.commit()


def state(session: Session) -> DemoState:
    """What is set up now."""
    origin = session.scalar(select(ProfileVersion.origin).order_by(ProfileVersion.id.desc()).limit(1))
    cursors = session.scalars(select(Source.cursor).where(Source.demo)).all()
    begun = origin == "demo" or bool(cursors)
    return DemoState(origin not in (None, "demo"), begun, any(cursor.get(_LOADED) for cursor in cursors))


_RUNS = text("""
INSERT INTO collection_runs (source_id, started_at, finished_at, complete, reason, detail)
SELECT s.id, hour, hour + interval '20 seconds', NOT down, CASE WHEN down THEN 'unreachable' ELSE 'ok' END,
       CASE WHEN down THEN 'The demo pretends that this source was not reachable.' ELSE '' END
FROM sources s, generate_series(CAST(:start AS timestamptz), CAST(:end AS timestamptz), interval '1 hour') AS hour,
     LATERAL (SELECT hour BETWEEN CAST(:down AS timestamptz) AND CAST(:up AS timestamptz) AS down) gap
WHERE s.demo AND s.kind = 'demo'
""")


def note_runs(session: Session, start: datetime, end: datetime, down: datetime, up: datetime) -> None:
    """Hourly collections of the demo's sources, those between `down` and `up` failed, so that coverage has a story.

    Not of its surveys, which come in by file.
    """
    session.execute(_RUNS, {"start": start, "end": end, "down": down, "up": up})
    session.execute(update(Source).where(Source.demo, Source.kind == "demo").values(last_success_at=end))


def mark_loaded(session: Session) -> None:
    """Say that nothing is missing any more."""
    session.execute(update(Source).where(Source.demo).values(cursor={_LOADED: True}))


def note_programme_days(session: Session, joins: Sequence[datetime], eligible: int, now: datetime) -> None:
    """Head-counts of the days since the first advocate joined, as if they had been noted every evening."""
    day = min(joins).astimezone(UTC).date()
    while day <= now.astimezone(UTC).date():
        joined = sum(each.astimezone(UTC).date() <= day for each in joins)
        counts = {"invited": min(eligible, joined * 5), "joined": joined, "active": round(joined * 0.8)}
        counts["connected"] = round(joined * 0.6)
        session.merge(ProgrammeDay(day=day, eligible=eligible, demo=True, **counts))
        day += timedelta(days=1)


def tie_shares(session: Session, campaign_id: int, start: datetime, end: datetime) -> None:
    """Let the invented shares of a time belong to an invented campaign."""
    invented = select(Advocate.id).where(Advocate.demo)
    of_time = (Share.published_at >= start, Share.published_at < end, Share.advocate_id.in_(invented))
    session.execute(update(Share).where(*of_time).values(campaign_id=campaign_id))


_VISITS = text("""
INSERT INTO career_visits (day, host, origin, began_at, jobs_at, applied_at, link_id, campaign, channel, demo)
SELECT (v.at AT TIME ZONE 'UTC')::date, :host, 'beacon', v.at, CASE WHEN v.steps > 0 THEN v.at END,
       CASE WHEN v.steps > 1 THEN v.at END, l.id, l.campaign, l.channel, true
FROM unnest(CAST(:times AS timestamptz[]), CAST(:steps AS integer[]), CAST(:codes AS text[])) AS v(at, steps, code)
LEFT JOIN links l ON l.code = v.code
""")


def note_visits(session: Session, host: str, visits: Sequence[tuple[datetime, int, str | None]]) -> None:
    """Visits to the careers pages: when, how far (0 no further, 1 job list, 2 application), the code they came by."""
    times, steps, codes = (list(column) for column in zip(*visits, strict=True)) if visits else ([], [], [])
    session.execute(_VISITS, {"host": host, "times": times, "steps": steps, "codes": codes})


def remove(session: Session) -> None:
    """Take away every demo row; what is real stays as it is, and without a real profile the first start comes back."""
    remove_source_mentions(session, session.scalars(select(Source.id).where(Source.demo)).all())
    session.execute(delete(Source).where(Source.demo))
    session.execute(delete(Campaign).where(Campaign.demo))
    session.execute(delete(CareerVisit).where(CareerVisit.demo))
    session.execute(delete(Advocate).where(Advocate.demo))
    session.execute(delete(Content).where(Content.demo))
    session.execute(delete(ProgrammeDay).where(ProgrammeDay.demo))
    session.execute(delete(User).where(User.demo))
    session.execute(delete(Incident).where(Incident.demo))
    session.execute(delete(Company).where(Company.demo))
    session.execute(delete(ProfileVersion).where(ProfileVersion.origin == "demo"))
