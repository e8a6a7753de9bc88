"""How shares of what was heard are written, and what stands where they are hidden."""

from api.dashboard.wording import UNKNOWN, count, percent
from metrics.gaps import Heard
from metrics.stats import Interval

HIDDEN = "hidden: few people"
NOT_TOLD = "hidden or nobody"


def share(heard: Heard) -> str:
    """ "38 % of 42 judged"."""
    return f"{percent(heard.share)} of {count(heard.judged)} judged"


def ends(found: Interval | None) -> str:
    """The interval of a share."""
    return UNKNOWN if found is None else f"{percent(found.low)} to {percent(found.high)}"
