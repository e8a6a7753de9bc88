"""The rise of the negative share, judged only when enough mentions have a sure sentiment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.baseline import BASELINE_WEEKS, DAY_HOURS, SHORT_HISTORY_HOURS, WEEK_HOURS
from alerts.rules import NEGATIVE, Finding, HourCount, Series
from alerts.severity import severity
from metrics.stats import wilson

LEAST_JUDGED = 20  # below it neither fast nor quiet alarms are possible
RISE = 0.10  # points of share above the baseline, before the interval's lower bound counts as a rise
CONFIDENCE = 0.90  # of the two-sided Wilson interval
WINDOWS = tuple(range(1, DAY_HOURS + 1))
LOOK_BACK_HOURS = 24


@dataclass(frozen=True, slots=True)
class Tally:
    """Counted sentiments of a window."""

    positive: int
    neutral: int
    negative: int
    unsure: int

    @property
    def judged(self) -> int:
        """Mentions with a sure sentiment."""
        return self.positive + self.neutral + self.negative

    @property
    def share(self) -> float:
        """Negative among the judged, 0..1; raises ZeroDivisionError without any."""
        return self.negative / self.judged


@dataclass(frozen=True, slots=True)
class _Rise:
    window: int
    tally: Tally
    low: float
    base: Tally

    @property
    def ratio(self) -> float:
        """Lower bound's distance from the baseline share ÷ the rise asked for."""
        return (self.low - self.base.share) / RISE


def tally(hours: Sequence[HourCount]) -> Tally:
    """Sums of the four sentiments."""
    return Tally(
        sum(hour.positive for hour in hours),
        sum(hour.neutral for hour in hours),
        sum(hour.negative for hour in hours),
        sum(hour.unsure for hour in hours),
    )


def negative_rise(series: Series, hours: Sequence[HourCount], windows: Sequence[int] = WINDOWS) -> Finding | None:
    """The rise over the shortest of `windows` (hours that end with the last one) that holds 20 judged mentions."""
    rise = _rise(hours, len(hours), windows)
    if rise is None:
        return None
    in_a_row = _in_a_row(hours, windows)
    level, reason = severity(rise.ratio, rise.tally.negative, rise.tally.judged, in_a_row, rise.tally.judged)
    return Finding(
        kind=NEGATIVE,
        company_id=series.company_id,
        facet=series.facet,
        audience=series.audience,
        at=hours[len(hours) - rise.window].hour,
        window=timedelta(hours=rise.window),
        observed=rise.tally.share,
        expected_low=0.0,
        expected_high=min(1.0, rise.base.share + RISE),
        n=rise.tally.judged,
        authors=series.authors_hour if rise.window == 1 else series.authors,
        severity=level,
        severity_reason=reason,
        short_history=len(hours) < SHORT_HISTORY_HOURS,
        notes=_notes(rise, len(hours)),
        figures={
            "baseline_share": rise.base.share,
            "baseline_judged": float(rise.base.judged),
            "low": rise.low,
            "excess": rise.tally.negative - rise.base.share * rise.tally.judged,
            "ratio": rise.ratio,
            "hours_in_a_row": float(in_a_row),
            "judged": float(rise.tally.judged),
            "negative": float(rise.tally.negative),
            "unsure": float(rise.tally.unsure),
        },
    )


def _rise(hours: Sequence[HourCount], end: int, windows: Sequence[int]) -> _Rise | None:
    """The verdict over hours before `end`; the last 24 of them never belong to the baseline."""
    baseline = tally(hours[max(0, end - BASELINE_WEEKS * WEEK_HOURS) : max(0, end - DAY_HOURS)])
    if baseline.judged < LEAST_JUDGED:
        return None
    for window in windows:
        current = tally(hours[max(0, end - window) : end])
        if current.judged < LEAST_JUDGED:
            continue
        interval = wilson(current.negative, current.judged, CONFIDENCE)
        if interval is None or interval.low <= baseline.share + RISE:
            return None
        return _Rise(window, current, interval.low, baseline)
    return None


def _in_a_row(hours: Sequence[HourCount], windows: Sequence[int]) -> int:
    count = 0
    while count < min(len(hours), LOOK_BACK_HOURS) and _rise(hours, len(hours) - count, windows):
        count += 1
    return count


def _notes(rise: _Rise, observed_hours: int) -> tuple[str, ...]:
    notes = [f"The lower bound of the share (90 % interval) is {100 * rise.low:.0f} %."]
    if rise.tally.unsure:
        notes.append(f"{rise.tally.unsure} more mentions have an unsure sentiment and are left out of the share.")
    if observed_hours < SHORT_HISTORY_HOURS:
        notes.append("Short history: less than two weeks of earlier mentions to compare with.")
    return tuple(notes)
