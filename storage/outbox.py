"""The outbox: every mail as it was or will be handed over, claimed by one sender at a time, sent once."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from hashlib import sha256
from typing import cast

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from config.settings import get_settings
from notify.email import build
from notify.message import Inline, Mail
from storage.mail_actions import masked
from storage.models.incidents import OutboxMail
from storage.viewer import ALL, FACETS, NotAllowed, NotFound, Viewer

MAX_TRIES = 10
STALE_CLAIM = timedelta(minutes=5)  # longer than any hand-over may take: its process is gone
_FIRST_WAIT = timedelta(minutes=1)  # doubles with each try: the tenth comes after about eight hours
_KEPT_HEADERS = (
    "References",
    "Auto-Submitted",
    "Precedence",
    "X-Auto-Response-Suppress",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that this process is to hand over now."""

    id: int
    recipient: str
    mail: Mail  # as it was put in
    message: bytes  # the same as a complete MIME message
    attempts: int


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail in the list.

    `state`: waiting, sending, sent, failed, kept (no mail server is set); or not sent for a reason: summed (beyond the
    day's cap, listed in a summary), replaced (a newer one about the same incident took its place before it went out),
    stopped (the address gets no mails), nothing (a digest without news).
    """

    id: int
    recipient: str
    subject: str
    facet: str
    incident_id: int | None
    state: str
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class MailDetail:
    """A mail to read in the dashboard. `inlines` are the pictures that the HTML part calls by `cid:`."""

    row: MailRow
    text: str
    html: str
    inlines: tuple[Inline, ...]


def put(
    session: Session,
    mail: Mail,
    incident_id: int | None,
    facet: str,
    now: datetime,
    smtp: bool,
    due: datetime | None = None,
    state: str = "waiting",
) -> int | None:
    """Put a mail in, once per dedupe key; None when it is there already. Without a mail server it is kept to read.

    `due`: when it may go out, or be summed up; None: now.
    """
    message = build(replace(mail, dedupe_key=message_key(mail.dedupe_key)), get_settings().mail_from)
    values = {
        "dedupe_key": mail.dedupe_key,
        "incident_id": incident_id,
        "recipient": ", ".join(mail.to),
        "facet": facet,
        "subject": mail.subject,
        "message": message.as_bytes(),
        "state": state if smtp else "kept",
        "created_at": now,
        "next_try_at": (due or now) if smtp else None,
    }
    made: int | None = session.scalar(
        insert(OutboxMail).values(**values).on_conflict_do_nothing().returning(OutboxMail.id)
    )
    return made


def message_key(dedupe_key: str) -> str:
    """What a mail's Message-ID is made of: the same at every try, and not to be guessed, since a delivery report that
    names it is believed."""
    secret = get_settings().secret().encode()
    return hmac.new(secret, b"message id of " + dedupe_key.encode(), sha256).hexdigest()


def there(session: Session, dedupe_keys: Collection[str]) -> frozenset[str]:
    """Those of the keys whose mail stands in the outbox already."""
    return frozenset(session.scalars(select(OutboxMail.dedupe_key).where(OutboxMail.dedupe_key.in_(dedupe_keys))))


def planned(session: Session, address: str, start: datetime, end: datetime) -> int:
    """How many alert mails an address got, or will get, between two instants."""
    at = func.coalesce(OutboxMail.sent_at, OutboxMail.next_try_at)
    query = select(func.count()).where(
        OutboxMail.recipient == address,
        OutboxMail.incident_id.is_not(None),
        OutboxMail.state.in_(("waiting", "sending", "sent")),
        at >= start,
        at < end,
    )
    return session.scalar(query) or 0


def replace_waiting(session: Session, address: str, incident_id: int, now: datetime) -> None:
    """A newer mail about an incident takes the place of those to the same address that wait for the morning."""
    waits = update(OutboxMail).where(
        OutboxMail.recipient == address,
        OutboxMail.incident_id == incident_id,
        OutboxMail.state == "waiting",
        OutboxMail.attempts == 0,
        OutboxMail.next_try_at > now,
    )
    session.execute(waits.values(state="replaced", next_try_at=None))


def claim(session: Session, now: datetime, limit: int = 10, ids: list[int] | None = None) -> list[ClaimedMail]:
    """Take mails that are due, oldest first; commit before handing over. A stale claim is taken over.

    A sender that is killed between hand-over and `mark_sent` leaves the one case in which a mail goes out twice; both
    copies carry the same Message-ID, so that mail programs show one.
    """
    due = or_(
        (OutboxMail.state == "waiting") & (OutboxMail.next_try_at <= now),
        (OutboxMail.state == "sending") & (OutboxMail.claimed_at < now - STALE_CLAIM),
    )
    query = select(OutboxMail).where(due).order_by(OutboxMail.next_try_at, OutboxMail.id).limit(limit)
    if ids is not None:
        query = query.where(OutboxMail.id.in_(ids))
    rows = session.scalars(query.options(undefer(OutboxMail.message)).with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state, row.claimed_at = "sending", now
        row.attempts += 1
    session.flush()
    return [ClaimedMail(row.id, row.recipient, _mail(row), row.message, row.attempts) for row in rows]


def mark_sent(session: Session, mail_id: int, now: datetime) -> None:
    """The mail server has taken it."""
    values = {"state": "sent", "sent_at": now, "error": None, "next_try_at": None}
    session.execute(update(OutboxMail).where(OutboxMail.id == mail_id).values(**values))


def mark_stopped(session: Session, mail_ids: Collection[int]) -> None:
    """Mails to an address that gets none at present."""
    values = {"state": "stopped", "next_try_at": None}
    session.execute(update(OutboxMail).where(OutboxMail.id.in_(mail_ids)).values(**values))


def mark_failed(session: Session, mail_id: int, detail: str, permanent: bool, now: datetime) -> None:
    """It was not taken: tried again after a growing wait, up to ten times; a permanent refusal ends it."""
    row = session.get(OutboxMail, mail_id, with_for_update=True)
    if row is None or row.state == "sent":
        return
    row.error = detail.replace("\x00", "")[:1_000]
    over = permanent or row.attempts >= MAX_TRIES
    row.state = "failed" if over else "waiting"
    row.next_try_at = None if over else now + _FIRST_WAIT * 2 ** min(row.attempts - 1, 12)
    session.flush()


def retry(session: Session, viewer: Viewer, mail_id: int, now: datetime) -> None:
    """Let a failed or kept mail try again at once, with all its tries."""
    row = _row(session, viewer, mail_id)
    if row.state in ("failed", "kept", "summed", "replaced", "nothing"):
        row.state, row.next_try_at, row.attempts, row.error = "waiting", now, 0, None
        session.flush()


def list_mails(
    session: Session, viewer: Viewer, limit: int = 50, before_id: int | None = None, state: str | None = None
) -> tuple[MailRow, ...]:
    """Mails whose quotes the viewer may read, newest first; `before_id` continues."""
    query = select(OutboxMail).where(OutboxMail.facet.in_(_facets(viewer)))
    if before_id is not None:
        query = query.where(OutboxMail.id < before_id)
    if state is not None:
        query = query.where(OutboxMail.state == state)
    rows = session.scalars(query.order_by(OutboxMail.id.desc()).limit(max(1, min(limit, 200))))
    return tuple(_listed(row) for row in rows)


def get_mail(session: Session, viewer: Viewer, mail_id: int) -> MailDetail:
    """One mail; raises `NotFound` or `NotAllowed`."""
    row = _row(session, viewer, mail_id)
    mail = _mail(row)
    # Its buttons act in the recipient's name, so nobody else may read their addresses.
    return MailDetail(_listed(row), masked(mail.text), masked(mail.html), mail.attachments)


def _facets(viewer: Viewer) -> list[str]:
    """A mail over all facets quotes from each, so it takes a reader of each."""
    return sorted({*viewer.facets, ALL} if viewer.facets >= FACETS else viewer.facets)


def _row(session: Session, viewer: Viewer, mail_id: int) -> OutboxMail:
    row = session.get(OutboxMail, mail_id, options=[undefer(OutboxMail.message)])
    if row is None:
        raise NotFound("There is no such mail.")
    if row.facet not in _facets(viewer):
        raise NotAllowed("This mail is not of your role's purpose.")
    return row


def _listed(row: OutboxMail) -> MailRow:
    return MailRow(
        row.id,
        row.recipient,
        row.subject,
        row.facet,
        row.incident_id,
        row.state,
        row.created_at,
        row.sent_at,
        row.next_try_at,
        row.attempts,
        row.error,
    )


def _mail(row: OutboxMail) -> Mail:
    """The mail as it was put in, read back from its MIME message."""
    message = BytesParser(policy=policy.default).parsebytes(row.message)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    inlines = tuple(
        Inline(
            str(part["Content-ID"] or "").strip("<>"),
            cast(bytes, part.get_payload(decode=True) or b""),
            str(part["Content-Description"] or ""),
        )
        for part in message.walk()
        if part.get_content_maintype() == "image"
    )
    kept = {name: str(message[name]) for name in message if name in _KEPT_HEADERS or name.startswith("X-")}
    return Mail(
        row.subject,
        _unix(text.get_content()) if text else "",
        _unix(html.get_content()) if html else "",
        tuple(row.recipient.split(", ")),
        inlines,
        kept,
        message_key(row.dedupe_key),
    )


def _unix(words: str) -> str:
    """MIME ends lines with CRLF; `Mail` does not."""
    return words.replace("\r\n", "\n")
