"""What is known of mail addresses: who asked for no more mails, and whose mails come back.

Each mail carries an address for stopping them, signed so that nobody stops the mails of others. Whoever holds it may
take it back there; where an administrator does, it stands in the audit log.
"""

import base64
import binascii
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage import audit
from storage.models.incidents import OutboxMail
from storage.models.telling import MailState
from storage.viewer import NotFound, Viewer, require_administrator

_PURPOSE = b"stop the mails of an address"
_SIGNED = 16  # bytes of the signature that are kept
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class AddressRow:
    """An address that gets no mails at present, or whose mails came back."""

    address: str
    unsubscribed_at: datetime | None
    paused_at: datetime | None
    bounces: int
    detail: str | None


def stopped(session: Session, addresses: Collection[str]) -> frozenset[str]:
    """Those of the addresses that get no mails at present, as they were given."""
    keys = {key_of(address): address for address in addresses}
    query = select(MailState.address).where(
        MailState.address.in_(keys), or_(MailState.unsubscribed_at.is_not(None), MailState.paused_at.is_not(None))
    )
    return frozenset(keys[address] for address in session.scalars(query))


def stop_url(address: str) -> str:
    """Where the mails to an address are stopped; it does not expire."""
    key = key_of(address).encode()
    token = f"{_encoded(key)}.{_encoded(_signature(key))}"
    return f"{get_settings().base_url}/mails/{token}"


def address_of(token: str) -> str:
    """Whose mails a token stops; raises `NotFound` for one that is not ours."""
    named, _, signed = token.partition(".")
    if len(token) <= _LONGEST:
        try:
            key = _decoded(named)
            if hmac.compare_digest(_decoded(signed), _signature(key)):
                return key.decode()
        except (binascii.Error, ValueError):
            pass
    raise NotFound("This address for stopping mails is not ours.")


def state_of(session: Session, address: str) -> AddressRow:
    """What is known of an address; nothing is known of most."""
    row = session.get(MailState, key_of(address))
    return _row(row) if row is not None else AddressRow(key_of(address), None, None, 0, None)


def unsubscribe(session: Session, address: str, now: datetime) -> None:
    """No more mails to an address, those that wait included; a second time changes nothing."""
    row = known(session, address)
    if row.unsubscribed_at is None:
        row.unsubscribed_at = now
        audit.record(session, None, "mail.unsubscribe", key_of(address), now)
    stop_waiting(session, address)


def subscribe_again(session: Session, address: str, now: datetime, viewer: Viewer | None = None) -> None:
    """Mails again. `viewer`: the administrator who does it for the person, which the audit log tells."""
    if viewer is not None:
        require_administrator(viewer)
    row = known(session, address)
    if row.unsubscribed_at is not None or (viewer is not None and (row.paused_at or row.bounces)):
        audit.record(session, viewer, "mail.resume", key_of(address), now)
    row.unsubscribed_at = None
    if viewer is not None:  # the person cannot mend a mailbox by a link
        row.paused_at, row.bounces, row.detail = None, 0, None
    session.flush()


def list_addresses(session: Session, viewer: Viewer) -> tuple[AddressRow, ...]:
    """All addresses of which anything is known; for administrators."""
    require_administrator(viewer)
    query = select(MailState).where(
        or_(MailState.unsubscribed_at.is_not(None), MailState.paused_at.is_not(None), MailState.bounces > 0)
    )
    return tuple(_row(row) for row in session.scalars(query.order_by(MailState.address).limit(500)))


def key_of(address: str) -> str:
    """Under which an address is known: case does not tell mailboxes apart in practice."""
    return address.strip().casefold()


def known(session: Session, address: str) -> MailState:
    """The row of an address, made when it is missing, and locked."""
    key = key_of(address)
    session.execute(insert(MailState).values(address=key).on_conflict_do_nothing())
    return session.get_one(MailState, key, with_for_update=True, populate_existing=True)


def stop_waiting(session: Session, address: str) -> None:
    """Mails to an address that wait do not go out."""
    waits = update(OutboxMail).where(OutboxMail.state.in_(("waiting", "summed")), OutboxMail.recipient.ilike(
        _escaped(key_of(address)), escape="\\"
    ))  # fmt: skip
    session.execute(waits.values(state="stopped", next_try_at=None))
    session.flush()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _row(row: MailState) -> AddressRow:
    return AddressRow(row.address, row.unsubscribed_at, row.paused_at, row.bounces, row.detail)


def _signature(key: bytes) -> bytes:
    secret = hmac.new(get_settings().secret().encode(), _PURPOSE, sha256).digest()
    return hmac.new(secret, key, sha256).digest()[:_SIGNED]


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
