"""Moving everything that stands under a pseudonym over to a new key, without knowing anybody, beside a running service.

Each transaction moves some authors with all their posts and mentions, so that in every moment each author stands under
one pseudonym and no count of distinct authors can see two. What is moved says so itself (`collectors.pseudonyms`), so a
rotation that was killed goes on where it was. Meanwhile posts come in as `storage.pseudonyms` says.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from collectors.pseudonyms import LAST, Keychain, marked
from config.settings import Settings
from storage import audit, db, pseudonym_keys
from storage.models.mentions import Post
from storage.models.privacy import PseudonymKey, RefusedAuthor
from storage.models.sources import HeldItem
from storage.pseudonym_keys import LOCK, Standing

log = logging.getLogger(__name__)

AUTHORS = 200  # per transaction
POSTS = 5_000  # ids of posts that are looked through in one
_TRIES = 5  # where another transaction was in the way

_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_NEXT_AUTHORS = text("""
SELECT DISTINCT author_key FROM posts WHERE author_key < :mark ORDER BY author_key LIMIT :limit
""")
# In the order in which everybody locks: posts by their natural key, then mentions by id.
_LOCK_POSTS = text("""
SELECT id FROM posts WHERE author_key = ANY(CAST(:old AS text[])) ORDER BY source_id, native_id FOR UPDATE
""")
_LOCK_MENTIONS = text("""
SELECT id FROM mentions WHERE post_id = ANY(CAST(:posts AS bigint[])) ORDER BY id FOR UPDATE
""")
_MOVE_POSTS = text("""
UPDATE posts p SET author_key = i.new
FROM unnest(CAST(:old AS text[]), CAST(:new AS text[])) AS i(old, new)
WHERE p.author_key = i.old AND p.id = ANY(CAST(:posts AS bigint[]))
""")
_MOVE_MENTIONS = text("""
UPDATE mentions m SET author_key = p.author_key FROM posts p
WHERE p.id = m.post_id AND m.post_id = ANY(CAST(:posts AS bigint[]))
""")
_LEFT = text("SELECT count(*) FROM posts WHERE author_key < :mark")
_IDS = text("""
SELECT id, native_id, reply_to, sealed_ref FROM posts
WHERE id > :after AND id <= :until
    AND (native_id LIKE 'hmac:%' OR native_id LIKE 'survey:%' OR reply_to LIKE 'hmac:%')
ORDER BY source_id, native_id FOR UPDATE
""")
_MOVE_IDS = text("""
UPDATE posts p SET native_id = i.native_id, reply_to = i.reply_to, sealed_ref = i.sealed_ref
FROM unnest(CAST(:ids AS bigint[]), CAST(:natives AS text[]), CAST(:replies AS text[]), CAST(:refs AS text[]))
    AS i(id, native_id, reply_to, sealed_ref)
WHERE p.id = i.id
""")


@dataclass(frozen=True, slots=True)
class Begun:
    """A rotation under way: to which generation, how many posts have an author to move, whether it was begun before."""

    generation: int
    posts: int
    resumed: bool


def begin(settings: Settings, now: datetime, *, lost: bool = False) -> Begun:
    """Take the key of the settings into use, or go on with a rotation that was broken off.

    `lost`: the key before is gone for good. Raises `ValueError` where there is nothing to do, `PseudonymKeyError` where
    the key in force is not known.
    """
    with _alone() as session:
        found = pseudonym_keys.standing(session, shared=False)
        resumed = found.rotating
        if resumed:
            found.key_in_use(settings)
        else:
            found = _take_into_use(session, found, settings, now, lost=lost)
        return Begun(found.generation, session.scalar(_LEFT, {"mark": _mark(found)}) or 0, resumed)


def run(settings: Settings, progress: Callable[[int], None] = lambda posts: None) -> None:
    """Move everything that is left; `progress` gets the posts of each step. May be killed and called again."""
    for step in (_move_authors, _move_ids):
        while (moved := _patiently(step, settings)) is not None:
            progress(moved)


def end(settings: Settings, now: datetime) -> None:
    """Close the rotation; raises `RuntimeError` while something is left."""
    with _alone() as session:
        found = pseudonym_keys.standing(session, shared=False)
        if not found.rotating:
            return
        if session.scalars(_NEXT_AUTHORS, {"mark": _mark(found), "limit": 1}).first() is not None:
            raise RuntimeError("there are authors left under an older key")
        session.execute(update(PseudonymKey).where(PseudonymKey.ended_at.is_(None)).values(ended_at=now))
        audit.record(session, None, "pseudonyms.rotated", f"all authors under key {found.generation}", now)


def _take_into_use(session: Session, found: Standing, settings: Settings, now: datetime, *, lost: bool) -> Standing:
    new = settings.pseudonym_secret()
    if not found.rows:
        raise ValueError("Nothing is stored under a pseudonym yet: set PSEUDONYM_KEY and start.")
    if found.generation >= LAST:
        raise ValueError(f"The keys were rotated {LAST} times already, which is as often as they can be.")
    if any(row.recognised_by == pseudonym_keys.recognised_by(new) for row in found.rows):
        raise ValueError("PSEUDONYM_KEY is in force already: set a new one, with this one in PSEUDONYM_KEY_BEFORE.")
    number = found.generation + 1
    if lost:
        _forget_older(session, found, settings)
    else:
        _seal_older(session, found, found.chain(settings), new)
    session.add(PseudonymKey(generation=number, recognised_by=pseudonym_keys.recognised_by(new), begun_at=now))
    session.flush()
    told = f"key {number} begun" + (", the one before lost" if lost else "")
    audit.record(session, None, "pseudonyms.rotate", told, now)
    return pseudonym_keys.standing(session, shared=False)


def _forget_older(session: Session, found: Standing, settings: Settings) -> None:
    try:
        found.key_in_use(settings)
    except pseudonym_keys.PseudonymKeyError:
        session.execute(delete(PseudonymKey))
        session.execute(delete(RefusedAuthor))  # nobody could be recognised by them any more
        return
    raise ValueError("The key in force is known: rotate without --lost, so that nobody is cut off.")


def _seal_older(session: Session, found: Standing, known: Keychain, new: bytes) -> None:
    """The keys so far under the new one; and what is little moves at once: refusals, items that wait for a person."""
    for row, key in zip(found.rows, known.keys, strict=True):
        sealed = pseudonym_keys.sealed(key, new)
        session.execute(update(PseudonymKey).where(PseudonymKey.generation == row.generation).values(sealed=sealed))
    chain = Keychain((*known.keys, new), known.first)
    for old in session.scalars(select(RefusedAuthor.author_key)).all():
        moved = update(RefusedAuthor).where(RefusedAuthor.author_key == old).values(author_key=chain.forward(old))
        session.execute(moved)
    for item in session.execute(select(HeldItem.id, HeldItem.native_id)).all():
        if (native_id := chain.forward_id(item.native_id)) != item.native_id:
            session.execute(update(HeldItem).where(HeldItem.id == item.id).values(native_id=native_id))


def _move_authors(session: Session, settings: Settings) -> int | None:
    """Move the next authors with all that is theirs; None when there is none left."""
    found = pseudonym_keys.standing(session, shared=False)
    if not found.rotating:
        return None
    old = list(session.scalars(_NEXT_AUTHORS, {"mark": _mark(found), "limit": AUTHORS}))
    if not old:
        return None
    chain = found.chain(settings).whole
    posts = list(session.scalars(_LOCK_POSTS, {"old": old}))
    session.execute(_LOCK_MENTIONS, {"posts": posts})
    session.execute(_MOVE_POSTS, {"old": old, "new": [chain.forward(key) for key in old], "posts": posts})
    session.execute(_MOVE_MENTIONS, {"posts": posts})
    return len(posts)


def _move_ids(session: Session, settings: Settings) -> int | None:
    """Move ids that are pseudonyms, and what is sealed, of the next posts; None when there are no more."""
    found = pseudonym_keys.standing(session, shared=False)
    if not found.rotating:
        return None
    key = session.get_one(PseudonymKey, found.generation)
    if key.posts_done >= (session.scalar(select(func.max(Post.id))) or 0):
        return None
    until = key.posts_done + POSTS
    rows = session.execute(_IDS, {"after": key.posts_done, "until": until}).all()
    chain = found.chain(settings).whole
    values = {
        "ids": [row.id for row in rows],
        "natives": [chain.forward_id(row.native_id) for row in rows],
        "replies": [None if row.reply_to is None else chain.forward_id(row.reply_to) for row in rows],
        "refs": [_sealed_anew(chain, row.sealed_ref) for row in rows],
    }
    session.execute(_MOVE_IDS, values)
    key.posts_done = until
    session.flush()
    return 0


def _sealed_anew(chain: Keychain, sealed: str | None) -> str | None:
    opened = None if sealed is None else chain.unseal(sealed)
    return sealed if opened is None else chain.seal(opened)


def _mark(found: Standing) -> str:
    """All pseudonyms of earlier generations sort before it: digits and a to f before k, lower numbers before higher."""
    return marked(found.generation, "")


@contextmanager
def _alone() -> Iterator[Session]:
    """A transaction during which nobody stores anything that has a pseudonym."""
    with db.transaction() as session:
        session.execute(_ALONE, {"lock": LOCK})
        yield session


def _patiently(step: Callable[[Session, Settings], int | None], settings: Settings) -> int | None:
    """One transaction, tried again where another one was in the way."""
    for attempt in range(1, _TRIES + 1):
        try:
            with _alone() as session:
                return step(session, settings)
        except OperationalError:
            if attempt == _TRIES:
                raise
            log.info("A step of the key rotation had to wait for others and is tried again.")
            time.sleep(0.2 * attempt)
    raise AssertionError("unreachable")
