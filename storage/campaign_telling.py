"""What the mail of a campaign's step says, as things stand when it is written."""

from datetime import datetime

from sqlalchemy.orm import Session

from advocacy.campaign import DRAFT, embargo_ends
from config.settings import get_settings
from notify.campaign_mail import Told
from storage import campaign_voice
from storage.campaign_steps import OpenStep
from storage.models.advocacy import Campaign
from storage.models.campaigns import CampaignQuestion
from storage.viewer import SYSTEM


def facts(session: Session, step: OpenStep, now: datetime) -> Told | None:
    """The facts of a step's mails; None where campaign or question is gone. For the worker, who shows them to nobody
    but the people of the step."""
    row = session.get(Campaign, step.campaign_id, populate_existing=True)
    if row is None:
        return None
    public_at = embargo_ends(row.embargo_until, row.starts_at)
    question = session.get(CampaignQuestion, int(step.mark)) if step.kind == "answer" else None
    if step.kind == "answer" and (question is None or question.answer is None):
        return None
    page = "/result" if step.kind == "closed" else "#questions" if step.kind in ("question", "answer") else ""
    return Told(
        step.kind,
        row.title,
        row.state == DRAFT or now < public_at,
        public_at,
        row.starts_at,
        row.ends_at,
        f"{get_settings().base_url}/campaigns/{row.id}{page}",
        row.why,
        row.expected,
        question.text if question is not None else "",
        (question.answer or "") if question is not None else "",
        _closing(session, row, now) if step.kind == "closed" else (),
        row.demo,
    )


def _closing(session: Session, row: Campaign, now: datetime) -> tuple[str, ...]:
    """What may be told to whoever knows of the campaign; figures of what was heard outside stand on the page only."""
    asked = campaign_voice.questions(session, SYSTEM, row.id, now)
    landed = campaign_voice.feedback(session, SYSTEM, row.id, now).landed
    answered = sum(one.answer is not None for one in asked)
    lines = [f"Employees asked {len(asked):,} questions; {answered:,} of them are answered."]
    if landed is None:
        lines.append("Fewer than five people said how it landed, so their answers stay hidden.")
    else:
        low, high = landed.share_well
        lines.append(f"It landed well with {low:.0%} to {high:.0%} of {landed.n:,} people who said how.")
    lines.append("The page shows what changed outside, with its uncertainty, and asks what should be kept.")
    return tuple(lines)
