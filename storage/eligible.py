"""How many people could join the programme, as an administrator says it: kept by day, since rates of last year stay."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.models.people import EligiblePeople
from storage.viewer import Viewer, require_administrator

_MOST = 10_000_000


def set_eligible(session: Session, viewer: Viewer, people: int, now: datetime) -> None:
    """How many people could join, from today (UTC) on."""
    require_administrator(viewer)
    if not 0 < people <= _MOST:
        raise ValueError("people: write how many people could join, such as 1,200")
    add = insert(EligiblePeople).values(day=now.astimezone(UTC).date(), people=people)
    session.execute(add.on_conflict_do_update(index_elements=["day"], set_={"people": people}))


def eligible(session: Session, now: datetime) -> int | None:
    """How many people can join now; None where nobody said it."""
    query = select(EligiblePeople.people).where(EligiblePeople.day <= now.astimezone(UTC).date())
    return session.scalar(query.order_by(EligiblePeople.day.desc()).limit(1))
