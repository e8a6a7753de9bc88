"""What comes in with pseudonyms of an earlier key is moved on, so that nobody ever stands under two.

A run may have begun before a rotation, and while one is under way some authors and ids are moved already and some are
not. The rule: who stands here under the old key keeps it until the rotation reaches them; everybody else has the new
one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import Post
from collectors.pseudonyms import Keychain, generation_of, generation_of_id
from config.settings import get_settings
from storage import pseudonym_keys

_AUTHORS = text("SELECT DISTINCT author_key FROM posts WHERE author_key = ANY(CAST(:keys AS text[]))")
_IDS = text("""
SELECT native_id FROM posts WHERE source_id = :source AND native_id = ANY(CAST(:ids AS text[]))
""")


@dataclass(frozen=True, slots=True)
class Current:
    """Posts as they are stored now. `newest`: authors' pseudonyms under the newest key; `given`: ids as they came."""

    posts: tuple[Post, ...]
    newest: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)


def current(session: Session, source_id: int, posts: Sequence[Post], now: datetime) -> Current:
    """The posts under the pseudonyms that they belong under; raises `PseudonymKeyError` with the wrong key."""
    found = pseudonym_keys.standing(session)
    if not found.rows:
        found = pseudonym_keys.verify(session, get_settings(), now)
    found.key_in_use(get_settings())  # a process with another key would store authors a second time
    if not any(_is_old(post, found.generation) for post in posts):
        return Current(tuple(posts))
    chain = found.chain(get_settings()).whole
    authors = {post.author_key: chain.forward(post.author_key) for post in posts if post.author_key is not None}
    stored = set(session.scalars(_AUTHORS, {"keys": list(authors)})) if found.rotating else set()
    stands = {old: old if old in stored else new for old, new in authors.items()}
    ids = _ids(session, source_id, [post.native_id for post in posts], chain, rotating=found.rotating)
    return Current(
        tuple(_moved(post, chain, stands, ids) for post in posts),
        {stands[old]: new for old, new in authors.items()},
        {now_is: came for came, now_is in ids.items()},
    )


def current_ids(session: Session, source_id: int, native_ids: Iterable[str]) -> dict[str, str]:
    """Native ids as posts of this source have them now, by the ids as they came."""
    wanted = list(dict.fromkeys(native_ids))
    if all(generation_of_id(each) is None for each in wanted):
        return dict(zip(wanted, wanted, strict=True))
    found = pseudonym_keys.standing(session)
    if all((at := generation_of_id(each)) is None or at >= found.generation for each in wanted):
        return dict(zip(wanted, wanted, strict=True))
    return _ids(session, source_id, wanted, found.chain(get_settings()).whole, rotating=found.rotating)


def newest_id(session: Session, native_id: str) -> str:
    """A native id under the newest key, where nothing stands under an older one."""
    found = pseudonym_keys.standing(session)
    at = generation_of_id(native_id)
    if at is None or at >= found.generation:
        return native_id
    return found.chain(get_settings()).whole.forward_id(native_id)


def known_as(session: Session, author_keys: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Every pseudonym that these authors may stand under now, and those under the newest key alone."""
    found = pseudonym_keys.standing(session)
    if all(generation_of(key) >= found.generation for key in author_keys):
        return tuple(author_keys), tuple(author_keys)
    chain = found.chain(get_settings()).whole
    newest = tuple(dict.fromkeys(chain.forward(key) for key in author_keys))
    return tuple(dict.fromkeys((*author_keys, *newest))), newest


def _ids(
    session: Session, source_id: int, native_ids: Collection[str], chain: Keychain, *, rotating: bool
) -> dict[str, str]:
    moved = {each: chain.forward_id(each) for each in native_ids}
    old = [each for each, new in moved.items() if each != new]
    stored = set(session.scalars(_IDS, {"source": source_id, "ids": old})) if rotating and old else set()
    return {each: each if each in stored else new for each, new in moved.items()}


def _moved(post: Post, chain: Keychain, authors: Mapping[str, str], ids: Mapping[str, str]) -> Post:
    opened = None if post.sealed_ref is None else chain.unseal(post.sealed_ref)
    return replace(
        post,
        native_id=ids[post.native_id],
        author_key=None if post.author_key is None else authors[post.author_key],
        reply_to=None if post.reply_to is None else chain.forward_id(post.reply_to),
        sealed_ref=post.sealed_ref if opened is None else chain.seal(opened),
    )


def _is_old(post: Post, generation: int) -> bool:
    if generation == 0:
        return False
    ids = (generation_of_id(each) for each in (post.native_id, post.reply_to) if each)
    return (post.author_key is not None and generation_of(post.author_key) < generation) or any(
        at is not None and at < generation for at in ids
    )
