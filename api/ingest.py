"""Posts that come by API: judge each, pass the privacy door, store, enqueue. The same way as every collector's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.schemas.mentions import AuthorIn, IngestOut, ItemResult, PostIn, PostsIn
from collectors.post import Post, RawAuthor, RawPost
from collectors.survey_answers import anonymous_sent
from config.settings import get_settings
from storage import db, mentions, profile, sources
from storage.door import privacy_door
from workers import app as queue

KIND = "api"


@dataclass(frozen=True, slots=True)
class _Admitted:
    index: int
    native_id: str
    post: Post


def ingest(sent: PostsIn, now: datetime) -> IngestOut:
    """Store what is good, say for each post what became of it. One transaction; jobs are queued after it."""
    settings = get_settings()
    results: dict[int, ItemResult] = {}
    raw = _judge(sent, results, now)
    with db.reading() as session:
        door = privacy_door(session, settings)
    admitted = [_Admitted(at, sent_id, door.admit(each, now, settings.max_text_chars)) for at, sent_id, each in raw]
    last = _last_of_each(admitted, results)
    with db.transaction() as session:
        source_id = sources.get_or_make(session, KIND, sent.source, KIND, now, about="own")
        matcher = profile.matcher(session)
        added = mentions.add_new(session, source_id, [each.post for each in last], matcher, now)
        analyze_after_commit(session, added.mention_ids_pending)
    fates = dict.fromkeys(added.native_ids_added, "added") | dict.fromkeys(added.native_ids_changed, "changed")
    for each in last:
        results[each.index] = ItemResult.model_validate(
            {"index": each.index, "native_id": each.native_id, "result": fates.get(each.post.native_id, "unchanged")}
        )
    return _answer(source_id, added.mentions_added, [results[index] for index in sorted(results)])


def _judge(sent: PostsIn, results: dict[int, ItemResult], now: datetime) -> list[tuple[int, str, RawPost]]:
    """The good posts with their place and the id that they were sent under."""
    good = []
    for index, item in enumerate(sent.posts):
        if isinstance(item, PostIn):
            raw = _raw(item, sent.platform)
            good.append((index, item.native_id, anonymous_sent(raw, now) if raw.kind == "survey" else raw))
        else:
            results[index] = _rejected(index, item)
    return good


def _rejected(index: int, item: object) -> ItemResult:
    """Why it is no post: the first thing that is wrong with it."""
    native_id = item.get("native_id") if isinstance(item, Mapping) else None
    field, reason = None, "must be an object with at least native_id"
    try:
        PostIn.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        reason = first["msg"].removeprefix("Value error, ")
    return ItemResult(
        index=index,
        native_id=_plain(native_id) if isinstance(native_id, str) else None,
        result="rejected",
        field=None if field is None else _plain(field),
        reason=_plain(reason),
    )


def _last_of_each(admitted: list[_Admitted], results: dict[int, ItemResult]) -> list[_Admitted]:
    """Of posts with the same id in one call the last counts; the others are told so."""
    last = {each.post.native_id: each for each in admitted}
    for each in admitted:
        kept = last[each.post.native_id]
        if kept is not each:
            results[each.index] = ItemResult(
                index=each.index,
                native_id=each.native_id,
                result="rejected",
                field="native_id",
                reason=f"is sent again in this call; number {kept.index} counts",
            )
    return list(last.values())


def _raw(item: PostIn, platform: str) -> RawPost:
    return RawPost(
        native_id=item.native_id,
        text=item.text,
        published_at=item.published_at,
        url=item.url,
        title=item.title,
        author=_author(item.author, platform),
        followers=item.followers,
        kind=item.kind,
        lang=item.lang,
        reply_to=item.reply_to,
        rating=item.rating,
        counters=item.counters,
        stated=item.stated,
    )


def _author(author: AuthorIn | None, platform: str) -> RawAuthor | None:
    if author is None:
        return None
    return RawAuthor(platform, author.id, author.handle, author.name, author.url)


def _answer(source_id: int, found: int, items: list[ItemResult]) -> IngestOut:
    def count(result: str) -> int:
        return sum(item.result == result for item in items)

    return IngestOut(
        source_id=source_id,
        added=count("added"),
        changed=count("changed"),
        unchanged=count("unchanged"),
        rejected=count("rejected"),
        mentions=found,
        items=items,
    )


def analyze_after_commit(session: Session, mention_ids: Sequence[int]) -> None:
    """Queue the analysis of new mentions, in portions of one transaction each, once they are stored."""
    size = get_settings().analyze_batch
    for start in range(0, len(mention_ids), size):
        db.after_commit(session, partial(_enqueue, list(mention_ids[start : start + size])))


def _enqueue(mention_ids: list[int]) -> None:
    queue.enqueue(queue.ANALYZE_MENTIONS, mention_ids)


def _plain(text: str) -> str:
    """What is echoed must be writable as UTF-8 and short."""
    return text[:300].encode("utf-8", "replace").decode()
