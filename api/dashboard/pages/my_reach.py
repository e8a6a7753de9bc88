"""My reach: an advocate's own posts, how far they got, tracked links."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from advocacy.consents import PROGRAMME
from advocacy.shares import ShareError, read_share
from api.auth import SignedIn
from api.dashboard import interaction_words, panels, reach_words
from api.dashboard.figures import Window, window
from api.dashboard.filters import PERIODS, period
from api.dashboard.forms import Form, Posted, errors_of, sentence
from api.dashboard.render import page, redirect
from api.deps import Now, ProgrammeReader, ProgrammeSender
from config.settings import get_settings
from metrics.advocacy import ClickCounts
from metrics.engagement import OUTSIDE, QUESTIONS
from metrics.reach import IMPRESSION_COUNTERS, REACH_COUNTER, ReachReport
from storage import advocacy, colleagues, contents, db, profile, sharing, take_offs
from storage.advocacy import AdvocateRow
from storage.careers import own_steps
from storage.interactions import interactions

router = APIRouter()

_COUNTERS = ("likes", "reposts", "replies", OUTSIDE, QUESTIONS)


@router.get("/my-reach")
def my_reach(request: Request, now: Now, who: ProgrammeReader) -> Response:
    """Own figures, or how to join."""
    return show(request, now, who)


@router.post("/my-reach/shares")
def add_share(request: Request, now: Now, who: ProgrammeSender, form: Form) -> Response:
    """Note a post by its address."""
    me = _required(who)
    if me is None:
        return redirect("/my-reach")
    typed = {name: form.get(name) for name in ("url", "title", "published", "followers", "own_words")}
    try:
        post = read_share(typed["url"])
        with db.transaction() as session:
            advocacy.add_share(
                session,
                who.viewer,
                me.id,
                platform=post.platform,
                native_id=post.native_id,
                url=post.url,
                title=typed["title"] or None,
                own_words=bool(typed["own_words"]),
                published_at=_published(form, now),
                followers=_count(form, "followers"),
                now=now,
            )
    except ShareError as error:
        return show(request, now, who, typed, {"url": sentence(str(error))})
    except ValueError as error:
        return show(request, now, who, typed, errors_of(error, otherwise="url"))
    return redirect("/my-reach#shares", "The post is noted. Add the numbers that the platform shows you.")


@router.post("/my-reach/shares/{share_id}/readings")
def add_reading(now: Now, who: ProgrammeSender, share_id: int, form: Form) -> Response:
    """What the platform shows now; a field left empty stays unknown."""
    try:
        names = (*_COUNTERS, *IMPRESSION_COUNTERS.values(), REACH_COUNTER)
        given = {name: _count(form, name) for name in names}
        counters = {name: value for name, value in given.items() if value is not None}
        followers = _count(form, "followers")
        if not counters and followers is None:
            return redirect("/my-reach#shares", "No number was given, so nothing is changed.", "warning")
        with db.transaction() as session:
            advocacy.add_reading(session, who.viewer, share_id, counters, "advocate", now)
            if followers is not None:
                advocacy.update_share(session, who.viewer, share_id, followers=followers)
    except ValueError as error:
        return redirect("/my-reach#shares", f"Nothing was stored. {next(iter(errors_of(error).values()))}", "error")
    return redirect("/my-reach#shares", "The numbers are noted, with the time of now.")


@router.post("/my-reach/shares/{share_id}/delete")
def delete_share(who: ProgrammeSender, share_id: int) -> Response:
    """Take a post back."""
    with db.transaction() as session:
        advocacy.delete_share(session, who.viewer, share_id)
    return redirect("/my-reach#shares", "The post and its numbers are gone from here.")


def show(
    request: Request,
    now: datetime,
    who: SignedIn,
    typed: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    """The whole page; with `errors`, what was typed stands in its form again."""
    status = 422 if errors else 200
    entered = {"typed": typed or {}, "errors": errors or {}}
    with db.reading() as session:
        me = _me(session, who)
        if me is None:
            return page(request, who, "reach_join.html", title="My reach", status=status, consent=PROGRAMME, **entered)
        values = _values(session, who, me, period(request.query_params), now)
    return page(request, who, "reach.html", title="My reach", status=status, **values, **entered)


def _values(session: Session, who: SignedIn, me: AdvocateRow, days: int, now: datetime) -> dict[str, Any]:
    """What the page shows of a window, and posts and links of any time."""
    span = window(now, days)
    reach = advocacy.reach(session, who.viewer, me.id, span.start, span.end)
    clicks = advocacy.clicks(session, who.viewer, me.id, span.start, span.end)
    offered = contents.available(session, who.viewer, now)
    report = reach.report
    return {
        "me": me,
        "days": days,
        "periods": PERIODS,
        "figures": reach_words.figures(report) if report else (),
        "click_figures": reach_words.click_figures(totals(clicks)),
        "posts": report.posts if report else 0,
        "ideas": sharing.suggested(session, who.viewer, offered, now, get_settings().suggestions_per_week),
        "colleagues": colleagues.shown(session, who.viewer, span.start, span.end),
        "rising": take_offs.own(session, who.viewer, me.id, span.start),
        "board": get_settings().leaderboard,
        "factors": reach_words.factor_words(report.estimated_impressions.factors) if report else (),
        "read_at": reach.as_of,
        "clicks": panels.clicks("clicks", clicks, "Clicks by day") if any(day.raw for day in clicks) else None,
        "shares": [(row, _counter_fields(row.platform)) for row in advocacy.shares(session, who.viewer, me.id)],
        "links": advocacy.list_links(session, who.viewer, me.id),
        "link_base": f"{get_settings().base_url}/l/",
        "hosts": profile.registered_hosts(session),
        "now": now,
        "today": f"{now.astimezone(UTC):%Y-%m-%d}",
        **_talk(session, who, me, span, report),
    }


def _talk(session: Session, who: SignedIn, me: AdvocateRow, span: Window, report: ReachReport | None) -> dict[str, Any]:
    """What people did with the posts of the window, and where their clicks led."""
    acts = interactions(session, who.viewer, me.id, span.start, span.end)
    steps = own_steps(session, who.viewer, me.id, span.start, span.end)
    posted = acts is not None and acts.posts > 0
    return {
        "reactions": interaction_words.reactions(acts) if acts and posted else (),
        "conversations": interaction_words.conversations(acts) if acts and posted else (),
        "two_dates": interaction_words.date_views(report, acts, span.words) if report and acts else None,
        "steps": interaction_words.steps(steps) if steps.visits else (),
    }


def totals(clicks: Sequence[advocacy.ClickDay]) -> ClickCounts:
    """The counters of several days together (visitors are told apart by day)."""
    return ClickCounts(
        sum(day.raw for day in clicks), sum(day.filtered for day in clicks), sum(day.unique for day in clicks)
    )


def _counter_fields(platform: str) -> tuple[str, ...]:
    """What a person may read off a post: views where the platform shows them, then the reactions."""
    shown = IMPRESSION_COUNTERS.get(platform)
    return (*((shown,) if shown else ()), *((REACH_COUNTER,) if platform == "linkedin" else ()), *_COUNTERS)


def _me(session: Session, who: SignedIn) -> AdvocateRow | None:
    return advocacy.advocate_of(session, who.user.id)


def _required(who: SignedIn) -> AdvocateRow | None:
    with db.reading() as session:
        return _me(session, who)


def _published(form: Posted, now: datetime) -> datetime:
    text = form.get("published")
    if not text:
        return now
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("published: write the day as 2026-01-31") from None
    if day > now:
        raise ValueError("published: this day has not come yet")
    if day.year < 2000:
        raise ValueError("published: this day is too long ago")
    return min(day + timedelta(hours=12), now) if day.date() != now.astimezone(UTC).date() else now


def _count(form: Posted, name: str) -> int | None:
    if not form.get(name):
        return None
    number = form.whole(name)
    if number is None:
        raise ValueError(f"{name}: write a whole number, such as 1,240")
    return number
