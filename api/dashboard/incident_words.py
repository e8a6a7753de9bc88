"""An incident in the words of its mail, and its arithmetic line by line."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.rules import NEGATIVE, POSITIVE, RATING, RIVAL, RIVAL_NEGATIVE, SILENCE, SPILL, TOPIC, VOLUME
from api.dashboard.wording import count, group, moment, percent
from notify.counting import least_words, times_words
from storage import telling
from storage.incidents import IncidentRow

_ENOUGH = "of so many judged mentions, more than chance brings about"
_RULES = {
    NEGATIVE: ("Negative share, the highest so far", _ENOUGH),
    POSITIVE: ("Share that is not positive, the highest so far", _ENOUGH),
    TOPIC: ("People who tell it, the most so far", "more than chance brings about, and three times as many as usual"),
    SPILL: (
        "People who tell it on the brand side, the most so far",
        "later than on the employer side, not by chance",
    ),
    RATING: ("Fall of the mean stars, the largest so far", "for so many reviews, more than chance brings about"),
}
_VOLUME_RULE = (
    "Stories in one window, the most so far",
    "more than chance brings about at such hours, and further out than on usual days",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the arithmetic."""

    name: str
    value: str
    note: str = ""


def headline(row: IncidentRow) -> str:
    """What happened, as the mail's subject says it."""
    return telling.headline_of(row, row.opened_at)


def arithmetic(row: IncidentRow) -> tuple[Line, ...]:
    """From what was seen to why it is an alert."""
    if row.kind == SILENCE:
        return (Line("Silent for", f"{count(round(row.observed))} hours"), *_ending(row))
    kind = measure(row)
    what, rule = _RULES.get(kind, _VOLUME_RULE)
    if row.rounded:
        return _rounded(row, kind, what)
    low, high = written(kind, row.expected_low), written(kind, row.expected_high)
    return (
        Line(what, written(kind, row.observed), f"window of {_hours(row.window)} from {moment(row.window_start)}"),
        Line("Normal", f"{low} to {high}", "from the weeks before"),
        Line("Alarm from", high, rule),
        Line("Behind it", f"{count(row.authors)} different people", f"in the hours around it; n = {count(row.n)}"),
        Line("Who speaks", group(row.audience), "the standpoint that the texts themselves declare"),
        *_ending(row),
    )


def _rounded(row: IncidentRow, kind: str, what: str) -> tuple[Line, ...]:
    """Of few people nothing is told exactly, and nothing by the hour."""
    name = what.replace("the most so far", "as last told").replace("the highest so far", "as last told")
    against = times_words(row.times_usual) if kind == VOLUME else f"alarm from about {written(kind, row.expected_high)}"
    people = least_words(row.authors, "person", "people")
    return (
        Line(name, least(kind, row.observed), f"window of {_hours(row.window)} from {moment(row.window_start)}"),
        Line("Against what is normal", against, "from the weeks before"),
        Line("Behind it", people, f"n = {least_words(row.n, 'mention', 'mentions')}"),
        Line("Who speaks", group(row.audience), "the standpoint that the texts themselves declare"),
        *_ending(row),
    )


def least(kind: str, value: float) -> str:
    """A figure that was rounded down."""
    if kind in (NEGATIVE, POSITIVE):
        return f"{percent(value)} or more"
    return least_words(value, "story", "stories")


def measure(row: IncidentRow) -> str:
    """The kind whose figures an incident has: a rival's event counts stories or is a share."""
    if row.kind != RIVAL:
        return row.kind
    return NEGATIVE if row.subject == RIVAL_NEGATIVE else VOLUME


def written(kind: str, value: float) -> str:
    """A figure of an incident of a kind: a share, stars, hours of silence, people, or stories."""
    if kind in (TOPIC, SPILL):
        return f"{count(round(value))} people"
    if kind in (NEGATIVE, POSITIVE):
        return percent(value)
    if kind == RATING:
        return f"{value:.1f} stars"
    return f"{count(round(value))} hours" if kind == SILENCE else f"{_stories(value)} stories"


def _ending(row: IncidentRow) -> tuple[Line, ...]:
    lines = [Line("Severity", row.severity, row.severity_reason)]
    if row.short_history:
        lines.append(Line("History", "short", "less than two weeks are known, so “normal” is a rough guess"))
    return tuple(lines)


def _stories(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _hours(span: timedelta) -> str:
    hours = max(1, round(span / timedelta(hours=1)))
    if hours >= 72:
        return f"{round(hours / 24)} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"
