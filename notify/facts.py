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
class ThemeCount:
    """How many mentions are about a theme; a mention may be about several."""

    name: str
    mentions: int


@dataclass(frozen=True, slots=True)
class SourceStep:
    """A source the story came to: when its first mention was published, and how many there are."""

    name: str
    first_at: datetime
    mentions: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The mentions behind an alert, as one reader may read of them; small groups are left out and counted in `hidden`.

    `judged` leaves out the unsure ones, `sources` are in the order of their first mentions. Views are those that
    platforms report for `viewed` of the mentions; followers are of `accounts` different accounts, each once, unknown
    for `faceless` others. Unknown is None. `cut`: there are more mentions, and these are the first ones.
    """

    mentions: int
    judged: int
    negative: int
    unsure: int
    themes: tuple[ThemeCount, ...] = ()
    sources: tuple[SourceStep, ...] = ()
    hidden: int = 0
    views: int | None = None
    viewed: int = 0
    followers: int | None = None
    accounts: int = 0
    faceless: int = 0
    reach_told: bool = True
    cut: bool = False


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
    behind: Behind | None = None
