"""Mails that are their recipient's alone: no role reads them in the outbox, and they are deleted after a month."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from config.settings import get_settings
from notify.message import Mail
from storage import outbox
from storage.mail_states import key_of
from storage.models.incidents import OutboxMail

PERSONAL = "personal"  # no role has this facet
_KEPT = timedelta(days=30)  # reports of mails that came back arrive within days
_OVER = ("sent", "failed", "stopped", "nothing")


def put(session: Session, mail: Mail, now: datetime, *, nothing: bool = False) -> bool:
    """Put a mail into the outbox once per dedupe key; whether it was put in now. Without a mail server: never.

    `nothing`: there is nothing to say, so it only marks that this was found out.
    """
    if not get_settings().smtp_host:
        return False
    state = "nothing" if nothing else "waiting"
    return outbox.put(session, mail, None, PERSONAL, now, True, state=state) is not None


def forget(session: Session, address: str) -> int:
    """Delete every such mail to an address, those that wait included; how many."""
    mine = (OutboxMail.facet == PERSONAL, OutboxMail.recipient == key_of(address))
    return len(session.execute(delete(OutboxMail).where(*mine).returning(OutboxMail.id)).all())


def forget_old(session: Session, now: datetime) -> int:
    """Delete those that were sent or given up a month ago; how many."""
    old = (OutboxMail.facet == PERSONAL, OutboxMail.state.in_(_OVER), OutboxMail.created_at < now - _KEPT)
    return len(session.execute(delete(OutboxMail).where(*old).returning(OutboxMail.id)).all())
