"""The campaign room: what is planned, runs and is over; one campaign; its briefing on paper; its result.

Who may not know of a campaign gets the same answer as for one that does not exist.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from advocacy.campaign import STATES, checklist, embargo_ends
from api.auth import SignedIn
from api.dashboard import campaign_words, panels, reach_words
from api.dashboard.campaign_form import groups_in_words
from api.dashboard.forms import number_in
from api.dashboard.render import page
from api.deps import Now, PageUser
from storage import campaign_results, campaign_steps, campaign_voice, campaign_watch, campaigns, db
from storage.campaign_watch import CampaignReach, Watch
from storage.campaigns import CampaignRow

router = APIRouter()

CampaignId = Annotated[int, Path(ge=1, lt=2**31)]


@router.get("/campaigns")
def campaign_list(request: Request, now: Now, who: PageUser, state: str = "", before: str = "") -> Response:
    """All campaigns that the viewer may know of, the newest first."""
    wanted = state if state in STATES else None
    with db.reading() as session:
        rows = campaigns.list_campaigns(session, who.viewer, now, wanted, number_in(before))
        mails = campaigns.mails_chosen(session, who.viewer)
    return page(
        request,
        who,
        "campaigns.html",
        title="Campaigns",
        rows=[(row, row.embargoed(now), _opens(row)) for row in rows],
        state=wanted,
        states=[(each, campaign_words.STATES[each]) for each in STATES],
        facets=campaign_words.FACETS,
        writes=bool(campaigns.may_edit(who.viewer)),
        mails=mails,
        next=rows[-1].id if len(rows) == campaigns.MOST else None,
    )


@router.get("/campaigns/{campaign_id}")
def room(request: Request, now: Now, who: PageUser, campaign_id: CampaignId) -> Response:
    """One campaign as the viewer may see it: to write, to read, to ask, to watch."""
    with db.reading() as session:
        row = campaigns.find(session, who.viewer, campaign_id, now)
        asked = campaign_voice.questions(session, who.viewer, row.id, now)
        feedback = campaign_voice.feedback(session, who.viewer, row.id, now)
        watch = campaign_watch.watch(session, who.viewer, row.id, now)
        desk = _desk(session, who, row, now)
    return page(
        request,
        who,
        "campaign.html",
        title=row.brief.title,
        row=row,
        **_shown(row, now),
        questions=asked,
        waiting=sum(one.answer is None for one in asked),
        feedback=feedback,
        landed=campaign_words.landed(feedback),
        watch=watch,
        **_watched(watch),
        **desk,
    )


@router.get("/campaigns/{campaign_id}/briefing")
def briefing(request: Request, now: Now, who: PageUser, campaign_id: CampaignId) -> Response:
    """The text for team briefings, to print."""
    with db.reading() as session:
        row = campaigns.find(session, who.viewer, campaign_id, now)
        asked = campaign_voice.questions(session, who.viewer, row.id, now)
    answered = [one for one in asked if one.answer is not None and one.to_all]
    shown = {"row": row, "answered": answered, **_shown(row, now)}
    return page(request, who, "campaign_briefing.html", title=f"Briefing: {row.brief.title}", **shown)


@router.get("/campaigns/{campaign_id}/result")
def result(request: Request, now: Now, who: PageUser, campaign_id: CampaignId) -> Response:
    """What the campaign changed, what employees said, what to keep."""
    with db.reading() as session:
        row = campaigns.find(session, who.viewer, campaign_id, now)
        found = campaign_results.result(session, who.viewer, row.id, now)
        asked = campaign_voice.questions(session, who.viewer, row.id, now)
        feedback = campaign_voice.feedback(session, who.viewer, row.id, now)
        reach = campaign_watch.reach_of(session, who.viewer, row.id, now)
    figures = found.figures if found is not None else ()
    return page(
        request,
        who,
        "campaign_result.html",
        title=f"Result: {row.brief.title}",
        row=row,
        **_shown(row, now),
        found=found,
        outside=campaign_words.outside(figures),
        reasons=campaign_words.reasons(figures),
        verdict=campaign_words.verdict(figures),
        answered=[one for one in asked if one.answer is not None],
        feedback=feedback,
        landed=campaign_words.landed(feedback),
        **_reach(reach),
    )


def _shown(row: CampaignRow, now: datetime) -> dict[str, Any]:
    return {
        "embargoed": row.embargoed(now),
        "opens": _opens(row),
        "states": campaign_words.STATES,
        "facets": campaign_words.FACETS,
    }


def _opens(row: CampaignRow) -> datetime:
    return embargo_ends(row.brief.embargo_until, row.brief.starts_at)


def _desk(session: Session, who: SignedIn, row: CampaignRow, now: datetime) -> dict[str, Any]:
    """What only those who write the campaign see: checklist, groups, timeline."""
    if not row.editable:
        return {"points": (), "groups": (), "timeline": (), "held_back": ""}
    timeline = campaign_words.timeline(campaign_steps.timeline(session, who.viewer, row.id, now))
    return {
        "points": checklist(row.brief, campaigns.contents_of(session, row.id), now),
        "groups": groups_in_words(session, row.brief),
        "timeline": [(each, campaign_words.step(each), campaign_words.reached(each)) for each in timeline],
        "held_back": campaign_words.held_back(campaign_steps.not_told(session, who.viewer, row.id, now)),
    }


def _watched(watch: Watch | None) -> dict[str, Any]:
    if watch is None or watch.facet is None:
        return {"charts": (), "explained": "", "incidents": (), **_reach(None)}
    charts: tuple[panels.Panel, ...] = ()
    if watch.buckets:
        charts = (
            panels.volume("heard", watch.buckets, watch.as_of, "Stories by hour (UTC)", watch.planned),
            panels.sentiment("mood", watch.buckets, watch.as_of, "Net sentiment by hour (UTC)"),
        )
    told = campaign_words.explained(watch.explained) if watch.explained is not None else ""
    return {"charts": charts, "explained": told, "incidents": watch.incidents, **_reach(watch.reach)}


def _reach(found: CampaignReach | None) -> dict[str, Any]:
    report = found.report if found is not None else None
    return {"reach": found, "reach_figures": reach_words.figures(report) if report is not None else ()}
