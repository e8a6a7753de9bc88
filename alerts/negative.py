"""The rise of the negative share and the fall of the positive one, each by the sequential test of `alerts.sequential`.

The model errs, and is known to: of a true share p it sees q = p · sensitivity + (1 − p) · (1 − specificity). The test
runs on what is seen. The smallest rise worth an alarm is 10 points of the TRUE share, so 10 points times (sensitivity +
specificity − 1) of what is seen, and the finding tells the true share that is likely behind it, with its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from alerts.baseline import DAY_HOURS, SHORT_HISTORY_HOURS
from alerts.rules import NEGATIVE, POSITIVE, Finding, HourCount, Series
from alerts.sequential import LONGEST, USUAL_WEEKS, Confusion, IntArray, Rise, ringing
from alerts.severity import severity
from metrics.stats import Interval, wilson

RISE = 0.10  # of the true share: the smallest worth an alarm
CONFIDENCE = 0.90  # of the interval of the true share
WINDOWS = tuple(range(1, LONGEST + 1))  # hours that a rise may go back
LOOK_BACK_HOURS = 24  # how far back hours in a row are counted
FALL_WEEKS = 4.0  # times rarer may the fall of the positive share be false: it matters less
# Of weights 0.4.0, among sure answers: means over three labelled sets (general tweets, target tweets, airline tweets;
# 2,402 answers on rows that it was not trained on), as `python -m bench.sentiment_alerts` measures them.
NEGATIVE_ERRORS = Confusion(sensitivity=0.87, specificity=0.87)
POSITIVE_ERRORS = Confusion(sensitivity=0.86, specificity=0.90)


@dataclass(frozen=True, slots=True)
class _Stream:
    """Per hour: judged mentions, those that count as events, and whether the hour may tell what is usual."""

    judged: IntArray
    events: IntArray
    normal: Sequence[bool]


@dataclass(frozen=True, slots=True)
class _Test:
    """What is tested: the kind of finding, the model's errors on its events, the windows, the false alarms allowed."""

    kind: str
    errors: Confusion
    windows: Sequence[int]
    weeks: float


def negative_rise(
    series: Series,
    hours: Sequence[HourCount],
    windows: Sequence[int] = WINDOWS,
    weeks: float = USUAL_WEEKS,
    errors: Confusion = NEGATIVE_ERRORS,
) -> Finding | None:
    """The rise of the negative share that is on at the end of `hours` (the series' hours of observation).

    `windows`: the lengths in hours that may be judged; `weeks` between two false alarms.
    """
    judged = _judged(hours)
    negative = np.array([hour.negative for hour in hours], dtype=np.int64)
    stream = _Stream(judged, negative, _normal(series, hours))
    return _finding(series, hours, stream, _Test(NEGATIVE, errors, windows, weeks))


def positive_fall(
    series: Series,
    hours: Sequence[HourCount],
    windows: Sequence[int] = WINDOWS,
    weeks: float = USUAL_WEEKS,
    errors: Confusion = POSITIVE_ERRORS,
) -> Finding | None:
    """The fall of the positive share, as a rise of the share that is not positive, which is what the finding counts.

    `errors` are those on positive mentions. Four times rarer than `weeks` says.
    """
    judged = _judged(hours)
    rest = judged - np.array([hour.positive for hour in hours], dtype=np.int64)
    stream = _Stream(judged, rest, _normal(series, hours))
    turned = Confusion(errors.specificity, errors.sensitivity)  # an event is a mention that is NOT positive
    return _finding(series, hours, stream, _Test(POSITIVE, turned, windows, FALL_WEEKS * weeks))


def _normal(series: Series, hours: Sequence[HourCount]) -> list[bool]:
    apart = series.planned | series.troubled
    return [hour.hour not in apart for hour in hours]


def _judged(hours: Sequence[HourCount]) -> IntArray:
    return np.array([hour.positive + hour.neutral + hour.negative for hour in hours], dtype=np.int64)


def _rise(stream: _Stream, end: int, test: _Test) -> Rise | None:
    """The rise at the end of the first `end` hours; None without one."""
    return ringing(
        stream.judged[:end],
        stream.events[:end],
        normal=stream.normal[:end],
        windows=test.windows,
        design=RISE * test.errors.informedness,
        weeks=test.weeks,
    )


def _in_a_row(stream: _Stream, test: _Test) -> int:
    end, count = len(stream.judged), 0
    while count < min(end, LOOK_BACK_HOURS) and _rise(stream, end - count, test):
        count += 1
    return count


def _finding(series: Series, hours: Sequence[HourCount], stream: _Stream, test: _Test) -> Finding | None:
    rise = _rise(stream, len(hours), test)
    if rise is None:
        return None
    window = len(hours) - rise.start
    seen, interval = _seen(rise), _true(rise, test.errors)
    in_a_row = _in_a_row(stream, test)
    negative = sum(hour.negative for hour in hours[rise.start :])
    unsure = sum(hour.unsure for hour in hours[rise.start :])
    level, reason = severity(max(0.0, seen.low - rise.usual) / RISE, negative, rise.n, in_a_row, rise.n)
    return Finding(
        kind=test.kind,
        company_id=series.company_id,
        facet=series.facet,
        audience=series.audience,
        at=hours[rise.start].hour,
        window=timedelta(hours=window),
        observed=rise.share,
        expected_low=0.0,
        expected_high=rise.needed,
        n=rise.n,
        authors=series.authors_hour if window <= 2 else series.authors,
        severity=level,
        severity_reason=reason,
        short_history=len(hours) < SHORT_HISTORY_HOURS,
        notes=_notes(hours, rise, test, unsure),
        figures={
            "baseline_share": rise.usual,
            "baseline_judged": float(rise.base_n),
            "low": seen.low,
            "corrected_low": interval.low,
            "corrected_high": interval.high,
            "corrected_share": test.errors.corrected(rise.share),
            "corrected_baseline": test.errors.corrected(rise.usual),
            "evidence": rise.evidence,
            "evidence_bar": rise.bar,
            "dispersion": rise.dispersion,
            "excess": rise.events - rise.usual * rise.n,
            "ratio": (rise.share - rise.usual) / max(1e-9, rise.needed - rise.usual),
            "hours_in_a_row": float(in_a_row),
            "judged": float(rise.n),
            "negative": float(negative),
            "unsure": float(unsure),
            **({"positive": float(rise.n - rise.events)} if test.kind == POSITIVE else {}),
        },
    )


def _seen(rise: Rise) -> Interval:
    """Wilson's interval of the share that is seen, on so many mentions as clumps leave."""
    mentions = rise.n / rise.dispersion
    return wilson(rise.share * mentions, mentions, CONFIDENCE) or Interval(0.0, 1.0)


def _true(rise: Rise, errors: Confusion) -> Interval:
    """The interval of the true share."""
    seen = _seen(rise)
    return Interval(errors.corrected(seen.low), errors.corrected(seen.high))


def _notes(hours: Sequence[HourCount], rise: Rise, test: _Test, unsure: int) -> tuple[str, ...]:
    events = "negative" if test.kind == NEGATIVE else "not positive"
    interval = _true(rise, test.errors)
    weeks = f"{test.weeks:g} weeks" if test.weeks != 1 else "week"
    notes = [
        f"Since {hours[rise.start].hour:%d %b %H:%M} UTC {rise.events:,} of {rise.n:,} judged mentions are {events} "
        f"({100 * rise.share:.0f} %); usual are {100 * rise.usual:.0f} % of the {rise.base_n:,} before.",
        f"The evidence is {rise.evidence:.1f} against a bar of {rise.bar:.1f}, which chance passes about once in "
        f"{weeks} per series.",
        f"Corrected for the model's known errors, about {100 * test.errors.corrected(rise.share):.0f} % are "
        f"likely to be {events} in truth (90 % interval {100 * interval.low:.0f} to {100 * interval.high:.0f} %), "
        f"usually {100 * test.errors.corrected(rise.usual):.0f} %.",
    ]
    if rise.dispersion >= 1.05:
        notes.append(f"Mentions come in clumps, so the evidence is divided by {rise.dispersion:.1f}.")
    if unsure:
        notes.append(f"{unsure:,} more mentions have an unsure sentiment and are left out of the share.")
    if len(hours) - rise.start > DAY_HOURS:
        notes.append("Authors are counted over the last 24 hours only; there may be more.")
    if len(hours) < SHORT_HISTORY_HOURS:
        notes.append("Short history: less than two weeks of earlier mentions to compare with.")
    return tuple(notes)
