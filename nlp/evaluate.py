"""How good the tagger is on labelled texts: `python -m nlp.evaluate FILE… [--json] [--with-source]`.

FILE is `.jsonl` or `.jsonl.gz`; a line holds `text` and any of `sentiment`, `audience`, `facet`. A label that is none
of the head's classes (null, "unknown") leaves the row out for that head; a head without labelled rows is left out.

What is counted
- accuracy, recall, precision, F1: the likeliest class by the scores, whether or not the service would have said it.
  A row whose scores are flat (language not read, no words) has no likeliest class and counts as wrong.
- macro figures: mean over the classes that occur among the labels.
- ece: expected calibration error, ten equal-width bins of the top probability, over the rows that were read.
- share_unsure: share of rows where the service abstains (sentiment "unsure", audience "unknown" or "staff");
  accuracy_sure: accuracy among the others. Facet never abstains.
- `audience_staff_merged`: the audience figures with employee and alumnus as one class, "staff".

The tagger sees the text alone. With `--with-source` it also gets the row's `meta`, and a label that the source states
counts as the likeliest class.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

from nlp.result import LABELS, STAFF, UNKNOWN, UNSURE, TagInput, Tags, Verdict
from nlp.tag import tag_posts

CHUNK = 1_024
BINS = 10
MERGED = "audience_staff_merged"

Tagger = Callable[[Sequence[TagInput]], list[Tags]]


class RowError(ValueError):
    """A line of a labelled file that is no labelled text."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One labelled row of one head: its label, the likeliest class (None: not read), its probability, abstained."""

    wanted: str
    found: str | None
    confidence: float
    abstained: bool


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """Figures of one class; `n` labelled rows. Precision is None where the class was never said."""

    precision: float | None
    recall: float
    f1: float
    n: int


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """Figures of one head over one file; shares and probabilities from 0 to 1."""

    n: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    per_class: dict[str, ClassFigures]
    ece: float | None
    share_unsure: float
    accuracy_sure: float | None


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Figures of one file. `texts_per_second` covers cleaning, language, network and themes; None without rows."""

    file: str
    rows: int
    heads: dict[str, HeadFigures]
    texts_per_second: float | None


def read_rows(path: Path) -> Iterator[dict[str, object]]:
    """Rows of a file; `RowError` names file and line that cannot be read."""
    opener: Callable[..., IO[str]] = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise RowError(f"{path} line {number}: {error}") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise RowError(f"{path} line {number}: wanted an object with a text")
            yield row


def evaluate_file(path: Path, tagger: Tagger, *, with_source: bool = False) -> FileFigures:
    """Tag a file in chunks and count."""
    outcomes: dict[str, list[Outcome]] = {}
    rows, seconds = 0, 0.0
    lines = read_rows(path)
    while chunk := list(islice(lines, CHUNK)):
        inputs = [_input(row, rows + at, with_source=with_source) for at, row in enumerate(chunk)]
        started = time.perf_counter()
        tags = tagger(inputs)
        seconds += time.perf_counter() - started
        rows += len(chunk)
        for row, found in zip(chunk, tags, strict=True):
            _collect(row, found, outcomes)
    heads = {head: head_figures(found) for head, found in outcomes.items()}
    return FileFigures(str(path), rows, heads, round(rows / seconds, 1) if rows else None)


def _input(row: dict[str, object], number: int, *, with_source: bool) -> TagInput:
    meta = row.get("meta") if with_source else None
    plain = {str(key): str(value) for key, value in meta.items()} if isinstance(meta, dict) else {}
    return TagInput(str(row.get("id", number)), str(row["text"]), meta=plain)


def _collect(row: dict[str, object], tags: Tags, outcomes: dict[str, list[Outcome]]) -> None:
    for head, labels in LABELS.items():
        wanted = row.get(head)
        if wanted not in labels:
            continue
        found = outcome(str(wanted), getattr(tags, head))
        outcomes.setdefault(head, []).append(found)
        if head == "audience":
            outcomes.setdefault(MERGED, []).append(_merged(str(wanted), tags.audience))


def was_read(verdict: Verdict) -> bool:
    """Whether the model read the text; flat scores say that it did not."""
    return len(set(verdict.scores.values())) > 1


def outcome(wanted: str, verdict: Verdict) -> Outcome:
    """Compare a label with a verdict."""
    abstained = verdict.label in (UNSURE, UNKNOWN, STAFF)
    if not was_read(verdict):
        return Outcome(wanted, None if abstained else verdict.label, 0.0, abstained)
    best = max(verdict.scores, key=lambda label: verdict.scores[label])
    return Outcome(wanted, best, verdict.scores[best], abstained)


def _merged(wanted: str, verdict: Verdict) -> Outcome:
    def merge(label: str) -> str:
        return STAFF if label in ("employee", "alumnus") else label

    scores: dict[str, float] = {}
    for label, score in verdict.scores.items() if was_read(verdict) else ():
        scores[merge(label)] = scores.get(merge(label), 0.0) + score
    found = outcome(merge(wanted), Verdict(verdict.label, scores))
    said = None if verdict.label == UNKNOWN else merge(verdict.label)
    return Outcome(found.wanted, found.found or said, found.confidence, verdict.label == UNKNOWN)


def head_figures(outcomes: Sequence[Outcome]) -> HeadFigures:
    """All figures of one head; at least one outcome."""
    sure = [one for one in outcomes if not one.abstained]
    per_class = {label: _class_figures(outcomes, label) for label in sorted({one.wanted for one in outcomes})}
    ece = calibration_error([one for one in outcomes if one.confidence > 0.0])
    return HeadFigures(
        n=len(outcomes),
        accuracy=_accuracy(outcomes),
        macro_recall=_rounded(sum(one.recall for one in per_class.values()) / len(per_class)),
        macro_f1=_rounded(sum(one.f1 for one in per_class.values()) / len(per_class)),
        per_class=per_class,
        ece=ece,
        share_unsure=_rounded(1 - len(sure) / len(outcomes)),
        accuracy_sure=_accuracy(sure) if sure else None,
    )


def _class_figures(outcomes: Sequence[Outcome], label: str) -> ClassFigures:
    wanted = sum(one.wanted == label for one in outcomes)
    said = sum(one.found == label for one in outcomes)
    hits = sum(one.wanted == label == one.found for one in outcomes)
    return ClassFigures(
        precision=_rounded(hits / said) if said else None,
        recall=_rounded(hits / wanted),
        f1=_rounded(2 * hits / (wanted + said)),
        n=wanted,
    )


def calibration_error(outcomes: Sequence[Outcome]) -> float | None:
    """Expected calibration error: Σ over bins of (rows in bin ÷ rows) × |accuracy − mean confidence|; None: no rows."""
    if not outcomes:
        return None
    bins: list[list[Outcome]] = [[] for _ in range(BINS)]
    for one in outcomes:
        bins[min(int(one.confidence * BINS), BINS - 1)].append(one)
    gaps = [abs(sum(one.found == one.wanted for one in group) - sum(one.confidence for one in group)) for group in bins]
    return _rounded(sum(gaps) / len(outcomes))


def _accuracy(outcomes: Sequence[Outcome]) -> float:
    return _rounded(sum(one.wanted == one.found for one in outcomes) / len(outcomes))


def _rounded(value: float) -> float:
    return round(value, 4)


def show(files: Sequence[FileFigures], console: Console) -> None:
    """The figures as a table for people."""
    for one in files:
        speed = "–" if one.texts_per_second is None else f"{one.texts_per_second:.0f} texts/s"
        table = Table(title=f"{one.file} · {one.rows} rows · {speed}", title_justify="left")
        for column in ("head", "n", "accuracy", "macro recall", "macro F1", "ece", "unsure", "accuracy of the sure"):
            table.add_column(column, justify="left" if column == "head" else "right")
        for head, found in one.heads.items():
            values = (
                found.accuracy,
                found.macro_recall,
                found.macro_f1,
                found.ece,
                found.share_unsure,
                found.accuracy_sure,
            )
            table.add_row(head, str(found.n), *("–" if value is None else f"{value:.3f}" for value in values))
        console.print(table)


def main() -> int:
    """Command line; status 2 when a file cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m nlp.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument(
        "--with-source", action="store_true", help="give the tagger what the source states (field meta)"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of the model")
    given = parser.parse_args()
    tag_posts([TagInput("0", "warm up")], given.threads)  # loading is no part of the speed
    try:
        files = [
            evaluate_file(path, lambda inputs: tag_posts(inputs, given.threads), with_source=given.with_source)
            for path in given.files
        ]
    except (OSError, EOFError, ValueError) as error:
        print(f"nlp.evaluate: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps({"files": [asdict(one) for one in files]}, indent=2))
    else:
        show(files, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
