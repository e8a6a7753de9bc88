"""What collectors hand over: raw posts on the outside of the privacy door, posts on the inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

HIDE = "hide\x1f"  # before a native id that nobody may get back to: the privacy door makes a pseudonym of the rest


@dataclass(frozen=True, slots=True, repr=False)
class RawAuthor:
    """An author as the platform names them. Only `collectors.privacy` may read the fields.

    `repr` is hidden on purpose: a raw author must not reach a log line by way of a data class.
    """

    platform: str
    native_id: str | None = None
    handle: str | None = None
    display_name: str | None = None
    profile_url: str | None = None
    others: tuple[str, ...] = ()  # further names under which the post is signed: co-authors, parts of mail addresses

    def __repr__(self) -> str:
        return "RawAuthor(hidden)"


@dataclass(frozen=True, slots=True)
class RawPost:
    """One item as collected, before the privacy door.

    `counters` holds only what the platform gave (likes, reposts, replies, quotes, bookmarks, comments, points, views,
    impressions, unique_viewers); a missing key is unknown, not zero. `stated` holds what the source itself says, see
    `nlp.result.TagInput.meta`. `raw` is the platform's own item as `Collector.map_item` reads it; the door takes the
    author's fields out.
    """

    native_id: str
    text: str
    published_at: datetime | None
    url: str | None = None
    title: str | None = None
    author: RawAuthor | None = field(default=None, repr=False)
    followers: int | None = None
    kind: str = "post"  # post, comment, article, review, survey
    lang: str | None = None
    reply_to: str | None = None
    rating: float | None = None  # stars scaled to 1..5
    counters: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Post:
    """A post inside the privacy door: no handle, name or profile address of its author in any field.

    `author_key` is a keyed pseudonym (hex), None where the source names no author. `published_at` is never later
    than the time of collection and never missing: see `date_from` (source, collected, clamped). Where the native id
    names the author, it is a keyed hash here, and `sealed_ref` holds it encrypted, for second looks only.
    """

    native_id: str
    text: str
    published_at: datetime
    date_from: str = "source"
    url: str | None = None
    title: str | None = None
    author_key: str | None = None
    followers: int | None = None
    own_account: bool = False
    kind: str = "post"
    lang: str | None = None
    reply_to: str | None = None
    rating: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    raw: Mapping[str, Json] = field(default_factory=dict)
    sealed_ref: str | None = field(default=None, repr=False)
