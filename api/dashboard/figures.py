"""Figures in words: every one with its n, interval and movement, each of them plain about what is not known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from api.dashboard.wording import UNKNOWN, count, interval, percent, signed
from metrics.blocks import UNKNOWN as NO_STANDPOINT
from metrics.listening import (
    COVERAGE_FLOOR,
    NET_SENTIMENT_MIN_N,
    Movement,
    SentimentCounts,
    count_movement,
    net_sentiment,
    net_sentiment_movement,
)
from storage import highlights, rollups
from storage.viewer import Viewer

_SLACK = timedelta(days=1)  # a quiet first day is no gap
HIDDEN = "hidden"
SMALL_GROUP = "it would tell of fewer than 5 different people, so this stays hidden"
CROWD = "small groups are held back among those who declare no standpoint"


@dataclass(frozen=True, slots=True)
class Window:
    """From midnight (UTC) up to and with the running hour; the window before is as long."""

    start: datetime
    end: datetime
    days: int

    @property
    def before(self) -> datetime:
        """Where the window before begins."""
        return self.start - (self.end - self.start)

    @property
    def words(self) -> str:
        """ "7 days"."""
        return f"{self.days} day{'' if self.days == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number on a page. `tone`: up, down or nothing; `notes` are short lines under it."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the company (or one audience of it) over a window, against the window before.

    `before` is None where the window before is not known from its beginning on: comparing would mislead.
    """

    now: rollups.Totals
    before: rollups.Totals | None

    @property
    def sentiments(self) -> SentimentCounts:
        """Of the window."""
        return sentiments_of(self.now)


def window(now: datetime, days: int) -> Window:
    """The last `days` days with today, so that figures and bars by day tell the same."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Window(hour.replace(hour=0) - timedelta(days=days - 1), hour + timedelta(hours=1), days)


def side(session: Session, viewer: Viewer, span: Window, facet: str | None = None, audience: str | None = None) -> Side:
    """Read the totals of both windows; raises `NotAllowed` for a facet outside the role."""
    now = rollups.totals(session, viewer, None, span.start, span.end, facet, audience)
    if not before_is_known(session, span):
        return Side(now, None)
    return Side(now, rollups.totals(session, viewer, None, span.before, span.start, facet, audience))


def before_is_known(session: Session, span: Window) -> bool:
    """Whether anything is known from the beginning of the window before."""
    first = highlights.first_mention_at(session)
    return first is not None and first <= span.before + _SLACK


def sentiments_of(found: rollups.Totals | rollups.Bucket | rollups.Cell) -> SentimentCounts:
    """The four counts; zeros where a group is hidden (the caller asks `suppressed` first)."""
    return SentimentCounts(found.positive or 0, found.neutral or 0, found.negative or 0, found.unsure or 0)


def figures(about: Side, span: Window, audience: str | None = None) -> tuple[Figure, ...]:
    """Mentions, net sentiment and what the model was not sure of; `audience`: the one that they are about."""
    if about.now.suppressed:
        return (Figure("Mentions", HIDDEN, (CROWD if audience == NO_STANDPOINT else SMALL_GROUP,)),)
    return (_mentions(about, span), _net(about, span), _unsure(about.sentiments))


def unknowns(about: Side, pending: int = 0) -> tuple[str, ...]:
    """Sentences on what the figures of a window do not tell."""
    now = about.now
    found = []
    counts = about.sentiments
    if counts.unsure:
        share = percent(counts.unsure / counts.n)
        found.append(f"The sentiment of {count(counts.unsure)} of {count(counts.n)} mentions ({share}) is unsure.")
    if now.coverage is None:
        found.append("No collection was scheduled in this time, so nobody knows what was missed.")
    elif now.coverage < COVERAGE_FLOOR:
        found.append(f"Only {percent(now.coverage)} of the scheduled collections succeeded; counts may be too low.")
    if pending:
        found.append(f"{count(pending)} mentions still wait for their tags and are in no figure yet.")
    return tuple(found)


def movement_words(change: Movement, span: Window) -> str:
    """A count against the window before."""
    if change.change is None:
        return f"none in the {span.words} before" if change.before == 0 else f"the {span.words} before are unknown"
    ends = change.interval
    told = f"{_percent(change.change)} against the {span.words} before ({count(change.before)})"
    if ends is None:
        return told
    sure = "" if change.clear else "; could be chance"
    return f"{told}, 95 % interval {_percent(ends.low)} to {_percent(ends.high)}{sure}"


def _mentions(about: Side, span: Window) -> Figure:
    notes = []
    if about.now.authors is not None:
        notes.append(f"by {count(about.now.authors)} people, counted in blocks of days, which are not compared")
    elif about.before is None:
        notes.append(f"the {span.words} before are not known in full, so nothing is compared")
    elif about.before.suppressed or about.now.mentions is None or about.before.mentions is None:
        notes.append(f"the {span.words} before stay hidden")
    else:
        notes.append(movement_words(count_movement(about.now.mentions, about.before.mentions), span))
    notes.append(f"{count(about.now.stories)} stories, copies counted once")
    if about.now.owned:
        notes.append(f"{count(about.now.owned)} more by own accounts, counted nowhere else")
    return Figure("Mentions", count(about.now.mentions), tuple(notes))


def _net(about: Side, span: Window) -> Figure:
    found = net_sentiment(about.sentiments)
    if found.value is None or found.interval is None:
        few = f"{count(found.n)} judged mentions; shown from {NET_SENTIMENT_MIN_N} on"
        return Figure("Net sentiment", UNKNOWN, (few,))
    notes = [f"95 % interval {interval(found.interval.low, found.interval.high)}, n = {count(found.n)} judged"]
    tone = ""
    if about.before is not None and not about.before.suppressed:
        change = net_sentiment_movement(about.sentiments, sentiments_of(about.before))
        if change.change is not None:
            sure = "" if change.clear else "; could be chance"
            ends = change.interval
            within = f", 95 % interval {interval(ends.low, ends.high)}" if ends else ""
            notes.append(f"{signed(change.change)} points against the {span.words} before{within}{sure}")
            tone = ("up" if change.change > 0 else "down") if change.clear else ""
        else:
            notes.append(f"the {span.words} before have too few judged mentions")
    return Figure("Net sentiment", signed(found.value), tuple(notes), tone)


def _unsure(counts: SentimentCounts) -> Figure:
    share = counts.unsure / counts.n if counts.n else None
    return Figure("Unsure", percent(share), (f"{count(counts.unsure)} of {count(counts.n)} mentions",))


def _percent(share: float) -> str:
    return f"{signed(100 * share)} %"


def coverage_words(cover: float | None) -> str:
    """Coverage of a window, for the line under charts."""
    return "no collection was scheduled" if cover is None else f"coverage {percent(cover)}"
