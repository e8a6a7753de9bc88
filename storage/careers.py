"""Visits to the careers pages: by which link, how far they got, and whether there are more than was to be expected.

A visit is all that one address and browser did on one host on one day (UTC), told apart by a hash with the day's salt;
nothing is stored on the visitor's device, and the hash is emptied when its day is over. Posts that carry no tracked
link are invisible here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.stats import Proportion, proportion
from metrics.suppress import MIN_AUTHORS, Cell, suppress_table
from metrics.uplift import WEEKS_BEFORE, Effect, interrupted
from storage.viewer import NotAllowed, Viewer

KINDS = ("visit", "jobs", "application")
OTHER = "–"  # of links without a campaign


@dataclass(frozen=True, slots=True)
class Event:
    """What a careers page or an applicant system reports. `code` is utm_content where utm_medium is ours."""

    kind: str
    at: datetime
    host: str
    code: str | None = None
    visitor: bytes | None = None
    reference: str | None = None  # the sender's own name of a server event; twice the same is once


@dataclass(frozen=True, slots=True)
class Steps:
    """V1 visits by our links, V2 those that reached the job list, V3 applications started; `rate` is V3 ÷ V1."""

    visits: int
    jobs: int
    applications: int
    rate: Proportion


@dataclass(frozen=True, slots=True)
class CareersCell:
    """The steps of one campaign on one channel; None stands for all. `steps` None: too few advocates behind it."""

    campaign: str | None
    channel: str | None
    steps: Steps | None


@dataclass(frozen=True, slots=True)
class Careers:
    """The careers pages in a window. `days` are all visits by day, ours among them; None: nothing was reported."""

    cells: tuple[CareersCell, ...]
    days: tuple[tuple[date, int | None], ...]
    visits: int
    before: int | None  # visits in the equally long time before; there was no control
    change: Effect
    as_of: datetime | None

    @property
    def total(self) -> Steps | None:
        """All campaigns and channels together."""
        return next((each.steps for each in self.cells if each.campaign is None and each.channel is None), None)


_NOTE = text("""
INSERT INTO career_visits (day, host, visitor, reference, link_id, campaign, channel, origin, began_at, jobs_at,
                           applied_at)
SELECT :day, :host, CAST(:visitor AS bytea), CAST(:reference AS bytea), l.id, l.campaign, l.channel, :origin, :at,
       CASE WHEN :kind = 'jobs' THEN CAST(:at AS timestamptz) END,
       CASE WHEN :kind = 'application' THEN CAST(:at AS timestamptz) END
FROM (SELECT 1) one LEFT JOIN links l ON l.code = :code
ON CONFLICT {conflict}
""")
_AGAIN = """(day, host, visitor) DO UPDATE SET
    link_id = coalesce(career_visits.link_id, excluded.link_id),
    campaign = CASE WHEN career_visits.link_id IS NULL THEN excluded.campaign ELSE career_visits.campaign END,
    channel = CASE WHEN career_visits.link_id IS NULL THEN excluded.channel ELSE career_visits.channel END,
    jobs_at = coalesce(career_visits.jobs_at, excluded.jobs_at),
    applied_at = coalesce(career_visits.applied_at, excluded.applied_at)"""
_BEACON = text(str(_NOTE).format(conflict=_AGAIN))
_SERVER = text(str(_NOTE).format(conflict="(reference) DO NOTHING"))
_CELLS = text("""
SELECT coalesce(v.campaign, :other) AS campaign, v.channel, grouping(coalesce(v.campaign, :other)) AS all_campaigns,
    grouping(v.channel) AS all_channels, count(*) AS visits, count(v.jobs_at) AS jobs,
    count(v.applied_at) AS applications, count(DISTINCT l.advocate_id) AS advocates
FROM career_visits v JOIN links l ON l.id = v.link_id
WHERE v.began_at >= :start AND v.began_at < :end
GROUP BY CUBE (coalesce(v.campaign, :other), v.channel) ORDER BY 3 DESC, 4 DESC, 1, 2
""")
_OF_LINKS = text("""
SELECT count(*) AS visits, count(v.jobs_at) AS jobs, count(v.applied_at) AS applications
FROM career_visits v JOIN links l ON l.id = v.link_id
WHERE l.advocate_id = :advocate AND v.began_at >= :start AND v.began_at < :end
""")
_DAYS = text("""
SELECT day, count(*) AS visits, max(began_at) AS last FROM career_visits
WHERE origin = 'beacon' AND day >= :first AND day < :last GROUP BY day
""")


def note_event(session: Session, event: Event, origin: str = "beacon") -> None:
    """Note an event of a careers page (`beacon`) or of an applicant system (`server`); raises ValueError for a kind
    that is none."""
    if event.kind not in KINDS:
        raise ValueError(f"kind: {event.kind!r} is not one of {', '.join(KINDS)}")
    values = {
        "day": event.at.astimezone(UTC).date(),
        "host": event.host,
        "visitor": event.visitor,
        "reference": sha256(event.reference.encode()).digest() if event.reference else None,
        "code": event.code,
        "origin": origin,
        "kind": event.kind,
        "at": event.at,
    }
    session.execute(_BEACON if origin == "beacon" else _SERVER, values)


def careers(session: Session, viewer: Viewer, start: datetime, end: datetime) -> Careers:
    """V1 to V4 of a window, for those who see the programme. Cells of fewer than five advocates are withheld, with the
    neighbours that would give them away."""
    if viewer.role != "system" and not viewer.aggregate_facets:
        raise NotAllowed("Your role does not see the programme's figures.")
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    length = max((last - first).days, 1)
    past = max(length, WEEKS_BEFORE * 7)
    found = {
        row.day: (row.visits, row.last)
        for row in session.execute(_DAYS, {"first": first - timedelta(days=past), "last": last})
    }
    days = _grid(found, first - timedelta(days=past), last)
    earlier = [count for day, count in days[past - length : past] if count is not None]
    now = [count for _, count in days[past:] if count is not None]
    return Careers(
        _cells(session, start, end),
        tuple(days[past:]),
        sum(now),
        sum(earlier) if earlier else None,
        interrupted([count for _, count in days], past),
        max((at for _, at in found.values()), default=None),
    )


def own_steps(session: Session, viewer: Viewer, advocate_id: int, start: datetime, end: datetime) -> Steps:
    """What came of an advocate's own links on the careers pages."""
    if viewer.role != "system" and viewer.advocate_id != advocate_id:
        raise NotAllowed("These figures belong to another advocate.")
    row = session.execute(_OF_LINKS, {"advocate": advocate_id, "start": start, "end": end}).one()
    return _steps(row.visits, row.jobs, row.applications)


def _cells(session: Session, start: datetime, end: datetime) -> tuple[CareersCell, ...]:
    rows = {
        (None if row.all_campaigns else row.campaign, None if row.all_channels else row.channel): row
        for row in session.execute(_CELLS, {"start": start, "end": end, "other": OTHER})
    }
    channels = {channel for _, channel in rows if channel is not None}
    shown = suppress_table([Cell(key, row.visits, row.advocates) for key, row in rows.items()], channels)
    hidden = {each.key for each in shown if each.suppressed}
    hidden |= {key for key, row in rows.items() if 0 < row.advocates < MIN_AUTHORS}
    return tuple(
        CareersCell(*key, None if key in hidden else _steps(row.visits, row.jobs, row.applications))
        for key, row in rows.items()
    )


def _grid(found: dict[date, tuple[int, datetime]], first: date, last: date) -> Sequence[tuple[date, int | None]]:
    """Every day; None before the first report ever seen, since a page without the script reports nothing."""
    days = [first + timedelta(days=number) for number in range((last - first).days)]
    began = min(found, default=None)
    return [(day, found[day][0] if day in found else None if began is None or day < began else 0) for day in days]


def _steps(visits: int, jobs: int, applications: int) -> Steps:
    return Steps(visits, jobs, applications, proportion(min(applications, visits), visits))
