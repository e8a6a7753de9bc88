"""The proof record of retention: what left because its time had come, per day and rule, without contents."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.models.removals import Removal
from storage.viewer import Viewer, require_auditor

RULES: Mapping[str, str] = {
    "mentions": "Posts, after MENTION_DAYS",
    "unmatched": "Posts about nobody, after UNMATCHED_DAYS",
    "sources": "Posts, after the days of their source",
    "platforms": "Posts, after the days that their platform allows",
    "employer": "Posts of the employer side, after EMPLOYER_DAYS",
    "surveys": "Answers to surveys, after SURVEY_DAYS",
    "protected": "Posts of protected activity, after PROTECTED_DAYS",
    "mails": "Mails, after MAIL_DAYS",
    "messages": "Messages to channels, after MAIL_DAYS or once settled for long",
    "held": "Items that waited for a person",
    "runs": "Runs of sources",
    "visits": "Traces of visitors of careers pages, after their day",
    "sessions": "Sign-ins that ended",
    "audit": "Entries of the audit log, after AUDIT_DAYS",
}


@dataclass(frozen=True, slots=True)
class RemovalRow:
    """How much one rule removed on one day; `kept_days` None: the rule has no one number."""

    day: date
    rule: str
    words: str
    kept_days: int | None
    removed: int
    last_at: datetime


def note(session: Session, rule: str, removed: int, kept_days: int | None, now: datetime) -> None:
    """Add to the day's record, in the transaction of the removal itself; nothing is noted where nothing went."""
    if removed <= 0:
        return
    if rule not in RULES:
        raise KeyError(rule)
    values = {
        "day": now.astimezone(UTC).date(),
        "rule": rule,
        "kept_days": kept_days,
        "removed": removed,
        "last_at": now,
    }
    added = insert(Removal).values(values)
    changed = {"removed": Removal.removed + removed, "kept_days": kept_days, "last_at": now}
    session.execute(added.on_conflict_do_update(index_elements=["day", "rule"], set_=changed))


def removals(session: Session, viewer: Viewer, now: datetime, days: int = 90) -> tuple[RemovalRow, ...]:
    """The record of the last days, newest first. Auditors and administrators only."""
    require_auditor(viewer)
    since = (now - timedelta(days=days)).astimezone(UTC).date()
    query = select(Removal).where(Removal.day > since).order_by(Removal.day.desc(), Removal.rule)
    return tuple(
        RemovalRow(row.day, row.rule, RULES.get(row.rule, row.rule), row.kept_days, row.removed, row.last_at)
        for row in session.scalars(query)
    )


def forget(session: Session, before: datetime) -> None:
    """The record of days that are long over goes as the audit log does."""
    session.execute(delete(Removal).where(Removal.day < before.astimezone(UTC).date()))
