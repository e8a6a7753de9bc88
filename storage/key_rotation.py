"""Moving everything that stands under a pseudonym over to a new key, without knowing anybody, beside a running service.

Each transaction moves some authors with all their posts and mentions, so that in every moment each author stands under
one pseudonym and no count of distinct authors can see two. What is moved says so itself (`collectors.pseudonyms`), so a
rotation that was killed goes on where it was. Meanwhile posts come in as `storage.pseudonyms` says.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from collectors.pseudonyms import LAST, Keychain, generation_of, marked
from config.settings import Settings
from storage import audit, crowds, db, pseudonym_keys
from storage.cells import lock_companies
from storage.models.privacy import PseudonymKey, RefusedAuthor
from storage.models.sources import HeldItem
from storage.pseudonym_keys import LOCK, Standing

log = logging.getLogger(__name__)

POSTS = 300  # looked through in one transaction; all other posts of their authors move with them
_TRIES = 5  # where another transaction was in the way

_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_OLD = """id > :after AND (author_key NOT LIKE :mark OR reply_to LIKE 'hmac:%' AND reply_to NOT LIKE 'hmac:' || :mark
    OR native_id LIKE 'hmac:%' AND native_id NOT LIKE 'hmac:' || :mark
    OR native_id LIKE 'survey:%' AND native_id NOT LIKE 'survey:' || :mark)"""
_LEFT = text(f"SELECT count(*) FROM posts WHERE {_OLD}")  # noqa: S608 - a constant
_NEXT = text(f"SELECT id, author_key FROM posts WHERE {_OLD} ORDER BY id LIMIT :limit")  # noqa: S608 - a constant
# In the order in which everybody locks: posts by their natural key, then mentions by id.
_LOCK_POSTS = text("""
SELECT id, native_id, author_key, reply_to, sealed_ref FROM posts
WHERE id = ANY(CAST(:ids AS bigint[])) OR author_key = ANY(CAST(:old AS text[]))
ORDER BY source_id, native_id FOR UPDATE
""")
_LOCK_MENTIONS = text("""
SELECT id FROM mentions WHERE post_id = ANY(CAST(:posts AS bigint[])) ORDER BY id FOR UPDATE
""")
_COMPANIES = text("SELECT DISTINCT company_id FROM mentions WHERE post_id = ANY(CAST(:posts AS bigint[]))")
_MOVE_POSTS = text("""
UPDATE posts p SET author_key = i.author_key, native_id = i.native_id, reply_to = i.reply_to, sealed_ref = i.sealed_ref
FROM unnest(CAST(:ids AS bigint[]), CAST(:authors AS text[]), CAST(:natives AS text[]), CAST(:replies AS text[]),
    CAST(:refs AS text[])) AS i(id, author_key, native_id, reply_to, sealed_ref)
WHERE p.id = i.id
""")
_MOVE_MENTIONS = text("""
UPDATE mentions m SET author_key = p.author_key FROM posts p
WHERE p.id = m.post_id AND m.post_id = ANY(CAST(:posts AS bigint[])) AND m.author_key IS DISTINCT FROM p.author_key
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
        done = session.get_one(PseudonymKey, found.generation).posts_done
        left = session.scalar(_LEFT, {"after": done, "mark": _mark(found.generation)})
        return Begun(found.generation, left or 0, resumed)


def run(settings: Settings, now: datetime, progress: Callable[[int], None] = lambda posts: None) -> None:
    """Move everything that is left, then close the rotation; `progress` gets the posts of each step.

    May be killed and called again, also while another process is at it.
    """
    while (moved := _patiently(settings, now)) is not None:
        progress(moved)


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


def _move(session: Session, settings: Settings, now: datetime) -> int | None:
    """Move the next posts, and their authors with all that is theirs; None: it is done, and noted so."""
    found = pseudonym_keys.standing(session, shared=False)
    if not found.rotating:
        return None
    key = session.get_one(PseudonymKey, found.generation, with_for_update=True)
    seen = session.execute(_NEXT, {"after": key.posts_done, "mark": _mark(found.generation), "limit": POSTS}).all()
    if not seen:
        key.ended_at = now
        audit.record(session, None, "pseudonyms.rotated", f"all authors under key {found.generation}", now)
        return None
    _move_posts(
        session,
        [row.id for row in seen],
        {row.author_key for row in seen if row.author_key},
        found.chain(settings).whole,
    )
    key.posts_done = seen[-1].id
    session.flush()
    return len(seen)


def _move_posts(session: Session, ids: Sequence[int], authors: Collection[str], chain: Keychain) -> None:
    """These posts, and all posts and mentions of these authors."""
    old = [author for author in authors if generation_of(author) < chain.generation]
    rows = session.execute(_LOCK_POSTS, {"ids": list(ids), "old": old}).all()
    values = {
        "ids": [row.id for row in rows],
        "authors": [None if row.author_key is None else chain.forward(row.author_key) for row in rows],
        "natives": [chain.forward_id(row.native_id) for row in rows],
        "replies": [None if row.reply_to is None else chain.forward_id(row.reply_to) for row in rows],
        "refs": [_sealed_anew(chain, row.sealed_ref) for row in rows],
    }
    session.execute(_LOCK_MENTIONS, {"posts": values["ids"]})
    session.execute(_MOVE_POSTS, values)
    lock_companies(session, session.scalars(_COMPANIES, {"posts": values["ids"]}).all())
    session.execute(_MOVE_MENTIONS, {"posts": values["ids"]})
    crowds.follow_posts(session, [row.id for row in rows])  # after a key is lost, many are one person


def _mark(generation: int) -> str:
    """What pseudonyms of a generation look like, for LIKE."""
    return f"{marked(generation, '')}%"


def _sealed_anew(chain: Keychain, sealed: str | None) -> str | None:
    opened = None if sealed is None else chain.unseal(sealed)
    return sealed if opened is None else chain.seal(opened)


@contextmanager
def _alone() -> Iterator[Session]:
    """A transaction during which nobody stores anything that has a pseudonym."""
    with db.transaction() as session:
        session.execute(_ALONE, {"lock": LOCK})
        yield session


def _patiently(settings: Settings, now: datetime) -> int | None:
    """One transaction, tried again where another one was in the way."""
    for attempt in range(1, _TRIES + 1):
        try:
            with _alone() as session:
                return _move(session, settings, now)
        except OperationalError:
            if attempt == _TRIES:
                raise
            log.info("A step of the key rotation had to wait for others and is tried again.")
            time.sleep(0.2 * attempt)
    raise AssertionError("unreachable")
