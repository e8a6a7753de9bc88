"""What a source does, in words: its state and what to do, its last hours, its budget, and what leaves when."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from api.dashboard import wording
from api.dashboard.panels import Table
from collectors.meter import WARN_AT
from metrics.listening import COVERAGE_FLOOR
from storage.sources import HourCover, SourceRow

PERSON = "Need a person"
ITSELF = "Wait, and go on by themselves"
WORKING = "Work"
PAUSED = "Are paused"
GROUPS = (PERSON, ITSELF, WORKING, PAUSED)
_DAY = timedelta(days=1)
_NEAR = 3  # days: what leaves or closes sooner is shown as a warning
_CELL, _GAP = 10, 2  # of the strip, in its own units


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state as pages tell it. `tone` is the class of its tag."""

    label: str
    tone: str
    group: str
    text: str
    todo: str = ""


_STATES = {
    "ok": StateWords("working", "ok", WORKING, "It answers, and is read on time."),
    "waiting": StateWords(
        "waiting", "waiting", ITSELF, "Its time has come, and no worker has taken it yet.",
        "If this lasts, see that a collecting worker runs.",
    ),
    "resting host": StateWords(
        "host rests", "waiting", ITSELF, "Its host failed several times in a row, so nobody asks it for a while.",
        "It goes on by itself. “Run now” tries it at once.",
    ),
    "over budget": StateWords(
        "over budget", "waiting", PERSON, "The budget of this period is spent, so nothing more is bought.",
        "It goes on when the next period begins; a higher budget lets it go on now.",
    ),
    "never run": StateWords("has not run yet", "unsure", ITSELF, "Its first run is still to come."),
    "needs keys": StateWords(
        "needs keys", "error", PERSON, "It has no valid keys, so it collects nothing.",
        "Enter its keys, then test the connection.",
    ),
    "needs approval": StateWords(
        "needs approval", "waiting", PERSON, "The platform has not let this application in. That is no fault.",
        "Apply to the platform. Once it has agreed, enter the keys and run the source.",
    ),
    "error": StateWords("does not work", "error", PERSON, "The last run failed."),
    "silent": StateWords(
        "silent", "silent", PERSON, "It answers, but nothing has come for much longer than is usual for it.",
        "Look at the place itself. If there is something new, its address, key or format has changed.",
    ),
    "paused": StateWords("paused", "unsure", PAUSED, "Nobody collects from it.", "Resume it when it is wanted again."),
}  # fmt: skip
_IN_PART = StateWords(
    "works in part", "waiting", WORKING, "It answers, but not every run of the last 24 hours brought all.",
    "The runs below say what was missing.",
)  # fmt: skip
_FILLED = StateWords("filled from outside", "unsure", WORKING, "Files, mails or calls bring what it has.")


def state_words(row: SourceRow, *, polled: bool) -> StateWords:
    """The state of a source; an unknown one by its own name."""
    if row.state == "never run" and not polled:
        return _FILLED
    if row.state == "ok" and row.coverage_24h is not None and row.coverage_24h < COVERAGE_FLOOR:
        return _IN_PART
    found = _STATES.get(row.state, StateWords(row.state, "", WORKING, ""))
    if row.state != "error":
        return found
    if row.next_check_at is None:
        todo = "It will not try again by itself: put it right, then run it."
        return StateWords(found.label, "error", PERSON, found.text, todo)
    return StateWords(found.label, "error", ITSELF, found.text, "It tries again by itself, less and less often.")


@dataclass(frozen=True, slots=True)
class Cell:
    """One hour of the strip: where it stands, its class, its words."""

    x: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The last hours as a picture, a sentence and a table."""

    cells: tuple[Cell, ...]
    width: int
    summary: str
    table: Table


_TONES = {
    "complete": "with every run complete",
    "partly": "with some runs complete",
    "failed": "in which no run brought all",
    "none": "without a run",
}


def strip(hours: Sequence[HourCover]) -> Strip:
    """Coverage hour by hour, the oldest first."""
    tones = [_tone(hour) for hour in hours]
    cells = tuple(
        Cell(place * (_CELL + _GAP), tone, f"{wording.moment(hour.hour)}: {_in_words(hour)}")
        for place, (hour, tone) in enumerate(zip(hours, tones, strict=True))
    )
    counted = Counter(tones)
    parts = [f"{counted[tone]} {words}" for tone, words in _TONES.items() if counted[tone]]
    summary = f"Of {len(hours)} hours: {', '.join(parts)}." if parts else "There is no hour to show."
    rows = tuple(
        (wording.moment(hour.hour), wording.count(hour.begun), wording.count(hour.complete), wording.count(hour.items))
        for hour in reversed(hours)
    )
    return Strip(
        cells, max(len(hours) * (_CELL + _GAP) - _GAP, 1), summary, Table(("Hour", "Runs", "Complete", "Posts"), rows)
    )


def _tone(hour: HourCover) -> str:
    if not hour.begun:
        return "none"
    if not hour.complete:
        return "failed"
    return "complete" if hour.complete == hour.begun else "partly"


def _in_words(hour: HourCover) -> str:
    if not hour.begun:
        return "no run"
    return f"{hour.complete} of {hour.begun} runs complete, {hour.items} posts"


@dataclass(frozen=True, slots=True)
class LedgerWords:
    """What was spent of a budget. `limit` None: none is set."""

    spent: str
    limit: str | None
    value: float
    full: float
    warn: float
    text: str
    tone: str  # "", warning, error


def ledger(row: SourceRow) -> LedgerWords | None:
    """The budget of a source; None where its kind has none."""
    if row.unit is None or row.spent is None:
        return None
    spent = money(row.spent, row.unit)
    period = {"day": "today", "month": "this month"}.get(row.period or "", "in this period")
    if row.limit is None:
        return LedgerWords(spent, None, row.spent, 0.0, 0.0, f"{spent} spent {period}; no limit is set.", "")
    share = row.spent / row.limit if row.limit > 0 else 1.0
    tone = "error" if share >= 1 else "warning" if share >= WARN_AT else ""
    left = {"error": " Nothing more is bought.", "warning": " More than 80 % is spent."}.get(tone, "")
    limit = money(row.limit, row.unit)
    text = f"{spent} of {limit} spent {period} ({wording.percent(share)}).{left}"
    return LedgerWords(spent, limit, min(row.spent, row.limit), row.limit, WARN_AT * row.limit, text, tone)


def money(amount: float, unit: str | None) -> str:
    """An amount in the unit of a budget: dollars with cents, others as they are."""
    if unit == "USD":
        return f"US${amount:,.2f}" if amount >= 0.01 or amount == 0 else f"US${amount:,.4f}"
    return f"{amount:,.0f} {unit or ''}".strip()


@dataclass(frozen=True, slots=True)
class Countdown:
    """What ends when. `near`: soon enough for a warning."""

    text: str
    near: bool


def leaves(row: SourceRow, now: datetime) -> Countdown | None:
    """When the oldest post leaves; None where there is none."""
    if row.expires_next is None:
        return None
    days = ceil((row.expires_next - now) / _DAY)
    when = "today" if days <= 0 else f"in {days:,} day{'' if days == 1 else 's'}"
    return Countdown(f"oldest post leaves {when}", near=days <= _NEAR)


def window(row: SourceRow) -> Countdown | None:
    """How long until the platform no longer serves what was not read; None where there is no such window."""
    if row.window_left is None:
        return None
    if row.window_left <= timedelta(0):
        return Countdown("The platform no longer serves all that was missed: there is a gap for good.", near=True)
    days, hours = row.window_left // _DAY, row.window_left % _DAY // timedelta(hours=1)
    left = f"{days} day{'' if days == 1 else 's'}" if days else f"{hours} hour{'' if hours == 1 else 's'}"
    return Countdown(f"{left} left to read what is missing, before the platform stops serving it", near=days < _NEAR)


def purpose(value: str) -> str:
    """What a run was for."""
    return {"collect": "collecting", "recheck": "second look", "hook": "delivery", "trial": "test"}.get(value, value)
