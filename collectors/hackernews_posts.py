"""Hits of the Hacker News search and single items of its database as posts: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors import fields
from collectors.errors import CollectError
from collectors.html_text import one_line, plain_text
from collectors.masking import AUTHOR
from collectors.post import Json, RawAuthor, RawPost

ITEM_URL = "https://news.ycombinator.com/item?id="
# fmt: off
_HIT_KEPT = (
    "objectID", "title", "url", "story_id", "story_title", "story_url", "parent_id", "created_at_i", "created_at",
    "points", "num_comments", "comment_text", "story_text",
)
_ITEM_KEPT = ("id", "type", "title", "url", "parent", "time", "score", "descendants", "text")
# fmt: on


@dataclass(frozen=True, slots=True)
class Page:
    """One readable answer of the search."""

    hits: tuple[Json, ...]
    total: int
    pages: int


def page_of(answer: Json) -> Page:
    """Read one answer; raise `CollectError` when it is not one of a search."""
    hits = answer.get("hits") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(hits, list):
        raise CollectError("bad_answer", "The search answered without its list of hits.")
    total = fields.number(answer.get("nbHits"))
    pages = fields.number(answer.get("nbPages"))
    return Page(tuple(hits), len(hits) if total is None else total, 1 if pages is None else pages)


def post_of(hit: Json) -> RawPost | None:
    """A hit as a post, None when it has no usable id. The story of a comment is in `stated`, not in its title."""
    if not isinstance(hit, dict):
        return None
    native_id = fields.text(hit.get("objectID")) or str(fields.number(hit.get("objectID")) or "")
    if not native_id.isalnum() or len(native_id) > 40:
        return None
    comment = fields.text(hit.get("comment_text"))
    title = one_line(fields.text(hit.get("title")))
    story = one_line(fields.text(hit.get("story_title"))) if comment else ""
    parent = fields.number(hit.get("parent_id")) if comment else None
    return RawPost(
        native_id=native_id,
        text=plain_text(comment or fields.text(hit.get("story_text"))),
        published_at=_moment(fields.number(hit.get("created_at_i")), fields.text(hit.get("created_at"))),
        url=ITEM_URL + native_id,
        title=title or None,
        author=_author(hit.get("author")),
        kind="comment" if comment else "post",
        reply_to=None if parent is None else str(parent),
        counters=fields.counted({"points": hit.get("points"), "comments": hit.get("num_comments")}),
        stated={"story_title": story} if story else {},
        raw={name: hit[name] for name in _HIT_KEPT if hit.get(name) is not None},
    )


def is_gone(item: Json) -> bool:
    """Whether a single item was deleted, killed, or is not there at all."""
    return item is None or (isinstance(item, dict) and (item.get("deleted") is True or item.get("dead") is True))


def post_of_item(item: Json) -> RawPost | None:
    """A single item as the post that the search would give, as far as it tells; None when it has no usable id."""
    number = fields.number(item.get("id")) if isinstance(item, dict) else None
    if not isinstance(item, dict) or number is None or number <= 0 or len(str(number)) > 40:
        return None
    comment = item.get("type") == "comment"
    title = one_line(fields.text(item.get("title")))
    if not isinstance(item.get("type"), str) or not (title or isinstance(item.get("text"), str)):
        return None
    parent = fields.number(item.get("parent"))
    return RawPost(
        native_id=str(number),
        text=plain_text(fields.text(item.get("text"))),
        published_at=_moment(fields.number(item.get("time")), ""),
        url=f"{ITEM_URL}{number}",
        title=title or None,
        author=_author(item.get("by")),
        kind="comment" if comment else "post",
        reply_to=str(parent) if comment and parent is not None else None,
        counters=fields.counted({"points": item.get("score"), "comments": item.get("descendants")}),
        raw={name: item[name] for name in _ITEM_KEPT if item.get(name) is not None},
    )


def post_of_raw(raw: Mapping[str, Json]) -> RawPost | None:
    """The post of a stored hit or item; None where the text named its author and was not kept."""
    if AUTHOR in (raw.get("comment_text"), raw.get("story_text"), raw.get("text"), raw.get("title")):
        return None
    if "type" in raw:
        return post_of_item(dict(raw))
    return None if "parent_id" in raw and "comment_text" not in raw else post_of(dict(raw))


def _author(name: Json) -> RawAuthor | None:
    return RawAuthor("hackernews", native_id=name, handle=name) if isinstance(name, str) and name else None


def _moment(seconds: int | None, written: str) -> datetime | None:
    return fields.moment(written) if seconds is None else fields.from_unix(seconds)
