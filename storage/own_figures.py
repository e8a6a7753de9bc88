"""A table of an advocate's own posts and numbers goes in: posts are noted once, numbers each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from advocacy.invitees import BadLine
from advocacy.own_figures import OwnFigures
from storage.advocates import owned_advocate
from storage.models.advocacy import Share
from storage.shares import add_reading, add_share
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True)
class FiguresReport:
    """How many posts were new, how many got numbers, and the lines that could not be taken."""

    added: int
    read: int
    refused: tuple[BadLine, ...]


def note_figures(
    session: Session, viewer: Viewer, advocate_id: int, lines: Sequence[OwnFigures], now: datetime
) -> FiguresReport:
    """Note the posts of a table and their numbers as of now."""
    owned_advocate(session, viewer, advocate_id)
    added, read, refused = 0, 0, list[BadLine]()
    for each in lines:
        share = select(Share).where(Share.platform == each.post.platform, Share.native_id == each.post.native_id)
        found = session.scalars(share).first()
        if found is not None and found.advocate_id != advocate_id:
            refused.append(BadLine(each.line, each.post.url[:60], "this post is noted already"))
            continue
        share_id = found.id if found is not None else _add(session, viewer, advocate_id, each, now)
        added += found is None
        if each.counters:
            add_reading(session, viewer, share_id, each.counters, "advocate", now)
            read += 1
    return FiguresReport(added, read, tuple(refused))


def _add(session: Session, viewer: Viewer, advocate_id: int, each: OwnFigures, now: datetime) -> int:
    return add_share(
        session,
        viewer,
        advocate_id,
        platform=each.post.platform,
        native_id=each.post.native_id,
        url=each.post.url,
        title=each.title,
        own_words=False,  # nobody said so
        published_at=each.published_at or now,
        followers=each.followers,
        now=now,
    )
