"""What is known of mail addresses: who asked for no more mails, and whose mails come back."""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.models.telling import MailState


def stopped(session: Session, addresses: Collection[str]) -> frozenset[str]:
    """Those of the addresses that get no mails at present, as they were given."""
    keys = {key_of(address): address for address in addresses}
    query = select(MailState.address).where(
        MailState.address.in_(keys), or_(MailState.unsubscribed_at.is_not(None), MailState.paused_at.is_not(None))
    )
    return frozenset(keys[address] for address in session.scalars(query))


def key_of(address: str) -> str:
    """Under which an address is known: case does not tell mailboxes apart in practice."""
    return address.strip().casefold()
