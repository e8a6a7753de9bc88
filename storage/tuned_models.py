"""Heads of the model that were tuned on people's corrections: kept by version, at most one in force.

None in force means the heads of the shipped weights. A version is never changed or overwritten, so that there is always
a way back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from collectors.post import Json
from nlp.heads import HeadsError, TunedHeads, read_heads
from storage.models.tagging import TunedModel
from storage.viewer import NotFound

_LOCK = 0x05750002  # one process at a time gives out versions and switches between them


@dataclass(frozen=True, slots=True)
class TunedVersion:
    """One tuned version without its numbers; `figures` is what tuning measured, before and after."""

    id: int
    version: str
    base: str  # version of the weights that its heads stand on
    made_at: datetime
    made_by: str
    figures: Mapping[str, Json]
    active: bool


def next_version(session: Session, base: str) -> str:
    """The name of the next version on these weights: "0.3.0+1", "0.3.0+2". Taken until the transaction ends."""
    _lock(session)
    prefix = f"{base}+"
    names = session.scalars(select(TunedModel.version).where(TunedModel.version.startswith(prefix, autoescape=True)))
    numbers = [int(name.removeprefix(prefix)) for name in names if name.removeprefix(prefix).isdigit()]
    return f"{prefix}{max(numbers, default=0) + 1}"


def save(session: Session, heads: TunedHeads, figures: Mapping[str, Json], made_by: str, now: datetime) -> int:
    """Keep a new version, not yet in force; returns its id. `IntegrityError` for a version that exists."""
    row = TunedModel(
        version=heads.version,
        base=heads.base,
        made_at=now,
        made_by=made_by,
        heads=heads.to_bytes(),
        figures=dict(figures),
        active=False,
    )
    session.add(row)
    session.flush()
    return row.id


def versions(session: Session) -> tuple[TunedVersion, ...]:
    """All versions, the newest first."""
    return tuple(_row(row) for row in session.scalars(select(TunedModel).order_by(TunedModel.id.desc())))


def active(session: Session) -> TunedVersion | None:
    """The version in force; None: the heads of the shipped weights. It may stand on other weights than those here."""
    found = session.scalar(select(TunedModel).where(TunedModel.active))
    return None if found is None else _row(found)


def version_in_force(session: Session, base: str) -> str:
    """What tags carry on the weights `base`: the active version, or `base` where workers cannot use its heads."""
    found = active(session)
    return found.version if found is not None and found.base == base and _readable(session, found.id) else base


def _readable(session: Session, version_id: int) -> bool:
    try:
        read_heads(document(session, version_id) or b"")
    except HeadsError:
        return False
    return True


def document(session: Session, version_id: int) -> bytes | None:
    """The stored heads of a version, for `nlp.heads.read_heads`; None when it is gone."""
    return session.scalar(select(TunedModel.heads).where(TunedModel.id == version_id))


def activate(session: Session, version: str | None) -> None:
    """Put a version in force, None: the heads of the shipped weights. `NotFound` for one that does not exist."""
    _lock(session)
    found = None if version is None else session.scalar(select(TunedModel.id).where(TunedModel.version == version))
    if version is not None and found is None:
        raise NotFound(f"There is no tuned version {version!r}.")
    # In two steps: the index that allows one active row is checked row by row.
    session.execute(update(TunedModel).where(TunedModel.active).values(active=False))
    if found is not None:
        session.execute(update(TunedModel).where(TunedModel.id == found).values(active=True))


def former(session: Session) -> str | None:
    """The version before the one in force, on the same weights; None: the shipped heads are what was before."""
    now = active(session)
    if now is None:
        return None
    older = select(func.max(TunedModel.id)).where(TunedModel.id < now.id, TunedModel.base == now.base)
    return session.scalar(select(TunedModel.version).where(TunedModel.id == older.scalar_subquery()))


def _lock(session: Session) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _row(row: TunedModel) -> TunedVersion:
    return TunedVersion(row.id, row.version, row.base, row.made_at, row.made_by, row.figures, row.active)
