"""Campaigns as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from advocacy.campaign import MAX_GROUPS, MAX_TEXT, MAX_TITLE, Brief
from api.schemas.fields import Answer, Line, Moment, Question, asked, example
from storage.campaign_voice import MAX_ANSWER, MAX_QUESTION, MAX_WORDS
from storage.campaigns import CampaignRow

_BRIEF: JsonDict = {
    "title": "The depot moves to Leeds",
    "facet": "employer",
    "starts_at": "2026-11-20T08:00:00Z",
    "ends_at": "2026-12-04T17:00:00Z",
    "why": "The lease ends in May.",
    "affected": "Everybody in the depot.",
    "expected": "Read the plan, ask what is unclear.",
    "team_briefing": "We move in May. Nobody loses their job.",
    "early_groups": ["location:Leeds", "role:hr"],
    "embargo_until": "2026-11-20T08:00:00Z",
}
_CAMPAIGN: JsonDict = {
    **_BRIEF,
    "id": 4,
    "key": "the-depot-moves-to-leeds-5f3a1c",
    "state": "briefed",
    "embargoed": True,
    "by": "Human resources",
    "created_at": "2026-11-02T09:00:00Z",
    "briefed_at": "2026-11-03T09:00:00Z",
    "live_at": None,
    "closed_at": None,
    "lessons": "",
    "lessons_by": None,
    "lessons_at": None,
    "editable": True,
}
_QUESTION: JsonDict = {
    "id": 12,
    "text": "Do I keep my desk?",
    "by": "Ada Lind",
    "anonymous": False,
    "mine": False,
    "asked_at": "2026-11-03T10:15:00Z",
    "answer": "Yes.",
    "answered_by": "Human resources",
    "answered_at": "2026-11-03T14:00:00Z",
    "to_all": True,
}
_FEEDBACK: JsonDict = {
    "n": 40,
    "groups": 8,
    "mostly_well": 5,
    "mostly_badly": 1,
    "themes": ["workload"],
    "words": [],
    "given": False,
    "open": True,
}
_FIGURE: JsonDict = {
    "facet": "employer",
    "measure": "stories",
    "value": 0.23,
    "low": 0.05,
    "high": 0.44,
    "placebo_p": 0.08,
    "n": 14,
    "before": 56,
    "observed": 480.0,
    "expected": 390.2,
    "clear": True,
    "reason": "",
}
_Text = Annotated[Line, Field(max_length=MAX_TEXT)]


class CampaignOut(Answer):
    """A campaign that the caller may know of. `early_groups` are named to those who write it (`editable`) only."""

    model_config = example(_CAMPAIGN)
    id: int
    key: str
    state: str
    title: str
    facet: str
    starts_at: datetime
    ends_at: datetime
    why: str
    affected: str
    expected: str
    team_briefing: str
    early_groups: list[str]
    embargo_until: datetime | None
    embargoed: bool
    by: str | None
    created_at: datetime
    briefed_at: datetime | None
    live_at: datetime | None
    closed_at: datetime | None
    lessons: str
    lessons_by: str | None
    lessons_at: datetime | None
    editable: bool


class CampaignPageOut(Answer):
    """The newest first; `next` is `before` of the following page."""

    model_config = example({"items": [_CAMPAIGN], "next": None})
    items: list[CampaignOut]
    next: int | None


class CampaignIn(Question):
    """A campaign as it is written. `early_groups`: `role:`, `team:`, `location:` or `person:` (the account's number).
    Without `embargo_until` the embargo lasts until the go-live."""

    model_config = asked(_BRIEF)
    title: Annotated[Line, Field(min_length=1, max_length=MAX_TITLE)]
    facet: Literal["brand", "employer", "both"]
    starts_at: Moment
    ends_at: Moment
    why: _Text = ""
    affected: _Text = ""
    expected: _Text = ""
    team_briefing: _Text = ""
    early_groups: Annotated[tuple[Annotated[Line, Field(max_length=140)], ...], Field(max_length=MAX_GROUPS)] = ()
    embargo_until: Moment | None = None

    def brief(self) -> Brief:
        """As `storage` takes it."""
        return Brief(**self.model_dump())


class QuestionOut(Answer):
    """A question with its answer. `by` is named to those who answer only, and only where it was asked by name. Of an
    anonymous one `asked_at` is midnight of its day: its time is not kept."""

    model_config = example(_QUESTION)
    id: int
    text: str
    by: str | None
    anonymous: bool
    mine: bool
    asked_at: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    to_all: bool


class QuestionList(Answer):
    """Unanswered ones first, then the newest first."""

    model_config = example({"items": [_QUESTION], "next": None})
    items: list[QuestionOut]
    next: str | None = None


class QuestionIn(Question):
    """A question. `anonymous`: no account and no time is stored; the answer can only be given to all."""

    model_config = asked({"text": "Do I keep my desk?", "anonymous": False})
    text: Annotated[Line, Field(min_length=1, max_length=MAX_QUESTION)]
    anonymous: bool = False


class AnswerIn(Question):
    """An answer, to who asked, or with the question to all."""

    model_config = asked({"answer": "Yes.", "to_all": True})
    answer: Annotated[Line, Field(min_length=1, max_length=MAX_ANSWER)]
    to_all: bool = False


class FeedbackOut(Answer):
    """How it landed, in steps of five answers; figures are `null` while fewer than five have answered.

    `mostly_well` and `mostly_badly`: in how many groups of five most said 4 or 5, or 1 or 2. `themes`: what at least
    five of ten answers or more speak of.
    """

    model_config = example(_FEEDBACK)
    n: int | None
    groups: int | None
    mostly_well: int | None
    mostly_badly: int | None
    themes: list[str]
    words: list[str]
    given: bool
    open: bool


class FeedbackIn(Question):
    """How it landed: 1 badly … 5 well. Once per person; kept without the person."""

    model_config = asked({"score": 4, "words": "Clear, but late."})
    score: Annotated[int, Field(ge=1, le=5)]
    words: Annotated[Line, Field(max_length=MAX_WORDS)] = ""


class ResultFigureOut(Answer):
    """One measure of one side. `value` is a share of what was expected (`net_sentiment`: points), with its 95 %
    interval and the share of made-up starts that stand out as much; `null` for `reason`."""

    model_config = example(_FIGURE)
    facet: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    placebo_p: float | None
    n: int
    before: int
    observed: float | None
    expected: float | None
    clear: bool
    reason: str


class ResultOut(Answer):
    """What changed outside, as written at `made_at`, of the sides whose counts the caller reads."""

    model_config = example({"made_at": "2026-12-04T17:01:00Z", "figures": [_FIGURE]})
    made_at: datetime
    figures: list[ResultFigureOut]


class LessonsIn(Question):
    """What to keep."""

    model_config = asked({"lessons": "Tell the depot two weeks earlier."})
    lessons: _Text


def campaign_out(row: CampaignRow, now: datetime) -> CampaignOut:
    """A row as the API shows it."""
    brief = {name: getattr(row.brief, name) for name in Brief.__dataclass_fields__}
    plain = {name: getattr(row, name) for name in CampaignRow.__dataclass_fields__ if name not in ("brief", "event_id")}
    return CampaignOut.model_validate({**plain, **brief, "embargoed": row.embargoed(now)})
