"""What charts are drawn from: one frozen class per kind of chart, times aware, unknown is None."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class VolumePoint:
    """Stories of one bucket; None where unknown or hidden. The expected range is in stories, if there is one."""

    at: datetime
    stories: int | None
    expected_low: float | None = None
    expected_high: float | None = None
    coverage: float | None = None
    spike: bool = False
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class PlannedSpan:
    """A planned event behind the bars of a chart."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class SentimentPoint:
    """Net sentiment (−100…+100) with its 95 % interval over `n` judged mentions; None below the least n."""

    at: datetime
    net: float | None
    low: float | None
    high: float | None
    n: int | None
    coverage: float | None = None


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A company's share (0..1) of the `total` mentions of all, with the interval where there is one."""

    name: str
    own: bool
    mentions: int
    total: int
    share: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """Mentions of one audience by sentiment; `suppressed` rows show only that something is hidden."""

    audience: str
    positive: int | None
    neutral: int | None
    negative: int | None
    unsure: int | None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class ClickPoint:
    """Clicks of one bucket by counter."""

    at: datetime
    raw: int | None
    filtered: int | None
    unique: int | None


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """One bin of probabilities: their mean and the share right (both 0..1) with its interval, over `n` checks."""

    confidence: float
    right: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class DriftPoint:
    """The stability index of one week and head; None where it is not told."""

    at: datetime
    head: str
    psi: float | None
    reading: str


@dataclass(frozen=True, slots=True)
class SharePoint:
    """A share (0..1) of one week with its interval; None without mentions."""

    at: datetime
    share: float | None
    low: float | None
    high: float | None
    n: int
