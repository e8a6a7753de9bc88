"""Programme: how advocacy is doing as a whole; never one person's figures."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard import interaction_words, panels, reach_words
from api.dashboard.figures import Figure, window
from api.dashboard.filters import PERIODS, period
from api.dashboard.pages.my_reach import totals
from api.dashboard.reach_words import share_words
from api.dashboard.render import page
from api.dashboard.wording import UNKNOWN, count
from api.deps import Now, page_role
from config.settings import get_settings
from metrics.money import click_value, parse_price
from metrics.suppress import MIN_AUTHORS
from storage import advocacy, db, take_offs
from storage.advocacy import Programme
from storage.careers import careers
from storage.interactions import interactions, lifts

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))]


@router.get("/programme")
def programme_page(request: Request, now: Now, who: Reader) -> Response:
    """Adoption, activation, activity, originals, reach by kind, clicks."""
    days = period(request.query_params)
    span = window(now, days)
    with db.reading() as session:
        found = advocacy.programme(session, who.viewer, span.start, span.end, now)
        acts = interactions(session, who.viewer, None, span.start, span.end)
        visits = careers(session, who.viewer, span.start, _midnight(now))
        lift = lifts(session, who.viewer, now)
        rising = take_offs.programme(session, who.viewer, span.start, now)
    report = found.reach.report
    clicked = len(found.clicks) > 1 and any(day.raw for day in found.clicks)
    return page(
        request,
        who,
        "programme.html",
        title="Programme",
        found=found,
        days=days,
        periods=PERIODS,
        least=MIN_AUTHORS,
        people=people(found),
        posts=posts(found),
        reach=reach_words.figures(report) if report else (),
        factors=reach_words.factor_words(report.estimated_impressions.factors) if report else (),
        click_figures=() if found.suppressed else reach_words.click_figures(totals(found.clicks)),
        clicks=panels.clicks("clicks", found.clicks, "Clicks by day") if clicked else None,
        counted=_counted(found),
        reactions=() if acts is None else interaction_words.reactions(acts),
        conversations=() if acts is None else interaction_words.conversations(acts),
        two_dates=interaction_words.date_views(report, acts, span.words) if report and acts else None,
        lift=interaction_words.lift_rows(lift),
        visits=visits,
        steps=interaction_words.steps(visits.total) if visits.total else (),
        steps_table=interaction_words.careers_table(visits) if visits.cells else None,
        change=(interaction_words.effect(visits.change), interaction_words.before(visits)),
        money=_money(found),
        rising=rising,
        board=get_settings().leaderboard,
    )


def _midnight(now: datetime) -> datetime:
    """The running day is not over: it would look like a fall."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _money(found: Programme) -> tuple[Figure, ...]:
    """Off unless the company entered a price of its own; absent from mails."""
    price = parse_price(get_settings().click_value)
    if price is None or found.suppressed:
        return ()
    return (interaction_words.money(click_value(totals(found.clicks).filtered, price)),)


def people(found: Programme) -> tuple[Figure, ...]:
    """A1 to A5."""
    adopted, adoption = share_words(found.adoption)
    if found.adoption is None:
        adoption = "how many people could join is not known"
    activated, activation = share_words(found.activation.rate)
    if 0 < found.activation.rate.n < MIN_AUTHORS:
        activated, activation = UNKNOWN, f"fewer than {MIN_AUTHORS} joined in this time, so this stays hidden"
    elif found.activation.open:
        activation += f"; {count(found.activation.open)} still have time"
    kept, retention = share_words(found.retention)
    average = found.active.average_joined
    rate = UNKNOWN if found.active.value is None else f"{100 * found.active.value:.0f} %"
    several = found.active.active == 0 or found.active.active >= MIN_AUTHORS
    shared = count(found.active.active) if several else f"fewer than {MIN_AUTHORS}"
    joined = f"{shared} shared something" + (f"; {average:.1f} joined on average" if average is not None else "")
    if several and (found.active.value or 0) > 1:
        joined += "; above 100 % because many joined only lately"
    joined_how = ("joined by their own choice and not left", *_invented(found))
    return (
        Figure("Advocates now", count(found.joined_now), joined_how),
        Figure("Adoption", adopted, (adoption,)),
        Figure("Activation", activated, ("shared within 30 days of joining", activation)),
        Figure("Active", rate if several else UNKNOWN, (joined,)),
        Figure(
            "Retention",
            kept if several else UNKNOWN,
            ("of those active in the time before", retention)[: 2 if several else 1],
        ),
    )


def _invented(found: Programme) -> tuple[str, ...]:
    """Where the demo and real people stand side by side, or the demo alone."""
    if not found.joined_demo:
        return ()
    everybody = found.joined_demo == found.joined_now
    return (f"{'all' if everybody else count(found.joined_demo)} of them invented, for the demo",)


def posts(found: Programme) -> tuple[Figure, ...]:
    """Shares and A6."""
    if found.suppressed:
        return ()
    own, originals = share_words(found.originals)
    return (
        Figure("Posts", count(found.shares), ("published in this time",)),
        Figure("In own words", own, (originals,)),
    )


def _counted(found: Programme) -> datetime | None:
    if not found.days:
        return None
    day = found.days[-1].day
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
