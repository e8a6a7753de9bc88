"""The monthly mail to leadership: what the advocates' programme did, and how sure that is. Pure: facts in, mail out."""

from dataclasses import dataclass
from datetime import date

from metrics.advocacy import ActiveRate
from metrics.reach import ReachReport
from metrics.stats import Proportion
from metrics.suppress import MIN_AUTHORS
from metrics.uplift import Effect
from notify.letters import Fact, Letter, Part, compose
from notify.message import Mail

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Careers:
    """Visits to the careers pages: all of the month, those by advocates' links, and the change against expectation."""

    visits: int
    before: int | None
    by_links: int | None  # None: fewer than five advocates stand behind them
    applications: int | None
    change: Effect


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """A month of the programme. No money value and nobody's own figures."""

    company: str
    month: date
    joined: int
    adoption: Proportion | None
    active: ActiveRate
    shares: int
    originals: Proportion | None
    report: ReachReport | None
    clicks: int
    careers: Careers | None  # None: no careers page reports visits


def may_be_told(joined: int, active: int, *, suppressed: bool) -> bool:
    """Whether enough people stand behind the figures: five advocates, and five who shared something."""
    return not suppressed and joined >= MIN_AUTHORS and active >= MIN_AUTHORS


def month_key(month: date, address: str) -> str:
    """One mail per month and address."""
    return f"month-{month:%Y-%m}-{address.casefold()}"


def compose_month(facts: MonthFacts, address: str, base_url: str, stop: str) -> Mail:
    """The mail for one address."""
    name = f"{facts.company}: " if facts.company else ""
    headline = f"{name}advocates in {facts.month:%B %Y}: {_effect_short(facts.careers)}"
    parts = [Part((), _people(facts), "People"), Part((), _reach(facts), "Reach")]
    if facts.careers is not None:
        parts.append(Part((), _careers(facts.careers), "Careers pages"))
    parts.append(Part(_unknowns(facts), title="What this does not tell"))
    letter = Letter(
        address,
        headline,
        tuple(parts),
        month_key(facts.month, address),
        ("Open the programme", f"{base_url}/programme"),
        (f"Figures of fewer than {MIN_AUTHORS} people are never told. These say nothing about anybody's work.",),
        ("Change or stop these mails", stop),
    )
    return compose(letter)


def effect_words(effect: Effect) -> tuple[str, str]:
    """The change and how sure it is."""
    if effect.value is None or effect.low is None or effect.high is None:
        return UNKNOWN, effect.reason
    sure = "more than chance" if effect.clear else "could be chance"
    interval = f"95 % interval {_share(effect.low)} to {_share(effect.high)}"
    placebo = "" if effect.placebo_p is None else f"; made-up starts before look so in {100 * effect.placebo_p:.0f} %"
    return _share(effect.value), f"{interval}, {sure}{placebo}; {effect.n} days against {effect.before} before"


def _people(facts: MonthFacts) -> tuple[Fact, ...]:
    adoption = "how many could join is not known"
    if facts.adoption is not None and facts.adoption.value is not None:
        adoption = f"{100 * facts.adoption.value:.0f} % of {facts.adoption.n:,} who could join"
    active = UNKNOWN if facts.active.value is None else f"{100 * facts.active.value:.0f} %"
    return (
        Fact("Advocates", f"{facts.joined:,}", adoption),
        Fact("Shared something", f"{facts.active.active:,}", f"active rate {active} of those joined on average"),
        Fact("Posts", f"{facts.shares:,}", _proportion(facts.originals, "in their own words")),
    )


def _reach(facts: MonthFacts) -> tuple[Fact, ...]:
    clicks = Fact("Clicks on their links", f"{facts.clicks:,}", "without bots and repeats")
    if facts.report is None:
        return (clicks,)
    measured, potential = facts.report.measured_impressions, facts.report.potential_reach
    covered = _proportion(measured.coverage, "of posts are measured")
    return (
        Fact("Measured impressions", UNKNOWN if measured.value is None else f"{measured.value:,}", covered),
        Fact(
            "Potential reach", UNKNOWN if potential.value is None else f"at most {potential.value:,}", "an upper bound"
        ),
        clicks,
    )


def _careers(careers: Careers) -> tuple[Fact, ...]:
    change, sure = effect_words(careers.change)
    before = "not known" if careers.before is None else f"{careers.before:,}"
    found = [
        Fact("All visits", f"{careers.visits:,}", f"the time before, as long: {before} (no control)"),
        Fact("Against what was to be expected", change, sure),
    ]
    if careers.by_links is not None:
        started = "" if careers.applications is None else f"{careers.applications:,} applications were started"
        found.append(Fact("By links of advocates", f"{careers.by_links:,}", started))
    return tuple(found)


def _unknowns(facts: MonthFacts) -> tuple[str, ...]:
    told = ["Posts that carry no tracked link send visitors whom nobody can count here."]
    if facts.careers is None:
        told.append("No careers page reports its visits, so no effect on them can be told.")
    elif facts.careers.change.value is not None:
        told.append(
            "Anything else that happened in the month moves the visits, too; the interval knows of chance only."
        )
    if facts.report is not None and facts.report.measured_impressions.coverage.value not in (None, 1.0):
        told.append(
            "Measured impressions are those of the posts whose platforms tell them; the others are not guessed."
        )
    return tuple(told)


def _effect_short(careers: Careers | None) -> str:
    if careers is None or careers.change.value is None:
        return "effect on careers visits not known"
    if not careers.change.clear:
        return "no effect on careers visits that is more than chance"
    return f"careers visits {_share(careers.change.value)} against expectation"


def _proportion(share: Proportion | None, words: str) -> str:
    if share is None or share.value is None:
        return ""
    return f"{100 * share.value:.0f} % {words} (n = {share.n:,})"


def _share(value: float) -> str:
    return f"{100 * value:+.0f} %".replace("-", "−")
