"""Who did what. Entries are only ever added: the database itself refuses to change or delete them, and links each to
the one before it when its transaction commits (`storage.audit_chain` proves that nobody did so behind its back)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.orm import Session

from storage.models.users import AuditEntry, AuditLink, User
from storage.viewer import Viewer, require_auditor

_LONGEST = 500
_MOST = 1_001
EXPIRED = "audit.expire"


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: `action` is a verb with its object's sort, such as "mention.read"; `subject` says which."""

    id: int
    at: datetime
    user_id: int | None
    user: str | None  # None: the service itself, or an account that is gone
    action: str
    subject: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries; None leaves a field open. `start` counts, `end` does not."""

    user_id: int | None = None
    action: str | None = None  # "mention.read", or "mention" for all that begins so
    words: str | None = None  # in the subject, in any case
    start: datetime | None = None
    end: datetime | None = None


def record(session: Session, who: Viewer | int | None, action: str, subject: str, now: datetime) -> None:
    """Add an entry to the transaction of the act itself, so that neither exists without the other."""
    user_id = who.user_id if isinstance(who, Viewer) else who
    cleaned = subject.replace("\x00", "").encode("utf-8", "replace").decode()[:_LONGEST]
    session.execute(insert(AuditEntry).values(at=now, user_id=user_id, action=action, subject=cleaned))


def entries(
    session: Session, viewer: Viewer, asked: Asked | None = None, *, limit: int = 100, before_id: int | None = None
) -> tuple[Entry, ...]:
    """The latest entries, newest first; `before_id` continues. Auditors and administrators only."""
    require_auditor(viewer)
    query = select(AuditEntry, User.name).join(User, User.id == AuditEntry.user_id, isouter=True)
    query = query.where(*_conditions(asked or Asked()))
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    rows = session.execute(query.order_by(AuditEntry.id.desc()).limit(max(1, min(limit, _MOST))))
    return tuple(Entry(row.id, row.at, row.user_id, name, row.action, row.subject) for row, name in rows)


def actions(session: Session, viewer: Viewer) -> tuple[str, ...]:
    """The sorts of acts that the log holds."""
    require_auditor(viewer)
    return tuple(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def expire(session: Session, before: datetime, now: datetime) -> int:
    """Delete the contents of entries from before a time, the oldest first without a gap; returns how many.

    What was deleted is an entry itself, and the links of the chain stay. The database lets nothing go that is younger
    than a year.
    """
    kept = session.scalar(select(func.min(AuditEntry.id)).where(AuditEntry.at >= before))
    old = AuditEntry.at < before if kept is None else AuditEntry.id < kept
    first_kept = select(func.min(AuditLink.seq)).join(AuditEntry, AuditEntry.id == AuditLink.entry_id).where(~old)
    last = session.scalar(
        select(func.max(AuditLink.seq))
        .join(AuditEntry, AuditEntry.id == AuditLink.entry_id)
        .where(old, AuditLink.seq < func.coalesce(first_kept.scalar_subquery(), 2**62))
    )
    if last is None:
        return 0
    within = select(AuditLink.entry_id).where(AuditLink.seq <= last)
    gone = session.execute(delete(AuditEntry).where(AuditEntry.id.in_(within)).returning(AuditEntry.id)).all()
    record(session, None, EXPIRED, f"places up to {last}", now)
    return len(gone)


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.user_id is not None:
        found.append(AuditEntry.user_id == asked.user_id)
    if asked.action:
        found.append(
            (AuditEntry.action == asked.action) | AuditEntry.action.startswith(f"{asked.action}.", autoescape=True)
        )
    if asked.words:
        found.append(AuditEntry.subject.icontains(asked.words, autoescape=True))
    if asked.start is not None:
        found.append(AuditEntry.at >= asked.start)
    if asked.end is not None:
        found.append(AuditEntry.at < asked.end)
    return found
