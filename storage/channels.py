"""Channels beside mail. Addresses and secrets are sealed: never shown, opened only to hand a message over."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config.recipients import plain
from config.sealing import Seal, SealError
from config.settings import get_settings
from notify.cleaning import is_web_address
from notify.facts import AlertFacts
from notify.routing import severity_rank
from storage.models.telling import Channel
from storage.viewer import ALL, NotFound, Viewer, require_administrator

KINDS = ("slack", "teams", "webhook")
SEVERITIES = ("low", "medium", "high", "critical")
FACETS = ("brand", "employer")
MOST = 50
PURPOSE = "addresses of channels"
_LONGEST = 2_000  # characters of an address


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel without its address."""

    id: int
    name: str
    kind: str
    severity: str
    facets: tuple[str, ...]
    enabled: bool
    created_at: datetime
    failing_since: datetime | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to hand a message over, in clear, for one try."""

    url: str
    secret: str | None


def add_channel(
    session: Session,
    viewer: Viewer,
    name: str,
    kind: str,
    address: str,
    now: datetime,
    severity: str = "medium",
    facets: Collection[str] = (),
) -> tuple[ChannelRow, str | None]:
    """A new channel, and the secret of a webhook, which is shown this once. Errors begin with the field's name."""
    require_administrator(viewer)
    if (session.scalar(select(func.count()).select_from(Channel)) or 0) >= MOST:
        raise ValueError(f"name: there are {MOST} channels already; remove one first")
    secret = f"whsec_{secrets.token_urlsafe(32)}" if kind == "webhook" else None
    channel = Channel(
        name=_name(session, name),
        kind=_one_of("kind", kind, KINDS),
        address_sealed=_seal().close(_address(kind, address)),
        secret_sealed=None if secret is None else _seal().close(secret),
        severity=_one_of("severity", severity, SEVERITIES),
        facets=sorted({_one_of("facets", facet, FACETS) for facet in facets}),
        enabled=True,
        created_at=now,
    )
    session.add(channel)
    session.flush()
    return _row(channel), secret


def list_channels(session: Session, viewer: Viewer) -> tuple[ChannelRow, ...]:
    """All channels by name; for administrators."""
    require_administrator(viewer)
    return tuple(_row(channel) for channel in session.scalars(select(Channel).order_by(Channel.name)))


def hosts(session: Session, viewer: Viewer) -> tuple[tuple[str, str], ...]:
    """Name and host of each channel that is on; the address itself stays sealed."""
    require_administrator(viewer)
    found = []
    for channel in session.scalars(select(Channel).where(Channel.enabled).order_by(Channel.name)):
        try:
            host = urlsplit(_seal().open(channel.address_sealed)).hostname
        except (SealError, ValueError):
            host = None
        found.append((channel.name, host or "unknown: its address cannot be opened"))
    return tuple(found)


def find_channel(session: Session, viewer: Viewer, word: str) -> ChannelRow:
    """The channel of a name, or of a number; raises `NotFound`."""
    require_administrator(viewer)
    channel = session.scalars(select(Channel).where(Channel.name == word)).first()
    if channel is None and word.isascii() and word.isdecimal() and len(word) < 10:
        channel = session.get(Channel, int(word))
    if channel is None:
        raise NotFound(f"There is no channel called {word!r}.")
    return _row(channel)


def remove_channel(session: Session, viewer: Viewer, channel_id: int) -> None:
    """Delete a channel with its log; raises `NotFound`."""
    require_administrator(viewer)
    session.delete(_channel(session, channel_id))
    session.flush()


def switch_channel(session: Session, viewer: Viewer, channel_id: int, *, on: bool) -> None:
    """Pause a channel, or let it go on; what happened meanwhile is not told afterwards."""
    require_administrator(viewer)
    _channel(session, channel_id).enabled = on
    session.flush()


def wanting(session: Session, facts: AlertFacts) -> tuple[ChannelRow, ...]:
    """The enabled channels that an incident is told to."""
    rows = session.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id))
    return tuple(_row(row) for row in rows if _wants(row, facts))


def target_of(session: Session, channel_id: int) -> Target:
    """The address and secret in clear, for one try; raises `NotFound`, or `SealError` when they do not open."""
    channel = _channel(session, channel_id)
    secret = None if channel.secret_sealed is None else _seal().open(channel.secret_sealed)
    return Target(_seal().open(channel.address_sealed), secret)


def note_outcome(session: Session, channel_id: int, problem: str | None, now: datetime) -> None:
    """Whether the latest message was taken; since when it fails is shown to the administrator."""
    channel = session.get(Channel, channel_id, with_for_update=True)
    if channel is not None:
        channel.failing_since = None if problem is None else channel.failing_since or now
        channel.detail = problem
        session.flush()


def _wants(channel: Channel, facts: AlertFacts) -> bool:
    severe = severity_rank(facts.severity) >= severity_rank(channel.severity)
    return severe and (not channel.facets or facts.facet == ALL or facts.facet in channel.facets)


def _name(session: Session, name: str) -> str:
    cleaned = name.strip()
    if not 0 < len(cleaned) <= 100:
        raise ValueError("name: write 1 to 100 characters")
    try:
        plain(cleaned)
    except ValueError as error:
        raise ValueError(f"name: {error}") from error
    if session.scalar(select(Channel.id).where(func.lower(Channel.name) == cleaned.lower())) is not None:
        raise ValueError("name: there is a channel of this name already")
    return cleaned


def _address(kind: str, address: str) -> str:
    cleaned = address.strip()
    if len(cleaned) > _LONGEST or not is_web_address(cleaned) or "@" in cleaned.partition("//")[2].partition("/")[0]:
        raise ValueError("address: must be a web address, such as https://hooks.example/…, without a user in it")
    may_be_plain = kind == "webhook" or get_settings().allow_private_addresses
    if not cleaned.startswith("https://") and not may_be_plain:
        raise ValueError("address: must begin with https://")
    return cleaned


def _one_of(field: str, value: str, known: Collection[str]) -> str:
    if value not in known:
        raise ValueError(f"{field}: {value!r} is not one of {', '.join(known)}")
    return value


def _channel(session: Session, channel_id: int) -> Channel:
    channel = session.get(Channel, channel_id)
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def _row(channel: Channel) -> ChannelRow:
    return ChannelRow(
        channel.id,
        channel.name,
        channel.kind,
        channel.severity,
        tuple(channel.facets),
        channel.enabled,
        channel.created_at,
        channel.failing_since,
        channel.detail,
    )


def _seal() -> Seal:
    return Seal(get_settings().sealing_secrets(), PURPOSE)


__all__ = [
    "FACETS", "KINDS", "MOST", "SEVERITIES", "ChannelRow", "SealError", "Target", "add_channel", "find_channel",
    "list_channels", "note_outcome", "remove_channel", "switch_channel", "target_of", "wanting",
]  # fmt: skip
