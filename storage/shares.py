"""Posts of advocates and the readings of their counters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.advocates import check_own, owned_advocate
from storage.models.advocacy import Share, ShareReading
from storage.viewer import NotFound, Viewer

ORIGINS = ("advocate", "platform", "collected")
_BIGGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest value of a counter, when it was read and by whom: advocate, platform, collected."""

    value: int
    observed_at: datetime
    origin: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One post of an advocate. A counter that is missing from `readings` is unknown, not zero."""

    id: int
    advocate_id: int
    platform: str
    native_id: str | None
    url: str | None
    title: str | None
    own_words: bool
    published_at: datetime
    followers: int | None
    created_at: datetime
    readings: Mapping[str, Reading]


def add_share(
    session: Session,
    viewer: Viewer,
    advocate_id: int,
    *,
    platform: str,
    native_id: str,
    url: str,
    title: str | None,
    own_words: bool,
    published_at: datetime,
    followers: int | None,
    now: datetime,
) -> int:
    """Note a post of one's own; raises `ValueError` when it is noted already."""
    owned_advocate(session, viewer, advocate_id)
    values = {
        "advocate_id": advocate_id,
        "platform": platform,
        "native_id": native_id,
        "url": url,
        "title": _line(title),
        "own_words": own_words,
        "published_at": min(published_at, now),
        "followers": _checked_count("followers", followers),
        "created_at": now,
    }
    made: int | None = session.scalar(insert(Share).values(**values).on_conflict_do_nothing().returning(Share.id))
    if made is None:
        raise ValueError("url: this post is noted already.")
    return made


def update_share(
    session: Session,
    viewer: Viewer,
    share_id: int,
    *,
    title: str | None = None,
    own_words: bool | None = None,
    followers: int | None = None,
) -> None:
    """Change what is given; None leaves a field as it is."""
    share = _share(session, viewer, share_id)
    if title is not None:
        share.title = _line(title)
    if own_words is not None:
        share.own_words = own_words
    if followers is not None:
        share.followers = _checked_count("followers", followers)
    session.flush()


def delete_share(session: Session, viewer: Viewer, share_id: int) -> None:
    """Take a share back; its readings go with it, links stay without it."""
    share = _share(session, viewer, share_id)
    session.execute(delete(Share).where(Share.id == share.id))


def add_reading(
    session: Session, viewer: Viewer, share_id: int, counters: Mapping[str, int], origin: str, now: datetime
) -> None:
    """Store readings of counters; reading the same value again at another time is news too (it has not moved)."""
    if origin not in ORIGINS:
        raise ValueError(f"origin: {origin!r} is not one of {', '.join(ORIGINS)}")
    share = _share(session, viewer, share_id)
    for counter, value in sorted(counters.items()):
        if not counter.isidentifier() or len(counter) > 40:
            raise ValueError(f"counter: {counter[:40]!r} is not the name of a counter")
        add = insert(ShareReading).values(
            share_id=share.id,
            counter=counter,
            observed_at=now,
            value=_checked_count(counter, value),
            origin=origin,
        )
        same = {"value": add.excluded.value, "origin": add.excluded.origin}
        session.execute(add.on_conflict_do_update(index_elements=["share_id", "counter", "observed_at"], set_=same))


def shares(session: Session, viewer: Viewer, advocate_id: int, limit: int = 200) -> tuple[ShareRow, ...]:
    """An advocate's shares with the latest reading of each counter, newest first."""
    check_own(viewer, advocate_id)
    query = select(Share).where(Share.advocate_id == advocate_id)
    rows = session.scalars(query.order_by(Share.published_at.desc(), Share.id.desc()).limit(limit)).all()
    return share_rows(session, rows)


def share_rows(session: Session, rows: Sequence[Share], until: datetime | None = None) -> tuple[ShareRow, ...]:
    """Shares with the latest reading of each counter (at `until` or before). For this package."""
    found = session.execute(
        text(
            "SELECT DISTINCT ON (share_id, counter) share_id, counter, value, observed_at, origin FROM share_readings "
            "WHERE share_id = ANY(CAST(:ids AS bigint[])) "
            "AND (CAST(:until AS timestamptz) IS NULL OR observed_at <= :until) "
            "ORDER BY share_id, counter, observed_at DESC"
        ),
        {"ids": [row.id for row in rows], "until": until},
    )
    readings: dict[int, dict[str, Reading]] = {}
    for row in found:
        readings.setdefault(row.share_id, {})[row.counter] = Reading(row.value, row.observed_at, row.origin)
    return tuple(
        ShareRow(
            row.id,
            row.advocate_id,
            row.platform,
            row.native_id,
            row.url,
            row.title,
            row.own_words,
            row.published_at,
            row.followers,
            row.created_at,
            readings.get(row.id, {}),
        )
        for row in rows
    )


def _share(session: Session, viewer: Viewer, share_id: int) -> Share:
    share = session.get(Share, share_id, with_for_update=True)
    if share is None:
        raise NotFound("There is no such share.")
    check_own(viewer, share.advocate_id)
    return share


def _checked_count(field: str, value: int | None) -> int | None:
    if value is not None and not 0 <= value <= _BIGGEST:
        raise ValueError(f"{field}: must be a number from 0 up")
    return value


def _line(words: str | None) -> str | None:
    cleaned = " ".join((words or "").replace("\x00", "").split())[:300]
    return cleaned.encode("utf-8", "replace").decode() or None
