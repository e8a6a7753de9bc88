"""Messages to channels: a row first, then a claimed hand-over, tried again with growing waits; and their log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.post import Json
from notify import chat, webhook
from notify.chat import JsonValue
from notify.facts import AlertFacts
from storage.channels import ChannelRow, note_outcome, wanting
from storage.models.telling import Channel, Delivery
from storage.viewer import NotFound, Viewer, require_administrator

MAX_TRIES = 10
STALE_CLAIM = timedelta(minutes=5)  # longer than any hand-over may take: its process is gone
TOO_OLD = timedelta(days=1)  # news of yesterday are not tried again
_FIRST_WAIT = timedelta(minutes=1)  # doubles with each try
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A message that this process is to hand over now. `message` is its id, the same at every try."""

    id: int
    channel_id: int
    kind: str
    message: str
    body: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A message in the log. `state`: waiting, sending, sent, failed. `status` is that of HTTP; None: no answer."""

    id: int
    channel_id: int
    channel: str
    incident_id: int | None
    message: str
    headline: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    attempts: int
    status: int | None
    error: str | None


def put_all(session: Session, facts: AlertFacts, event_id: int, now: datetime) -> int:
    """A message for each channel that wants the event, once per channel and event; how many are new."""
    made = [
        put(session, channel, _of_its_side(facts, channel), f"event-{event_id}-channel-{channel.id}", now)
        for channel in wanting(session, facts)
    ]
    return sum(each is not None for each in made)


def _of_its_side(facts: AlertFacts, channel: ChannelRow) -> AlertFacts:
    """A channel of one side does not read what an incident over both is about."""
    one_sided = channel.facets and facts.facet not in channel.facets
    return replace(facts, behind=None) if one_sided else facts


def put(session: Session, channel: ChannelRow, facts: AlertFacts, dedupe_key: str, now: datetime) -> int | None:
    """One message in the words of its channel; None when it is there already."""
    values = {
        "dedupe_key": dedupe_key,
        "channel_id": channel.id,
        "incident_id": facts.incident_id or None,
        "facet": facts.facet,
        "body": _body(channel.kind, facts, webhook.message_id(dedupe_key), now),
        "state": "waiting",
        "created_at": now,
        "next_try_at": now,
    }
    return session.scalar(insert(Delivery).values(**values).on_conflict_do_nothing().returning(Delivery.id))


def claim(session: Session, now: datetime, limit: int = 5, ids: list[int] | None = None) -> list[ClaimedDelivery]:
    """Take messages that are due, oldest first; commit before handing over. A stale claim is taken over.

    A process that is killed between the answer and `mark_sent` leaves the one case in which a message goes out twice;
    both copies carry the same id.
    """
    due = or_(
        (Delivery.state == "waiting") & (Delivery.next_try_at <= now),
        (Delivery.state == "sending") & (Delivery.claimed_at < now - STALE_CLAIM),
    )
    query = select(Delivery).where(due).order_by(Delivery.next_try_at, Delivery.id).limit(limit)
    if ids is not None:
        query = query.where(Delivery.id.in_(ids))
    rows = session.scalars(query.with_for_update(skip_locked=True)).all()
    for row in rows:
        row.state, row.claimed_at = "sending", now
        row.attempts += 1
    session.flush()
    kinds = {row.id: row.kind for row in session.execute(select(Channel.id, Channel.kind))}
    return [
        ClaimedDelivery(row.id, row.channel_id, kinds[row.channel_id], webhook.message_id(row.dedupe_key), row.body)
        for row in rows
    ]


def mark_sent(session: Session, delivery_id: int, status: int, now: datetime) -> None:
    """The channel has taken it."""
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is not None:
        row.state, row.sent_at, row.status, row.error, row.next_try_at = "sent", now, status, None, None
        note_outcome(session, row.channel_id, None, now)


def mark_failed(
    session: Session,
    delivery_id: int,
    detail: str,
    now: datetime,
    *,
    permanent: bool,
    status: int | None = None,
    retry_at: datetime | None = None,
) -> None:
    """It was not taken: tried again after a growing wait or when the channel says, and whatever else waits for this
    channel waits as long. A permanent refusal, the tenth try and the age of a day end it."""
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None or row.state == "sent":
        return
    row.error, row.status = detail.replace("\x00", "")[:1_000], status
    over = permanent or row.attempts >= MAX_TRIES or row.created_at < now - TOO_OLD
    row.state = "failed" if over else "waiting"
    row.next_try_at = None if over else retry_at or now + _FIRST_WAIT * 2 ** min(row.attempts - 1, 12)
    session.flush()
    note_outcome(session, row.channel_id, row.error, now)
    if row.next_try_at is not None:
        others = update(Delivery).where(Delivery.channel_id == row.channel_id, Delivery.state == "waiting")
        # Those that wait nearly as long stay as they are: thousands must not be written anew at each failure.
        waits = others.where(Delivery.next_try_at < row.next_try_at - _FIRST_WAIT / 2)
        session.execute(waits.values(next_try_at=row.next_try_at))


def retry(session: Session, viewer: Viewer, delivery_id: int, now: datetime) -> None:
    """Let a failed message try again at once, with all its tries; raises `NotFound`."""
    require_administrator(viewer)
    row = session.get(Delivery, delivery_id, with_for_update=True)
    if row is None:
        raise NotFound("There is no such message.")
    if row.state in ("failed", "waiting"):
        row.state, row.next_try_at, row.attempts, row.error = "waiting", now, 0, None
        session.flush()


def list_deliveries(
    session: Session, viewer: Viewer, limit: int = 50, before_id: int | None = None
) -> tuple[DeliveryRow, ...]:
    """The log, newest first; for administrators."""
    require_administrator(viewer)
    query = select(Delivery, Channel.name).join(Channel, Channel.id == Delivery.channel_id)
    if before_id is not None:
        query = query.where(Delivery.id < before_id)
    rows = session.execute(query.order_by(Delivery.id.desc()).limit(max(1, min(limit, 200))))
    return tuple(_row(row, name) for row, name in rows)


def get_delivery(session: Session, viewer: Viewer, delivery_id: int) -> DeliveryRow:
    """One message; raises `NotFound`."""
    require_administrator(viewer)
    row = session.get(Delivery, delivery_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such message.")
    return _row(row, session.get_one(Channel, row.channel_id).name)


def forget_old(session: Session, now: datetime, limit: int = 5_000) -> int:
    """Delete messages that were settled long ago; how many were."""
    old = select(Delivery.id).where(Delivery.state.in_(("sent", "failed")), Delivery.created_at < now - _KEPT)
    gone = session.execute(delete(Delivery).where(Delivery.id.in_(old.limit(limit))).returning(Delivery.id))
    return len(gone.all())


def _body(kind: str, facts: AlertFacts, message: str, now: datetime) -> dict[str, JsonValue]:
    if kind == "slack":
        return chat.slack(facts, message)
    return chat.teams(facts, message) if kind == "teams" else webhook.webhook(facts, message, now)


def _row(row: Delivery, channel: str) -> DeliveryRow:
    return DeliveryRow(
        row.id,
        row.channel_id,
        channel,
        row.incident_id,
        webhook.message_id(row.dedupe_key),
        _headline(row.body),
        row.state,
        row.created_at,
        row.sent_at,
        row.next_try_at,
        row.attempts,
        row.status,
        row.error,
    )


def _headline(body: Mapping[str, Json]) -> str:
    """The subject, wherever the kind of channel keeps it."""
    found = body.get("headline") or body.get("text")
    if isinstance(found, str):
        return found
    attachments = body.get("attachments")
    first = attachments[0] if isinstance(attachments, list) and attachments else {}
    return _first_text(first) or "message"


def _first_text(value: Json) -> str:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            return str(value["text"])
        return next((text for part in value.values() if (text := _first_text(part))), "")
    if isinstance(value, list):
        return next((text for part in value if (text := _first_text(part))), "")
    return ""
