"""The employer side in depth, and inside against outside. `null` is hidden or unknown, never 0."""

from datetime import datetime

from pydantic import Field

from api.schemas.fields import Answer, example
from api.schemas.series import Range


class Net(Answer):
    """Net sentiment (L3) with its 95 % interval; `value` is `null` below 20 judged mentions (`n`)."""

    value: float | None
    interval: Range | None
    n: int


class Moved(Answer):
    """Against the window before."""

    change: float | None
    interval: Range | None
    clear: bool = Field(description="Whether the 95 % interval leaves no change out.")


class AudienceOut(Answer):
    """One audience, in the whole blocks of days that everybody is told by. `rest`: the mentions whose audience is not
    told in this window. All is `null` where `suppressed`."""

    audience: str
    mentions: int | None
    net: Net | None
    change: Moved | None
    suppressed: bool


class HeardOut(Answer):
    """`share`: negative ÷ judged mentions (0 to 1), with Wilson's 95 % interval at the number of distinct `people`."""

    judged: int
    negative: int
    people: int
    share: float | None
    interval: Range | None


class VoiceOut(Answer):
    """What a group said of a theme."""

    mentions: int
    positive: int
    heard: HeardOut


class ChangeOut(Answer):
    """A difference of two negative shares (−1 to 1) with its 95 % interval."""

    value: float
    interval: Range
    clear: bool


class ThemeOut(Answer):
    """One theme; `voice` is `null` where no block of days holds five people who speak of it, `change` also where a
    window judged too little."""

    theme: str
    voice: VoiceOut | None
    change: ChangeOut | None


class PairOut(Answer):
    """One theme as current and former employees speak of it, each `null` where hidden or where nobody did;
    `difference` is current minus former."""

    theme: str
    current: VoiceOut | None
    former: VoiceOut | None
    difference: ChangeOut | None


class RatingOut(Answer):
    """Mean stars (1 to 5) of `n` reviews; no interval below four."""

    mean: float | None
    interval: Range | None
    n: int


class MonthOut(Answer):
    """A whole month (UTC), source by source in whole blocks of days. `rating` is `null` where hidden or where nobody
    wrote; `n` is 0 only where nobody did in the whole quarter."""

    month: datetime
    rating: RatingOut | None


class LifetimeOut(Answer):
    """What a platform says itself of all its time; never mixed with the months."""

    source: str
    stars: float
    reviews: int | None
    as_of: datetime


class RivalOut(Answer):
    """Own reviews and a rival's on the same `sources`, each in whole blocks of days; `interval` is of own minus
    rival."""

    company: str
    sources: list[str]
    own: RatingOut | None
    rival: RatingOut | None
    interval: Range | None
    suppressed: bool


class PlaceOut(Answer):
    """A place or team that the source itself names."""

    name: str
    voice: VoiceOut


class PlacesOut(Answer):
    """Those that five people share, by whole blocks of days."""

    trait: str
    rows: list[PlaceOut]


class InterestOut(Answer):
    """Of `people` who left, how many say that they would come back, found by phrases in `read` texts; in blocks of days
    in which nobody or five say so, and nobody or five do not. `cut`: older texts were not read."""

    people: int | None
    would_return: int | None
    suppressed: bool
    read: int | None
    cut: bool


class AlumniOut(Answer):
    """Alumni as a group; `advocates` is `null` where hidden."""

    row: AudienceOut | None
    interest: InterestOut
    advocates: int | None


class EmployerOut(Answer):
    """The Employer page's figures. `compared` says whether the window before is known."""

    model_config = example(
        {
            "start": "2026-10-21T00:00:00Z",
            "end": "2026-11-20T00:00:00Z",
            "as_of": "2026-11-20T09:30:00Z",
            "coverage": 0.99,
            "compared": False,
            "audiences": [{"audience": "employee", "mentions": None, "net": None, "change": None, "suppressed": True}],
            "themes": [{"theme": "pay", "voice": None, "change": None}],
            "current_and_former": [],
            "candidate_themes": [],
            "ratings": [],
            "lifetime": [{"source": "Reviews", "stars": 4.1, "reviews": 1204, "as_of": "2026-11-19T08:00:00Z"}],
            "rivals": [],
            "places": [{"trait": "location", "rows": []}],
            "alumni": {
                "row": None,
                "interest": {"people": None, "would_return": None, "suppressed": True, "read": None, "cut": False},
                "advocates": None,
            },
        }
    )
    start: datetime
    end: datetime
    as_of: datetime | None
    coverage: float | None
    compared: bool
    audiences: list[AudienceOut]
    themes: list[ThemeOut]
    current_and_former: list[PairOut]
    candidate_themes: list[ThemeOut]
    ratings: list[MonthOut]
    lifetime: list[LifetimeOut]
    rivals: list[RivalOut]
    places: list[PlacesOut]
    alumni: AlumniOut


class GapOut(Answer):
    """Negative share inside minus outside; `least` is the lower end of its size, by which themes are ranked."""

    theme: str
    inside: HeardOut | None
    outside: HeardOut | None
    difference: float | None
    interval: Range | None
    least: float | None
    suppressed: bool


class SurveyOut(Answer):
    """Answers of one type of survey in whole blocks of days, and how many people gave them at least; `null` where
    `suppressed`."""

    survey: str
    answers: int | None
    people: int | None
    suppressed: bool


class InsideOutsideOut(Answer):
    """Themes, the surest large gap first; both sides are `null` where fewer than five people stand behind either.
    Answers that no block of days holds are in neither."""

    model_config = example(
        {
            "side": "employer",
            "start": "2026-08-22T00:00:00Z",
            "end": "2026-11-20T00:00:00Z",
            "as_of": "2026-11-20T09:30:00Z",
            "gaps": [
                {
                    "theme": "workload",
                    "inside": {
                        "judged": 40, "negative": 26, "people": 31, "share": 0.65,
                        "interval": {"low": 0.48, "high": 0.79},
                    },
                    "outside": {
                        "judged": 90, "negative": 27, "people": 70, "share": 0.3,
                        "interval": {"low": 0.21, "high": 0.42},
                    },
                    "difference": 0.35,
                    "interval": {"low": 0.14, "high": 0.52},
                    "least": 0.14,
                    "suppressed": False,
                }
            ],
            "surveys": [{"survey": "engagement", "answers": 61, "people": 44, "suppressed": False}],
        }
    )  # fmt: skip
    side: str
    start: datetime
    end: datetime
    as_of: datetime | None
    gaps: list[GapOut]
    surveys: list[SurveyOut]
