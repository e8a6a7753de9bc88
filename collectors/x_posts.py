"""Posts of the X API v2 as we keep them: pure functions from answers to posts.

An item is a post with what the answer's `includes` say about it: its author, how many follow them, and of a repost the
whole original. It holds only what the mapping reads, so that `post_of` gives the same post again from what was stored.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors import fields
from collectors.errors import CollectError
from collectors.post import Json, RawAuthor, RawPost
from collectors.x_api import time_of

TWEET_FIELDS = [
    "author_id", "conversation_id", "created_at", "edit_history_tweet_ids", "entities", "lang", "note_tweet",
    "possibly_sensitive", "public_metrics", "referenced_tweets", "withheld",
]  # fmt: skip
USER_FIELDS = ["name", "public_metrics", "username"]

_KEPT = (
    "id", "text", "created_at", "lang", "conversation_id", "edit_history_tweet_ids", "possibly_sensitive", "withheld",
    "referenced_tweets", "public_metrics", "non_public_metrics", "organic_metrics", "author_id",
)  # fmt: skip
_COUNTERS = {
    "like_count": "likes",
    "retweet_count": "reposts",
    "reply_count": "replies",
    "quote_count": "quotes",
    "bookmark_count": "bookmarks",
    "impression_count": "impressions",
}
_PRIVATE = {
    "impression_count": "impressions",
    "url_link_clicks": "link_clicks",
    "user_profile_clicks": "profile_clicks",
    "clicks_on_profile": "profile_clicks",  # as items hold it: the privacy door takes keys of users and profiles out
    "engagements": "engagements",
}
_COUNTED_SINCE = datetime(2023, 1, 1, tzinfo=UTC)  # views of older posts were not counted: their 0 means nothing
_GONE = {"not found error", "authorization error", "forbidden"}  # not "field authorization error"
_EVERYWHERE = {"XX", "XY"}  # withheld in all countries
_RENAMED_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi"}
_NO_LANGUAGE = {"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"}
_STATUS = re.compile(r"(?i)^https?://(?:mobile\.|www\.)?(?:x|twitter)\.com/\w+/status(?:es)?/(\d{1,20})(?:[/?#].*)?$")
_MEDIA = re.compile(r"(?i)/status/\d+/(?:photo|video)/\d+$")
_REPOST = re.compile(r"^RT @\w{1,20}: ")
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """One readable answer. `deleted`: ids that are gone or replaced by an edit. `reads` and `users` are paid for."""

    posts: tuple[RawPost, ...]
    deleted: tuple[str, ...]
    ids: tuple[str, ...]
    newer: tuple[str, ...]  # ids of later versions of posts whose old version came
    unread: int
    reads: int
    users: int
    next_token: str | None


def page_of(answer: Mapping[str, Json]) -> Page:
    """Read one answer; raise `CollectError` when it is not one of a list of posts."""
    items = items_of(answer)
    includes = fields.record(answer.get("includes"))
    found = [(item, post_of(item)) for item in items]
    posts = {post.native_id: post for item, post in found if post and not (superseded(item) or withheld(item))}
    deleted = [*gone_in(answer), *(old for item, post in found if post for old in replaced(item))]
    deleted += [post.native_id for item, post in found if post and (superseded(item) or withheld(item))]
    ids = tuple(post.native_id for _, post in found if post)
    others = {str(one.get("id")) for one in fields.records(includes.get("tweets"))} - set(ids)
    token = fields.record(answer.get("meta")).get("next_token")
    return Page(
        posts=tuple(posts.values()),
        deleted=tuple(dict.fromkeys(native_id for native_id in deleted if native_id not in posts)),
        ids=ids,
        newer=tuple(dict.fromkeys(newest for item, post in found if post and (newest := superseded(item)))),
        unread=sum(post is None for _, post in found),
        reads=len(items) + len(others),
        users=len(fields.records(includes.get("users"))),
        next_token=token if isinstance(token, str) and token else None,
    )


def items_of(answer: Mapping[str, Json]) -> tuple[Json, ...]:
    """The posts of an answer joined with what its includes say; what is no object stays as it is."""
    data = answer.get("data")
    if data is None and ("meta" in answer or "errors" in answer):
        return ()
    if isinstance(data, dict):
        data = [data]
    if not isinstance(data, list):
        raise CollectError("bad_answer", "X answered without a list of posts.")
    includes = fields.record(answer.get("includes"))
    users = {str(user.get("id")): user for user in fields.records(includes.get("users"))}
    tweets = {str(tweet.get("id")): tweet for tweet in fields.records(includes.get("tweets"))}
    return tuple(_item(tweet, users, tweets) if isinstance(tweet, dict) else tweet for tweet in data)


def post_of(item: Json) -> RawPost | None:
    """An item as a post, None when it has no usable id or no text."""
    if not isinstance(item, dict):
        return None
    native_id, text = _id(item.get("id")), item.get("text")
    if native_id is None or not isinstance(text, str):
        return None
    author = _author(item)
    name = author.handle if author and author.handle else "i"
    reply_to = _reference(item, "replied_to")
    return RawPost(
        native_id=native_id,
        text=_whole_text(item),
        published_at=fields.moment(item.get("created_at")) or time_of(native_id),
        url=f"https://x.com/{name}/status/{native_id}",
        author=author,
        followers=fields.count(item.get("followers")),
        kind="post" if reply_to is None else "comment",
        lang=_language(item.get("lang")),
        reply_to=reply_to,
        counters=counters_of(item),
        raw=item,
    )


def counters_of(tweet: Mapping[str, Json]) -> dict[str, int]:
    """Public counters. Those of a repost are the original's or always 0, so that they are unknown here."""
    if _reference(tweet, "retweeted") or _REPOST.match(str(tweet.get("text") or "")[:40]):
        return {}
    counted = _figures(tweet.get("public_metrics"), _COUNTERS)
    made = fields.moment(tweet.get("created_at")) or time_of(str(_id(tweet.get("id")) or "0"))
    if not counted.get("impressions") and (made is None or made < _COUNTED_SINCE):
        counted.pop("impressions", None)
    return counted


def owned_metrics(tweet: Mapping[str, Json]) -> dict[str, int]:
    """Counters of a post as its own author may read them: private ones first, public ones where there are none."""
    counted = counters_of(tweet) | _figures(tweet.get("organic_metrics"), {**_COUNTERS, **_PRIVATE})
    return counted | _figures(tweet.get("non_public_metrics"), _PRIVATE)


def gone_in(answer: Mapping[str, Json]) -> tuple[str, ...]:
    """Ids of posts that the answer's errors report as deleted, protected or suspended."""
    gone = []
    for error in fields.records(answer.get("errors")):
        about = error.get("resource_id") or error.get("value")
        kind = error.get("resource_type")
        if str(error.get("title")).casefold() in _GONE and kind in {"tweet", None} and (native_id := _id(about)):
            gone.append(native_id)
    return tuple(gone)


def replaced(item: Json) -> tuple[str, ...]:
    """Ids of earlier versions of an edited post."""
    own, history = _versions(item)
    return tuple(one for one in history if int(one) < own)


def superseded(item: Json) -> str | None:
    """The id of the newest version where this one is not it."""
    own, history = _versions(item)
    return max((one for one in history if int(one) > own), key=int, default=None)


def is_whole(item: Mapping[str, Json]) -> bool:
    """Whether the text is all there: of a repost only with its original."""
    return not _reference(item, "retweeted") or isinstance(item.get("original"), dict)


def withheld(item: Json) -> bool:
    """Whether the post is kept from everybody: for copyright, or in all countries."""
    stated = fields.record(item.get("withheld") if isinstance(item, dict) else None)
    codes = stated.get("country_codes")
    everywhere = isinstance(codes, list) and any(code in _EVERYWHERE for code in codes if isinstance(code, str))
    return stated.get("copyright") is True or everywhere


def _versions(item: Json) -> tuple[int, list[str]]:
    history = item.get("edit_history_tweet_ids") if isinstance(item, dict) else None
    known = [one for value in history if (one := _id(value))] if isinstance(history, list) else []
    own = _id(item.get("id")) if isinstance(item, dict) else None
    return int(own or 0), known if own else []


def _item(tweet: Mapping[str, Json], users: Mapping[str, Mapping[str, Json]],
          tweets: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:  # fmt: skip
    item = _trimmed(tweet)
    user = users.get(str(tweet.get("author_id")))
    if user:
        item["author"] = {key: user[key] for key in ("id", "username", "name") if key in user}
        followers = fields.record(user.get("public_metrics")).get("followers_count")
        item |= {} if followers is None else {"followers": followers}
    original = tweets.get(_reference(tweet, "retweeted") or "")
    if original:
        item["original"] = {key: value for key, value in _trimmed(original).items() if key != "author_id"}
    return item


def _trimmed(tweet: Mapping[str, Json]) -> dict[str, Json]:
    """What the mapping reads; named persons (mentions) and media are left out."""
    item = {key: tweet[key] for key in _KEPT if tweet.get(key) is not None}
    note = fields.record(tweet.get("note_tweet"))
    if isinstance(note.get("text"), str):
        item["note_tweet"] = {"text": note["text"], "entities": _links(note)}
    if links := _links(tweet):
        item["entities"] = links
    for key in ("non_public_metrics", "organic_metrics"):
        if metrics := fields.record(item.get(key)):
            clicks = {"user_profile_clicks": "clicks_on_profile"}
            item[key] = {clicks.get(name, name): figure for name, figure in metrics.items()}
    return item


def _links(tweet: Mapping[str, Json]) -> dict[str, Json]:
    urls: list[Json] = []
    for entry in fields.records(fields.record(tweet.get("entities")).get("urls")):
        if not isinstance(entry.get("url"), str) or not isinstance(entry.get("expanded_url"), str):
            continue
        urls.append({key: entry[key] for key in ("url", "expanded_url", "media_key") if key in entry})
    return {"urls": urls} if urls else {}


def _whole_text(item: Mapping[str, Json]) -> str:
    """The text a reader sees: the long form, of a repost the original's, links in full, no HTML entities."""
    original = item.get("original")
    start = _REPOST.match(str(item.get("text")))
    if isinstance(original, dict) and isinstance(original.get("text"), str) and _reference(item, "retweeted"):
        return (start[0] if start else "") + _whole_text({**original, "referenced_tweets": None, "original": None})
    note = fields.record(item.get("note_tweet"))
    source = note if isinstance(note.get("text"), str) else item
    text = html.unescape(str(source.get("text")))
    for entry in fields.records(fields.record(source.get("entities")).get("urls")):
        short, whole = entry.get("url"), entry.get("expanded_url")
        if isinstance(short, str) and short and isinstance(whole, str):
            text = text.replace(short, _shown(whole, media="media_key" in entry))
    return text.strip()


def _shown(address: str, *, media: bool) -> str:
    """A link as it stays in the text: none for a picture of the post itself, no name in links to posts."""
    if media or _MEDIA.search(address):
        return ""
    status = _STATUS.match(address)
    return f"https://x.com/i/status/{status[1]}" if status else address


def _author(item: Mapping[str, Json]) -> RawAuthor | None:
    user = fields.record(item.get("author"))
    native_id = _id(item.get("author_id")) or _id(user.get("id"))
    handle, name = user.get("username"), user.get("name")
    handle = handle if isinstance(handle, str) and re.fullmatch(r"\w{1,50}", handle) else None
    if native_id is None and handle is None:
        return None
    shown = name if isinstance(name, str) else None
    return RawAuthor("x", native_id, handle, shown, f"https://x.com/{handle}" if handle else None)


def _reference(tweet: Mapping[str, Json], kind: str) -> str | None:
    for reference in fields.records(tweet.get("referenced_tweets")):
        if reference.get("type") == kind:
            return _id(reference.get("id"))
    return None


def _language(value: Json) -> str | None:
    if not isinstance(value, str) or value in _NO_LANGUAGE:
        return None
    return _RENAMED_LANGUAGES.get(value, value)


def _figures(metrics: Json, names: Mapping[str, str]) -> dict[str, int]:
    found = fields.record(metrics)
    return fields.counted({name: found.get(key) for key, name in names.items()})


def _id(value: Json) -> str | None:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else None
