"""What people did with posts, what came of it on the careers pages, and how it compares, in words."""

from api.dashboard.figures import Figure
from api.dashboard.panels import Table
from api.dashboard.reach_words import label_of, share_words
from api.dashboard.wording import MINUS, UNKNOWN, count, percent, signed
from metrics.engagement import PerPost
from metrics.lift import Lift
from metrics.money import Money
from metrics.observed import Gained
from metrics.reach import ReachReport
from metrics.uplift import Effect
from storage.careers import OTHER, Careers, Steps
from storage.interactions import Interactions, PlatformLift


def reactions(found: Interactions) -> tuple[Figure, ...]:
    """E1 to E5 and E8."""
    rates = found.rates
    return (
        Figure(
            "Engagements",
            count(found.engagements),
            (f"of {_posts(found.with_engagements)} with counters, of {count(found.posts)}", *_rates(found)),
        ),
        _per_post("Shared on", found.amplification, "reposts and quotes per post"),
        _per_post("Commented", found.conversation, "comments and replies per post"),
        _per_post("Liked", found.applause, "likes or points per post"),
        Figure(
            "Clicks per impression",
            percent(found.click_through, 1),
            (f"of {_posts(found.clicked_posts)} with a link and measured impressions",),
        ),
        Figure(
            "Engagement rate",
            percent(rates.by_impressions, 1),
            (
                f"of the measured impressions of {_posts(rates.with_impressions)}",
                f"{percent(rates.by_followers, 1)} of the followers of {_posts(rates.with_followers)}, another rate",
            ),
        ),
    )


def conversations(found: Interactions) -> tuple[Figure, ...]:
    """E6: never one score."""
    quality = found.quality
    outside, of_posts = share_words(quality.outside)
    asked, of_comments = share_words(quality.questions)
    return (
        Figure("Talked to outsiders", outside, ("posts with a comment from outside the company", of_posts)),
        _per_post("Comments of the usual post", quality.median_comments, "the median", places=1),
        Figure("Questions among comments", asked, (of_comments,)),
        Figure(
            "Saved or sent",
            UNKNOWN if quality.saves_per_thousand is None else f"{quality.saves_per_thousand:.1f}",
            ("per 1,000 measured impressions",),
        ),
    )


def date_views(report: ReachReport, found: Interactions, window: str) -> Table:
    """A7: the same figures by both dates."""
    return Table(
        ("", f"Posts of the last {window}, all they ever got", f"What all posts got in the last {window}"),
        (
            ("Measured impressions", count(report.measured_impressions.value), _gained(found.gained_impressions)),
            ("Engagements", count(found.engagements), _gained(found.gained_engagements)),
        ),
    )


def steps(found: Steps) -> tuple[Figure, ...]:
    """V1 to V3."""
    rate, of = share_words(found.rate)
    return (
        Figure("Visits to the careers pages", count(found.visits), ("by tracked links, once per person and day",)),
        Figure("Reached the job list", count(found.jobs)),
        Figure("Applications started", count(found.applications), (f"{rate} of the visits", of)),
    )


def effect(found: Effect) -> Figure:
    """V4 with its interval and placebo test."""
    name = "Against expectation"
    if found.value is None or found.low is None or found.high is None:
        return Figure(name, UNKNOWN, (found.reason,))
    notes = [
        f"95 % interval {_share(found.low)} to {_share(found.high)}",
        f"{count(found.observed)} in {found.n} days, {count(found.expected)} expected after the {found.before} before",
    ]
    if found.placebo_p is not None:
        notes.append(f"as much as {percent(found.placebo_p)} of made-up starts (this one among them)")
    notes.append("a clear change" if found.clear else "no clear change")
    return Figure(name, _share(found.value), tuple(notes))


def before(found: Careers) -> Figure:
    """The plain comparison, marked as what it is."""
    if not found.before:
        return Figure("Against the time before", UNKNOWN, ("no visits are known from then",))
    change = found.visits / found.before - 1
    notes = (f"{count(found.visits)} visits after {count(found.before)}", "no control: anything may be behind it")
    return Figure("Against the time before", _share(change), notes)


def careers_table(found: Careers) -> Table:
    """Steps by campaign and channel."""
    rows = [
        (
            "All campaigns"
            if cell.campaign is None
            else "Without a campaign"
            if cell.campaign == OTHER
            else cell.campaign,
            "All channels" if cell.channel is None else label_of(cell.channel),
            *(("hidden",) * 3 if cell.steps is None else _counts(cell.steps)),
        )
        for cell in found.cells
    ]
    return Table(("Campaign", "Channel", "Visits", "Job list", "Applications"), tuple(rows))


def lift_rows(found: tuple[PlatformLift, ...]) -> Table | None:
    """A8 by platform, those with a figure or nearly; None where no platform has posts of both sides."""
    rows = [
        (label_of(each.platform), name, *_lift(lift))
        for each in found
        for name, lift in (("engagements", each.engagements), ("impressions", each.impressions))
        if lift.page_posts
    ]
    return Table(("Platform", "Of", "Lift", "95 % interval", "What went in"), tuple(rows)) if rows else None


def money(found: Money) -> Figure:
    """The money value with its formula."""
    return Figure(
        "Money value", f"{found.amount:,} {found.currency}", (found.formula, "not the worth of the programme")
    )


def _campaign(key: str | None) -> str:
    if key is None:
        return "All campaigns"
    return "Without a campaign" if key == OTHER else key


def _lift(found: Lift) -> tuple[str, str, str]:
    went_in = f"{_posts(found.posts)} of {count(found.people)} advocates, {_posts(found.page_posts)} of the page"
    if found.value is None or found.low is None or found.high is None:
        return UNKNOWN, UNKNOWN, found.reason
    return f"× {found.value:.1f}", f"× {found.low:.1f} to × {found.high:.1f}", went_in


def _counts(found: Steps) -> tuple[str, str, str]:
    return count(found.visits), count(found.jobs), count(found.applications)


def _rates(found: Interactions) -> tuple[str, ...]:
    return (f"formula {', '.join(found.versions)}",) if found.versions else ()


def _per_post(name: str, found: PerPost, what: str, places: int = 1) -> Figure:
    value = UNKNOWN if found.value is None else f"{found.value:.{places}f}"
    return Figure(name, value, (what, f"of {_posts(found.n)} that tell"))


def _gained(found: Gained) -> str:
    unknown = f" ({_posts(found.unknown)} left out: not read before)" if found.unknown else ""
    return count(found.value) + unknown


def _posts(number: int) -> str:
    return f"{count(number)} {'post' if number == 1 else 'posts'}"


def _share(value: float) -> str:
    return f"{signed(100 * value)} %".replace("-", MINUS)
