"""Advocates' reach and the programme. Measured, estimated and potential figures stand apart and are never added."""

from datetime import date, datetime

from pydantic.config import JsonDict

from api.schemas.fields import Answer, example
from api.schemas.series import Range


class ProportionOut(Answer):
    """`count` of `n`; `value` (0 to 1) and its 95 % interval are `null` when n is 0."""

    count: int
    n: int
    value: float | None
    interval: Range | None


class MeasuredOut(Answer):
    """What the platforms reported; `null` when none did. `coverage`: on how many of the posts."""

    value: int | None
    coverage: ProportionOut
    by_platform: dict[str, int]


class FactorOut(Answer):
    """Impressions per follower, learnt from `n` own posts (median, 10th to 90th percentile), or the default."""

    value: float
    n: int
    low: float | None
    high: float | None
    is_default: bool


class EstimatedOut(Answer):
    """For the `posts` without a platform's figure: followers × factor. The band is `null` with a default factor."""

    value: float | None
    low: float | None
    high: float | None
    posts: int
    factors: dict[str, FactorOut]


class PotentialOut(Answer):
    """An upper bound from follower counts. `known` and `unknown`: with and without one."""

    value: int | None
    known: int
    unknown: int


class ReachReportOut(Answer):
    """All kinds side by side for `posts` posts; potential reach counts each author once."""

    posts: int
    measured_impressions: MeasuredOut
    estimated_impressions: EstimatedOut
    potential_reach: PotentialOut
    potential_impressions: PotentialOut


class ClickDayOut(Answer):
    """Clicks on tracked links of one day (UTC). `filtered`: without bots, previews and repeats; `unique`: of it,
    distinct visitors."""

    day: datetime
    raw: int
    filtered: int
    unique: int


_REPORT: JsonDict = {
    "posts": 3,
    "measured_impressions": {
        "value": 1840,
        "coverage": {"count": 2, "n": 3, "value": 0.667, "interval": {"low": 0.21, "high": 0.94}},
        "by_platform": {"linkedin": 1840},
    },
    "estimated_impressions": {
        "value": 31.0,
        "low": None,
        "high": None,
        "posts": 1,
        "factors": {"bluesky": {"value": 0.1, "n": 1, "low": None, "high": None, "is_default": True}},
    },
    "potential_reach": {"value": 1210, "known": 2, "unknown": 0},
    "potential_impressions": {"value": 2110, "known": 3, "unknown": 0},
}
_CLICKS: JsonDict = {"day": "2026-11-19T00:00:00Z", "raw": 12, "filtered": 5, "unique": 4}
_WINDOW: JsonDict = {
    "start": "2026-10-21T00:00:00Z",
    "end": "2026-11-20T00:00:00Z",
    "as_of": "2026-11-19T18:00:00Z",
}


class MyReach(Answer):
    """The caller's own reach, of posts published in the window, by their latest readings (`as_of`)."""

    model_config = example(
        _WINDOW | {"standing": "employee", "joined_at": "2026-03-02T08:00:00Z", "report": _REPORT, "clicks": [_CLICKS]}
    )
    start: datetime
    end: datetime
    as_of: datetime | None
    standing: str
    joined_at: datetime
    report: ReachReportOut
    clicks: list[ClickDayOut]


class HeadCountOut(Answer):
    """Heads at the end of a day; `eligible` is `null` where nobody said."""

    day: date
    eligible: int | None
    invited: int
    joined: int
    active: int


class ActivationOut(Answer):
    """Joined in the window and shared within 30 days ÷ joined in the window. `open`: still have time."""

    rate: ProportionOut
    open: int


class ActiveRateOut(Answer):
    """Advocates with a share in the window ÷ average joined; may pass 1 when many left."""

    value: float | None
    active: int
    average_joined: float | None


class ProgrammeOut(Answer):
    """How the programme is doing; never one person's figures. With fewer than five advocates behind them, shares,
    reach and clicks are `null` and `suppressed` is true."""

    model_config = example(
        _WINDOW
        | {
            "joined_now": 14,
            "joined_demo": 0,
            "suppressed": False,
            "days": [{"day": "2026-11-19", "eligible": None, "invited": 20, "joined": 14, "active": 6}],
            "adoption": None,
            "activation": {
                "rate": {"count": 2, "n": 3, "value": 0.667, "interval": {"low": 0.21, "high": 0.94}},
                "open": 1,
            },
            "active": {"value": 0.43, "active": 6, "average_joined": 14.0},
            "retention": {"count": 4, "n": 5, "value": 0.8, "interval": {"low": 0.38, "high": 0.96}},
            "shares": 21,
            "originals": {"count": 12, "n": 21, "value": 0.571, "interval": {"low": 0.37, "high": 0.76}},
            "report": _REPORT,
            "clicks": [_CLICKS],
        }
    )
    start: datetime
    end: datetime
    as_of: datetime | None
    joined_now: int
    joined_demo: int
    suppressed: bool
    days: list[HeadCountOut]
    adoption: ProportionOut | None
    activation: ActivationOut
    active: ActiveRateOut
    retention: ProportionOut
    shares: int | None
    originals: ProportionOut | None
    report: ReachReportOut | None
    clicks: list[ClickDayOut] | None
