"""The outbox is handed to the mail server: a mail is claimed first, and its fate stored before the next one goes."""

import logging
from datetime import UTC, datetime

from config.settings import Settings, get_settings
from notify.email import SendError, SmtpConfig, send
from storage import bounces, db, mail_states, outbox
from storage.outbox import ClaimedMail
from workers.app import SEND_MAILS, job

log = logging.getLogger(__name__)

_AT_ONCE = 10  # mails claimed together; a killed sender leaves no more than these to its successor


def send_mails() -> None:
    """Hand over what is due; each mail's fate is stored before the next one is sent."""
    settings = get_settings()
    if not settings.smtp_host:
        return
    while True:
        with db.transaction() as session:
            claimed = outbox.claim(session, datetime.now(UTC), _AT_ONCE)
            stopped = mail_states.stopped(session, {mail.recipient for mail in claimed})
            outbox.mark_stopped(session, [mail.id for mail in claimed if mail.recipient in stopped])
        if not claimed:
            return
        for mail in claimed:
            if mail.recipient not in stopped:
                _hand_over(mail, settings)


def _hand_over(mail: ClaimedMail, settings: Settings) -> None:
    config = SmtpConfig(
        settings.smtp_host,
        settings.smtp_port,
        settings.mail_from,
        settings.smtp_user,
        settings.smtp_password.get_secret_value(),
        settings.smtp_security,
    )
    failure: SendError | None = None
    try:
        send(mail.mail, config)
    except SendError as error:
        failure = error
        log.warning("Mail %d was not handed over: %s", mail.id, error.detail)
    with db.transaction() as session:
        if failure is None:
            outbox.mark_sent(session, mail.id, datetime.now(UTC))
        else:
            outbox.mark_failed(session, mail.id, failure.detail, failure.permanent, datetime.now(UTC))
            if failure.refused:
                bounces.note_refusal(session, mail.recipient, failure.detail, datetime.now(UTC))


job(SEND_MAILS, soft=240, hard=300)(send_mails)
