"""An advocate's own accounts on platforms and what they consented to; all of it for the advocate alone."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.own_posts.bluesky import canonical
from collectors.own_posts.registry import WAYS
from collectors.own_posts.shapes import Identity, Token
from config.sealing import SealError
from storage.advocate_tokens import open_text, seal_text, seal_token, to_give_back
from storage.advocates import owned_advocate
from storage.models.advocacy import Link, Share
from storage.models.people import AdvocateAccount, AdvocateConsent, PendingConnection
from storage.viewer import NotFound, Viewer, require_administrator

CONNECTED, RECONNECT = "connected", "reconnect"
PENDING_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One connected account. `expires_at`: when the platform wants the advocate to agree again; None: not told."""

    platform: str
    host: str
    handle: str
    state: str
    connected_at: datetime
    checked_at: datetime | None
    next_try_at: datetime | None
    expires_at: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """What was agreed to for a platform, and when."""

    platform: str
    version: str
    text: str
    given_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pending:
    """A connection that was begun by this advocate and comes back now."""

    platform: str
    host: str
    verifier: str


def accounts(session: Session, viewer: Viewer, advocate_id: int) -> tuple[AccountRow, ...]:
    """The advocate's own accounts, by platform."""
    owned_advocate(session, viewer, advocate_id, lock=False)
    query = select(AdvocateAccount).where(AdvocateAccount.advocate_id == advocate_id)
    return tuple(_row(each) for each in session.scalars(query.order_by(AdvocateAccount.platform)))


def platforms(session: Session, viewer: Viewer) -> tuple[str, ...]:
    """Where any advocate has connected an account; not on which server, which may have one member."""
    require_administrator(viewer)
    return tuple(session.scalars(select(AdvocateAccount.platform).distinct().order_by(AdvocateAccount.platform)))


def consents(session: Session, viewer: Viewer, advocate_id: int) -> tuple[ConsentRow, ...]:
    """All that the advocate agreed to for platforms, the latest first; withdrawn ones too."""
    owned_advocate(session, viewer, advocate_id, lock=False)
    query = select(AdvocateConsent).where(AdvocateConsent.advocate_id == advocate_id)
    return tuple(
        ConsentRow(each.platform, each.version, each.text, each.given_at, each.withdrawn_at)
        for each in session.scalars(query.order_by(AdvocateConsent.id.desc()))
    )


def give_consent(
    session: Session, viewer: Viewer, advocate_id: int, platform: str, version: str, text: str, now: datetime
) -> None:
    """Keep word by word what was agreed to; agreeing to another text closes the former consent."""
    owned_advocate(session, viewer, advocate_id)
    if platform not in WAYS:
        raise ValueError(f"platform: {platform[:40]!r} is not one of {', '.join(WAYS)}")
    if not text.strip():
        raise ValueError("consent: there must be a text that was agreed to")
    open_one = _open_consent(session, advocate_id, platform)
    if open_one is not None and (open_one.version, open_one.text) == (version, text):
        return
    if open_one is not None:
        open_one.withdrawn_at = now
        session.flush()
    session.add(AdvocateConsent(advocate_id=advocate_id, platform=platform, version=version, text=text, given_at=now))
    session.flush()


def begin(
    session: Session, viewer: Viewer, advocate_id: int, platform: str, host: str, verifier: str, now: datetime
) -> str:
    """Begin a connection; returns the state that the platform must send the browser back with. Lasts ten minutes."""
    owned_advocate(session, viewer, advocate_id)
    if _open_consent(session, advocate_id, platform) is None:
        raise ValueError("consent: agree first to what is read")
    state = secrets.token_urlsafe(32)
    session.execute(delete(PendingConnection).where(PendingConnection.expires_at <= now))
    session.add(
        PendingConnection(
            state_hash=_hashed(state),
            advocate_id=advocate_id,
            platform=platform,
            host=host,
            verifier=seal_text(verifier),
            expires_at=now + PENDING_FOR,
        )
    )
    session.flush()
    return state


def take_pending(
    session: Session, viewer: Viewer, advocate_id: int, platform: str, state: str, now: datetime
) -> Pending:
    """The connection that a state belongs to, once, and only for the advocate who began it there; else `NotFound`."""
    owned_advocate(session, viewer, advocate_id)
    row = session.scalars(
        delete(PendingConnection)
        .where(PendingConnection.state_hash == _hashed(state), PendingConnection.advocate_id == advocate_id)
        .returning(PendingConnection)
    ).first()
    if row is None or row.platform != platform or row.expires_at <= now:
        raise NotFound("This connection was not begun here, or more than ten minutes ago.")
    try:
        return Pending(row.platform, row.host, open_text(row.verifier))
    except SealError as error:
        raise NotFound("This connection cannot be finished any more.") from error


def connect(
    session: Session, viewer: Viewer, advocate_id: int, platform: str, who: Identity, token: Token, now: datetime
) -> None:
    """Keep the token of an account; the one before it on this platform is put aside to be given back.

    Raises `ValueError` when the account belongs to another advocate, or nothing was agreed to.
    """
    owned_advocate(session, viewer, advocate_id)
    if _open_consent(session, advocate_id, platform) is None:
        raise ValueError("consent: agree first to what is read")
    _put_aside(session, advocate_id, platform, now)
    values = {
        "advocate_id": advocate_id,
        "platform": platform,
        "host": who.host,
        "native_id": who.native_id,
        "handle": who.handle[:300],
        "state": CONNECTED,
        "token": seal_token(token),
        "expires_at": None if token.refresh else token.expires_at,
        "connected_at": now,
    }
    add = insert(AdvocateAccount).values(**values).on_conflict_do_nothing().returning(AdvocateAccount.id)
    if session.scalar(add) is None:
        raise ValueError("account: this account is connected by somebody else")
    if platform == "bluesky":
        _know_by_did(session, advocate_id, who)


def disconnect(session: Session, viewer: Viewer, advocate_id: int, platform: str, now: datetime) -> int | None:
    """Withdraw the consent for a platform: its token is put aside to be given back, and no longer used.

    Returns the id of the revocation, None where there was no token. Figures that were read stay the advocate's.
    """
    owned_advocate(session, viewer, advocate_id)
    withdrawn = update(AdvocateConsent).where(
        AdvocateConsent.advocate_id == advocate_id,
        AdvocateConsent.platform == platform,
        AdvocateConsent.withdrawn_at.is_(None),
    )
    session.execute(withdrawn.values(withdrawn_at=now))
    return _put_aside(session, advocate_id, platform, now)


def forget_all(session: Session, advocate_id: int, now: datetime) -> tuple[tuple[str, int | None], ...]:
    """For `leave`: every account, consent and begun connection goes; (platform, revocation) of each account."""
    platforms = session.scalars(select(AdvocateAccount.platform).where(AdvocateAccount.advocate_id == advocate_id))
    gone = tuple((each, _put_aside(session, advocate_id, each, now)) for each in sorted(platforms))
    session.execute(delete(AdvocateConsent).where(AdvocateConsent.advocate_id == advocate_id))
    session.execute(delete(PendingConnection).where(PendingConnection.advocate_id == advocate_id))
    return gone


def _put_aside(session: Session, advocate_id: int, platform: str, now: datetime) -> int | None:
    gone = session.scalars(
        delete(AdvocateAccount)
        .where(AdvocateAccount.advocate_id == advocate_id, AdvocateAccount.platform == platform)
        .returning(AdvocateAccount)
    ).first()
    if gone is None or gone.token is None:
        return None
    return to_give_back(session, platform, gone.host, gone.token, now)


def _know_by_did(session: Session, advocate_id: int, who: Identity) -> None:
    """Posts that stand by the account's handle are known by its identifier from now on; what is there twice is one."""
    mine = select(Share).where(Share.advocate_id == advocate_id, Share.platform == "bluesky").order_by(Share.id)
    for share in session.scalars(mine):
        named = canonical(share.native_id or "", who.handle, who.native_id)
        if named != share.native_id:
            rename_share(session, share, named)


def rename_share(session: Session, share: Share, native_id: str) -> None:
    """Give a share the id under which its platform knows the post; where it is noted so already, the two become one."""
    same = select(Share).where(Share.platform == share.platform, Share.native_id == native_id, Share.id != share.id)
    first = session.scalars(same).first()
    if first is None:
        share.native_id = native_id
    elif first.advocate_id == share.advocate_id:
        session.execute(update(Link).where(Link.share_id == share.id).values(share_id=first.id))
        session.delete(share)
    session.flush()  # where somebody else noted it, the share stays as it was noted


def _open_consent(session: Session, advocate_id: int, platform: str) -> AdvocateConsent | None:
    query = select(AdvocateConsent).where(
        AdvocateConsent.advocate_id == advocate_id,
        AdvocateConsent.platform == platform,
        AdvocateConsent.withdrawn_at.is_(None),
    )
    return session.scalars(query).first()


def _row(each: AdvocateAccount) -> AccountRow:
    return AccountRow(
        each.platform,
        each.host,
        each.handle,
        each.state,
        each.connected_at,
        each.checked_at,
        each.next_try_at,
        each.expires_at,
        each.detail,
    )


def _hashed(state: str) -> bytes:
    return hashlib.sha256(state.encode("utf-8", "replace")).digest()
