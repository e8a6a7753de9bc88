"""What people's answers ("was this useful?") do to the bar of a slice: a stated, bounded, reversible rule.

The level L starts at 0 and halves every 30 days. An incident that people called expected or too small adds 1, one that
they called useful takes 1 away, never below 0. The bar is multiplied by 1.1 to the power of L, at most by 2. The
answers on one incident count once, by their majority. Other reasons move nothing: a higher bar is no cure for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, exp2, log

from alerts.rules import NEGATIVE, POSITIVE, RATING, RIVAL, TOPIC, VOLUME, Finding, Slice

STEP = 1.1
HIGHEST = 2.0
HALF_LIFE = timedelta(days=30)
REASONS = ("expected", "campaign", "wrong_match", "too_small", "duplicate", "other")
RAISING = frozenset({"expected", "too_small"})
MOVED = frozenset({VOLUME, NEGATIVE, POSITIVE, RATING, TOPIC, RIVAL})  # a silent source is silent whatever people say
RESET = "reset"  # the reason of an answer that makes the earlier ones of its slice count no more
_MOST = log(HIGHEST) / log(STEP)
_CENTRES = ("median", "baseline_share", "usual_drop", "expected")  # the figure that says what is normal

Bars = Mapping[Slice, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody said of an incident at a time; `reason` of an answer "not useful", or `RESET`."""

    incident_id: int
    at: datetime
    useful: bool
    reason: str | None = None

    @property
    def vote(self) -> int:
        """+1 raises the bar, −1 lowers it, 0 does neither."""
        if self.useful:
            return -1
        return int(self.reason in RAISING)


def bar(answers: Iterable[Answer], now: datetime) -> float:
    """The factor on the bar of a slice, 1 to 2, from the answers on its incidents in any order."""
    level, last = 0.0, now
    for at, step in _steps(answers):
        level = _decayed(level, at - last) if level else 0.0
        level = min(max(level + step, 0.0), _MOST)
        last = at
    return min(exp(log(STEP) * _decayed(level, now - last)), HIGHEST)


def clears(finding: Finding, factor: float) -> bool:
    """Whether a finding passes the bar of its slice; one that knows no distance from its threshold always does."""
    return finding.kind not in MOVED or finding.figures.get("ratio", factor) >= factor


def raised(finding: Finding, factor: float) -> Finding:
    """The finding with the threshold that it had to pass, and a note of why that is not the usual one."""
    centre = next((finding.figures[name] for name in _CENTRES if name in finding.figures), None)
    if factor == 1.0 or centre is None:
        return finding
    note = f"Your answers to earlier alerts of this kind ask for {100 * (factor - 1):.0f} % more than usual."
    return replace(
        finding,
        expected_high=centre + factor * (finding.expected_high - centre),
        notes=(*finding.notes, note),
        figures={**finding.figures, "bar": factor},
    )


def _steps(answers: Iterable[Answer]) -> list[tuple[datetime, int]]:
    """One step per incident on which the answers since the last reset agree, at the time of its last vote."""
    found = sorted(answers, key=lambda answer: answer.at)
    start = next((place + 1 for place in range(len(found) - 1, -1, -1) if found[place].reason == RESET), 0)
    votes: dict[int, int] = {}
    times: dict[int, datetime] = {}
    for answer in found[start:]:
        if answer.vote:
            votes[answer.incident_id] = votes.get(answer.incident_id, 0) + answer.vote
            times[answer.incident_id] = answer.at
    signs = ((times[number], (total > 0) - (total < 0)) for number, total in votes.items())
    return sorted((at, sign) for at, sign in signs if sign)


def _decayed(level: float, span: timedelta) -> float:
    return level * exp2(-max(0.0, span / HALF_LIFE))
