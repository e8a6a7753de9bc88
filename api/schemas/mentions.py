"""Mentions as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Audience, Facet, Line, Moment, Question, Sentiment, asked, example

MAX_POSTS = 1000
MAX_TEXT = 6_000_000  # characters; longer than stored on purpose: the privacy door cuts, the caller need not

_MENTION: JsonDict = {
    "id": 4711,
    "company_id": 1,
    "company": "Acme",
    "source_id": 3,
    "source": "Hacker News",
    "source_kind": "hackernews",
    "demo": False,
    "kind": "comment",
    "title": None,
    "text": "Switched to Acme last month, support answers within the hour.",
    "cut": False,
    "url": "https://news.example/item?id=1",
    "published_at": "2026-11-20T09:31:00Z",
    "date_from": "source",
    "edited_at": None,
    "lang": "en",
    "sentiment": "positive",
    "audience": "consumer",
    "facet": "brand",
    "themes": ["service"],
    "rating": None,
    "own_account": False,
    "story_id": 812,
    "copies": 1,
    "corrected": [],
}


class MentionOut(Answer):
    """A mention. It names no author. `text` is cut in lists (`cut`); `copies` counts its story, itself included."""

    model_config = example(_MENTION)
    id: int
    company_id: int
    company: str
    source_id: int
    source: str
    source_kind: str
    demo: bool
    kind: str
    title: str | None
    text: str
    cut: bool
    url: str | None
    published_at: datetime
    date_from: str
    edited_at: datetime | None
    lang: str | None
    sentiment: Sentiment
    audience: Audience
    facet: Facet
    themes: list[str]
    rating: float | None
    own_account: bool
    story_id: int | None
    copies: int
    corrected: list[str]


class MentionPage(Answer):
    """Newest first. `hidden` counts mentions of protected activity (up to 1,000), which are never shown: all that there
    are on the caller's side, whatever the filters. `small_groups` names audiences that spoke and of which no text
    is listed, since fewer than five people stand behind them."""

    model_config = example({"items": [_MENTION], "next": None, "hidden": 0, "small_groups": []})
    items: list[MentionOut]
    next: str | None
    hidden: int
    small_groups: list[str]


class CounterOut(Answer):
    """One reading of a counter; a counter that the platform does not give is not there."""

    counter: str
    observed_at: datetime
    value: int


class CopyOut(Answer):
    """Another mention of the same story."""

    id: int
    source: str
    url: str | None
    published_at: datetime


class CorrectionOut(Answer):
    """A person's word against the model's."""

    at: datetime
    by: str | None
    head: str
    old: str
    new: str
    model: str | None


class MentionDetailOut(MentionOut):
    """One mention with its whole text and why it was tagged so."""

    model_config = example(
        _MENTION
        | {
            "scores": {"sentiment": {"positive": 0.91, "neutral": 0.07, "negative": 0.02}},
            "evidence": {},
            "stated": {},
            "model": "2026.11",
            "collected_at": "2026-11-20T09:32:10Z",
            "counters": [{"counter": "points", "observed_at": "2026-11-20T09:32:10Z", "value": 12}],
            "copy_list": [],
            "corrections": [],
        }
    )
    scores: dict[str, dict[str, float]]
    evidence: dict[str, str]
    stated: dict[str, str]
    model: str | None
    collected_at: datetime
    counters: list[CounterOut]
    copy_list: list[CopyOut]
    corrections: list[CorrectionOut]


class CorrectionIn(Question):
    """The right labels of a mention; what is not given stays."""

    model_config = asked({"sentiment": "negative", "audience": "employee"})
    sentiment: Sentiment | None = None
    audience: Audience | None = None
    facet: Facet | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "CorrectionIn":
        if not self.labels():
            raise ValueError("give at least one of sentiment, audience, facet")
        return self

    def labels(self) -> dict[str, str]:
        """Head → label, those given."""
        given = {"sentiment": self.sentiment, "audience": self.audience, "facet": self.facet}
        return {head: label for head, label in given.items() if label is not None}


class AuthorIn(Question):
    """Who wrote a post. Turned into a keyed pseudonym before anything is stored; then forgotten."""

    id: Annotated[str, Field(max_length=500)] | None = None
    handle: Annotated[str, Field(max_length=500)] | None = None
    name: Annotated[str, Field(max_length=500)] | None = None
    url: Annotated[str, Field(max_length=2000)] | None = None


_POST: JsonDict = {
    "native_id": "ticket-1093",
    "text": "The new Acme app keeps signing me out.",
    "published_at": "2026-11-20T09:31:00Z",
    "url": "https://forum.example/t/1093",
    "author": {"id": "u-77", "handle": "rosa"},
    "counters": {"likes": 4},
}


class PostIn(Question):
    """One post. `native_id` is its id at the source: sent again, it changes the post and never doubles it."""

    model_config = asked(_POST)
    native_id: Annotated[str, Field(min_length=1, max_length=1000)]
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    title: Annotated[str, Field(max_length=10_000)] | None = None
    published_at: Annotated[
        Moment | None, Field(description="With a time zone. Missing or in the future: the time of this call.")
    ] = None
    url: Annotated[str, Field(max_length=2000)] | None = None
    author: AuthorIn | None = None
    followers: Annotated[int, Field(ge=0)] | None = None
    kind: Literal["post", "comment", "article", "review", "survey"] = "post"
    lang: Annotated[str, Field(max_length=20)] | None = None
    reply_to: Annotated[str, Field(max_length=1000)] | None = None
    rating: Annotated[float, Field(ge=1, le=5, description="Stars from 1 to 5.")] | None = None
    counters: Annotated[dict[str, int], Field(max_length=20, default_factory=dict)]
    stated: Annotated[
        dict[str, str],
        Field(
            max_length=20,
            default_factory=dict,
            description="What the source itself says, such as `author_status`: `former employee`.",
        ),
    ]


class PostsIn(Question):
    """Posts of one source. Each is judged for itself: a bad one is reported and the others go in."""

    model_config = asked({"source": "Support forum", "platform": "forum", "posts": [_POST]})
    source: Annotated[Line, Field(min_length=1, max_length=100, description="Name of the source; made if it is new.")]
    platform: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_]{0,29}$",
            description="Platform that the authors belong to; the same person has one pseudonym per platform.",
        ),
    ] = "api"
    posts: Annotated[
        list[Annotated[PostIn | Any, Field(union_mode="left_to_right")]],
        Field(
            min_length=1,
            max_length=MAX_POSTS,
            description="Up to 1,000 posts. What is no valid post is answered as `rejected` and stops no other one.",
        ),
    ]


class ItemResult(Answer):
    """What became of one post. `index` counts from 0 in the order sent."""

    model_config = example({"index": 0, "native_id": "ticket-1093", "result": "added", "field": None, "reason": None})
    index: int
    native_id: str | None
    result: Literal["added", "changed", "unchanged", "rejected"]
    field: str | None = None
    reason: str | None = None


class IngestOut(Answer):
    """The sums and each post's own result. `mentions` is how many new mentions of a company were found."""

    model_config = example(
        {
            "source_id": 9,
            "added": 1,
            "changed": 0,
            "unchanged": 0,
            "rejected": 0,
            "mentions": 1,
            "items": [
                {"index": 0, "native_id": "ticket-1093", "result": "added", "field": None, "reason": None},
            ],
        }
    )
    source_id: int
    added: int
    changed: int
    unchanged: int
    rejected: int
    mentions: int
    items: list[ItemResult]
