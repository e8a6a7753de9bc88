"""What a count is asked for, once it is known that the viewer may ask for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from storage.answers import days_in
from storage.blocks import ToldDays, told_days
from storage.counted import left_out
from storage.profile import own_company
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels


@dataclass(frozen=True, slots=True)
class Asked:
    """A window (whole hours of UTC) of a company, and what is counted in it; None leaves a field open."""

    company_id: int
    start: datetime
    end: datetime
    facets: Sequence[str]  # labels
    audience: str | None = None
    source_id: int | None = None

    @property
    def of_staff(self) -> bool:
        """Whether an audience is asked for of which small groups stay hidden."""
        return self.audience in STAFF_AUDIENCES

    def values(self) -> Mapping[str, object]:
        """Parameters of a query."""
        return {
            "company": self.company_id,
            "start": self.start,
            "end": self.end,
            "facets": list(self.facets),
            "audience": self.audience,
            "source": self.source_id,
        }

    def counted(self, session: Session) -> dict[str, object]:
        """Parameters of a query on `CELLS` or `DAY_CELLS` where `COUNTED` (`storage.counted`)."""
        found = left_out(session, [self.company_id], self.facets, self.start, self.end)
        return {**self.values(), **found, **days_in(self.start, self.end)}

    def told_days(self, session: Session) -> ToldDays:
        """The days that count by audience in the window; of a single source none does."""
        found = told_days(session, self.company_id, self.facets, self.start, self.end)
        return found if self.source_id is None else found.without_days()


def asked(
    session: Session,
    viewer: Viewer,
    company_id: int | None,
    start: datetime,
    end: datetime,
    facet: str | None = None,
    audience: str | None = None,
    source_id: int | None = None,
) -> Asked:
    """Check what is asked; without a company it is the own one. Raises `NotAllowed`, or `ValueError` naming a field."""
    own = own_company(session) if company_id is None else None
    found = company_id if company_id is not None else (own.id if own else -1)
    return Asked(found, whole_hour(start), whole_hour(end), count_labels(viewer, facet), audience, source_id)


def whole_hour(moment: datetime) -> datetime:
    """The hour (UTC) that a time lies in; `ValueError` without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("start, end: give times with a time zone")
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
