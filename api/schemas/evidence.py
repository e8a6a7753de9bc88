"""The words behind a mention's tags as the API shows them."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue
from pydantic.config import JsonDict

from api.schemas.fields import Answer, example

_WORDS: list[JsonValue] = [
    {"start": 33, "end": 40, "text": "answers", "weight": 0.21},
    {"start": 25, "end": 32, "text": "support", "weight": -0.06},
]
_HEAD: JsonDict = {
    "head": "sentiment",
    "label": "positive",
    "explained": "positive",
    "probability": 0.91,
    "statement": None,
    "in_force": "positive",
    "corrected": False,
    "words": _WORDS,
    "together": None,
}

Place = Annotated[int, Field(ge=0, description="Characters of `text`; `end` does not count.")]


class SpanOut(Answer):
    """A part of `text`."""

    start: Place
    end: Place
    text: str


class WordOut(SpanOut):
    """A part that was left out. `weight`: the probability of `explained` with it less that without it."""

    weight: Annotated[float, Field(ge=-1, le=1)]


class ThemeSpanOut(SpanOut):
    """Words of a theme's list."""

    theme: str


class HeadOut(Answer):
    """What carried one tag: words, or a statement where the source decided or the model did not read the text.

    `label` is what the model says now, `in_force` what counts: another one where a person corrected it, or where an
    earlier version tagged it. `explained` is the class whose probability the words moved: the likeliest one where the
    model abstains. `together` stands where no single word carries the tag: how far the probability falls without all of
    `words` at once.
    """

    head: Literal["sentiment", "audience", "facet"]
    label: str
    explained: str
    probability: float | None
    statement: str | None
    in_force: str
    corrected: bool
    words: list[WordOut]
    together: float | None


class EvidenceOut(Answer):
    """The words behind the tags of one mention, found by leaving each out while the model reads the rest again.

    It tells what moved this network, not why a person would say so. `named`: where the company stands that the
    sentiment is about; `unread`: the middle of a long text, which the model does not see; `phrases`: phrases were left
    out in place of single words.
    """

    model_config = example(
        {
            "mention_id": 4711,
            "company": "Acme",
            "model": "0.3.0",
            "text": "Switched to Acme in May, support answers within the hour.",
            "named": [{"start": 12, "end": 16, "text": "Acme"}],
            "unread": None,
            "phrases": False,
            "heads": [_HEAD],
            "themes": [{"start": 25, "end": 32, "text": "support", "theme": "service"}],
        }
    )
    mention_id: int
    company: str
    model: str
    text: str
    named: list[SpanOut]
    unread: SpanOut | None
    phrases: bool
    heads: list[HeadOut]
    themes: list[ThemeSpanOut]
