"""What mails that came back mean for their addresses: one lasting refusal or three passing ones pause an address.

Anybody may write to a mailbox, so a report acts only where it names the Message-ID of a mail of ours, which nobody can
guess; a report that names an address alone is shown to the administrator and pauses nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from notify.bounces import Bounce, read_report
from notify.email import local_part
from storage.mail_states import known, stop_waiting
from storage.models.incidents import OutboxMail
from storage.outbox import message_key

TEMPORARY = 3  # passing failures until an address is paused
_CAME_BACK = "It came back: "
_LOOKED_BACK = timedelta(days=14)  # servers give up after five days at most
_MOST = 5_000


def note_reports(session: Session, reports: Sequence[bytes], now: datetime) -> int:
    """Read delivery reports and note what they mean; how many were about us. Reading one twice does no harm."""
    bounces = [bounce for report in reports for bounce in read_report(report)]
    return sum(_note(session, bounce, now) for bounce in bounces)


def note_refusal(session: Session, address: str, detail: str, now: datetime) -> None:
    """The mail server refused the address for good at the hand-over."""
    _pause(session, address, detail, now, permanent=True)


def _note(session: Session, bounce: Bounce, now: datetime) -> bool:
    mail = None if bounce.message is None else _mail(session, bounce.message, bounce.recipient, now)
    if mail is None:
        return _mention(session, bounce, now)
    if mail.error is None or not mail.error.startswith(_CAME_BACK):
        mail.state, mail.error, mail.next_try_at = "failed", f"{_CAME_BACK}{bounce.detail}"[:1_000], None
        session.flush()
        # The address that we wrote to is the one we pause, whatever the report calls it.
        _pause(session, mail.recipient, bounce.detail, now, permanent=bounce.permanent)
    return True


def _mail(session: Session, message: str, recipient: str | None, now: datetime) -> OutboxMail | None:
    """The mail of a Message-ID; they are keyed, so that the recent ones are compared one by one.

    Those to the address that the report names come first: among fifty thousand invitations no other would be found.
    """
    recent = select(OutboxMail.id, OutboxMail.dedupe_key).where(OutboxMail.created_at >= now - _LOOKED_BACK)
    recent = recent.order_by(OutboxMail.id.desc()).limit(_MOST)
    for query in (recent.where(OutboxMail.recipient == recipient), recent):
        for mail_id, key in session.execute(query):
            if local_part(message_key(key)) == message:
                return session.get(OutboxMail, mail_id, with_for_update=True)
    return None


def _mention(session: Session, bounce: Bounce, now: datetime) -> bool:
    """A report without our Message-ID: told beside an address that we have written to lately."""
    if bounce.recipient is None:
        return False
    query = select(OutboxMail.id).where(
        OutboxMail.recipient == bounce.recipient, OutboxMail.created_at >= now - _LOOKED_BACK
    )
    if session.scalar(query.limit(1)) is None:
        return False
    row = known(session, bounce.recipient)
    row.bounces = max(row.bounces, 1)
    row.detail = f"A report without proof says: {bounce.detail}"[:500]
    session.flush()
    return True


def _pause(session: Session, address: str, detail: str, now: datetime, *, permanent: bool) -> None:
    row = known(session, address)
    row.bounces = min(row.bounces + 1, 30_000)
    row.detail = detail.replace("\x00", "")[:500]
    if (permanent or row.bounces >= TEMPORARY) and row.paused_at is None:
        row.paused_at = now
    session.flush()
    if row.paused_at is not None:
        stop_waiting(session, address)
