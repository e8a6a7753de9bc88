"""What must stay away after a backup is restored, as lines for a file beside the backups.

A backup from before an erasure brings the posts back and knows nothing of it: tombstones, refused authors and the
record are younger. So these are saved by themselves (`saved`) and put back (`repeat`), also for posts that the backup
does not have yet: their place may offer them again. A line holds numbers of sources, ids of posts, pseudonyms, counts;
no text and no name. Repeating twice changes nothing.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, asdict, dataclass, fields
from datetime import datetime
from itertools import groupby, islice
from typing import cast

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage import audit, pseudonym_keys, pseudonyms
from storage.cleaning import clean
from storage.intake import mark_deleted
from storage.models.mentions import Post
from storage.models.privacy import Erasure, RefusedAuthor
from storage.models.users import User, UserSession
from storage.viewer import Viewer, require_administrator

BITE = 500
_BIGGEST = 2**31
_TOMBSTONES = text("""
SELECT p.source_id AS source, s.kind AS source_kind, p.native_id AS id, p.kind, p.published_at, p.collected_at,
    p.deleted_at
FROM posts p JOIN sources s ON s.id = p.source_id WHERE p.deleted_at IS NOT NULL ORDER BY p.id
""")
# All posts and mentions at once: bite after bite, they would be waited for with a company's lock in hand.
_ALONE = text("LOCK TABLE posts, mentions IN EXCLUSIVE MODE")
_KNOWN = text("SELECT id FROM sources WHERE id = :source AND kind = :source_kind")
_BURY_UNSEEN = text("""
INSERT INTO posts (source_id, native_id, kind, text, text_hash, own_account, published_at, date_from, collected_at,
    deleted_at, matched_version)
SELECT i.source, i.id, i.kind, '', '', false, i.published_at, 'source', i.collected_at, i.deleted_at, 0
FROM json_to_recordset(CAST(:rows AS json)) AS i(source integer, id text, kind text, published_at timestamptz,
    collected_at timestamptz, deleted_at timestamptz)
ORDER BY i.id ON CONFLICT (source_id, native_id) DO NOTHING RETURNING id
""")


@dataclass(slots=True)
class Repeated:
    """What `repeat` did: posts buried, posts kept out beforehand, authors refused anew, records put back; `problems`
    are lines that could not be read, and posts of sources that are not there."""

    buried: int = 0
    kept_out: int = 0
    refused: int = 0
    records: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class _Tombstone:
    source: int
    source_kind: str
    id: str
    kind: str
    published_at: str
    collected_at: str
    deleted_at: str


@dataclass(frozen=True, slots=True)
class _Record:
    id: int
    at: str
    by_user: int | None
    platform: str
    reason: str
    posts: int
    mentions: int
    refused: bool


@dataclass(frozen=True, slots=True)
class _Refused:
    key: str
    erasure: int


@dataclass(frozen=True, slots=True)
class _Key:
    """A key that pseudonyms of the lines may stand under."""

    generation: int
    recognised_by: str


_Line = _Key | _Tombstone | _Record | _Refused
_SORTS: dict[str, type[_Key] | type[_Tombstone] | type[_Record] | type[_Refused]] = {
    "key": _Key, "post": _Tombstone, "erasure": _Record, "refused": _Refused,
}  # fmt: skip


def saved(session: Session, viewer: Viewer) -> Iterator[str]:
    """The lines, read as they are asked for."""
    require_administrator(viewer)
    for key in pseudonym_keys.standing(session).rows:
        yield _line("key", {"generation": key.generation, "recognised_by": key.recognised_by})
    for row in session.scalars(select(Erasure).order_by(Erasure.id)):
        told = {each.name: getattr(row, each.name) for each in fields(_Record)}
        yield _line("erasure", {**told, "at": row.at.isoformat()})
    for author in session.scalars(select(RefusedAuthor).order_by(RefusedAuthor.erasure_id)):
        yield _line("refused", {"key": author.author_key, "erasure": author.erasure_id})
    for post in session.execute(_TOMBSTONES, execution_options={"yield_per": BITE}).mappings():
        yield _line("post", {name: v.isoformat() if isinstance(v, datetime) else v for name, v in post.items()})


def repeat(session: Session, viewer: Viewer, lines: Iterable[str], now: datetime) -> Repeated:
    """Put back what the lines say, in this transaction; a line that cannot be read loses no other.

    Pseudonyms under an older key are moved on; raises `PseudonymKeyError` where the lines stand under a newer one.
    """
    require_administrator(viewer)
    session.execute(_ALONE)
    keys = pseudonym_keys.standing(session)
    keys.key_in_use(get_settings())
    done, records = Repeated(), dict[int, int]()
    rest = iter(lines)
    while bite := list(islice(rest, BITE)):
        found = [each for line in bite if (each := _read(line, done)) is not None]
        for given in found:
            if isinstance(given, _Key):
                keys.must_have(given.generation, given.recognised_by)
            if isinstance(given, _Record):
                records[given.id] = _record(session, given, done)
        for given in found:
            if isinstance(given, _Refused):
                _refuse(session, given, records, done)
        _bury(session, [given for given in found if isinstance(given, _Tombstone)], now, done)
    _bury_refused(session, now, done)
    told = f"{done.buried} posts buried, {done.kept_out} kept out, {done.refused} authors refused"
    audit.record(session, viewer, "author.erase", f"repeated after a backup: {told}", now)
    return done


def end_sign_ins(session: Session) -> int:
    """End all sign-ins, also those that had ended and came back with a backup; returns how many."""
    return len(session.scalars(delete(UserSession).returning(UserSession.user_id)).all())


def _line(sort: str, told: dict[str, object]) -> str:
    return json.dumps({sort: told}, ensure_ascii=False) + "\n"


def _read(line: str, done: Repeated) -> _Line | None:
    try:
        ((sort, told),) = json.loads(line).items()
        found = _SORTS[sort](**told)
        good = all(_is_good(getattr(found, each.name), each) for each in fields(found))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        good = False
    if good:
        return found
    done.problems += 1
    return None


def _is_good(value: object, of: Field[object]) -> bool:
    """Whether a value is of the field's type and can be stored; raises `ValueError` for a time that is none."""
    if not isinstance(value, cast(type, of.type)):
        return False
    if isinstance(value, int):
        return 0 <= value < _BIGGEST
    if isinstance(value, str) and of.name.endswith("at"):
        return datetime.fromisoformat(value).tzinfo is not None
    return not isinstance(value, str) or value == clean(value)


def _record(session: Session, given: _Record, done: Repeated) -> int:
    """The id of the record here; it is put back where there is none like it."""
    at = datetime.fromisoformat(given.at)
    same = (Erasure.at == at, Erasure.platform == given.platform, Erasure.posts == given.posts)
    here = session.scalar(select(Erasure.id).where(*same).limit(1))
    if here is not None:
        return here
    by_user = session.scalar(select(User.id).where(User.id == given.by_user))
    row = Erasure(
        at=at,
        by_user=by_user,
        platform=given.platform,
        reason=given.reason,
        posts=given.posts,
        mentions=given.mentions,
        refused=given.refused,
    )
    session.add(row)
    session.flush()
    done.records += 1
    return row.id


def _refuse(session: Session, given: _Refused, records: Mapping[int, int], done: Repeated) -> None:
    if given.erasure not in records:
        done.problems += 1
        return
    _, (key,) = pseudonyms.known_as(session, [given.key])
    added = insert(RefusedAuthor).values(author_key=key, erasure_id=records[given.erasure])
    kept = session.scalars(added.on_conflict_do_nothing().returning(RefusedAuthor.author_key))
    done.refused += len(kept.all())


def _bury(session: Session, given: Sequence[_Tombstone], now: datetime, done: Repeated) -> None:
    def place(each: _Tombstone) -> tuple[int, str]:
        return each.source, each.source_kind

    for (source, kind), posts in groupby(sorted(given, key=place), key=place):
        dead = list(posts)
        if session.scalar(_KNOWN, {"source": source, "source_kind": kind}) is None:
            done.problems += len(dead)
            continue
        done.buried += mark_deleted(session, source, [each.id for each in dead], now)
        ids = pseudonyms.current_ids(session, source, [each.id for each in dead])
        rows = json.dumps([{**asdict(each), "id": ids[each.id]} for each in dead])
        done.kept_out += len(session.scalars(_BURY_UNSEEN, {"rows": rows}).all())


def _bury_refused(session: Session, now: datetime, done: Repeated) -> None:
    """Whoever is refused has nothing here, whatever the lines say of single posts."""
    theirs = Post.author_key.in_(select(RefusedAuthor.author_key))
    while rows := session.execute(select(Post.source_id, Post.native_id).where(theirs).limit(BITE)).all():
        for source in sorted({row.source_id for row in rows}):
            ids = [row.native_id for row in rows if row.source_id == source]
            done.buried += mark_deleted(session, source, ids, now)


__all__ = ["Repeated", "end_sign_ins", "repeat", "saved"]
