"""Overview, Brand and Employer: what is said, by whom, how it moves, and what the figures do not tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from alerts.planned import Planned
from api.auth import SignedIn
from api.dashboard import figures, filters, panels
from api.dashboard.employer_panels import employer_panels
from api.dashboard.figures import Figure, Side, Window
from api.dashboard.incident_words import headline
from api.dashboard.render import page, redirect
from api.dashboard.spill_over_panel import spill_over_panel
from api.dashboard.wording import count, group
from api.deps import Now, page_role
from api.looks import note_quotes
from metrics.listening import NET_SENTIMENT_MIN_N, rating
from nlp.themes import theme_facets
from storage import db, highlights, incidents, mentions, planned_events, profile, rollups, sources
from storage.incidents import IncidentRow
from storage.topics import TopicRow, new_topics
from storage.viewer import ALL, NotAllowed, Viewer

router = APIRouter()

_TITLES = {"brand": "Brand", "employer": "Employer"}
_AUDIENCES = ("consumer", "employee", "alumnus", "candidate", "staff", "other", "unknown")
_THEMES = 8
_STORIES = 5
_ALARMS = 5


@dataclass(frozen=True, slots=True)
class SideCard:
    """One side on the overview."""

    facet: str
    title: str
    figures: tuple[Figure, ...]
    panel: panels.Panel
    unknowns: tuple[str, ...]
    topics: tuple[TopicRow, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How the sources are, in one line; `bad` names those that need a look."""

    total: int
    fine: int
    bad: tuple[sources.SourceRow, ...]


@router.get("/overview")
def overview(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("marketing", "hr", "leadership", "administrator"))],
) -> Response:
    """Both sides next to each other, as far as the role goes."""
    span = figures.window(now, filters.period(request.query_params))
    with db.reading() as session:
        own = profile.own_company(session)
        if own is None:
            return _nothing_yet(request, who)
        pending = mentions.pending_count(session)
        cards = [
            _side_card(session, who.viewer, facet, span, pending)
            for facet in _TITLES
            if facet in who.viewer.aggregate_facets
        ]
        alarms = _alarms(session, who.viewer)
        rows = sources.list_sources(session, who.viewer, now, figures=False)
    return page(
        request,
        who,
        "overview.html",
        title="Overview",
        company=own.name,
        span=span,
        periods=filters.PERIODS,
        cards=cards,
        incidents=alarms,
        sources=_source_line(rows),
    )


@router.get("/brand")
def brand(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("marketing", "leadership", "administrator"))],
) -> Response:
    """What customers and the public say."""
    return _side_page(request, now, who, "brand")


@router.get("/employer")
def employer(
    request: Request,
    now: Now,
    who: Annotated[SignedIn, Depends(page_role("hr", "leadership", "administrator"))],
) -> Response:
    """What employees, alumni and candidates say."""
    return _side_page(request, now, who, "employer")


def _side_page(request: Request, now: datetime, who: SignedIn, facet: str) -> Response:
    span = figures.window(now, filters.period(request.query_params))
    asked = request.query_params.get("audience", "")
    audience = asked if asked in _AUDIENCES else None
    with db.reading() as session:
        if profile.own_company(session) is None:
            return _nothing_yet(request, who)
        about = figures.side(session, who.viewer, span, facet, audience)
        values = _side_values(session, who.viewer, span, facet, audience)
        quoted = [*(values["stories"] or ())]
        if facet == "employer":
            known = None if about.before is None else span.before
            values["voice"] = employer_panels(session, who.viewer, span, known, audience)
            quoted += values["voice"].quotes
    note_quotes(who.viewer, request.url.path, quoted, now)
    return page(
        request,
        who,
        f"{facet}.html",
        title=_TITLES[facet],
        facet=facet,
        span=span,
        periods=filters.PERIODS,
        audience=audience or "",
        audiences=[("", "Everyone"), *((name, group(name)) for name in _AUDIENCES)],
        about=about,
        figures=figures.figures(about, span, audience),
        unknowns=figures.unknowns(about),
        **values,
    )


def _side_values(session: Session, viewer: Viewer, span: Window, facet: str, audience: str | None) -> dict[str, Any]:
    as_of = rollups.as_of(session)
    buckets = _buckets(session, viewer, span, facet, audience)
    cells = rollups.breakdown(session, viewer, None, span.start, span.end, "audience", facet=facet)
    values: dict[str, Any] = {
        "volume": _volume(session, viewer, span, facet, audience, buckets),
        "sentiment": _sentiment(session, viewer, span, facet, audience, buckets),
        "by_audience": panels.audiences("audiences", cells, as_of, "Who speaks, and how"),
        "stories": _stories(session, viewer, span, facet),
        "topics": _topics(session, viewer, facet, span.end),
        "alarms": _alarms(session, viewer, facet),
    }
    if facet == "brand":
        themes = rollups.breakdown(session, viewer, None, span.start, span.end, "theme", facet=facet, audience=audience)
        values["themes"] = _themes(themes, facet)
        voices = rollups.share_of_voice(session, viewer, span.start, span.end, facet=facet)
        by_source = rollups.breakdown(session, viewer, None, span.start, span.end, "source", facet=facet)
        values["voices"] = panels.voices("voices", voices, as_of, "Share of voice") if len(voices) > 1 else None
        values["voice_sources"] = [cell.label for cell in by_source]
    own = profile.own_company(session)
    if facet == "employer" and own is not None:
        values["spill"] = spill_over_panel(session, viewer, own.id, span)
    values["stars"] = _stars(session, viewer, span, facet, everybody=audience is not None)
    return values


def _alarms(session: Session, viewer: Viewer, facet: str | None = None) -> list[tuple[IncidentRow, str]]:
    """The newest open incidents with their headlines; `facet`: of one side and of both together."""
    rows = incidents.list_incidents(session, viewer, "open", limit=_ALARMS).items
    return [(row, headline(row)) for row in rows if facet is None or row.facet in (facet, ALL)]


def _side_card(session: Session, viewer: Viewer, facet: str, span: Window, pending: int) -> SideCard:
    about: Side = figures.side(session, viewer, span, facet)
    buckets = _buckets(session, viewer, span, facet, None)
    planned = _planned(session, viewer, span, facet)
    chart = panels.volume(f"volume-{facet}", buckets, rollups.as_of(session), "Stories over time", planned)
    return SideCard(
        facet,
        _TITLES[facet],
        figures.figures(about, span),
        chart,
        figures.unknowns(about, pending),
        _topics(session, viewer, facet, span.end),
    )


def _topics(session: Session, viewer: Viewer, facet: str, now: datetime) -> tuple[TopicRow, ...]:
    own = profile.own_company(session)
    return () if own is None else new_topics(session, viewer, own.id, facet, now)


def _planned(session: Session, viewer: Viewer, span: Window, facet: str) -> tuple[Planned, ...]:
    own = profile.own_company(session)
    return planned_events.during(session, viewer, own.id, facet, span.start, span.end) if own is not None else ()


def _volume(
    session: Session,
    viewer: Viewer,
    span: Window,
    facet: str,
    audience: str | None,
    buckets: Sequence[rollups.Bucket],
) -> panels.Panel:
    """By day, or by week where most days are hidden: blocks of days lie in whole weeks more often."""
    title = "Stories by day"
    if 2 * sum(each.suppressed for each in buckets) > len(buckets) and span.days > 7:
        buckets, title = _buckets(session, viewer, span, facet, audience, "week"), "Stories by whole weeks"
    planned = _planned(session, viewer, span, facet)
    return panels.volume("volume", buckets, rollups.as_of(session), title, planned)


def _sentiment(
    session: Session,
    viewer: Viewer,
    span: Window,
    facet: str,
    audience: str | None,
    buckets: Sequence[rollups.Bucket],
) -> panels.Panel:
    """By the step of the other charts, or by week where most of its points would have too few judged mentions."""
    enough = sum(figures.sentiments_of(each).judged >= NET_SENTIMENT_MIN_N for each in buckets)
    if 2 * enough < len(buckets) and span.days > 7:
        buckets = _buckets(session, viewer, span, facet, audience, "week")
        return panels.sentiment("sentiment", buckets, rollups.as_of(session), "Net sentiment by whole weeks")
    return panels.sentiment("sentiment", buckets, rollups.as_of(session), "Net sentiment by day")


def _buckets(
    session: Session, viewer: Viewer, span: Window, facet: str, audience: str | None, bucket: str = "day"
) -> tuple[rollups.Bucket, ...]:
    wanted = rollups.SeriesFilter(span.start, span.end, facet=facet, audience=audience, bucket=bucket)
    return rollups.series(session, viewer, wanted, now=span.end)


def _themes(cells: Sequence[rollups.Cell], facet: str) -> list[rollups.Cell]:
    """The most frequent themes of this side; a mention of both sides carries themes of both."""
    return [cell for cell in cells if theme_facets().get(cell.key) == facet][:_THEMES]


def _stories(session: Session, viewer: Viewer, span: Window, facet: str) -> tuple[highlights.TopStory, ...] | None:
    """The stories told most often; None where the role reads no texts."""
    try:
        least = 2 if facet == "brand" else 1
        return highlights.top_stories(session, viewer, span.start, span.end, facet, _STORIES, least)
    except NotAllowed:
        return None


def _stars(session: Session, viewer: Viewer, span: Window, facet: str, *, everybody: bool) -> Figure | None:
    """`everybody`: beside figures of one audience it has to be said that these are not."""
    found = highlights.stars(session, viewer, span.start, span.end, facet)
    if found.suppressed:
        return Figure("Stars of reviews", figures.HIDDEN, (figures.SMALL_GROUP,))
    mean = rating(found.ratings)
    if mean.mean is None:
        return None
    ends = f"95 % interval {mean.interval.low:.1f} to {mean.interval.high:.1f}, " if mean.interval else ""
    by = ", by everybody" if everybody else ""
    return Figure("Stars of reviews", f"{mean.mean:.1f}", (f"{ends}n = {count(mean.n)} reviews published{by}",))


def _source_line(rows: Sequence[sources.SourceRow]) -> SourceLine:
    polled = [row for row in rows if row.state != "paused"]
    bad = tuple(row for row in polled if row.state in ("error", "silent"))
    return SourceLine(len(polled), len(polled) - len(bad), bad)


def _nothing_yet(request: Request, who: SignedIn) -> Response:
    if who.user.role == "administrator":
        return redirect("/start")
    return page(request, who, "not_set_up.html", title="Not set up yet")
