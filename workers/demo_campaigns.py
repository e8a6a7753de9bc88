"""Invented campaigns of the demo: one over, with its result, and one that the early groups have just been told of."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from advocacy.campaign import Brief
from storage import campaign_acts, campaign_results, campaign_steps, campaign_voice, campaigns, db
from storage.campaign_steps import Person
from storage.demo import tie_shares
from storage.viewer import SYSTEM, viewer_for

_DAY = timedelta(days=1)
_VOICES = (
    (5, "Good to know it before the customers did."),
    (4, "The workload at the counter doubled for a week."),
    (4, "Clear, and the text for the team was short."),
    (2, "We heard too late that the workload would grow."),
    (5, "Customers came because of it."),
    (3, "Too many queues, workload again."),
    (4, "More of this, with less workload on Saturdays."),
    (4, "The workload was fine in our shop."),
)


def add_campaigns(now: datetime) -> None:
    """Both of them, moved along as people and the clock would, without a mail."""
    with db.transaction() as session:
        _repair_week(session, now)
        _move(session, now)


def _repair_week(session: Session, now: datetime) -> None:
    start = now - 24 * _DAY
    made = campaigns.add(
        session,
        SYSTEM,
        Brief(
            "Repair week",
            "brand",
            start,
            start + 14 * _DAY,
            "Half of what comes back to us could be mended in ten minutes, and most people do not know that we do.",
            "The counters and the workshop: more people will come in, most of them on Saturday.",
            "Say what you can mend and what not. If you like, tell in your own words what you mended last.",
            "From Monday we mend zips, straps and brakes while people wait. Nobody has to sell anything this week.",
        ),
        start - 5 * _DAY,
        demo=True,
    )
    campaign_acts.brief(session, SYSTEM, made, start - 3 * _DAY)
    campaign_acts.by_clock(session, made, start)
    people = _tell(session, start)
    tie_shares(session, made, start, start + 14 * _DAY)
    viewers = [viewer_for("advocate", person.user_id) for person in people]
    for viewer, (score, words) in zip(viewers, _VOICES, strict=False):
        campaign_voice.give(session, viewer, made, score, words, start + 9 * _DAY)
    if viewers:
        asked = campaign_voice.ask(session, viewers[0], made, "Do we mend other makes?", anonymous=False, now=start)
        campaign_voice.answer(session, SYSTEM, asked, "Yes, as far as the parts fit.", to_all=True, now=start + _DAY)
    campaign_acts.by_clock(session, made, start + 14 * _DAY)
    campaign_results.write_result(session, made, now)
    campaign_acts.keep(session, SYSTEM, made, "Tell the counters a week earlier, and plan two more people.", now)
    _tell(session, now)


def _move(session: Session, now: datetime) -> None:
    made = campaigns.add(
        session,
        SYSTEM,
        Brief(
            "The workshop moves to Brekkedal",
            "employer",
            now + 3 * _DAY,
            now + 17 * _DAY,
            "The lease ends in spring, and the new house has light, a lift and room for apprentices.",
            "Everybody in the workshop, and whoever brings bicycles there.",
            "Read the plan, ask what is unclear. Nobody is asked to share anything before it is public.",
            "We move in spring. All places stay; the way to work changes for eleven of us.",
            ("role:hr", "role:leadership"),
        ),
        now - 2 * _DAY,
        demo=True,
    )
    campaign_acts.brief(session, SYSTEM, made, now - _DAY)
    asker = viewer_for("leadership")
    campaign_voice.ask(session, asker, made, "Who pays for the longer way to work?", anonymous=True, now=now - _DAY)
    _tell(session, now)


def _tell(session: Session, at: datetime) -> tuple[Person, ...]:
    """Mark the invented people as told, so that the timeline is alive and no mail is written."""
    told: list[Person] = []
    for step in campaign_steps.open_steps(session):
        if campaign_steps.of_demo(session, step.id):
            told += campaign_steps.claim(session, step.id, at, 1_000, 50)
    return tuple(told)
