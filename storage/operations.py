"""Figures for whoever runs the service: cheap enough to be asked for every few seconds, of nobody's purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from storage.models.incidents import IncidentEvent, OutboxMail
from storage.models.mentions import Mention
from storage.models.sources import Source

OUTBOX_STATES = ("waiting", "sending", "sent", "failed", "kept")
SOURCE_STATES = ("ok", "error", "silent", "paused")


@dataclass(frozen=True, slots=True)
class OperatingFigures:
    """`oldest_pending_seconds` is None when nothing waits; every state is there, with 0 where nothing is in it."""

    pending_mentions: int
    oldest_pending_seconds: float | None
    untold_events: int
    sources: Mapping[str, int]
    outbox: Mapping[str, int]


def operating_figures(session: Session, now: datetime) -> OperatingFigures:
    """Work that waits, and in which state sources and mails are."""
    pending, oldest = session.execute(
        select(func.count(), func.min(Mention.added_at)).where(Mention.analyzed_at.is_(None))
    ).one()
    untold = session.scalar(
        select(func.count()).select_from(IncidentEvent).where(IncidentEvent.to_tell, IncidentEvent.told_at.is_(None))
    )
    state = case(
        (~Source.enabled, "paused"),
        (Source.error_reason.is_not(None), "error"),
        (Source.silent_since.is_not(None), "silent"),
        else_="ok",
    )
    sources = {name: int(n) for name, n in session.execute(select(state, func.count()).group_by(state))}
    mails = {name: int(n) for name, n in session.execute(select(OutboxMail.state, func.count()).group_by("state"))}
    return OperatingFigures(
        pending_mentions=pending,
        oldest_pending_seconds=None if oldest is None else max(0.0, (now - oldest).total_seconds()),
        untold_events=untold or 0,
        sources=dict.fromkeys(SOURCE_STATES, 0) | sources,
        outbox=dict.fromkeys(OUTBOX_STATES, 0) | mails,
    )
