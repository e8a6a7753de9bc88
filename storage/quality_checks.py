"""What the checks of mentions drawn at random say of each head, as far as a viewer counts.

A check belongs to the side that the mention was on when it was drawn: it does not leave a role's figures by being
corrected. Where two people checked one mention, the first measures the model and both measure agreement.

Checks of the audience come in whole blocks of days (`metrics.check_days`), so that windows can be subtracted from each
other and no check of a single employee's mention is left over; the day that runs is not over.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from metrics import coarse
from metrics import quality as arithmetic
from metrics.check_days import alone, check_blocks, whole_blocks
from metrics.quality import Agreement, Calibration, Check, ClassFigures, Confusion, CoveragePoint, Estimate, Scale
from metrics.stats import Proportion, proportion
from nlp.result import AUDIENCES, FACETS, LABELS, SENTIMENTS, STAFF, UNKNOWN, UNSURE
from storage.viewer import FACETS as ALL_FACETS
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

SCALES: dict[str, Scale] = {
    "sentiment": Scale(SENTIMENTS, frozenset({UNSURE})),
    "audience": Scale((*AUDIENCES, STAFF, UNKNOWN), frozenset({UNKNOWN}), {STAFF: frozenset({"employee", "alumnus"})}),
    "facet": Scale(FACETS),
}
_STAFF_AS_ONE = Scale(("consumer", STAFF, "candidate", "other", UNKNOWN), frozenset({UNKNOWN}))
_SLICES = ("facet", "language", "model")
_MOST_SLICES = 12

_CHECKS = text("""
WITH checks AS (
    SELECT c.id, c.mention_id, c.head, c.at, c.user_id, c.old, c.new, c.model,
        row_number() OVER (PARTITION BY c.mention_id, c.head ORDER BY c.at, c.id) AS turn,
        (SELECT f.old FROM corrections f WHERE f.mention_id = c.mention_id AND f.sampled AND f.head = 'facet'
            AND f.at = c.at AND f.user_id IS NOT DISTINCT FROM c.user_id LIMIT 1) AS filed
    FROM corrections c WHERE c.sampled
)
SELECT c.id, c.mention_id, c.head, c.turn, c.old, c.new, coalesce(c.model, 'unknown') AS model,
    coalesce(c.filed, m.facet) AS facet, coalesce(m.lang, 'und') AS lang, coalesce(m.author_key, m.id::text) AS author,
    c.at, c.at >= :start AS inside,
    CASE WHEN c.model = m.model AND m.evidence -> c.head IS NULL THEN m.scores -> c.head END AS scores
FROM checks c JOIN mentions m ON m.id = c.mention_id
WHERE c.at < :end AND c.turn <= 2 AND coalesce(c.filed, m.facet) = ANY(CAST(:facets AS text[]))
  AND EXISTS (SELECT 1 FROM corrections d WHERE d.mention_id = c.mention_id AND d.sampled AND d.at >= :start)
ORDER BY c.at, c.id
""")
_PEOPLE = text("""
SELECT count(DISTINCT coalesce(user_id, 0)) FROM corrections WHERE sampled AND at >= :start AND at < :end
""")
_SIZES = text("""
SELECT facet, sum(mentions - owned) AS facets,
    sum(mentions - owned) FILTER (WHERE sentiment <> 'unsure') AS sentiments,
    sum(mentions - owned) FILTER (WHERE audience <> 'unknown') AS audiences
FROM rollups WHERE hour >= date_trunc('hour', CAST(:start AS timestamptz)) AND hour < :end
  AND facet = ANY(CAST(:facets AS text[])) GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class Slice:
    """The share right of one part: `by` is facet (as the model filed it), language or model version."""

    by: str
    key: str
    right: Proportion


@dataclass(frozen=True, slots=True)
class HeadQuality:
    """One head. `accuracy` is of the labels that claim something, `answered` how many do.

    `recall_known` is False for the facet where the viewer's role sees only one side: what the model filed on the other
    one by mistake was not drawn. `staff`: "" as it is, "merged" where employee and alumnus are shown as one class and
    "left out" where days are left out on which fewer than five authors stand behind them even together.
    """

    head: str
    accuracy: Estimate
    answered: Proportion
    confusion: Confusion
    classes: tuple[ClassFigures, ...]
    recall_known: bool
    calibration: Calibration
    curve: tuple[CoveragePoint, ...]
    agreement: Agreement
    slices: tuple[Slice, ...]
    staff: str


@dataclass(frozen=True, slots=True)
class Checked:
    """All checks of a window: mentions, the people who checked, and what follows for each head."""

    mentions: int
    people: int
    heads: tuple[HeadQuality, ...]


def checked(session: Session, viewer: Viewer, start: datetime, end: datetime) -> Checked:
    """The checks made in a window of mentions on the sides that the viewer's role counts; `NotAllowed` for none."""
    facets = count_labels(viewer)
    values = {"start": start, "end": end, "facets": facets}
    rows = session.execute(_CHECKS, values).all()
    sizes = _sizes(session, values)
    whole = frozenset(facets) == ALL_FACETS
    of_head = {head: [row for row in rows if row.head == head] for head in SCALES}
    told = {head: Told([row for row in of_head[head] if row.inside], of_head[head], "") for head in SCALES}
    told["audience"] = _in_blocks(session, values, start, end)
    heads = tuple(_head(head, told[head], sizes[head], recall_known=head != "facet" or whole) for head in SCALES)
    inside = {row.mention_id for row in rows if row.inside and row.turn == 1}
    return Checked(len(inside), (session.scalar(_PEOPLE, values) or 0) if inside else 0, heads)


@dataclass(frozen=True, slots=True)
class Told:
    """The checks of a head that count, those among which second opinions are looked for, and what became of staff."""

    rows: Sequence[Row[Any]]
    around: Sequence[Row[Any]]
    staff: str


def _head(head: str, told: Told, sizes: Mapping[str, int], *, recall_known: bool) -> HeadQuality:
    merged = told.staff != "" and head == "audience"
    scale = _STAFF_AS_ONE if merged else SCALES[head]
    found = [(row, _check(row, merged=merged)) for row in told.rows if row.turn == 1]
    checks = [check for _, check in found]
    classes = LABELS[head]
    own_views = [_own_view(row) for row, _ in found]
    return HeadQuality(
        head,
        arithmetic.accuracy(checks, scale, sizes),
        proportion(len(arithmetic.answered(checks, scale)), len(checks)),
        arithmetic.confusion(checks, scale),
        arithmetic.class_figures(checks, scale),
        recall_known,
        arithmetic.calibration(own_views, classes),
        arithmetic.risk_coverage(own_views, classes),
        arithmetic.agreement(_pairs(told, merged=merged)),
        tuple(_slices(found, scale)),
        told.staff,
    )


def _in_blocks(session: Session, values: Mapping[str, object], start: datetime, end: datetime) -> Told:
    """The checks of the audience in the whole blocks of a window, looked for from the beginning of its quarter."""
    first = start.astimezone(UTC).date()
    since = first.replace(month=3 * ((first.month - 1) // 3) + 1, day=1)
    around = {**values, "start": datetime.combine(since, time(), UTC)}
    rows = [row for row in session.execute(_CHECKS, around) if row.head == "audience" and row.inside]
    voices: dict[date, dict[str, set[str]]] = defaultdict(dict)
    for row in rows:
        day = voices[_day(row)]
        for label in {row.old, row.new} & STAFF_AUDIENCES:
            day.setdefault(label, set()).add(row.author)
    begins = first if start <= datetime.combine(first, time(), UTC) else first + timedelta(days=1)
    until = end.astimezone(UTC).date()
    kept = whole_blocks(check_blocks(voices), begins, until)
    days = {day for block in kept for day in block}
    chosen = [row for row in rows if _day(row) in days]
    left_out = any(day not in days for day in voices if begins <= day < until)
    return Told(chosen, chosen, "left out" if left_out else "" if alone(voices, kept) else "merged")


def _day(row: Row[Any]) -> date:
    moment: datetime = row.at
    return moment.astimezone(UTC).date()


def _check(row: Row[Any], *, merged: bool) -> Check:
    return Check(_label(row.old, merged), _label(row.new, merged), stratum=row.facet)


def _own_view(row: Row[Any]) -> Check:
    """With the model's probability, where it is the one behind the label that was checked."""
    scores = row.scores or {}
    likeliest = max(scores, key=lambda label: scores[label], default=None)
    found = Check(row.old, row.new, stratum=row.facet)
    return found if likeliest is None else replace(found, likeliest=likeliest, probability=min(1.0, scores[likeliest]))


def _pairs(told: Told, *, merged: bool) -> list[tuple[str, str]]:
    """What the first and the second person said of the same mention, the second one among the checks that count."""
    turns: dict[int, dict[int, Row[Any]]] = defaultdict(dict)
    for row in told.around:
        turns[row.mention_id][row.turn] = row
    counted = {row.id for row in told.rows}
    both = [each for each in turns.values() if {1, 2} <= set(each) and each[2].id in counted]
    return [(_label(each[1].new, merged), _label(each[2].new, merged)) for each in both]


def _slices(found: Sequence[tuple[Row[Any], Check]], scale: Scale) -> Iterable[Slice]:
    parts: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row, check in found:
        if check.predicted in scale.abstentions:
            continue
        for by, key in zip(_SLICES, (row.facet, row.lang, row.model), strict=True):
            parts[by, key].append(arithmetic.is_right(check, scale))
    for by in _SLICES:
        largest = sorted((-len(rights), key) for (name, key), rights in parts.items() if name == by)
        for _, key in largest[:_MOST_SLICES]:
            yield Slice(by, key, proportion(sum(parts[by, key]), len(parts[by, key])))


def _label(label: str, merged: bool) -> str:
    return STAFF if merged and label in STAFF_AUDIENCES else label


def _sizes(session: Session, values: Mapping[str, object]) -> dict[str, dict[str, int]]:
    """Per head and facet, how many mentions of the window have a label that claims something."""
    rows = session.execute(_SIZES, values).all()
    columns = {"sentiment": "sentiments", "audience": "audiences", "facet": "facets"}
    sizes = {head: {row.facet: int(getattr(row, name) or 0) for row in rows} for head, name in columns.items()}
    # The share right is weighted by them, and exact weights would follow from it.
    sizes["audience"] = {facet: coarse.down(size) or min(size, 1) for facet, size in sizes["audience"].items()}
    return sizes
