"""The shapes that alert decisions take in and hand out, and the thresholds with the reason for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ALL = "all"  # a series over all facets or all audiences
SEVERITIES = ("low", "medium", "high", "critical")
VOLUME = "volume_spike"
NEGATIVE = "negative_share"
POSITIVE = "positive_share"  # it falls: `observed` is the share that is not positive, so that more is worse
RATING = "rating_drop"
SILENCE = "source_silence"
TOPIC = "new_theme"  # `observed` is people, and `subject` the topic's words
RIVAL = "rival_event"  # of another company; `subject` says whether in stories (`RIVAL_VOLUME`) or as a share
SPILL = "spill_over"  # `observed` is people of the employer side's stories that talk on the brand side
RIVAL_VOLUME, RIVAL_NEGATIVE = "more stories", "more negative"

Slice = tuple[str, str, str]  # kind, facet, audience: what people's answers and open incidents are held by


@dataclass(frozen=True, slots=True)
class HourCount:
    """Counts of one hour (UTC, its start). Stories count copies once; the sentiments add up to `mentions`."""

    hour: datetime
    mentions: int = 0
    stories: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class Series:
    """Hourly counts of company × facet × audience, oldest first, without gaps, the last one is the running hour.

    `authors` is the number of distinct authors in the last 24 hours of the series (unknown authors count one each),
    `authors_hour` the same in the last full hour and the running one. `coverage` is the share of scheduled
    collections that succeeded in the last 24 hours (None: nothing was scheduled). `since` is the first collection for
    the company (None: the first hour); hours before it say nothing about what is normal, nor do those of `planned`
    events (starts of hours, UTC). `troubled` are hours of past incidents: no part of the usual share of sentiments.
    """

    company_id: int
    company: str
    facet: str
    audience: str
    hours: tuple[HourCount, ...]
    authors_hour: int
    authors: int
    coverage: float | None
    since: datetime | None = None
    planned: frozenset[datetime] = frozenset()
    troubled: frozenset[datetime] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """One detector's verdict with its arithmetic; the larger the number, the worse.

    Numbers are stories for volume, shares (0..1) for sentiment, stars below the usual mean for ratings, people for new
    themes and spill-over.
    """

    kind: str
    company_id: int
    facet: str
    audience: str
    at: datetime  # start of the window that was judged
    window: timedelta
    observed: float
    expected_low: float
    expected_high: float  # the threshold that was crossed
    n: int
    authors: int
    severity: str
    severity_reason: str  # the arithmetic of the severity in words
    short_history: bool = False
    notes: tuple[str, ...] = ()  # what is not known, in sentences
    figures: Mapping[str, float] = field(default_factory=dict)
    subject: str = ""  # what it is about within its slice; findings of two subjects are two events


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident as `alerts.incident.decide` needs to know it."""

    id: int
    kind: str
    company_id: int
    facet: str
    audience: str
    severity: str
    observed: float  # the highest so far
    told_observed: float  # the value that the last mail told
    opened_at: datetime
    last_finding_at: datetime
    last_told_at: datetime | None
    subject: str = ""
    snoozed_until: datetime | None = None  # stays set when it is over, until somebody was told again


@dataclass(frozen=True, slots=True)
class Intent:
    """What to do: open, absorb, grow (absorb and tell again), close, explain (tell nobody: a planned event does).

    `incident_id` is None for open, and for explain where none is open.
    """

    action: str
    incident_id: int | None
    finding: Finding | None
    severity: str
    reason: str
    tell: bool
