"""Planned events: what the company knows beforehand, entered by those whose side it is on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import Session

from alerts.planned import Planned
from metrics.stats import median
from storage import keyset
from storage.answers import CELLS
from storage.counted import COUNTED, left_out
from storage.models.incidents import PlannedEvent
from storage.models.sources import Company
from storage.models.users import User
from storage.profile import own_company
from storage.viewer import ALL, NotAllowed, NotFound, Viewer, count_labels, incident_facets

MAX_NAME, MAX_NOTE = 120, 2_000
LONGEST = timedelta(days=45)  # longer is no event but the new normal, which the baseline learns by itself
PLANNERS = {"marketing": ("brand",), "hr": ("employer",), "administrator": (ALL, "brand", "employer")}
_AHEAD = timedelta(days=730)
_BEHIND = timedelta(days=365)
_WEEKS = 4

_STORIES = text(f"""
SELECT week, CAST(:start AS timestamptz) - week * interval '7 days' >= (
    SELECT min(hour) FROM rollups WHERE company_id = :company
) AS known, (
    SELECT coalesce(sum(r.stories), 0) FROM {CELLS} r
    WHERE r.company_id = :company AND r.facet = ANY(CAST(:facets AS text[])) AND {COUNTED}
      AND r.hour >= CAST(:start AS timestamptz) - week * interval '7 days'
      AND r.hour < CAST(:end AS timestamptz) - week * interval '7 days'
) AS stories
FROM generate_series(0, :weeks) AS week ORDER BY week
""")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Draft:
    """An event as a person enters it; times aware."""

    name: str
    facet: str
    starts_at: datetime
    ends_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A planned event. `explained` counts the stories during it so far, `usual` those of the same hours in the four
    weeks before (median); None: it has not begun, or no earlier week is known."""

    id: int
    company_id: int
    company: str
    name: str
    facet: str
    starts_at: datetime
    ends_at: datetime
    note: str
    by: str | None
    created_at: datetime
    explained: int | None
    usual: float | None

    def state(self, now: datetime) -> str:
        """ahead, running or over."""
        if now < self.starts_at:
            return "ahead"
        return "running" if now < self.ends_at else "over"


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """One page, the latest end first."""

    items: tuple[PlannedRow, ...]
    next: str | None


def may_plan(viewer: Viewer) -> tuple[str, ...]:
    """The facets for which the viewer may enter events."""
    return PLANNERS.get(viewer.role, ())


def add(session: Session, viewer: Viewer, draft: Draft, now: datetime, company_id: int | None = None) -> int:
    """Enter an event of a company (None: the own one); returns its id. Raises `ValueError` that names a field."""
    draft = _checked(viewer, draft, now)
    if company_id is None:
        own = own_company(session)
        company_id = own.id if own is not None else None
    if company_id is None or session.get(Company, company_id) is None:
        raise ValueError("company_id: there is no such company.")
    row = PlannedEvent(
        company_id=company_id,
        name=draft.name,
        facet=draft.facet,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        note=draft.note,
        created_by=viewer.user_id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row.id


def change(session: Session, viewer: Viewer, event_id: int, draft: Draft, now: datetime) -> None:
    """Put other values into an event; raises `ValueError`, `NotFound` or `NotAllowed`."""
    row = _own(session, viewer, event_id)
    draft = _checked(viewer, draft, now)
    row.name, row.facet, row.note = draft.name, draft.facet, draft.note
    row.starts_at, row.ends_at = draft.starts_at, draft.ends_at
    session.flush()


def remove(session: Session, viewer: Viewer, event_id: int) -> None:
    """Take an event back: its hours alarm, and are part of what is normal, again."""
    session.delete(_own(session, viewer, event_id))
    session.flush()


def find(session: Session, viewer: Viewer, event_id: int, now: datetime) -> PlannedRow:
    """One event; raises `NotFound`, also for one of another purpose."""
    row = session.get(PlannedEvent, event_id)
    if row is None or row.facet not in incident_facets(viewer):
        raise NotFound("There is no such planned event.")
    return _shown(session, viewer, [row], now)[0]


def list_planned(
    session: Session, viewer: Viewer, now: datetime, limit: int = 50, after: str | None = None
) -> PlannedPage:
    """Events of the viewer's purpose, the latest end first. Raises `ValueError` for a strange cursor."""
    query = select(PlannedEvent).where(PlannedEvent.facet.in_(incident_facets(viewer)))
    if after is not None:
        query = query.where(tuple_(PlannedEvent.ends_at, PlannedEvent.id) < tuple_(*keyset.decode(after)))
    limit = max(1, min(limit, 200))
    rows = session.scalars(query.order_by(PlannedEvent.ends_at.desc(), PlannedEvent.id.desc()).limit(limit + 1)).all()
    cursor = keyset.encode(rows[limit - 1].ends_at, rows[limit - 1].id) if len(rows) > limit else None
    return PlannedPage(_shown(session, viewer, list(rows[:limit]), now), cursor)


def during(
    session: Session, viewer: Viewer, company_id: int, facet: str, start: datetime, end: datetime
) -> tuple[Planned, ...]:
    """The events that touch a window of a facet's chart (`all` for one over all), the earliest first."""
    facets = set(incident_facets(viewer))
    if facet != ALL:
        facets &= {ALL, facet}
    return tuple(event for event in _between(session, company_id, start, end) if event.facet in facets)


def planned(session: Session, company_id: int, start: datetime, end: datetime) -> tuple[Planned, ...]:
    """A company's events that touch a window, for the detection."""
    return _between(session, company_id, start, end)


def _between(session: Session, company_id: int, start: datetime, end: datetime) -> tuple[Planned, ...]:
    query = (
        select(PlannedEvent)
        .where(PlannedEvent.company_id == company_id, PlannedEvent.ends_at > start, PlannedEvent.starts_at < end)
        .order_by(PlannedEvent.starts_at, PlannedEvent.id)
    )
    return tuple(Planned(row.id, row.name, row.facet, row.starts_at, row.ends_at) for row in session.scalars(query))


def _own(session: Session, viewer: Viewer, event_id: int) -> PlannedEvent:
    row = session.get(PlannedEvent, event_id, with_for_update=True, populate_existing=True)
    if row is None or row.facet not in incident_facets(viewer):
        raise NotFound("There is no such planned event.")
    if row.facet not in may_plan(viewer):
        raise NotAllowed("Events of this side are entered by others.")
    return row


def _checked(viewer: Viewer, draft: Draft, now: datetime) -> Draft:
    """The draft with clean words and times in UTC."""
    if not may_plan(viewer):
        raise NotAllowed("Your role enters no planned events.")
    name, note = (" ".join(draft.name.replace("\x00", "").split()), draft.note.replace("\x00", "").strip())
    if not 1 <= len(name) <= MAX_NAME:
        raise ValueError(f"name: write 1 to {MAX_NAME} characters.")
    if len(note) > MAX_NOTE:
        raise ValueError(f"note: write at most {MAX_NOTE:,} characters.")
    if draft.facet not in may_plan(viewer):
        raise ValueError(f"facet: choose {' or '.join(may_plan(viewer))}.")
    if draft.starts_at.tzinfo is None or draft.ends_at.tzinfo is None:
        raise ValueError("starts_at: give times with a time zone.")
    starts, ends = draft.starts_at.astimezone(UTC), draft.ends_at.astimezone(UTC)
    if not now - _BEHIND <= starts <= now + _AHEAD:
        raise ValueError("starts_at: must lie within the past year or the next two.")
    if not starts < ends <= starts + LONGEST:
        raise ValueError(f"ends_at: must come after the start, at most {LONGEST.days} days later.")
    return Draft(name, draft.facet, starts, ends, note)


def _shown(session: Session, viewer: Viewer, rows: list[PlannedEvent], now: datetime) -> tuple[PlannedRow, ...]:
    companies = {row.id: row.name for row in session.execute(select(Company.id, Company.name))}
    people = {row.created_by for row in rows if row.created_by is not None}
    names = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    shown = []
    for row in rows:
        explained, usual = _stories(session, viewer, row, now)
        shown.append(
            PlannedRow(
                row.id,
                row.company_id,
                companies[row.company_id],
                row.name,
                row.facet,
                row.starts_at,
                row.ends_at,
                row.note,
                names.get(row.created_by or 0),
                row.created_at,
                explained,
                usual,
            )
        )
    return tuple(shown)


def _stories(session: Session, viewer: Viewer, row: PlannedEvent, now: datetime) -> tuple[int | None, float | None]:
    if now < row.starts_at:
        return None, None
    labels = count_labels(viewer, None if row.facet == ALL else row.facet)
    start, end = row.starts_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0), min(row.ends_at, now)
    values = {
        "company": row.company_id,
        "facets": labels,
        "start": start,
        "end": end,
        "weeks": _WEEKS,
        **left_out(session, [row.company_id], labels, start - timedelta(weeks=_WEEKS), end),
    }
    during_it, *before = session.execute(_STORIES, values).all()
    return int(during_it.stories), median([float(week.stories) for week in before if week.known])
