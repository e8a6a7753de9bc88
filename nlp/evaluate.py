"""How good the tagger is: `python -m nlp.evaluate FILE… [--json]`, `--behaviour [--json]` or `--themes [--json]`.

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
- curve (`--curves`): accuracy among the most confident 100, 90, … 10 % of the rows; area: its mean over all coverages.

The tagger sees the text and, where the row has one, its `target` (the company that the sentiment is about;
`--without-target` keeps it back). With `--with-source` it also gets the row's `meta`, and a label that the source
states counts as the likeliest class. `--by genre` splits the figures by that field of the rows.

`--behaviour` runs the cases of `nlp/behaviour`, `--themes` the labelled sample of themes.
"""

import argparse
import gzip
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from rich.console import Console

from nlp import report
from nlp.behaviour.measure import measure as measure_behaviour
from nlp.figures import FileFigures, HeadFigures, Outcome, head_figures, merged_outcome, outcome
from nlp.model import Network
from nlp.result import LABELS, TagInput, Tags
from nlp.shipped import WeightsError
from nlp.tag import tag_posts
from nlp.theme_figures import measure as measure_themes

CHUNK = 1_024
MERGED = "audience_staff_merged"
GROUPINGS = ("genre", "lang", "source")

Tagger = Callable[[Sequence[TagInput]], list[Tags]]


class RowError(ValueError):
    """A line of a labelled file that is no labelled text."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the tagger is told beside the text, and the field of the rows that the figures are split by."""

    source: bool = False
    target: bool = True
    by: str | None = None


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
            if not isinstance(row.get("target"), str | None):
                raise RowError(f"{path} line {number}: field target: wanted a string")
            yield row


def evaluate_file(path: Path, tagger: Tagger, given: Given = Given()) -> FileFigures:
    """Tag a file in chunks and count."""
    outcomes: dict[str, dict[str, list[Outcome]]] = {}
    rows, seconds = 0, 0.0
    lines = read_rows(path)
    while chunk := list(islice(lines, CHUNK)):
        inputs = [_input(row, rows + at, given) for at, row in enumerate(chunk)]
        started = time.perf_counter()
        tags = tagger(inputs)
        seconds += time.perf_counter() - started
        rows += len(chunk)
        for row, found in zip(chunk, tags, strict=True):
            group = str(row.get(given.by) or "none") if given.by else ""
            _collect(row, found, outcomes.setdefault(group, {}))
    groups = {group: _figures([found]) for group, found in sorted(outcomes.items())} if given.by else {}
    speed = round(rows / seconds, 1) if rows else None
    return FileFigures(str(path), rows, _figures(list(outcomes.values())), speed, groups)


def _input(row: dict[str, object], number: int, given: Given) -> TagInput:
    meta = row.get("meta") if given.source else None
    plain = {str(key): str(value) for key, value in meta.items()} if isinstance(meta, dict) else {}
    target = str(row.get("target") or "") or None if given.target else None
    return TagInput(str(row.get("id", number)), str(row["text"]), target=target, meta=plain)


def _collect(row: dict[str, object], tags: Tags, outcomes: dict[str, list[Outcome]]) -> None:
    for head, labels in LABELS.items():
        wanted = row.get(head)
        if wanted not in labels:
            continue
        outcomes.setdefault(head, []).append(outcome(str(wanted), getattr(tags, head)))
        if head == "audience":
            outcomes.setdefault(MERGED, []).append(merged_outcome(str(wanted), tags.audience))


def _figures(groups: Sequence[dict[str, list[Outcome]]]) -> dict[str, HeadFigures]:
    """Figures per head over all groups together."""
    found = {}
    for head in ("sentiment", "audience", MERGED, "facet"):
        outcomes = [one for group in groups for one in group.get(head, ())]
        if outcomes:
            found[head] = head_figures(outcomes)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nlp.evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--with-source", action="store_true", help="give the tagger what the source states (meta)")
    parser.add_argument("--without-target", action="store_true", help="keep the rows' target from the tagger")
    parser.add_argument("--curves", action="store_true", help="risk-coverage curves")
    parser.add_argument("--by", choices=GROUPINGS, help="split the figures by this field of the rows")
    parser.add_argument("--behaviour", action="store_true", help="run the behavioural test set instead of files")
    parser.add_argument("--themes", action="store_true", help="measure the lexicon of themes instead of files")
    parser.add_argument("--verbose", action="store_true", help="with --behaviour: every failing case")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="other weights than the built-in ones")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of the model")
    return parser


def _measure(given: argparse.Namespace, tagger: Tagger) -> None:
    """Measure what was asked for and print it."""
    answer: dict[str, object]
    console = Console()
    if given.behaviour:
        behaviour = measure_behaviour(tagger)
        answer = {"behaviour": asdict(behaviour)}
        show = partial(report.show_behaviour, behaviour, console, verbose=given.verbose)
    elif given.themes:
        themes = measure_themes(tagger)
        answer = {"themes": [asdict(one) for one in themes]}
        show = partial(report.show_themes, themes, console)
    else:
        how = Given(source=given.with_source, target=not given.without_target, by=given.by)
        files = [evaluate_file(path, tagger, how) for path in given.files]
        answer = {"files": [report.file_json(one, curves=given.curves, by=given.by) for one in files]}
        show = partial(report.show_files, files, console, curves=given.curves)
    if given.json:
        print(json.dumps(answer, indent=2))
    else:
        show()


def main() -> int:
    """Command line; status 2 when a file or the weights cannot be read."""
    parser = _parser()
    given = parser.parse_args()
    if bool(given.files) + given.behaviour + given.themes != 1:
        parser.error("wanted files, --behaviour or --themes")
    try:
        model = Network(given.weights, given.threads) if given.weights else None
        tagger = partial(tag_posts, threads=given.threads, model=model)
        tagger([TagInput("0", "warm up")])  # loading is no part of the speed
        _measure(given, tagger)
    except (OSError, EOFError, ValueError, WeightsError) as error:
        print(f"nlp.evaluate: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
