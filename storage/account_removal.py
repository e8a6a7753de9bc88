"""Taking an account away for good: what names its owner goes, what they did stays with nobody's name."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage import leaving
from storage.accounts import account, deactivate
from storage.models.advocacy import Advocate
from storage.models.telling import MailState
from storage.models.users import Invitation
from storage.viewer import SYSTEM


def remove(session: Session, user_id: int, now: datetime) -> None:
    """Delete an account; an advocate leaves the programme first. The last administrator stays.

    Sessions, keys, codes and the tie to a provider go with it; notes, corrections and answers stay without an author.
    The audit log keeps the account's number for as long as it keeps entries, and mails that went to the address stay in
    the Outbox until their time has come. Raises `ValueError`, or `NotFound`.
    """
    deactivate(session, user_id, now)
    user = account(session, user_id)
    advocate_id = session.scalar(select(Advocate.id).where(Advocate.user_id == user_id, Advocate.left_at.is_(None)))
    if advocate_id is not None:
        leaving.leave(session, SYSTEM, advocate_id, now)
    session.execute(delete(Invitation).where(Invitation.email == user.email))
    session.execute(delete(MailState).where(MailState.address == user.email, MailState.unsubscribed_at.is_(None)))
    session.delete(user)
    session.flush()
