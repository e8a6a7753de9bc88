"""What the volume detectors share: how long the past is, and how far out is unusual."""

from collections.abc import Sequence

from metrics.stats import quantile

DAY_HOURS = 24
WEEK_HOURS = 168
BASELINE_WEEKS = 4
PEAK_DAYS = 21
PEAK_SHARE = 0.9  # of the days
SHORT_HISTORY_HOURS = 2 * WEEK_HOURS  # below it a week's rhythm is not known


def usual_bar(peaks: Sequence[float], times: float, least: float) -> float:
    """The distance from normal that is unusual, from the daily maxima of earlier days: the largest of three.

    `times` the median of the maxima tells a series that peaks every noon; their 90th percentile one that peaks every
    other week, since series differ in how widely their peaks scatter; `least` is what a calm one is asked for.
    """
    return max(least, times * (quantile(peaks, 0.5) or 0.0), quantile(peaks, PEAK_SHARE) or 0.0)
