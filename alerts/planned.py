"""What a company knows beforehand: a launch, a campaign. Its rise is expected, and is no part of what is normal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.rules import ALL, TOPIC, VOLUME, Finding

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Planned:
    """A planned event: on one facet or on all of them, from its start to its end (both aware)."""

    id: int
    name: str
    facet: str
    start: datetime
    end: datetime


def explaining(finding: Finding, planned: Sequence[Planned]) -> Planned | None:
    """The planned event that explains a finding, the one that began last; None: nobody expected it.

    Only volume and new themes are ever explained: a launch that goes wrong must be heard, so a rise of the negative
    share, a rating that drops and a source that falls silent alarm as ever. A rise over all facets is explained by an
    event over all facets only: where one facet holds most of the rise, its own finding speaks.
    """
    if finding.kind not in (VOLUME, TOPIC):
        return None
    fitting = [
        event
        for event in planned
        if event.facet in (ALL, finding.facet) and finding.at < event.end and finding.at + finding.window > event.start
    ]
    return max(fitting, key=lambda event: (event.start, event.id), default=None)


def planned_hours(facet: str, planned: Iterable[Planned]) -> frozenset[datetime]:
    """The starts of the hours (UTC) that say nothing about what is normal for a series of a facet."""
    hours: set[datetime] = set()
    for event in planned:
        if facet == ALL or event.facet in (ALL, facet):
            hour = event.start.replace(minute=0, second=0, microsecond=0)
            while hour < event.end:
                hours.add(hour)
                hour += _HOUR
    return frozenset(hours)
