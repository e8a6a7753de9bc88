"""Everything that is sealed under SECRET_KEY, and sealing it anew after that key was changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from config.sealing import Seal, SealError
from config.settings import Settings
from storage import advocate_tokens, audit, channels, credentials, second_factor
from storage.models.people import AdvocateAccount, PlatformApp, TokenRevocation
from storage.models.sources import Source
from storage.models.telling import Channel
from storage.models.users import User

Column = InstrumentedAttribute[str] | InstrumentedAttribute[str | None]

# Sealed texts that live longer than a sign-in, with what they were sealed for.
SEALED: tuple[tuple[Column, str], ...] = (
    (Source.credentials, credentials.PURPOSE),
    (Channel.address_sealed, channels.PURPOSE),
    (Channel.secret_sealed, channels.PURPOSE),
    (AdvocateAccount.token, advocate_tokens.PURPOSE),
    (PlatformApp.keys, advocate_tokens.PURPOSE),
    (TokenRevocation.token, advocate_tokens.PURPOSE),
    (User.totp_sealed, second_factor.PURPOSE),
)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many texts stand under the key in force now, and how many neither key opens."""

    done: int
    lost: int


def seal_anew(session: Session, settings: Settings, now: datetime) -> Resealed:
    """Seal everything under the newest SECRET_KEY; what somebody changes meanwhile is sealed under it already."""
    done = lost = 0
    for column, purpose in SEALED:
        seal = Seal(settings.sealing_secrets(), purpose)
        for text in session.scalars(select(column).where(column.is_not(None)).distinct()).all():
            try:
                anew = seal.close(seal.open(text or ""))
            except SealError:
                lost += 1
                continue
            session.execute(update(column.class_).where(column == text).values({column.key: anew}))
            done += 1
    audit.record(session, None, "secrets.rotate", f"{done} sealed anew, {lost} could not be opened", now)
    return Resealed(done, lost)
