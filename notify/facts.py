"""The facts that an alert mail is written from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notify.points import VolumePoint


@dataclass(frozen=True, slots=True)
class Example:
    """One mention to quote: a masked text, its source and address, when it was published, and how it was judged."""

    text: str
    source: str
    url: str
    published_at: datetime
    sentiment: str
    audience: str = "unknown"


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Everything an alert mail tells. `action` is opened, grown or closed; `kind` is one of the detectors' kinds.

    `observed` is in stories for a volume spike, a share 0..1 for a negative share, people for a new theme and hours of
    quiet for a silent source; for `closed` it is the highest of the incident. `subject` is what it is about within its
    slice, such as the words of a new theme. `revision` counts the mails of the incident, so that each is sent once.
    Times are aware.
    """

    company: str
    kind: str
    facet: str
    audience: str
    action: str
    incident_id: int
    link: str
    severity: str
    severity_reason: str
    severity_formula: str
    opened_at: datetime
    as_of: datetime
    window_start: datetime
    window: timedelta
    observed: float
    expected_low: float
    expected_high: float
    n: int
    authors: int
    to: tuple[str, ...]
    revision: int = 0
    source_name: str = ""
    examples: tuple[Example, ...] = ()
    points: tuple[VolumePoint, ...] = ()
    coverage: float | None = None
    unknowns: tuple[str, ...] = ()
    unsubscribe_url: str = ""
    acknowledge_url: str = ""  # buttons of one recipient's mail, secret and good for one use
    not_useful_url: str = ""
    demo: bool = False
    subject: str = ""
