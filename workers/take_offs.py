"""Shares that take off: looked for every quarter of an hour; who asked for it gets one mail per share."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from config.settings import get_settings
from notify.letters import Letter, Part, compose
from notify.message import Mail
from storage import db, mail_states, personal_mails, take_offs
from storage.take_offs import ToTell
from workers.app import FIND_TAKE_OFFS, SEND_MAILS, enqueue, job


def find_take_offs(now: datetime | None = None) -> None:
    """Find them, and write the mails of those who want them."""
    at = now or datetime.now(UTC)
    with db.transaction() as session:
        take_offs.find(session, at)
    with db.transaction() as session:
        if _tell(session, at):
            db.after_commit(session, _hand_over_soon)


def _tell(session: Session, now: datetime) -> int:
    waiting = take_offs.to_tell(session, now)
    for each in waiting:
        personal_mails.put(session, _letter(each), now)
    take_offs.mark_told(session, [each.share_id for each in waiting], now)
    return len(waiting)


def _hand_over_soon() -> None:
    enqueue(SEND_MAILS, expires=60)


def _letter(each: ToTell) -> Mail:
    base = get_settings().base_url
    what = each.counter.replace("_", " ")
    lines = (
        f"Your post on {each.platform}{f' “{each.title}”' if each.title else ''} has {each.value:,} {what}. Your "
        f"{each.earlier} earlier ones had {each.usual:,.0f} at the same age (median).",
        "If people ask something, now is when they read your answer. You owe nobody one.",
    )
    letter = Letter(
        each.email,
        f"Your post takes off: {each.value:,} {what}, usually {each.usual:,.0f}",
        (Part(lines),),
        f"take-off-{each.share_id}",
        ("Open My reach", f"{base}/my-reach"),
        ("Only you get this mail, once per post, since you asked for it in your settings.",),
        ("Change or stop these mails", f"{base}/my-settings"),
        mail_states.stop_url(each.email),
    )
    return compose(letter)


job(FIND_TAKE_OFFS, soft=110, hard=120)(find_take_offs)
