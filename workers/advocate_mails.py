"""Mails of the programme: invitations in bites, the week of each advocate, the month for leadership."""

import logging
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from config.settings import get_settings
from notify.letters import invitation_letter
from storage import db, invitation_lists, mail_states, personal_mails
from storage.profile import own_company
from workers.app import SEND_MAILS, WRITE_INVITATIONS, enqueue, job

log = logging.getLogger(__name__)


def write_invitations(now: datetime | None = None) -> None:
    """Write the next bite of invitations into the outbox; without a mail server they wait."""
    at, settings = now or datetime.now(UTC), get_settings()
    if not settings.smtp_host:
        return
    with db.transaction() as session:
        due = invitation_lists.take_due(session, at, settings.invitation_mails_per_minute)
        company = _company(session) if due else ""
        for each in due:
            link = f"{settings.base_url}/join/{each.secret}"
            key = invitation_lists.mail_key(each.id, each.mails)
            stop = mail_states.stop_url(each.email)
            mail = invitation_letter(each.email, company, link, each.expires_at, key, stop)
            personal_mails.put(session, mail, at)
    if due:
        log.info("%d invitations were put into the outbox.", len(due))
        enqueue(SEND_MAILS, expires=60)


def _company(session: Session) -> str:
    own = own_company(session)
    return "" if own is None else own.name


job(WRITE_INVITATIONS, soft=110, hard=120)(write_invitations)
