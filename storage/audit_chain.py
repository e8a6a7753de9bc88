"""Proof that the audit log is whole: every link's hash is worked out again, here and not in the database.

A link's hash is SHA-256 over the hash before it (nothing for the first), its place, and the entry: id, time (UTC, to
the microsecond), account, action, subject; each field as UTF-8 with its length in bytes and a colon before it. Whoever
changes, removes, adds or reorders entries would have to write all later links anew, and then the last hash differs from
every one that was noted elsewhere: an *anchor* `PLACE:HASH`. Upkeep notes one a day in the log of the service and in
`DATA_DIR/audit_anchors`; a cut tail shows by them alone.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.audit import EXPIRED
from storage.models.users import AuditEntry, AuditLink

ANCHORS = "audit_anchors"
_AT_ONCE = 5_000
_PLACES = re.compile(r"places up to ([0-9]{1,18})")  # what `audit.expire` tells


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash at a place of the chain."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


@dataclass(frozen=True, slots=True)
class Checked:
    """`problem` None: the chain is whole. `expired`: entries whose contents went by retention; `last`: of the chain."""

    links: int
    expired: int
    last: Anchor | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A place of the chain with its entry; `content` None: the entry is not there."""

    seq: int
    entry_id: int
    hash: bytes
    content: tuple[datetime, int | None, str, str] | None


def digest(before: bytes, link: Link) -> bytes:
    """The hash that a link with contents must have."""
    if link.content is None:
        raise ValueError("A link without contents has no hash to work out.")
    at, user_id, action, subject = link.content
    moment = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    fields = (str(link.seq), str(link.entry_id), moment, "" if user_id is None else str(user_id), action, subject)
    return hashlib.sha256(before + b"".join(_field(value) for value in fields)).digest()


def last_anchor(session: Session) -> Anchor | None:
    """The end of the chain; None while it is empty."""
    row = session.execute(select(AuditLink.seq, AuditLink.hash).order_by(AuditLink.seq.desc()).limit(1)).first()
    return None if row is None else Anchor(row.seq, bytes(row.hash))


def verify(session: Session, anchors: Iterable[Anchor] = ()) -> Checked:
    """Work the whole chain out again and hold it against the anchors; the first fault ends it."""
    walk = _Walk({anchor.seq: anchor.hash for anchor in anchors})
    for link in links(session):
        problem = walk.step(link)
        if problem:
            return walk.result(problem)
    return walk.result(walk.end() or _unlinked(session))


def links(session: Session) -> Iterator[Link]:
    """The chain in its order, read piece by piece."""
    query = (
        select(AuditLink.seq, AuditLink.entry_id, AuditLink.hash, AuditEntry)
        .join(AuditEntry, AuditEntry.id == AuditLink.entry_id, isouter=True)
        .order_by(AuditLink.seq)
    )
    after = -(2**62)
    while True:
        rows = session.execute(query.where(AuditLink.seq > after).limit(_AT_ONCE)).all()
        for seq, entry_id, hash_, entry in rows:
            content = None if entry is None else (entry.at, entry.user_id, entry.action, entry.subject)
            yield Link(seq, entry_id, bytes(hash_), content)
        session.expunge_all()
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].seq


def parse_anchor(text: str) -> Anchor:
    """`PLACE:HASH` as `str(anchor)` writes it; raises `ValueError`."""
    seq, _, digits = text.strip().partition(":")
    try:
        anchor = Anchor(int(seq), bytes.fromhex(digits))
    except ValueError as error:
        raise ValueError("anchor: write PLACE:HASH as the log has it.") from error
    if anchor.seq < 1 or len(anchor.hash) != 32:
        raise ValueError("anchor: write PLACE:HASH as the log has it.")
    return anchor


def kept_anchors(folder: Path) -> tuple[Anchor, ...]:
    """What upkeep has noted on this machine; empty where it runs elsewhere."""
    path = folder / ANCHORS
    if not path.exists():
        return ()
    lines = path.read_text(encoding="ascii").splitlines()
    return tuple(parse_anchor(line.rpartition(" ")[2]) for line in lines if line.strip())


def keep_anchor(folder: Path, anchor: Anchor, now: datetime) -> bool:
    """Note the day's anchor beside the database; whether it was the first of the day."""
    path, day = folder / ANCHORS, f"{now:%Y-%m-%d}"
    if path.exists() and any(line.startswith(day) for line in path.read_text(encoding="ascii").splitlines()):
        return False
    with path.open("a", encoding="ascii") as file:
        file.write(f"{day} {anchor}\n")
    return True


class _Walk:
    """Goes along the chain and says what is wrong at the first fault."""

    def __init__(self, anchors: dict[int, bytes]) -> None:
        self.anchors = anchors
        self.seen = 0
        self.expired = 0
        self.allowed = 0  # the highest place that an entry says retention has emptied
        self.before = b""
        self.last: Anchor | None = None

    def step(self, link: Link) -> str | None:
        if link.seq != self.seen + 1:
            return f"Places {self.seen + 1} to {link.seq - 1} of the chain are missing."
        self.seen = link.seq
        if link.content is None:
            if self.expired != link.seq - 1:
                return f"Entry {link.entry_id} (place {link.seq}) was deleted."
            self.expired = link.seq
        elif link.hash != digest(self.before, link):
            return f"Entry {link.entry_id} (place {link.seq}) was changed, put in or moved: its hash does not fit."
        elif link.content[2] == EXPIRED and (told := _PLACES.fullmatch(link.content[3])):
            self.allowed = max(self.allowed, int(told[1]))
        if self.anchors.pop(link.seq, link.hash) != link.hash:
            return f"The chain was written anew: place {link.seq} has another hash than the anchor."
        self.before, self.last = link.hash, Anchor(link.seq, link.hash)
        return None

    def end(self) -> str | None:
        if self.expired > self.allowed:
            return f"Entries up to place {self.expired} were deleted, and not by retention."
        if self.anchors:
            return f"The end was cut off: an anchor knows place {max(self.anchors)}, the chain ends at {self.seen}."
        return None

    def result(self, problem: str | None) -> Checked:
        return Checked(self.seen, self.expired, self.last, problem)


def _unlinked(session: Session) -> str | None:
    missing = select(AuditEntry.id).where(~select(AuditLink.seq).where(AuditLink.entry_id == AuditEntry.id).exists())
    found = session.scalar(missing.order_by(AuditEntry.id).limit(1))
    return None if found is None else f"Entry {found} is not in the chain: it was put in behind its back."


def _field(value: str) -> bytes:
    written = value.encode()
    return f"{len(written)}:".encode() + written
