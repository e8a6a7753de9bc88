"""Reddit's own items as posts: pure, told from plain JSON, never by way of praw's lazy objects."""

import html
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors import fields
from collectors.errors import CollectError
from collectors.post import Json, RawAuthor, RawPost

SITE = "https://www.reddit.com"
FULLNAME = re.compile(r"t[13]_[0-9a-z]{1,13}")
# fmt: off
_KEPT = (
    "name", "subreddit", "title", "selftext", "body", "url", "permalink", "link_id", "link_title", "parent_id",
    "created_utc", "edited", "score", "score_hidden", "hide_score", "upvote_ratio", "num_comments", "num_crossposts",
    "removed_by_category", "over_18", "link_flair_text",
)
_COUNTERS = {"points": "score", "comments": "num_comments", "reposts": "num_crossposts"}
_GONE_TEXTS = frozenset(("[deleted]", "[removed]", "[ removed by reddit ]", "[deleted by user]"))
# fmt: on
_NO_POST = re.compile(r"t[24-6]_[0-9a-z]+")  # accounts, messages, communities
_ZERO_WIDTH = re.compile("[\u200b\ufeff]")


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: items of any kind as Reddit gives them, and the fullname after which the next page begins."""

    items: tuple[Json, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Branches:
    """Comments of a tree laid flat, and what the answer left out.

    `more` are ids of comments to be asked for, `deeper` ids of comments below which a branch goes on by itself.
    """

    comments: tuple[Json, ...]
    more: tuple[str, ...] = ()
    deeper: tuple[str, ...] = ()


def listing_of(answer: Json) -> Listing:
    """Read one page; raise `CollectError` when it is none."""
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(children, list):
        raise CollectError("bad_answer", "Reddit answered without the list of items.")
    after = data.get("after")
    return Listing(tuple(map(item_of, children)), after if isinstance(after, str) and after else None)


def item_of(thing: Json) -> Json:
    """The data of a thing (`{"kind": …, "data": …}`) with its fullname; None: not readable."""
    data = thing.get("data") if isinstance(thing, dict) else None
    if not isinstance(thing, dict) or not isinstance(data, dict):
        return None
    name, kind = data.get("name"), thing.get("kind")
    if not isinstance(name, str) and isinstance(kind, str) and isinstance(data.get("id"), str):
        name = f"{kind}_{data['id']}"
    return {**data, "name": name}


def fullname_of(item: Json) -> str | None:
    """The id of a submission or comment (t3_…, t1_…); None: it is something else, or cannot be read."""
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and FULLNAME.fullmatch(name) else None


def created_of(item: Json) -> float | None:
    """When the item was made, in seconds since 1970."""
    seconds = item.get("created_utc") if isinstance(item, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 < seconds < 1e11 else None


def is_gone(item: Json) -> bool:
    """Whether its author or Reddit took the text away; the id stays valid, so that only this tells it."""
    if not isinstance(item, dict):
        return False
    if isinstance(item.get("removed_by_category"), str) and item["removed_by_category"]:
        return True
    said = item.get("body"), item.get("selftext"), item.get("title")
    return any(isinstance(text, str) and text.strip().lower() in _GONE_TEXTS for text in said)


def post_of(item: Json) -> RawPost | None:
    """A submission or comment as a post; None when it is neither or has no usable id."""
    name = fullname_of(item)
    if not isinstance(item, dict) or name is None:
        return None
    comment = name.startswith("t1_")
    title = fields.text(item.get("title"))
    if not comment and not title and not fields.text(item.get("selftext")):
        return None
    parent = item.get("parent_id") if comment else None
    return RawPost(
        native_id=name,
        text=_words(fields.text(item.get("body" if comment else "selftext"))),
        published_at=_moment(item),
        url=_address(item, name),
        title=None if comment else " ".join(_words(title).split()) or None,
        author=_author(item),
        kind="comment" if comment else "post",
        reply_to=parent if isinstance(parent, str) and FULLNAME.fullmatch(parent) else None,
        counters=_counters(item),
        stated=_stated(item, comment=comment),
        raw={key: item[key] for key in _KEPT if item.get(key) is not None},
    )


@dataclass(frozen=True, slots=True)
class Sorted:
    """The items of a page, by what becomes of them."""

    posts: tuple[RawPost, ...]
    gone: tuple[str, ...]
    unread: int


def sorted_items(items: tuple[Json, ...]) -> Sorted:
    posts: dict[str, RawPost] = {}
    gone, unread = [], 0
    for item in items:
        name = fullname_of(item)
        if name is not None and is_gone(item):
            gone.append(name)
        elif (post := post_of(item)) is not None:
            posts[post.native_id] = post
        elif not _is_no_post(item):
            unread += 1
    return Sorted(tuple(posts.values()), tuple(gone), unread)


def _is_no_post(item: Json) -> bool:
    name = item.get("name") if isinstance(item, dict) else None
    return isinstance(name, str) and _NO_POST.fullmatch(name) is not None


def branches_of(answer: Json) -> Branches:
    """Read `/comments/ID` or `/api/morechildren`; raise `CollectError` when it is neither."""
    if isinstance(answer, list) and len(answer) == 2:
        return _flat(list(listing_things(answer[1])))
    inside = answer.get("json") if isinstance(answer, dict) else None
    data = inside.get("data") if isinstance(inside, dict) else None
    things = data.get("things") if isinstance(data, dict) else None
    if isinstance(things, list):
        return _flat(list(things))
    if isinstance(inside, dict) and "data" not in inside and inside.get("errors") == []:
        return Branches(())  # nothing is left of the comments that were asked for
    raise CollectError("bad_answer", "Reddit answered without the comments of a post.")


def head_of(answer: Json) -> tuple[Json, ...]:
    """The submission above a tree of comments; one that cannot be read is a None, to be counted."""
    try:
        return tuple(map(item_of, listing_things(answer[0] if isinstance(answer, list) and answer else None)))
    except CollectError:
        return (None,)


def told_of(comments: tuple[Json, ...], head: tuple[Json, ...]) -> tuple[Json, ...]:
    """Comments of a tree with the title of their submission, which only streams of comments give."""
    title = next((item.get("title") for item in head if isinstance(item, dict)), None)
    if not isinstance(title, str) or not title:
        return comments
    return tuple({"link_title": title, **item} if isinstance(item, dict) else item for item in comments)


def listing_things(answer: Json) -> Iterator[Json]:
    """The things of a listing as they came; raise `CollectError` when it is none."""
    data = answer.get("data") if isinstance(answer, dict) else None
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(children, list):
        raise CollectError("bad_answer", "Reddit answered without the list of items.")
    yield from children


def _flat(things: list[Json]) -> Branches:
    """Depth does not matter: replies are put on the same heap."""
    comments: list[Json] = []
    more: list[str] = []
    deeper: list[str] = []
    heap = things[::-1]
    while heap:
        thing = heap.pop()
        data = thing.get("data") if isinstance(thing, dict) else None
        if isinstance(thing, dict) and thing.get("kind") == "more" and isinstance(data, dict):
            found = data.get("children")
            ids = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
            more += ids
            parent = data.get("parent_id")
            if not ids and isinstance(parent, str) and parent.startswith("t1_"):
                deeper.append(parent[3:])
            continue
        comments.append(item_of(thing))
        replies = data.get("replies") if isinstance(data, dict) else None
        inner = replies.get("data") if isinstance(replies, dict) else None
        children = inner.get("children") if isinstance(inner, dict) else None
        heap += children[::-1] if isinstance(children, list) else []
    return Branches(tuple(comments), tuple(more), tuple(deeper))


def _author(item: dict[str, Json]) -> RawAuthor | None:
    """The name is the steadiest id: it never changes, and some answers leave the account's number out."""
    name = fields.text(item.get("author"))
    if not name or name == "[deleted]":
        return None
    number = fields.text(item.get("author_fullname"))
    return RawAuthor("reddit", handle=name, profile_url=f"{SITE}/user/{name}", others=(number,) if number else ())


def _counters(item: dict[str, Json]) -> dict[str, int]:
    """Views are never told; a score that is still hidden is shown as 1 and is unknown."""
    hidden = item.get("score_hidden") is True or item.get("hide_score") is True
    found = {name: item.get(key) for name, key in _COUNTERS.items() if not (hidden and name == "points")}
    return {name: value for name, value in found.items() if isinstance(value, int) and not isinstance(value, bool)}


def _stated(item: dict[str, Json], *, comment: bool) -> dict[str, str]:
    community = fields.text(item.get("subreddit"))
    story = " ".join(_words(fields.text(item.get("link_title"))).split()) if comment else ""
    # A community called u_… is the page of one person.
    named = {} if not community or community.lower().startswith("u_") else {"community": f"r/{community}"}
    return named | ({"story_title": story} if story else {})


def _address(item: dict[str, Json], name: str) -> str:
    """The permalink; for a person's own page the short form that names nobody."""
    permalink = fields.text(item.get("permalink"))
    if permalink.startswith("/r/") and not permalink.lower().startswith("/r/u_"):
        return SITE + permalink
    if name.startswith("t3_"):
        return f"{SITE}/comments/{name[3:]}/"
    link = fields.text(item.get("link_id")).removeprefix("t3_")
    return f"{SITE}/comments/{link}/_/{name[3:]}/" if link.isalnum() else f"{SITE}/api/info?id={name}"


def _moment(item: dict[str, Json]) -> datetime | None:
    seconds = created_of(item)
    return None if seconds is None or not math.isfinite(seconds) else datetime.fromtimestamp(seconds, UTC)


def _words(markdown: str) -> str:
    """Markdown as written; what Reddit's editor puts into empty lines is taken out."""
    return _ZERO_WIDTH.sub("", html.unescape(markdown)).strip()
