"""The weekly mail to one advocate: how far their posts got, what to share next. Pure: facts in, mail out."""

from dataclasses import dataclass
from datetime import date

from metrics.reach import ReachReport
from notify.letters import Fact, Letter, Part, compose
from notify.message import Mail

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to share, and where to read it."""

    title: str
    link: str


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """One advocate's week. `comments` None: no platform told any. `again`: platforms to be connected again."""

    week: date
    report: ReachReport | None
    comments: int | None
    clicks: int
    visitors: int
    suggestions: tuple[Suggestion, ...]
    again: tuple[str, ...]


def something_to_say(facts: WeekFacts) -> bool:
    """Whether the week is worth a mail. An account to connect again was told of by itself."""
    return bool((facts.report and facts.report.posts) or facts.clicks or facts.suggestions)


def week_key(week: date, advocate_id: int) -> str:
    """One mail per week and advocate."""
    return f"week-{week.isoformat()}-{advocate_id}"


def compose_week(facts: WeekFacts, address: str, key: str, base_url: str, stop: str) -> Mail:
    """The mail; `stop` turns off this mail alone, by one press."""
    posts = facts.report.posts if facts.report else 0
    headline = f"Your week: {_posts(posts)}, {facts.clicks:,} {'click' if facts.clicks == 1 else 'clicks'}"
    parts = [Part((f"Week from {facts.week:%d %b %Y}, posts by the day of their publication.",), _reach(facts))]
    if facts.suggestions:
        lines = ("In your own words, if you like one of these:",)
        listed = tuple(Fact(each.title, "", url=each.link) for each in facts.suggestions)
        parts.append(Part(lines, listed, "What you could share next"))
    if facts.again:
        words = (
            f"Connect {' and '.join(facts.again)} again, so that numbers are read by themselves: {base_url}/my-settings"
        )
        parts.append(Part((words,)))
    small = ("Measured, estimated and potential figures are three views of one thing and no sum. Only you get them.",)
    letter = Letter(
        address,
        headline,
        tuple(parts),
        key,
        ("Open My reach", f"{base_url}/my-reach"),
        small,
        ("No more weekly mails", stop),
    )
    return compose(letter)


def _reach(facts: WeekFacts) -> tuple[Fact, ...]:
    clicks = Fact("Clicks on your links", f"{facts.clicks:,}", f"{facts.visitors:,} visitors, each once a day; no bots")
    if facts.report is None or not facts.report.posts:
        return (clicks,)
    report = facts.report
    measured, estimated, potential = (
        report.measured_impressions, report.estimated_impressions, report.potential_impressions,
    )  # fmt: skip
    found: list[Fact] = []
    of = f"told by the platform for {measured.coverage.count:,} of {report.posts:,} posts"
    found.append(Fact("Measured impressions", _number(measured.value), of))
    if estimated.posts:
        band = (
            ""
            if estimated.low is None or estimated.high is None
            else f"{estimated.low:,.0f} to {estimated.high:,.0f}; "
        )
        value = UNKNOWN if estimated.value is None else f"about {estimated.value:,.0f}"
        found.append(
            Fact("Estimated impressions", value, f"{band}for {_posts(estimated.posts)} of which no views are told")
        )
    bound = UNKNOWN if potential.value is None else f"at most {potential.value:,}"
    unknown = f"; followers of {_posts(potential.unknown)} are unknown" if potential.unknown else ""
    found.append(Fact("Potential impressions", bound, f"as many followers as there were{unknown}"))
    found.append(Fact("Comments and replies", _number(facts.comments), "as far as platforms tell"))
    return (*found, clicks)


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _posts(number: int) -> str:
    return f"{number:,} {'post' if number == 1 else 'posts'}"
