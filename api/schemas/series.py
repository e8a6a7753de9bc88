"""Counts over time, by one trait, and against rivals, each with of how many, as of when and how complete."""

from datetime import datetime

from pydantic.config import JsonDict

from api.schemas.fields import Answer, example


class Window(Answer):
    """What was asked for. `as_of`: when the latest collection ended; `coverage`: share of scheduled collections in the
    window that succeeded, `null` where none was scheduled."""

    company_id: int | None
    facet: str | None
    audience: str | None
    source_id: int | None
    start: datetime
    end: datetime
    as_of: datetime | None
    coverage: float | None


class VolumePoint(Answer):
    """Counts of one bucket, owned voice only in `owned`. Every count is `null` where `suppressed`. `authors`: distinct
    authors, only for employees, alumni and staff."""

    start: datetime
    mentions: int | None
    stories: int | None
    owned: int | None
    authors: int | None
    suppressed: bool
    coverage: float | None


_WINDOW: JsonDict = {
    "company_id": None,
    "facet": "brand",
    "audience": None,
    "source_id": None,
    "start": "2026-11-19T00:00:00Z",
    "end": "2026-11-20T00:00:00Z",
    "as_of": "2026-11-20T09:30:00Z",
    "coverage": 0.99,
}


class VolumeSeries(Window):
    """Oldest first, without gaps. `n`: mentions in all buckets that are shown; `suppressed`: buckets that are not.

    Where staff spoke, an `audience` is told in the whole days that lie in a bucket; employees, alumni and staff in
    whole blocks of days: nothing by the hour, and a week tells more than its days do.
    """

    model_config = example(
        _WINDOW
        | {
            "bucket": "day",
            "timezone": "UTC",
            "n": 41,
            "suppressed": 0,
            "items": [
                {
                    "start": "2026-11-19T00:00:00Z",
                    "mentions": 41,
                    "stories": 30,
                    "owned": 2,
                    "authors": None,
                    "suppressed": False,
                    "coverage": 1.0,
                }
            ],
        }
    )
    bucket: str
    timezone: str
    n: int
    suppressed: int
    items: list[VolumePoint]


class Range(Answer):
    """A 95 % interval."""

    low: float
    high: float


class SentimentPoint(Answer):
    """Sentiments of one bucket. `net`: (positive − negative) ÷ (positive + neutral + negative) × 100, `null` below 20
    judged mentions (`n`); `interval` is its 95 % interval. Unsure mentions are in no share."""

    start: datetime
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    n: int | None
    net: float | None
    interval: Range | None
    suppressed: bool
    coverage: float | None


class SentimentSeries(Window):
    """Oldest first, without gaps. `n`, `net` and `interval` are of all buckets that are shown, together."""

    model_config = example(
        _WINDOW
        | {
            "bucket": "day",
            "timezone": "UTC",
            "n": 38,
            "net": 21.1,
            "interval": {"low": -4.2, "high": 44.0},
            "suppressed": 0,
            "items": [
                {
                    "start": "2026-11-19T00:00:00Z",
                    "positive": 17,
                    "neutral": 12,
                    "negative": 9,
                    "unsure": 3,
                    "n": 38,
                    "net": 21.1,
                    "interval": {"low": -4.2, "high": 44.0},
                    "suppressed": False,
                    "coverage": 1.0,
                }
            ],
        }
    )
    bucket: str
    timezone: str
    n: int
    net: float | None
    interval: Range | None
    suppressed: int
    items: list[SentimentPoint]


class CellOut(Answer):
    """One part of a breakdown; every count is `null` where `suppressed`. By audience, `rest` are the
    mentions whose audience is not told in this window, so that the parts add up to the total."""

    key: str
    label: str
    mentions: int | None
    stories: int | None
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    suppressed: bool


class Breakdown(Window):
    """The window by one trait, the most frequent first. Themes overlap: a mention may stand in several."""

    model_config = example(
        _WINDOW
        | {
            "by": "audience",
            "items": [
                {
                    "key": "consumer",
                    "label": "consumer",
                    "mentions": 40,
                    "stories": 29,
                    "positive": 17,
                    "neutral": 11,
                    "negative": 9,
                    "unsure": 3,
                    "suppressed": False,
                }
            ],
        }
    )
    by: str
    items: list[CellOut]


class VoiceOut(Answer):
    """A company's `share` (0 to 1) of all mentions of tracked companies, `null` where nobody was mentioned; `owned`
    counts posts of its own accounts, which are in no share."""

    company_id: int
    key: str
    name: str
    is_own: bool
    mentions: int
    stories: int
    owned: int
    share: float | None


class SourceName(Answer):
    """A source that was counted."""

    id: int
    kind: str
    name: str


class ShareOfVoice(Answer):
    """Same sources, window and facet for all companies. `sources` are those that were counted; `n` all mentions."""

    model_config = example(
        {
            "facet": None,
            "start": "2026-10-21T00:00:00Z",
            "end": "2026-11-20T00:00:00Z",
            "as_of": "2026-11-20T09:30:00Z",
            "coverage": 0.99,
            "n": 55,
            "excluded": "Posts of the companies' own accounts.",
            "sources": [{"id": 3, "kind": "hackernews", "name": "Hacker News"}],
            "items": [
                {
                    "company_id": 1,
                    "key": "acme",
                    "name": "Acme",
                    "is_own": True,
                    "mentions": 40,
                    "stories": 29,
                    "owned": 2,
                    "share": 0.727,
                }
            ],
        }
    )
    facet: str | None
    start: datetime
    end: datetime
    as_of: datetime | None
    coverage: float | None
    n: int
    excluded: str
    sources: list[SourceName]
    items: list[VoiceOut]
