"""Videos and comments of the YouTube Data API as posts: pure mapping."""

import html
import re
from collections.abc import Mapping

from collectors.fields import counted, moment, number, record, several, text
from collectors.html_text import plain_text
from collectors.post import Json, RawAuthor, RawPost

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_COMMENT_ID = re.compile(r"[A-Za-z0-9_-]{12,80}(?:\.[A-Za-z0-9_-]{1,80})?")
_MOST_TAGS = 50
_VIDEO_KEPT = ("publishedAt", "title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
_COMMENT_KEPT = ("textOriginal", "textDisplay", "parentId", "videoId", "likeCount", "publishedAt", "updatedAt")


def post_of(item: Json) -> RawPost | None:
    """A search result, a video or a comment as a post; None when it has no usable id."""
    shape = record(item)
    if text(shape.get("kind")).endswith("#comment"):
        return _comment(shape)
    return _video(shape)


def video_id(item: Json) -> str | None:
    """The id of a video or of a search result that is one."""
    found = record(item).get("id")
    name = text(record(found).get("videoId")) or text(found)
    return name if _VIDEO_ID.fullmatch(name) else None


def is_video_id(value: str) -> bool:
    """Whether this is the id of a video."""
    return bool(_VIDEO_ID.fullmatch(value))


def is_comment_id(value: str) -> bool:
    """Whether this is the id of a comment or a reply."""
    return bool(_COMMENT_ID.fullmatch(value))


def comments_of(thread: Json, video: str) -> list[Json]:
    """The comment of a thread and the replies that came with it; each knows its video."""
    shape = record(thread)
    top = record(shape.get("snippet")).get("topLevelComment")
    replies = several(record(shape.get("replies")).get("comments"))
    return [of_video(comment, video) for comment in (top, *replies)]


def of_video(comment: Json, video: str) -> Json:
    """A comment that names its video, which lists of replies leave out."""
    shape = record(comment)
    if not isinstance(shape.get("snippet"), dict):
        return comment
    return shape | {"kind": "youtube#comment", "snippet": record(shape["snippet"]) | {"videoId": video}}


def missing_replies(thread: Json) -> bool:
    """Whether a thread has more replies than came with it."""
    shape = record(thread)
    total = number(record(shape.get("snippet")).get("totalReplyCount")) or 0
    return total > len(several(record(shape.get("replies")).get("comments")))


def _video(shape: Mapping[str, Json]) -> RawPost | None:
    native_id = video_id(dict(shape))
    snippet = record(shape.get("snippet"))
    if native_id is None or not snippet:
        return None
    escaped = text(shape.get("kind")).endswith("#searchResult")  # only the search escapes what it gives
    title, words = text(snippet.get("title")), text(snippet.get("description"))
    numbers = record(shape.get("statistics"))
    language = text(snippet.get("defaultAudioLanguage")) or text(snippet.get("defaultLanguage"))
    return RawPost(
        native_id=native_id,
        text=html.unescape(words) if escaped else words,
        published_at=moment(snippet.get("publishedAt")),
        url=f"https://www.youtube.com/watch?v={native_id}",
        title=(html.unescape(title) if escaped else title) or None,
        author=_channel(text(snippet.get("channelId")), text(snippet.get("channelTitle"))),
        lang=language or None,
        counters=counted(
            {
                "views": numbers.get("viewCount"),
                "likes": numbers.get("likeCount"),
                "comments": numbers.get("commentCount"),
            }
        ),
        raw=_trimmed(shape, native_id, snippet, _VIDEO_KEPT) | ({"statistics": numbers} if numbers else {}),
    )


def _comment(shape: Mapping[str, Json]) -> RawPost | None:
    native_id = text(shape.get("id"))
    snippet = record(shape.get("snippet"))
    words = text(snippet.get("textOriginal")) or plain_text(text(snippet.get("textDisplay")))
    if not _COMMENT_ID.fullmatch(native_id) or not words:
        return None
    video, parent = text(snippet.get("videoId")), text(snippet.get("parentId"))
    channel = text(record(snippet.get("authorChannelId")).get("value"))
    return RawPost(
        native_id=native_id,
        text=words,
        published_at=moment(snippet.get("publishedAt")),
        url=f"https://www.youtube.com/watch?v={video}&lc={native_id}" if _VIDEO_ID.fullmatch(video) else None,
        author=_channel(channel, text(snippet.get("authorDisplayName"))),
        kind="comment",
        reply_to=parent or video or None,
        counters=counted({"likes": snippet.get("likeCount")}),
        raw=_trimmed(shape, native_id, snippet, _COMMENT_KEPT),
    )


def _channel(native_id: str, name: str) -> RawAuthor | None:
    if not native_id and not name:
        return None
    return RawAuthor(
        "youtube",
        native_id=native_id or None,
        handle=name if name.startswith("@") else None,
        display_name=name or None,
        profile_url=f"https://www.youtube.com/channel/{native_id}" if native_id else None,
    )


def _trimmed(
    shape: Mapping[str, Json], native_id: str, snippet: Mapping[str, Json], kept: tuple[str, ...]
) -> dict[str, Json]:
    """The item without pictures, channels and translations."""
    words: dict[str, Json] = {name: snippet[name] for name in kept if snippet.get(name) is not None}
    if isinstance(words.get("tags"), list):
        words["tags"] = several(words["tags"])[:_MOST_TAGS]
    return {"kind": text(shape.get("kind")), "id": native_id, "snippet": words}


__all__ = [
    "comments_of", "is_comment_id", "is_video_id", "missing_replies", "of_video", "post_of", "video_id",
]  # fmt: skip
