"""Mails beyond a recipient's daily cap: each stands in the outbox as `summed`, and one mail at the end lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.models.incidents import OutboxMail
from storage.viewer import ALL


@dataclass(frozen=True, slots=True)
class Summed:
    """One mail that was not sent by itself."""

    id: int
    incident_id: int | None
    subject: str
    facet: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class DueSummary:
    """What one address is told at the end of a day; `due` is the instant that names the summary."""

    recipient: str
    due: datetime
    mails: tuple[Summed, ...]

    @property
    def facet(self) -> str:
        """The side that all of its mails are of; all of them where they differ."""
        sides = {mail.facet for mail in self.mails}
        return sides.pop() if len(sides) == 1 else ALL


def due_summaries(session: Session, now: datetime, limit: int = 20) -> tuple[DueSummary, ...]:
    """Take the summaries that are due, the oldest first; what another process has taken is left out."""
    due = (OutboxMail.state == "summed") & (OutboxMail.next_try_at <= now)
    heads = select(OutboxMail.recipient, OutboxMail.next_try_at).where(due).distinct()
    found = []
    for recipient, at in session.execute(heads.order_by(OutboxMail.next_try_at, OutboxMail.recipient).limit(limit)):
        mine = select(OutboxMail).where(due, OutboxMail.recipient == recipient, OutboxMail.next_try_at == at)
        rows = session.scalars(mine.order_by(OutboxMail.id).with_for_update(skip_locked=True)).all()
        if rows and at is not None:
            found.append(DueSummary(recipient, at, tuple(_summed(row) for row in rows)))
    return tuple(found)


def mark_summed(session: Session, mails: Sequence[Summed]) -> None:
    """Their summary stands in the outbox."""
    ids = [mail.id for mail in mails]
    session.execute(update(OutboxMail).where(OutboxMail.id.in_(ids)).values(next_try_at=None))


def _summed(row: OutboxMail) -> Summed:
    return Summed(row.id, row.incident_id, row.subject, row.facet, row.created_at)
