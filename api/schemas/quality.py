"""How good the tags are: the figures of the Quality page."""

from datetime import datetime
from typing import Any

from pydantic.config import JsonDict

from api.schemas.fields import Answer, example
from api.schemas.series import Range


class ProportionOut(Answer):
    """`count` of `n`; `value` (0 to 1) and its 95 % `interval` are `null` when n is 0."""

    count: int
    n: int
    value: float | None
    interval: Range | None


class EstimateOut(Answer):
    """A share of all mentions, estimated from `n` checks. Each side counts by its size; `effective_n` is the size of a
    plain random sample that would tell as much."""

    value: float | None
    interval: Range | None
    n: int
    effective_n: float


class ConfusionOut(Answer):
    """Checks by what people say (`rows`) and what the model said (`columns`)."""

    rows: list[str]
    columns: list[str]
    counts: list[list[int]]


class ClassOut(Answer):
    """Recall and precision of one label. `recall` is `null` where the role's own side cannot tell it."""

    label: str
    recall: ProportionOut | None
    precision: ProportionOut


class BinOut(Answer):
    """Checks whose probability lies in `low` to `high`: mean probability and share right."""

    low: float
    high: float
    confidence: float | None
    right: ProportionOut


class CalibrationOut(Answer):
    """Ten bins and the expected calibration error; `by_chance` is what a perfectly calibrated model would show."""

    n: int
    error: float | None
    by_chance: float | None
    bins: list[BinOut]


class CurveOut(Answer):
    """The surest `coverage` of the checks, down to the probability `threshold`, and how many of them are right."""

    coverage: float
    threshold: float
    right: ProportionOut


class AgreementOut(Answer):
    """Mentions that two people checked. `kappa` is Cohen's, `null` where it is not defined."""

    same: ProportionOut
    kappa: float | None


class SliceOut(Answer):
    """The share right of one part: `by` is facet, language or model."""

    by: str
    key: str
    right: ProportionOut


class HeadOut(Answer):
    """One head. The audience counts whole blocks of past days only, so that windows can be compared and no check of a
    single employee's mention follows. `staff`: "merged" where employees and alumni are one class, "left out" where days
    are left out on which fewer than five authors stand behind them even together."""

    head: str
    accuracy: EstimateOut
    answered: ProportionOut
    confusion: ConfusionOut
    classes: list[ClassOut]
    calibration: CalibrationOut
    curve: list[CurveOut]
    agreement: AgreementOut
    slices: list[SliceOut]
    staff: str


class CheckedOut(Answer):
    """Mentions that were drawn at random and checked by people who did not see the tags."""

    mentions: int
    people: int
    heads: list[HeadOut]


class ChangeOut(Answer):
    """Mentions that people corrected by their own choice; of the audience rounded down to fives, from five authors on.
    What is opened looks wrong, so this measures no quality."""

    head: str
    old: str
    new: str
    mentions: int


class TagsOut(Answer):
    """Counts of the window. `read` mentions were opened, `corrected` ones changed by people's own choice.
    `unknown_audience` and the corrections of the audience are rounded down to a multiple of five."""

    mentions: int
    unsure: int
    unknown_audience: int
    languages: dict[str, int]
    models: dict[str, int]
    taxonomies: dict[str, int]
    read: int
    corrected: int
    corrections: dict[str, int]


class DriftOut(Answer):
    """Population stability index against the four weeks before. `chance`: what 95 of 100 weeks without change stay
    below. `reading` is steady, some or large by the rule of thumb (0.1 and 0.25). The share of the label `moved`, which
    makes the most of it, rose by `rise`."""

    psi: float
    chance: float
    n: int
    n_before: int
    reading: str
    moved: str
    rise: float


class WeekOut(Answer):
    """A whole week from Monday (UTC). `drift` by head is `null` with fewer than 20 mentions, and for the audience where
    few employees and alumni wrote."""

    start: datetime
    unsure: ProportionOut
    drift: dict[str, DriftOut | None]


def _share(count: int, n: int, low: float, high: float) -> dict[str, Any]:
    return {"count": count, "n": n, "value": round(count / n, 3), "interval": {"low": low, "high": high}}


def _drift(psi: float, chance: float, reading: str, moved: str, rise: float) -> dict[str, Any]:
    told = {"psi": psi, "chance": chance, "n": 940, "n_before": 3600, "reading": reading}
    return {**told, "moved": moved, "rise": rise}


_EXAMPLE: JsonDict = {
    "start": "2026-10-21T00:00:00Z",
    "end": "2026-11-20T00:00:00Z",
    "as_of": "2026-11-20T09:30:00Z",
    "tags": {
        "mentions": 4120,
        "unsure": 812,
        "unknown_audience": 640,
        "languages": {"en": 3900, "de": 220},
        "models": {"1.0.0": 4120},
        "taxonomies": {"1": 4120},
        "read": 60,
        "corrected": 9,
        "corrections": {"sentiment": 9},
    },
    "checked": {
        "mentions": 120,
        "people": 3,
        "heads": [
            {
                "head": "sentiment",
                "accuracy": {"value": 0.83, "interval": {"low": 0.74, "high": 0.89}, "n": 98, "effective_n": 92.4},
                "answered": _share(98, 120, 0.739, 0.876),
                "confusion": {"rows": ["negative"], "columns": ["negative", "unsure"], "counts": [[31, 6]]},
                "classes": [
                    {
                        "label": "negative",
                        "recall": _share(31, 40, 0.625, 0.877),
                        "precision": _share(31, 36, 0.713, 0.939),
                    }
                ],
                "calibration": {
                    "n": 110,
                    "error": 0.041,
                    "by_chance": 0.037,
                    "bins": [{"low": 0.9, "high": 1.0, "confidence": 0.94, "right": _share(38, 40, 0.835, 0.986)}],
                },
                "curve": [{"coverage": 0.5, "threshold": 0.81, "right": _share(50, 55, 0.804, 0.961)}],
                "agreement": {"same": _share(18, 20, 0.699, 0.972), "kappa": 0.84},
                "slices": [{"by": "language", "key": "en", "right": _share(78, 92, 0.761, 0.907)}],
                "staff": "",
            }
        ],
    },
    "changes": [{"head": "sentiment", "old": "neutral", "new": "negative", "mentions": 6}],
    "weeks": [
        {
            "start": "2026-11-09T00:00:00Z",
            "unsure": _share(180, 940, 0.168, 0.218),
            "drift": {
                "sentiment": _drift(0.121, 0.011, "some", "negative", 0.14),
                "audience": None,
                "facet": _drift(0.012, 0.01, "steady", "both", -0.02),
            },
        }
    ],
}


class QualityOut(Answer):
    """How far the tags can be trusted, over all companies and the sides that the role counts."""

    model_config = example(_EXAMPLE)
    start: datetime
    end: datetime
    as_of: datetime | None
    tags: TagsOut
    checked: CheckedOut
    changes: list[ChangeOut]
    weeks: list[WeekOut]
