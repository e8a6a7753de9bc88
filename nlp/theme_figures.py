"""How good the lexicon of themes is: precision, recall and F1 per theme on texts labelled by hand.

The sample `themes_sample.jsonl` holds ids of the public sets (`../shared/data/nlp` or `OUTSPOKEN_SHARED`) with the
themes of each text and where they stand, in characters of the set's text; the texts themselves stay with their sets.
Half of it, by a hash of the id, is for work on the lexicon; figures come from the other half, and from the posts of our
own corpus that are kept apart from training. As in service, the facet of a text is the tagger's.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from nlp.figures import rounded
from nlp.result import TagInput, Tags
from nlp.themes import ThemeSpan, theme_facets, theme_spans
from nlp.train.data import CORPUS, HELD_OUT_BATCHES, read_jsonl, shared_folder

SAMPLE = Path(__file__).with_name("themes_sample.jsonl")
CHUNK = 512

Tagger = Callable[[Sequence[TagInput]], list[Tags]]


@dataclass(frozen=True, slots=True)
class ThemeLabels:
    """A text with its themes; where they stand is known in the sample and not in our own posts (None)."""

    id: str
    text: str
    themes: frozenset[str]
    spans: tuple[ThemeSpan, ...] | None = None


@dataclass(frozen=True, slots=True)
class ThemeFigures:
    """Figures of one theme, or of all together; `n` labels. None where nothing was found or nothing was labelled."""

    n: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True, slots=True)
class ThemeSetFigures:
    """Figures of one set. `span_overlap`: share of labelled spans of the themes rightly found that a span touches."""

    name: str
    rows: int
    per_theme: dict[str, ThemeFigures]
    micro: ThemeFigures
    macro: ThemeFigures
    span_overlap: float | None


class SampleError(ValueError):
    """A line of the sample that does not fit its set."""


def is_held_out(id_: str) -> bool:
    """Whether a text of the sample is for measuring only."""
    return sha256(id_.encode()).digest()[-1] % 2 == 1


def measure(tagger: Tagger, *, held_out: bool = True) -> list[ThemeSetFigures]:
    """Figures on the sample and on our own posts; what is absent is left out.

    `held_out` False: the halves that the lexicon is worked on with.
    """
    sample = [one for one in sample_rows() if is_held_out(one.id) is held_out]
    own = list(own_rows(held_out=held_out))
    sets = {"sample": sample, "own posts": own}
    return [figures(name, rows, found_spans(rows, tagger)) for name, rows in sets.items() if rows]


def sample_rows() -> Iterator[ThemeLabels]:
    """The labelled sample with its texts, of the sets that are there."""
    wanted: dict[str, dict[str, Any]] = {}
    for raw in read_jsonl(SAMPLE):
        wanted.setdefault(str(raw["file"]), {})[str(raw["id"])] = raw["themes"]
    for name, labels in wanted.items():
        path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
        rows = read_jsonl(path) if path.exists() else ()
        yield from (_sample_row(raw, labels[raw["id"]]) for raw in rows if raw["id"] in labels)


def _sample_row(raw: Mapping[str, Any], labels: Iterable[Mapping[str, Any]]) -> ThemeLabels:
    spans = tuple(ThemeSpan(one["theme"], one["start"], one["end"]) for one in labels)
    for span in spans:
        if span.theme not in theme_facets() or not 0 <= span.start < span.end <= len(raw["text"]):
            raise SampleError(f"{SAMPLE.name}: {raw['id']}: {span}")
    return ThemeLabels(raw["id"], raw["text"], frozenset(span.theme for span in spans), spans)


def own_rows(*, held_out: bool) -> Iterator[ThemeLabels]:
    """Our own posts, the batches kept apart or the others; themes that the lexicon does not have are left out."""
    for path in sorted(CORPUS.glob("*.jsonl")):
        if path.stem.endswith(HELD_OUT_BATCHES) is held_out:
            for number, raw in enumerate(read_jsonl(path)):
                labels = raw.get("themes")
                themes = frozenset(labels if isinstance(labels, list) else ()) & theme_facets().keys()
                yield ThemeLabels(f"{path.stem}:{number}", str(raw["text"]), themes)


def found_spans(rows: Sequence[ThemeLabels], tagger: Tagger) -> list[tuple[ThemeSpan, ...]]:
    """What the lexicon finds in every text, given the facet that the tagger says."""
    found: list[tuple[ThemeSpan, ...]] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        tags = tagger([TagInput(row.id, row.text) for row in chunk])
        found.extend(theme_spans(row.text, one.facet.label) for row, one in zip(chunk, tags, strict=True))
    return found


def figures(name: str, rows: Sequence[ThemeLabels], spans: Sequence[Sequence[ThemeSpan]]) -> ThemeSetFigures:
    """Compare labels with what was found; at least one row."""
    wanted, found, hits = Counter[str](), Counter[str](), Counter[str]()
    touched, labelled = 0, 0
    for row, mine in zip(rows, spans, strict=True):
        themes = {span.theme for span in mine}
        wanted.update(row.themes)
        found.update(themes)
        hits.update(row.themes & themes)
        right = [span for span in row.spans or () if span.theme in themes]
        labelled += len(right)
        touched += sum(any(_touch(span, other) for other in mine) for span in right)
    occur = [theme for theme in theme_facets() if wanted[theme] or found[theme]]
    per_theme = {theme: _figures(wanted[theme], found[theme], hits[theme]) for theme in occur}
    micro = _figures(wanted.total(), found.total(), hits.total())
    overlap = rounded(touched / labelled) if labelled else None
    return ThemeSetFigures(name, len(rows), per_theme, micro, _macro(per_theme), overlap)


def _touch(one: ThemeSpan, other: ThemeSpan) -> bool:
    return one.theme == other.theme and one.start < other.end and other.start < one.end


def _figures(wanted: int, found: int, hits: int) -> ThemeFigures:
    return ThemeFigures(
        n=wanted,
        precision=rounded(hits / found) if found else None,
        recall=rounded(hits / wanted) if wanted else None,
        f1=rounded(2 * hits / (wanted + found)) if wanted + found else None,
    )


def _macro(per_theme: Mapping[str, ThemeFigures]) -> ThemeFigures:
    """Means over the themes that are labelled; a theme never found has precision 0."""
    labelled = [one for one in per_theme.values() if one.n]
    if not labelled:
        return ThemeFigures(0, None, None, None)

    def mean(values: Iterable[float | None]) -> float:
        return rounded(sum(value or 0.0 for value in values) / len(labelled))

    return ThemeFigures(
        n=sum(one.n for one in labelled),
        precision=mean(one.precision for one in labelled),
        recall=mean(one.recall for one in labelled),
        f1=mean(one.f1 for one in labelled),
    )
