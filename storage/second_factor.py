"""The second factor of local accounts: an authenticator app, and recovery codes that stand in for it once each.

The app's secret is sealed with the service's key; recovery codes are 50 random bits, kept as SHA-256 with the account.
A wrong code counts as a failed sign-in of the account, so that nobody tries them all.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from config.sealing import Seal, SealError
from config.settings import get_settings
from storage.accounts import LOCKED_FOR, MAX_FAILED, UserRow, account, account_row
from storage.models.users import RecoveryCode, User
from storage.one_time_codes import address, base32, matching_step

RECOVERY_CODES = 10
PROVE_WITHIN = timedelta(minutes=5)  # between password and code
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another letter
PURPOSE = "authenticator apps"  # of what is sealed


def required(role: str) -> bool:
    """Whether a role must have an authenticator app to sign in with a password."""
    return role in {name.strip() for name in get_settings().second_factor_roles.split(",")}


def enrol(session: Session, user_id: int) -> tuple[str, str]:
    """A new secret that counts once it is confirmed: the address for the app, and the secret in letters.

    Raises `ValueError` when the account has a confirmed app: that is taken away first.
    """
    user = account(session, user_id)
    if user.totp_since is not None:
        raise ValueError("code: this account has an authenticator app already.")
    secret = secrets.token_bytes(20)
    user.totp_sealed, user.totp_step = _seal().close(secret.hex()), None
    session.flush()
    return address(secret, user.email), base32(secret)


def enrolling(session: Session, user_id: int) -> tuple[str, str] | None:
    """What `enrol` gave, while it waits to be confirmed."""
    user = account(session, user_id)
    secret = _secret(user) if user.totp_since is None else None
    return None if secret is None else (address(secret, user.email), base32(secret))


def confirm(session: Session, user_id: int, code: str, now: datetime) -> tuple[str, ...]:
    """The app works: it is asked for from now on. Returns the recovery codes, which are shown this once."""
    user = account(session, user_id)
    secret = _secret(user)
    step = None if secret is None or user.totp_since is not None else matching_step(secret, code, now, None)
    if step is None:
        raise ValueError("code: this is not the code that the app shows now. Is the clock of the phone right?")
    user.totp_since, user.totp_step = now, step
    return _new_recovery_codes(session, user_id)


def check(session: Session, user_id: int, code: str, now: datetime) -> UserRow | None:
    """The account when the code is right: of the app, each once, or a recovery code. Commit also when None comes back:
    the failure counts."""
    user = account(session, user_id)
    if not user.active or user.totp_since is None or (user.locked_until is not None and user.locked_until > now):
        return None
    secret = _secret(user)
    step = None if secret is None else matching_step(secret, code, now, user.totp_step)
    if step is None and not _use_recovery_code(session, user_id, code):
        user.failed_sign_ins += 1
        if user.failed_sign_ins >= MAX_FAILED:
            user.locked_until, user.failed_sign_ins = now + LOCKED_FOR, 0
        session.flush()
        return None
    user.totp_step = user.totp_step if step is None else step
    user.failed_sign_ins, user.locked_until, user.last_sign_in_at = 0, None, now
    session.flush()
    return account_row(user)


def remove(session: Session, user_id: int) -> None:
    """The password alone signs in again."""
    user = account(session, user_id)
    user.totp_sealed, user.totp_since, user.totp_step = None, None, None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.flush()


def recovery_codes_left(session: Session, user_id: int) -> int:
    """How many were not used yet."""
    return session.scalar(select(func.count()).where(RecoveryCode.user_id == user_id)) or 0


def _new_recovery_codes(session: Session, user_id: int) -> tuple[str, ...]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = tuple("".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(user_id, code)) for code in codes)
    session.flush()
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


def _use_recovery_code(session: Session, user_id: int, code: str) -> bool:
    gone = delete(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(user_id, code))
    return session.execute(gone.returning(RecoveryCode.user_id)).first() is not None


def _hash(user_id: int, code: str) -> bytes:
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return hashlib.sha256(f"{user_id}:{plain}".encode("utf-8", "replace")).digest()


def _secret(user: User) -> bytes | None:
    """None: there is none, or SECRET_KEY has changed; recovery codes work then."""
    try:
        return None if user.totp_sealed is None else bytes.fromhex(_seal().open(user.totp_sealed))
    except SealError:
        return None


def _seal() -> Seal:
    return Seal(get_settings().sealing_secrets(), PURPOSE)
