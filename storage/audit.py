"""Who did what. Entries are only ever added: the database itself refuses to change or delete them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.models.users import AuditEntry, User
from storage.viewer import Viewer, require_administrator


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: `action` is a verb with its object's sort, such as "mention.read"; `subject` says which."""

    id: int
    at: datetime
    user_id: int | None
    user: str | None  # None: the service itself, or an account that is gone
    action: str
    subject: str


def record(session: Session, who: Viewer | int | None, action: str, subject: str, now: datetime) -> None:
    """Add an entry to the transaction of the act itself, so that neither exists without the other."""
    user_id = who.user_id if isinstance(who, Viewer) else who
    values = {"at": now, "user_id": user_id, "action": action, "subject": subject.replace("\x00", "")[:500]}
    session.execute(insert(AuditEntry).values(**values))


def entries(session: Session, viewer: Viewer, *, limit: int = 100, before_id: int | None = None) -> tuple[Entry, ...]:
    """The latest entries, newest first; `before_id` continues. Administrators only."""
    require_administrator(viewer)
    query = select(AuditEntry, User.name).join(User, User.id == AuditEntry.user_id, isouter=True)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    rows = session.execute(query.order_by(AuditEntry.id.desc()).limit(max(1, min(limit, 500))))
    return tuple(Entry(row.id, row.at, row.user_id, name, row.action, row.subject) for row, name in rows)
