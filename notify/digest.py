"""Digests: what changed in a day or a week, what is not known, the stories behind it. Pure: facts in, mail out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from metrics.listening import (
    COVERAGE_FLOOR,
    NET_SENTIMENT_MIN_N,
    Movement,
    SentimentCounts,
    count_movement,
    net_sentiment,
    net_sentiment_movement,
)
from notify.cleaning import clean_line, clean_text, is_web_address
from notify.message import CHART_ID, Inline, Mail, automatic_headers, mail_chart
from notify.points import VolumePoint
from notify.templating import render_html, render_text
from notify.wording import EXCERPT_CHARS, moment

HOUR = time(8)  # of the recipient's time zone
LATEST = timedelta(hours=12)  # after that a digest is no news any more
MUCH_SHARED = 3  # mentions from which a story alone is something to say
DAILY, WEEKLY = "daily", "weekly"
SIDE_NAMES = {"brand": "Brand", "employer": "Employer"}
_UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week of somebody's calendar, in UTC; `before` is where the one before it begins."""

    cadence: str
    day: date  # its first, by which it is known
    start: datetime
    end: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one side in one period; nothing in them is true where `suppressed`."""

    mentions: int
    stories: int
    sentiments: SentimentCounts
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One story with a text that the recipient may read."""

    text: str
    source: str
    url: str
    published_at: datetime
    mentions: int


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the company. `before` None: the period before is not known in full."""

    facet: str
    now: Counts
    before: Counts | None
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenOne:
    """An incident that is open, or opened in the period."""

    headline: str
    severity: str
    state: str
    opened_at: datetime
    link: str


@dataclass(frozen=True, slots=True)
class AdvocacyReach:
    """How far the posts of advocates got; None where it is not known. The kinds are never added."""

    posts: int
    measured: int | None
    measured_posts: int
    estimated: float | None
    potential: int | None


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything a digest tells one group of readers; `coverage` None: nothing was scheduled."""

    company: str
    period: Period
    timezone: str
    sides: tuple[Side, ...]
    incidents: tuple[OpenOne, ...]
    reach: AdvocacyReach | None
    points: tuple[VolumePoint, ...]
    coverage: float | None
    as_of: datetime | None
    link: str
    demo: bool = False


def due_period(cadence: str, timezone: str, now: datetime) -> Period | None:
    """The period whose digest is due: from 08:00 on of the day after it, for twelve hours; None at other times."""
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    opens = datetime.combine(today, HOUR, zone).astimezone(UTC)
    if not opens <= now < opens + LATEST or (cadence == WEEKLY and today.weekday() != 0):
        return None
    days = timedelta(days=7 if cadence == WEEKLY else 1)
    first = today - days
    start, end, before = (datetime.combine(day, time(0), zone).astimezone(UTC) for day in (first, today, first - days))
    return Period(cadence, first, start, end, before)


def dedupe_key(period: Period, address: str) -> str:
    """One digest per period and address."""
    return f"digest-{period.cadence}-{period.day.isoformat()}-{sha256(address.casefold().encode()).hexdigest()[:16]}"


def something_to_say(facts: DigestFacts) -> bool:
    """Whether there is any news: an incident, a change that is hardly chance, a shared story, or gaps in coverage."""
    if facts.incidents or (facts.coverage is not None and facts.coverage < COVERAGE_FLOOR):
        return True
    if any(story.mentions >= MUCH_SHARED for side in facts.sides for story in side.stories):
        return True
    return any(change.clear for side in facts.sides for change in _changes(side))


def compose_digest(facts: DigestFacts, address: str, unsubscribe_url: str = "") -> Mail:
    """The mail for one address; the same facts always give the same mail."""
    chart = mail_chart(facts.points, "Stories per day")
    context = {
        "headline": subject(facts),
        "facts": facts,
        "when": _when(facts.period),
        "sides": [_shown(side, facts.period) for side in facts.sides],
        "incidents": [_incident(each) for each in facts.incidents],
        "reach": "" if facts.reach is None else _reach(facts.reach),
        "unknowns": unknowns(facts),
        "chart_id": CHART_ID if chart else "",
        "chart_description": chart.description if chart else "",
        "link": facts.link if is_web_address(facts.link) else "",
        "unsubscribe": unsubscribe_url if is_web_address(unsubscribe_url) else "",
    }
    key = dedupe_key(facts.period, address)
    return Mail(
        subject=subject(facts),
        text=render_text("digest.txt", context),
        html=render_html("digest", context),
        to=(clean_line(address),),
        attachments=(Inline(CHART_ID, chart.png(), chart.description),) if chart else (),
        headers=automatic_headers(unsubscribe_url),
        dedupe_key=key,
        thread_key=f"digest-{facts.period.cadence}-{address.casefold()}",
    )


def subject(facts: DigestFacts) -> str:
    """The company, the most telling figure of each side, and what is open."""
    parts = [_short(side) for side in facts.sides]
    unsettled = sum(each.state != "closed" for each in facts.incidents)
    if unsettled:
        parts.append(f"{unsettled} open {'incident' if unsettled == 1 else 'incidents'}")
    when = "last week" if facts.period.cadence == WEEKLY else "yesterday"
    demo = "[Demo] " if facts.demo else ""
    return clean_text(f"{demo}{clean_text(facts.company, 80)} {when}: {'; '.join(parts)}", 200)


def unknowns(facts: DigestFacts) -> tuple[str, ...]:
    """What the figures do not tell: coverage, unsure sentiments, hidden groups, what cannot be compared."""
    told = []
    if facts.coverage is None:
        told.append("No collection was scheduled in this time, so nobody knows what was missed.")
    elif facts.coverage < COVERAGE_FLOOR:
        told.append(f"Only {_percent(facts.coverage)} of the scheduled collections worked; counts may be too low.")
    else:
        told.append(f"Coverage: {_percent(facts.coverage)} of the scheduled collections worked.")
    for side in facts.sides:
        name, counts = SIDE_NAMES.get(side.facet, side.facet), side.now.sentiments
        if side.now.suppressed:
            told.append(f"{name}: hidden, since fewer than 5 different people wrote.")
            continue
        if counts.unsure:
            share = _percent(counts.unsure / counts.n)
            told.append(f"{name}: the sentiment of {counts.unsure:,} of {counts.n:,} mentions ({share}) is unsure.")
        if side.before is None:
            told.append(f"{name}: the time before is not known in full, so nothing is compared.")
    if facts.as_of is not None:
        told.append(f"Data as of {moment(facts.as_of)}.")
    return tuple(told)


def figures(side: Side, period: Period) -> tuple[str, ...]:
    """A side's counts and sentiment against the period before, each with n and interval."""
    if side.now.suppressed:
        return ("Hidden: fewer than 5 different people wrote.",)
    before = "the week before" if period.cadence == WEEKLY else "the day before"
    counts, net = _changes(side)
    told = [f"{side.now.mentions:,} mentions in {side.now.stories:,} stories{_moved(counts, before)}."]
    found = net_sentiment(side.now.sentiments)
    if found.value is None or found.interval is None:
        told.append(f"Net sentiment: {_UNKNOWN}, with {found.n:,} judged mentions; told from {NET_SENTIMENT_MIN_N} on.")
        return tuple(told)
    interval = f"95 % interval {_signed(found.interval.low)} to {_signed(found.interval.high)}, n = {found.n:,} judged"
    words = f"Net sentiment {_signed(found.value)} ({interval})"
    if net.change is not None:
        words += f"; {_signed(net.change)} points against {before}{'' if net.clear else ', could be chance'}"
    return (*told, f"{words}.")


def _changes(side: Side) -> tuple[Movement, Movement]:
    """Of the mentions and of net sentiment; unknown where one of the periods is, or is hidden."""
    nothing = Movement(None, None, None, None)
    if side.before is None or side.before.suppressed or side.now.suppressed:
        return nothing, nothing
    counts = count_movement(side.now.mentions, side.before.mentions)
    return counts, net_sentiment_movement(side.now.sentiments, side.before.sentiments)


def _moved(change: Movement, before: str) -> str:
    if change.change is None:
        return f", none {before}" if change.before == 0 and change.now else ""
    told = f", {_signed(100 * change.change)} % against {before} ({change.before:,.0f})"
    if change.interval is not None:
        ends = f"{_signed(100 * change.interval.low)} to {_signed(100 * change.interval.high)} %"
        told += f", 95 % interval {ends}{'' if change.clear else ', could be chance'}"
    return told


def _short(side: Side) -> str:
    name = SIDE_NAMES.get(side.facet, side.facet).lower()
    if side.now.suppressed:
        return f"{name} hidden"
    counts, net = _changes(side)
    told = f"{name} {side.now.mentions:,} {'mention' if side.now.mentions == 1 else 'mentions'}"
    if counts.clear and counts.change is not None:
        told += f" ({_signed(100 * counts.change)} %)"
    if net.clear and net.change is not None:
        told += f", sentiment {_signed(net.change)} points"
    return told


def _shown(side: Side, period: Period) -> dict[str, object]:
    return {
        "name": SIDE_NAMES.get(side.facet, side.facet),
        "figures": figures(side, period),
        "stories": [_story(story) for story in side.stories],
    }


def _story(story: Story) -> dict[str, str]:
    return {
        "text": clean_text(story.text, EXCERPT_CHARS),
        "source": clean_text(story.source, 60),
        "url": story.url if is_web_address(story.url) else "",
        "at": moment(story.published_at),
        "mentions": f"{story.mentions:,} {'mention' if story.mentions == 1 else 'mentions'}",
    }


def _incident(each: OpenOne) -> dict[str, str]:
    link = each.link if is_web_address(each.link) else ""
    state = {"open": "open, nobody has acknowledged it", "acknowledged": "acknowledged"}.get(each.state, each.state)
    return {"headline": clean_text(each.headline, 200), "note": f"{each.severity}, {state}", "link": link}


def _reach(reach: AdvocacyReach) -> str:
    measured = _UNKNOWN if reach.measured is None else f"{reach.measured:,}"
    estimated = _UNKNOWN if reach.estimated is None else f"about {reach.estimated:,.0f}"
    potential = _UNKNOWN if reach.potential is None else f"at most {reach.potential:,}"
    posts = f"{reach.posts:,} {'post' if reach.posts == 1 else 'posts'} of advocates"
    return (
        f"{posts}: measured {measured} impressions (of {reach.measured_posts:,} posts), estimated {estimated}, "
        f"potential {potential}. These are three views of one thing and no sum."
    )


def _when(period: Period) -> str:
    return f"Week from {period.day:%d %b %Y}" if period.cadence == WEEKLY else f"{period.day:%A, %d %b %Y}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _signed(value: float) -> str:
    return "0" if round(value) == 0 else f"{value:+.0f}".replace("-", "−")
