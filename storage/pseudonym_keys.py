"""Which keys the authors' pseudonyms stand under: recognised by what is stored, read from the settings.

The newest key stands in the settings and nowhere else; those before it are sealed under it in `pseudonym_keys`.
Whoever stores something that has a pseudonym holds `LOCK` shared; a rotation (`storage.key_rotation`) holds it alone,
in each of its short transactions.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.errors import CollectError
from collectors.pseudonyms import Keychain
from config.sealing import Seal, SealError
from config.settings import Settings, pseudonym_secret_of
from storage.models.privacy import PseudonymKey

LOCK = 0x05750017
_PURPOSE = "older keys of pseudonyms"
_ANYTHING = text("SELECT EXISTS (SELECT 1 FROM posts) OR EXISTS (SELECT 1 FROM refused_authors)")
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:lock)")


_WRONG = (
    "PSEUDONYM_KEY is not the key that the authors stored here since {:%Y-%m-%d} stand under, so nothing is collected. "
    "Put that key back (derived from SECRET_KEY where none was set). A new one is taken into use with the old one in "
    "PSEUDONYM_KEY_BEFORE; docs/privacy.md says how, also where it is lost."
)


class PseudonymKeyError(CollectError):
    """Pseudonyms stand under another key than the one that is known: nothing may be stored, or authors would count
    twice."""

    def __init__(self, detail: str) -> None:
        super().__init__("unauthorized", detail)  # not for good: with the right key every source goes on by itself


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as it is stored."""

    generation: int
    recognised_by: str
    sealed: str | None
    begun_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The keys of a database, oldest first; none before anything was stored."""

    rows: tuple[KeyRow, ...]

    @property
    def generation(self) -> int:
        """Of the newest key."""
        return self.rows[-1].generation if self.rows else 0

    @property
    def rotating(self) -> bool:
        """Whether what is stored is moving over to the newest key."""
        return bool(self.rows) and self.rows[-1].ended_at is None

    def key_in_use(self, settings: Settings) -> bytes:
        """The newest of these keys, out of the settings; raises `PseudonymKeyError`."""
        if not self.rows:
            return settings.pseudonym_secret()
        for key in settings.pseudonym_secrets():
            if hmac.compare_digest(recognised_by(key), self.rows[-1].recognised_by):
                return key
        raise PseudonymKeyError(_WRONG.format(self.rows[0].begun_at))

    def must_have(self, generation: int, known_by: str) -> None:
        """Raise `PseudonymKeyError` where a pseudonym that comes from outside stands under a key that is not here."""
        here = {row.generation: row.recognised_by for row in self.rows}
        if generation > self.generation:
            words = (
                "This was saved under a newer key. Rotate first (manage.py key rotate pseudonyms), then do it again."
            )
            raise PseudonymKeyError(words)
        if here.get(generation, known_by) != known_by:
            raise PseudonymKeyError("This was saved under another key of pseudonyms than the database has.")

    def chain(self, settings: Settings) -> Keychain:
        """All keys; while they are rotated, pseudonyms are still made under the one before. Raises as above."""
        newest = self.key_in_use(settings)
        if not self.rows:
            return Keychain((newest,))
        older = [_opened(row, newest) for row in self.rows[:-1]]
        upto = self.generation - 1 if self.rotating and older else None
        return Keychain((*older, newest), self.rows[0].generation, upto)


def standing(session: Session, *, shared: bool = True) -> Standing:
    """The keys as they are, and stay until the caller's transaction ends (`shared=False`: the caller holds `LOCK`)."""
    if shared:
        hold(session)
    query = select(
        PseudonymKey.generation,
        PseudonymKey.recognised_by,
        PseudonymKey.sealed,
        PseudonymKey.begun_at,
        PseudonymKey.ended_at,
    )
    rows = session.execute(query.order_by(PseudonymKey.generation))
    return Standing(tuple(KeyRow(*row) for row in rows))


def hold(session: Session) -> None:
    """No rotation moves anything until the caller's transaction ends."""
    session.execute(_SHARED, {"lock": LOCK})


def keychain(session: Session, settings: Settings) -> Keychain:
    """The chain that posts are admitted with; raises `PseudonymKeyError`."""
    return standing(session).chain(settings)


def verify(session: Session, settings: Settings, now: datetime) -> Standing:
    """See that the settings have the right key, and note it where nothing is stored; raises `PseudonymKeyError`."""
    found = standing(session)
    stored = bool(session.scalar(_ANYTHING))
    if found.rows and not stored:
        session.execute(delete(PseudonymKey))
        found = Standing(())
    if not found.rows:
        key = {"generation": 0, "recognised_by": recognised_by(_first(settings, stored=stored)), "begun_at": now}
        session.execute(insert(PseudonymKey).values(**key, ended_at=now).on_conflict_do_nothing())
        found = standing(session)  # of two that begin at once with different keys, one is wrong
    found.key_in_use(settings)
    return found


def _first(settings: Settings, *, stored: bool) -> bytes:
    """The key of what a version stored that did not note keys yet: the one before, where one is named."""
    before = settings.pseudonym_key_before.get_secret_value()
    return pseudonym_secret_of(before) if stored and before else settings.pseudonym_secret()


def recognised_by(key: bytes) -> str:
    """What recognises a key and says nothing of it that a pseudonym does not say."""
    return hmac.new(key, b"which key this is", sha256).hexdigest()[:32]


def sealed(key: bytes, newest: bytes) -> str:
    """An older key as it is stored beside the newest one."""
    return Seal(newest, _PURPOSE).close(key.hex())


def _opened(row: KeyRow, newest: bytes) -> bytes:
    try:
        return bytes.fromhex(Seal(newest, _PURPOSE).open(row.sealed or ""))
    except SealError as error:  # a damaged row: as bad as a lost key
        raise PseudonymKeyError(f"Key {row.generation} of the pseudonyms is damaged in the database.") from error
