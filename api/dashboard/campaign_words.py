"""Campaigns in words: where they stand, what was told to whom, what changed."""

from collections.abc import Iterable

from api.dashboard.figures import Figure
from api.dashboard.panels import Table
from api.dashboard.wording import UNKNOWN, count, percent, signed
from storage.campaign_results import NET, ResultFigure
from storage.campaign_steps import NotTold, TimelineRow
from storage.campaign_voice import Feedback
from storage.campaign_watch import Explained

STATES = {"draft": "draft", "briefed": "told early", "live": "live", "closed": "over"}
FACETS = {"brand": "brand", "employer": "employer", "both": "brand and employer"}
_STEPS = {
    "briefed": "Early groups told",
    "embargo": "New end of the embargo told",
    "withdrawn": "Taking back told",
    "live": "Go-live told",
    "question": "Those who answer told of questions",
    "answer": "Answers told",
    "closed": "End told",
}
_MEASURES = {
    "stories": "Stories",
    "positive": "Positive mentions",
    "negative": "Negative mentions",
    NET: "Net sentiment",
}
_OFTEN = ("question", "answer")
_SMALL = "fewer than 5 people have answered, so this stays hidden"
_FIVES = "told in steps of five answers, and of each five only what most of them said"


def timeline(rows: Iterable[TimelineRow]) -> tuple[TimelineRow, ...]:
    """The steps, with those that come often (questions, answers) in one line each, where the first of them stood."""
    lines: dict[tuple[str, str], TimelineRow] = {}
    for row in rows:
        key = (row.kind, "" if row.kind in _OFTEN else row.mark)
        lines[key] = _together(lines[key], row) if key in lines else row
    return tuple(lines.values())


def step(row: TimelineRow) -> str:
    """What a step of the timeline was."""
    return _STEPS.get(row.kind, row.kind)


def reached(row: TimelineRow) -> str:
    """How many it reached."""
    unit = ("mail", "mails") if row.kind in _OFTEN else ("person", "people")
    told = f"{count(row.told)} {unit[row.told != 1]}"
    if row.handed_over:
        told += f", {count(row.handed_over)} handed over to the mail server"
    if row.failed:
        told += f", {count(row.failed)} not taken or stopped"
    return told


def held_back(found: NotTold | None) -> str:
    """Advocates without a mail of the go-live."""
    if found is None or not (found.by_choice or found.by_cap):
        return ""
    parts = [f"{count(found.by_choice)} want no such mails"] if found.by_choice else []
    parts += (
        [f"{count(found.by_cap)} have had their mails of this week or are about to be told"] if found.by_cap else []
    )
    return f"Of the advocates, {' and '.join(parts)}."


def landed(found: Feedback) -> tuple[Figure, ...]:
    """How it landed, in ranges that leave every single answer open."""
    told = found.landed
    if told is None:
        return (Figure("How it landed", "hidden", (_SMALL,)),)
    many = f"{count(told.groups)} groups" if told.groups > 1 else "one group"
    of = f"in {{}} of {many} of five most said so"
    return (
        Figure("Well (4 or 5)", _range(told.share_well), (of.format(count(told.well)),)),
        Figure("Badly (1 or 2)", _range(told.share_badly), (of.format(count(told.badly)),)),
        Figure("Answers behind it", count(told.n), (_FIVES,)),
    )


def _range(ends: tuple[float, float]) -> str:
    return f"{percent(ends[0]).removesuffix(' %')} to {percent(ends[1])}"


def explained(found: Explained) -> str:
    """What the planned event explains."""
    usual = "no earlier week is known to compare them with"
    if found.usual is not None:
        usual = f"{count(found.usual)} were usual in the same hours of the four weeks before (median)"
    return f"{count(found.stories)} stories since the go-live; {usual}. A rise is explained by {found.name}."


def outside(found: Iterable[ResultFigure]) -> Table:
    """What changed outside, a line per measure and side."""
    columns = ("What", "Change", "95 % interval", "Observed", "Expected", "Placebo starts as large", "Of how many")
    return Table(columns, tuple(_line(one) for one in found))


def reasons(found: Iterable[ResultFigure]) -> tuple[str, ...]:
    """Why a figure is missing, each reason once."""
    told = dict.fromkeys(f"{_name(one)}: {one.reason}" for one in found if one.reason)
    return tuple(told)


def verdict(found: tuple[ResultFigure, ...]) -> str:
    """The result in a sentence."""
    if all(one.value is None for one in found):
        return "Too little is known to tell whether anything changed."
    clear = [one for one in found if one.clear and one.value is not None]
    if not clear:
        return "No change outside stands out from chance."
    return "; ".join(f"{_name(one)} {_change(one)}" for one in clear) + ". The rest can't be told from chance."


def _together(first: TimelineRow, then: TimelineRow) -> TimelineRow:
    told = [at for at in (first.last_at, then.last_at) if at is not None]
    return TimelineRow(
        first.kind,
        "",
        first.made_at,
        None if first.done_at is None or then.done_at is None else then.done_at,
        first.told + then.told,
        first.handed_over + then.handed_over,
        first.failed + then.failed,
        max(told, default=None),
    )


def _line(one: ResultFigure) -> tuple[str, ...]:
    if one.measure == NET:
        ends = UNKNOWN if one.low is None else f"{signed(one.low)} to {signed(one.high)}"
        numbers = f"{count(one.n)} judged after, {count(one.before)} before"
        return (_name(one), _change(one), ends, signed(one.observed), signed(one.expected), "no control", numbers)
    ends = UNKNOWN if one.low is None or one.high is None else f"{_share(one.low)} to {_share(one.high)}"
    placebo = UNKNOWN if one.placebo_p is None else percent(one.placebo_p)
    numbers = f"{count(one.n)} {'day' if one.n == 1 else 'days'} after, {count(one.before)} before"
    return (_name(one), _change(one), ends, count(one.observed), count(one.expected), placebo, numbers)


def _name(one: ResultFigure) -> str:
    return f"{_MEASURES.get(one.measure, one.measure)}, {one.facet}"


def _change(one: ResultFigure) -> str:
    if one.value is None:
        return UNKNOWN
    return f"{signed(one.value)} points" if one.measure == NET else _share(one.value)


def _share(value: float) -> str:
    return f"{signed(100 * value)} %"
