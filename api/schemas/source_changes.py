"""Kinds of sources, and what is sent in to add, change and try one."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Line, Question, asked, example

Name = Annotated[Line, Field(min_length=1, max_length=200)]
About = Annotated[
    Line,
    Field(
        max_length=40,
        description="Whose its reviews and survey answers are: own, the key of a company of the profile, or text "
        "(only of companies they name). Without it: what is usual for the kind.",
    ),
]
KeepDays = Annotated[int, Field(ge=1, le=3650, description="`null`: as long as the settings say.")]
Options = Annotated[dict[Line, JsonValue], Field(max_length=100)]
Keys = Annotated[
    dict[Line, Annotated[Line, Field(max_length=20_000)]],
    Field(max_length=20, description="Keys by name; they are stored sealed and never come back. Empty forgets one."),
]

_OPTION: JsonDict = {
    "name": "comments",
    "label": "Comments too",
    "help": "Collect comments beside stories.",
    "required": False,
    "default": True,
    "choices": [],
    "many_lines": False,
}
_KEY: JsonDict = {"name": "api_key", "label": "API key", "help": "Made in the developer console.", "required": True}
_KIND: JsonDict = {
    "kind": "hackernews",
    "label": "Hacker News",
    "summary": "Searches for the names of the company profile.",
    "access": "open",
    "options": [_OPTION],
    "credentials": [_KEY],
    "polled": True,
    "takes_hooks": False,
    "interval_minutes": 10,
    "keep_days": None,
    "window_hours": None,
    "unit": None,
    "period": None,
}


class OptionOut(Answer):
    """One setting of a kind. `choices` empty: free text."""

    model_config = example(_OPTION)
    name: str
    label: str
    help: str
    required: bool
    default: JsonValue
    choices: list[str]
    many_lines: bool


class KeyOut(Answer):
    """One key that a kind takes."""

    model_config = example(_KEY)
    name: str
    label: str
    help: str
    required: bool


class KindOut(Answer):
    """A kind of source. `access`: open, key, approval (of the platform), outside (files, mails, calls). `keep_days` and
    `window_hours` are the platform's: the longest that posts may be kept without a fresh look, and how far it serves
    back. `unit` and `period` are of its budget."""

    model_config = example(_KIND)
    kind: str
    label: str
    summary: str
    access: str
    options: list[OptionOut]
    credentials: list[KeyOut]
    polled: bool
    takes_hooks: bool
    interval_minutes: int
    keep_days: int | None
    window_hours: float | None
    unit: str | None
    period: str | None


class KindList(Answer):
    """All kinds."""

    model_config = example({"items": [_KIND], "next": None})
    items: list[KindOut]
    next: str | None = None


class SourceIn(Question):
    """A new source."""

    model_config = asked(
        {
            "kind": "feed",
            "name": "Trade news",
            "options": {"url": "https://news.example/feed.xml"},
            "credentials": {},
            "keep_days": 365,
        }
    )
    kind: Annotated[Line, Field(max_length=40)]
    name: Name
    options: Options = Field(default_factory=dict)
    credentials: Keys = Field(default_factory=dict)
    keep_days: KeepDays | None = None
    about: About | None = None


class SourceChange(Question):
    """What shall be different. Options that are not named stay; `null` sets one back to its default."""

    model_config = asked({"options": {"comments": False}, "keep_days": 90, "enabled": True})
    name: Name | None = None
    options: Options | None = None
    keep_days: KeepDays | None = None
    about: About | None = None
    enabled: bool | None = None


class KeysIn(Question):
    """Keys to replace or to forget; those that are not named stay."""

    model_config = asked({"credentials": {"api_key": "…"}})
    credentials: Keys


_TRIAL: JsonDict = {"ok": False, "detail": "The server refuses the key.", "items": []}


class TrialItemOut(Answer):
    """One post of the first page."""

    text: str
    title: str | None
    url: str | None
    published_at: datetime
    rating: float | None
    kind: str


class TrialOut(Answer):
    """How trying the connection ended: a sentence, and with `preview` the first posts. Nothing was stored."""

    model_config = example(_TRIAL)
    ok: bool
    detail: str
    items: list[TrialItemOut]
