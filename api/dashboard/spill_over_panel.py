"""The panel "Does it reach consumers?" of the Employer page."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures import Window
from api.dashboard.wording import count, percent
from metrics.spill_over import Lag
from metrics.stats import proportion
from storage import highlights
from storage.highlights import TopStory
from storage.spill_over import DAYS, LEAST_STORIES, SpillOver, spill_over
from storage.viewer import NotAllowed, Viewer

_BRIDGES = 3


@dataclass(frozen=True, slots=True)
class SpillOverPanel:
    """`rows` are (lag, correlation, 95 % interval); `bridges` None where the role reads no texts."""

    gist: str
    overlap: str
    verdict: str
    rows: tuple[tuple[str, str, str], ...]
    bridges: tuple[TopStory, ...] | None


def spill_over_panel(session: Session, viewer: Viewer, company_id: int, span: Window) -> SpillOverPanel:
    """How employer talk and consumer talk hang together, and the texts that are about both."""
    found = spill_over(session, viewer, company_id, span.end)
    rows = tuple(_row(lag) for lag in found.lags)
    return SpillOverPanel(_gist(found), _overlap(found), _verdict(found), rows, _bridges(session, viewer, span))


def _gist(found: SpillOver) -> str:
    if not found.stories:
        return ""
    return f"{count(found.both_sides)} of {count(found.stories)} stories are told on the brand side, too"


def _overlap(found: SpillOver) -> str:
    if not found.stories:
        return "No story was told on the employer side in the last 28 days."
    share = proportion(found.both_sides, found.stories)
    ends = f" (95 % interval {percent(share.interval.low)} to {percent(share.interval.high)})" if share.interval else ""
    both, stories = count(found.both_sides), count(found.stories)
    return (
        f"{both} of {stories} stories of the employer side in the last 28 days are told "
        f"on the brand side, too: {percent(share.value)}{ends}. {count(found.entered)} came there later."
    )


def _verdict(found: SpillOver) -> str:
    if not found.lags:
        return f"Too little is told for a correlation: {LEAST_STORIES} stories on each side and 28 days are needed."
    if found.lead is None:
        return f"Over the last {DAYS} days no lag stands out: consumer talk does not follow employer talk by days."
    days = "1 day" if found.lead.steps == 1 else f"{found.lead.steps} days"
    return (
        f"Consumer talk moves with employer talk of {days} before (r = {found.lead.value:.2f}). Both may follow the "
        "same news: a correlation is no cause."
    )


def _row(lag: Lag) -> tuple[str, str, str]:
    name = "same day" if lag.steps == 0 else f"{lag.steps} day{'' if lag.steps == 1 else 's'} later"
    low, high = lag.interval.low, lag.interval.high
    return name, f"{lag.value:+.2f}".replace("-", "−"), f"{low:+.2f} to {high:+.2f}".replace("-", "−")


def _bridges(session: Session, viewer: Viewer, span: Window) -> tuple[TopStory, ...] | None:
    try:
        return highlights.top_stories(session, viewer, span.start, span.end, "both", _BRIDGES)
    except NotAllowed:
        return None
