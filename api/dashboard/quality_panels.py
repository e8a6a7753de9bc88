"""The Quality page in words, tables and charts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from api.dashboard.figures import Figure
from api.dashboard.panels import Panel, Table
from api.dashboard.wording import UNKNOWN, count, day, kind_of_tag, label, language, percent, voice
from metrics.drift import Drift
from metrics.quality import Agreement, Calibration, Confusion, CoveragePoint
from metrics.stats import Interval, Proportion, proportion
from notify import quality_charts
from notify.points import CalibrationPoint, DriftPoint, SharePoint
from storage.quality import TagQuality, Week
from storage.quality_checks import HeadQuality

ENOUGH = 100  # checks from which the page no longer asks for more
_calibration_chart = lru_cache(maxsize=64)(quality_charts.calibration_chart)
_drift_chart = lru_cache(maxsize=64)(quality_charts.drift_chart)
_unsure_chart = lru_cache(maxsize=64)(quality_charts.unsure_chart)

_TITLES = {head: kind_of_tag(head) for head in ("sentiment", "audience", "facet")}
_QUESTIONS = {
    "sentiment": "What the text says about the company.",
    "audience": "The standpoint that the text itself declares.",
    "facet": "Whether it is about the company as a brand or as an employer.",
}
_STAFF = {
    "": "",
    "merged": "Employees and alumni are shown as one class: fewer than 5 people stand behind one of the two.",
    "left out": "Days with checks of fewer than 5 employees and alumni are left out; these two are shown as one class.",
}
_READINGS = {"steady": "steady", "some": "some change", "large": "large change", "": "too few to tell"}
_SLICES = {"facet": "Filed under", "language": "Language", "model": "Model"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the matrix: a label of people, then the counts, with the one that is right marked."""

    name: str
    cells: tuple[tuple[int, bool], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A share of so many, and its interval."""

    share: str
    interval: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One label: how many of its mentions were found (None: not known), how often it is right when it is said."""

    name: str
    found: Told | None
    right: Told


@dataclass(frozen=True, slots=True)
class HeadCard:
    """One head as the page shows it."""

    head: str
    title: str
    question: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    labels: tuple[LabelRow, ...]
    recall_known: bool
    slices: Table
    curve: Table
    calibration: Panel
    notes: tuple[str, ...]


def head_figure(found: HeadQuality) -> Figure:
    """How many labels are right, of how many, how sure that is."""
    title = f"{_TITLES[found.head]} right"
    if found.accuracy.value is None:
        return Figure(title, UNKNOWN, ("nobody has checked one yet",))
    notes = [f"of {count(found.accuracy.n)} checked tags"]
    if found.accuracy.interval is not None:
        notes.append(f"95 % interval {_ends(found.accuracy.interval)}")
    if found.answered.count < found.answered.n:
        notes.append(f"left open: {percent(1 - (found.answered.value or 0))} of {count(found.answered.n)}")
    return Figure(title, percent(found.accuracy.value), tuple(notes))


def head_card(found: HeadQuality) -> HeadCard:
    """Matrix, recall and precision, parts, calibration and what else is to be said."""
    return HeadCard(
        found.head,
        _TITLES[found.head],
        _QUESTIONS[found.head],
        tuple(_word(found.head, name) for name in found.confusion.columns),
        _rows(found.head, found.confusion),
        _labels(found),
        found.recall_known,
        _slices(found),
        _curve(found.curve),
        _calibration(found.head, found.calibration),
        tuple(note for note in (_STAFF[found.staff], _recall_note(found), _agreement(found.agreement)) if note),
    )


def share(name: str, part: int, whole: int, of: str) -> Figure:
    """A share with its interval."""
    found = proportion(part, whole)
    notes = [f"{count(part)} of {count(whole)} {of}"]
    if found.interval is not None:
        notes.append(f"95 % interval {_ends(found.interval)}")
    return Figure(name, percent(found.value), tuple(notes))


def window_figures(tags: TagQuality, pending: int) -> tuple[Figure, ...]:
    """What is known of all mentions, without a check."""
    return (
        share("Sentiment unsure", tags.unsure, tags.mentions, "mentions"),
        share("Standpoint unknown", tags.unknown_audience, tags.mentions, "mentions"),
        Figure("Waiting for tags", count(pending), ("in no figure yet",)),
    )


def drift_panel(weeks: Sequence[Week]) -> Panel:
    """The stability index of each head by week."""
    points = tuple(
        DriftPoint(
            week.start, _TITLES[head].lower(), found.psi if found else None, _READINGS[found.reading if found else ""]
        )
        for week in weeks
        for head, found in week.drift.items()
    )
    table = Table(
        ("Week from", "Mentions", *(f"{title}, index" for title in _TITLES.values()), "Reading"),
        tuple(
            (
                day(week.start),
                count(week.unsure.n),
                *(_index(week.drift[head]) for head in _TITLES),
                _reading(week.drift),
            )
            for week in reversed(weeks)
        ),
    )
    note = (
        "How far the shares of the labels in each whole week are from those of the four weeks before. Below 0.1 is "
        "usually read as steady and from 0.25 on as a large change; that is a rule of thumb. What chance alone does is "
        "read as steady. A change can lie in what people write or in the model."
    )
    if all(point.psi is None for point in points):
        empty = "There is nothing to compare yet: a week and the weeks before it need 20 mentions each."
        return Panel("drift", "Drift of the labels", None, note, table, empty=empty)
    return Panel("drift", "Drift of the labels", _drift_chart(points), note, table)


def unsure_panel(weeks: Sequence[Week]) -> Panel:
    """The share unsure by week."""
    points = tuple(
        SharePoint(
            week.start,
            week.unsure.value,
            week.unsure.interval.low if week.unsure.interval else None,
            week.unsure.interval.high if week.unsure.interval else None,
            week.unsure.n,
        )
        for week in weeks
    )
    table = Table(
        ("Week from", "Unsure", "95 % interval", "Mentions"),
        tuple(
            (day(week.start), percent(week.unsure.value, 1), _ends(week.unsure.interval), count(week.unsure.n))
            for week in reversed(weeks)
        ),
    )
    note = "Mentions whose sentiment the model was not sure enough of, by whole weeks. A rise hints at new words."
    if not any(point.n for point in points):
        return Panel("unsure", "Share unsure", None, note, table, empty="No whole week with mentions yet.")
    return Panel("unsure", "Share unsure", _unsure_chart(points), note, table)


def _rows(head: str, found: Confusion) -> tuple[Row, ...]:
    return tuple(
        Row(_word(head, name), tuple((n, name == column) for n, column in zip(counts, found.columns, strict=True)))
        for name, counts in zip(found.rows, found.counts, strict=True)
    )


def _labels(found: HeadQuality) -> tuple[LabelRow, ...]:
    return tuple(
        LabelRow(
            _word(found.head, each.label), _told(each.recall) if found.recall_known else None, _told(each.precision)
        )
        for each in found.classes
        if each.recall.n or each.precision.n
    )


def _slices(found: HeadQuality) -> Table:
    words: dict[str, Callable[[str], str]] = {"facet": label, "language": language, "model": str}
    return Table(
        ("Part", "Right", "95 % interval", "Checks"),
        tuple(
            (
                f"{_SLICES[each.by]}: {words[each.by](each.key)}",
                percent(each.right.value),
                _ends(each.right.interval),
                count(each.right.n),
            )
            for each in found.slices
        ),
    )


def _curve(points: Sequence[CoveragePoint]) -> Table:
    return Table(
        ("The surest", "From probability", "Right", "95 % interval", "Checks"),
        tuple(
            (
                percent(each.coverage),
                f"{each.threshold:.2f}",
                percent(each.right.value),
                _ends(each.right.interval),
                count(each.right.n),
            )
            for each in points
        ),
    )


def _calibration(head: str, found: Calibration) -> Panel:
    points = tuple(
        CalibrationPoint(
            each.confidence, each.right.value, each.right.interval.low, each.right.interval.high, each.right.n
        )
        for each in found.bins
        if each.confidence is not None and each.right.value is not None and each.right.interval is not None
    )
    table = Table(
        ("Probability", "Mean", "Right", "95 % interval", "Checks"),
        tuple(
            (
                f"{each.low:.1f} to {each.high:.1f}",
                percent(each.confidence),
                percent(each.right.value),
                _ends(each.right.interval),
                count(each.right.n),
            )
            for each in found.bins
        ),
    )
    if found.error is None:
        empty = "No check tells yet: the model’s own probability is needed, not what a source stated."
        return Panel(f"calibration-{head}", _TITLES[head], None, "n = 0", table, empty=empty)
    note = (
        f"Calibration error {found.error:.3f} (0 is best), {count(found.n)} {'check' if found.n == 1 else 'checks'}. "
        f"By chance alone even a perfect model would show about {found.by_chance:.3f} with so many."
    )
    return Panel(f"calibration-{head}", _TITLES[head], _calibration_chart(points), note, table)


def _agreement(found: Agreement) -> str:
    if not found.same.n:
        return ""
    kappa = "" if found.kappa is None else f", Cohen’s kappa {found.kappa:.2f}"
    pairs = f"{count(found.same.n)} {'mention' if found.same.n == 1 else 'mentions'} that two people checked"
    return f"People agree with each other on {percent(found.same.value)} of {pairs}{kappa}, the most a model can reach."


def _recall_note(found: HeadQuality) -> str:
    if found.recall_known:
        return ""
    return (
        "Your role draws no mention that was filed under the other side by mistake, so how many are found is unknown."
    )


def _reading(found: Mapping[str, Drift | None]) -> str:
    """The strongest change, with the label that moved most."""
    told = [(head, each) for head, each in found.items() if each is not None]
    for reading in ("large", "some"):
        for head, each in told:
            if each.reading == reading:
                way = "more" if each.rise > 0 else "less"
                return f"{_READINGS[reading]}: {way} {_word(head, each.moved)}"
    return _READINGS["steady" if told else ""]


def _index(found: Drift | None) -> str:
    return UNKNOWN if found is None else f"{found.psi:.3f}"


def _told(found: Proportion) -> Told:
    if found.value is None:
        return Told(UNKNOWN, "")
    return Told(f"{percent(found.value)} of {count(found.n)}", _ends(found.interval))


def _ends(interval: Interval | None) -> str:
    return UNKNOWN if interval is None else f"{percent(interval.low)} to {percent(interval.high)}"


def _word(head: str, name: str) -> str:
    return voice(name) if head == "audience" else label(name)
