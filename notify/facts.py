"""The facts that an alert mail is written from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from metrics import coarse
from metrics.suppress import PROTECTED_AUDIENCES
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
    """A source the story came to: when its first mention was published (None: not told), and how many there are."""

    name: str
    first_at: datetime | None
    mentions: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The mentions behind an alert, as one reader may read of them; small groups are left out and counted in `hidden`.

    `judged` leaves out the unsure ones, `sources` are in the order of their first mentions. Views are those that
    platforms report for `viewed` of the mentions; followers are of `accounts` different accounts, each once, unknown
    for `faceless` others. Unknown is None. `cut`: there are more mentions, and these are the first ones. `rounded`: all
    counts are rounded down to fives, 0 is "fewer than five".
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
    rounded: bool = False


def coarse_behind(behind: Behind) -> Behind:
    """What may be told of the mentions of employees or alumni: counts in fives, no part below five, no time of a first
    mention, which is one person's, and no reach. A second time changes nothing."""
    themes = (ThemeCount(each.name, coarse.down(each.mentions)) for each in behind.themes)
    sources = (SourceStep(each.name, None, coarse.down(each.mentions)) for each in behind.sources)
    shown = tuple(each for each in sources if each.mentions)
    return Behind(
        mentions=coarse.down(behind.mentions),
        judged=coarse.down(behind.judged),
        negative=coarse.down(behind.negative),
        unsure=coarse.down(behind.unsure),
        themes=tuple(each for each in themes if each.mentions),
        sources=shown,
        hidden=behind.hidden + len(behind.sources) - len(shown),
        reach_told=False,
        cut=behind.cut,
        rounded=True,
    )


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Everything an alert mail tells. `action` is opened, grown or closed; `kind` is one of the detectors' kinds.

    `observed` is in stories for a volume spike, a share 0..1 for a negative share, people for a new theme and hours of
    quiet for a silent source; for `closed` it is the highest of the incident. `subject` is what it is about within its
    slice, such as the words of a new theme. `revision` counts the mails of the incident, so that each is sent once.
    `times`: about so many times what is usual. Times are aware.

    Facts of employees, alumni and staff are `rounded` whatever they are made from (`metrics.coarse`), and so are others
    that say so; hours of these groups are not drawn.
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
    points_of_all: bool = False  # of all audiences, since the hours of the one are not told
    coverage: float | None = None
    unknowns: tuple[str, ...] = ()
    unsubscribe_url: str = ""
    acknowledge_url: str = ""  # buttons of one recipient's mail, secret and good for one use
    not_useful_url: str = ""
    demo: bool = False
    subject: str = ""
    behind: Behind | None = None
    rounded: bool = False
    times: int | None = None

    def __post_init__(self) -> None:
        staff = self.audience in PROTECTED_AUDIENCES
        if not staff and not self.rounded:
            return
        told = coarse.Told(self.observed, self.expected_low, self.expected_high, self.n, self.authors)
        kept = coarse.rounded(self.kind, told)
        changed = {name: getattr(kept, name) for name in ("observed", "expected_low", "expected_high", "n", "authors")}
        changed["severity_reason"] = coarse.reason(self.severity)
        changed["unknowns"] = coarse.notes(self.unknowns)
        changed["rounded"] = True
        if staff:
            changed["points"] = ()
            changed["behind"] = None if self.behind is None else coarse_behind(self.behind)
        for name, value in changed.items():
            object.__setattr__(self, name, value)
