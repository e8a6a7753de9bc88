"""Buttons of mails that act without signing in: signed, used once, over after a week, bound to incident and recipient.

Only the hash of a token is kept. A token by itself shows what it would do and does nothing: mail scanners follow links.
"""

import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from alerts.rules import SILENCE
from config.settings import get_settings
from notify.facts import AlertFacts
from storage import audit
from storage.incident_acts import acknowledge, answer
from storage.incident_log import IncidentRow, find
from storage.models.incidents import MailAction
from storage.models.users import User
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer, may_see_incident, viewer_for

ACKNOWLEDGE, NOT_USEFUL = "acknowledge", "not_useful"
ACTS = (ACKNOWLEDGE, NOT_USEFUL)
LIFE = timedelta(days=7)
READY, USED, EXPIRED = "ready", "used", "expired"
_KEPT = timedelta(days=30)  # so that an old button is told from a forged one for a while
_LONGEST = 500
_UNKNOWN = "This button is not ours, or its incident is gone."
_ADDRESS = re.compile(r"/(m|mails)/[A-Za-z0-9_.-]{20,}")


@dataclass(frozen=True, slots=True)
class Button:
    """What a token stands for. `state`: ready, used, expired."""

    act: str
    recipient: str
    state: str
    incident: IncidentRow


def make(session: Session, incident_id: int, recipient: str, act: str, now: datetime) -> str:
    """The address of a new button for one recipient's mail; raises `ValueError` for an act that there is not."""
    if act not in ACTS:
        raise ValueError(f"act: {act!r} is not one of {', '.join(ACTS)}.")
    nonce = secrets.token_urlsafe(12)
    token = _signer().dumps([incident_id, act, nonce, _bound(recipient, nonce)])
    row = MailAction(
        token_hash=_hash(str(token)), incident_id=incident_id, recipient=recipient, act=act, expires_at=now + LIFE
    )
    session.add(row)
    session.flush()
    return f"{get_settings().base_url}/m/{token!s}"


def with_buttons(session: Session, facts: AlertFacts, now: datetime) -> AlertFacts:
    """The facts of one recipient's mail with the buttons that fit: none to look after what is over."""
    if len(facts.to) != 1:
        return facts
    (recipient,) = facts.to
    if facts.action != "closed":
        facts = replace(facts, acknowledge_url=make(session, facts.incident_id, recipient, ACKNOWLEDGE, now))
    if facts.kind != SILENCE:
        facts = replace(facts, not_useful_url=make(session, facts.incident_id, recipient, NOT_USEFUL, now))
    return facts


def look(session: Session, token: str, now: datetime) -> Button:
    """What a button would do, without doing it; raises `NotFound` for a token that is none of ours."""
    row = _row(session, token)
    state = USED if row.used_at is not None else EXPIRED if now >= row.expires_at else READY
    return Button(row.act, row.recipient, state, find(session, SYSTEM, row.incident_id))


def use(session: Session, token: str, reason: str, words: str, now: datetime) -> Button:
    """Do what the button says, once; `state` of the answer is ready when this call did it.

    It is done in the name of the account with the recipient's address, or of the address where there is none. Raises
    `NotFound` for a forged token, `NotAllowed` when the account is closed or may not see the incident any more, and
    `ValueError` (`reason`, `note`) for an answer that lacks something; then the button stays good.
    """
    button = look(session, token, now)
    if button.state != READY:
        return button
    viewer, origin = _actor(session, button)
    claim = update(MailAction).where(MailAction.token_hash == _hash(token), MailAction.used_at.is_(None))
    if session.scalar(claim.values(used_at=now).returning(MailAction.token_hash)) is None:
        return replace(button, state=USED)
    incident_id = button.incident.id
    if button.act == ACKNOWLEDGE:
        acknowledge(session, viewer, incident_id, now, origin=origin)
    else:
        answer(session, viewer, incident_id, False, reason, words, now, origin=origin)
    audit.record(session, viewer, f"incident.{button.act}", f"incident {incident_id}: {origin}", now)
    return button


def masked(words: str) -> str:
    """A mail as others than its recipient may read it: without the secrets of its buttons and of stopping it."""
    return _ADDRESS.sub(r"/\1/hidden", words)


def forget(session: Session, now: datetime) -> int:
    """Delete buttons that are long over; returns how many."""
    gone = session.execute(delete(MailAction).where(MailAction.expires_at < now - _KEPT).returning(MailAction.act))
    return len(gone.all())


def _row(session: Session, token: str) -> MailAction:
    try:
        given = _signer().loads(token) if len(token) <= _LONGEST else None
    except BadData:
        given = None
    row = session.scalar(select(MailAction).where(MailAction.token_hash == _hash(token))) if given else None
    if row is None or not isinstance(given, list) or len(given) != 4:
        raise NotFound(_UNKNOWN)
    if given != [row.incident_id, row.act, given[2], _bound(row.recipient, str(given[2]))]:
        raise NotFound(_UNKNOWN)
    return row


def _actor(session: Session, button: Button) -> tuple[Viewer, str]:
    """In whose name it is done, and the words for the timeline."""
    user = session.scalar(select(User).where(User.email == button.recipient.casefold()))
    if user is None:
        return SYSTEM, f"By the button in the mail to {button.recipient}."
    if not user.active or not may_see_incident(viewer_for(user.role), button.incident.facet):
        raise NotAllowed("The account with this address may not do this any more.")
    return viewer_for(user.role, user.id), "By the button in the mail."


def _bound(recipient: str, nonce: str) -> str:
    """The recipient, as a token names them: nobody reads the address out of it."""
    return sha256(f"{nonce} {recipient}".encode()).hexdigest()[:16]


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(get_settings().secret(), salt="mail action")
