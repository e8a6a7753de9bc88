"""All series of a company at once: the more of them are looked at, the more rings by chance, unless somebody counts.

Volume findings are held to a false discovery rate over the company's series at each look, by the step-up rule of
Benjamini and Hochberg (1995), which also holds for series that rise together, such as slices inside one another
(Benjamini and Yekutieli 2001). The level is what chance may give a company, not a series: where nothing rises, the rate
of false findings is the rate of false alarms, however many slices there are. An online rule (LORD, SAFFRON) would need
a wealth that is carried from look to look, and its answers would depend on how often one looks: a detection here is a
function of the counts alone, and may be repeated.

The series over everything is never silenced; of the others, what is rarer than level ÷ number of series always passes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.detect import FLOOR, SENSITIVITY, detect
from alerts.rules import ALL, VOLUME, Finding, Series

SERIES_WORTH = 4  # the level of a company: as much chance as so many series have, each by itself


def detect_company(
    series: Iterable[Series], now: datetime, sensitivity: str = "balanced", floor: int = FLOOR
) -> tuple[Finding, ...]:
    """The findings of all series of one company at `now`, by `alerts.detect.detect`, held to the rate."""
    looked_at = tuple(series)
    found = [finding for each in looked_at for finding in detect(each, now, sensitivity, floor)]
    return held(found, len(looked_at), SERIES_WORTH * SENSITIVITY[sensitivity].chance)


def held(findings: Sequence[Finding], series: int, level: float) -> tuple[Finding, ...]:
    """The findings without those volume spikes that are likely to be chance's, in their order.

    Of the chances p(1) ≤ p(2) ≤ … the largest k with p(k) ≤ level · k ÷ series is looked for; what is above p(k) goes.
    """
    chances = sorted(_chance(finding) for finding in findings if finding.kind == VOLUME)
    passing = [chance for place, chance in enumerate(chances, 1) if chance <= level * place / max(series, 1)]
    most = max(passing, default=-1.0)
    return tuple(finding for finding in findings if _exempt(finding) or _chance(finding) <= most)


def _exempt(finding: Finding) -> bool:
    return finding.kind != VOLUME or (finding.facet, finding.audience) == (ALL, ALL)


def _chance(finding: Finding) -> float:
    return finding.figures.get("chance", 0.0)
