"""What tagging takes in and hands out; the only types of `nlp` that other packages see."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SENTIMENTS = ("negative", "neutral", "positive")
AUDIENCES = ("consumer", "employee", "alumnus", "candidate", "other")
FACETS = ("brand", "employer", "both", "neither")

LABELS: Mapping[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "audience": AUDIENCES, "facet": FACETS}

UNSURE = "unsure"  # sentiment: the calibrated confidence is too low, or the language is unknown to the model
STAFF = "staff"  # audience: employee or alumnus, the text does not tell which
UNKNOWN = "unknown"  # audience: the text does not declare a standpoint


@dataclass(frozen=True, slots=True)
class TagInput:
    """One text to tag.

    `target` is the company that the sentiment is to be about, `names` what else it is called (aliases, handles).
    `meta` holds what the source itself states, in plain words: `author_status` (current employee, former employee,
    candidate, customer), `stars` ("1" to "5"), `kind` (review, survey, post), `own_account` ("yes"), `facet` (brand,
    employer: what a whole site is about).
    """

    id: str
    text: str
    source: str | None = None
    target: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """All names of the target."""
        return (self.target, *self.names) if self.target else self.names


@dataclass(frozen=True, slots=True)
class Verdict:
    """A label and the calibrated probabilities (sum 1) behind it; flat where no model could read the text."""

    label: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Tags:
    """All that one text was tagged with.

    `evidence` says what decided a head where it was not the model alone: `{"audience": "source: former employee"}`,
    `{"sentiment": "language xx not supported"}`; for a text of protected activity, what took it for that. `model` is
    the version of the weights (and of what replaces parts of them), `taxonomy` that of the labels and themes: tags of
    two taxonomies are not to be compared.
    """

    id: str
    lang: str
    sentiment: Verdict
    audience: Verdict
    facet: Verdict
    themes: tuple[str, ...]
    evidence: Mapping[str, str]
    model: str
    taxonomy: str
    protected: bool = False


Span = tuple[int, int]  # characters of a text from (inclusive), to (exclusive)


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a text; `weight`: the probability of the tag with it less that without it, from -1 to 1."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """Where a text speaks of a theme."""

    theme: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HeadEvidence:
    """What carried one tag.

    `label` is what the model says. `explained` is the class whose probability the words moved: the same, or the
    likeliest one where the tag is no class ("unsure", "unknown"). `statement` stands where the source decided or the
    model did not read the text; then there is no probability and there are no words. Words come strongest first, those
    that lower the probability (negative weight) among them. `together` stands where no single word carries the tag: how
    far the probability falls without all of `words` at once.
    """

    head: str
    label: str
    explained: str
    probability: float | None
    statement: str | None
    words: tuple[Word, ...]
    together: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words behind the tags of one text. All spans count characters of `text`, which is clean and masked.

    `named`: where the company that the sentiment is about is named. `unread`: the middle of a long text, which the
    model does not see. `phrases`: the parts are phrases, not single words.
    """

    text: str
    named: tuple[Span, ...]
    unread: Span | None
    phrases: bool
    heads: tuple[HeadEvidence, ...]
    themes: tuple[ThemeWords, ...]
    model: str
