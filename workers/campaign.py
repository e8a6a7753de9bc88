"""Campaigns by the clock: go-live, end, result; and their mails, in bites, each person once per step."""

import logging
from datetime import UTC, datetime

from config.settings import Settings, get_settings
from notify.campaign_mail import compose_campaign
from storage import (
    campaign_acts,
    campaign_results,
    campaign_steps,
    campaign_telling,
    campaign_voice,
    db,
    mail_states,
    outbox,
)
from storage.campaign_steps import OpenStep
from storage.viewer import ALL
from workers.app import CAMPAIGNS, SEND_MAILS, enqueue, job

log = logging.getLogger(__name__)

BITE = 200  # people whose mails are written in one transaction
_BITES = 25  # of one step in one run, so that no step keeps the others waiting
_ASKED_AT = 8  # o'clock (UTC): when those who answer are told of questions that waited overnight


def run_campaigns(now: datetime | None = None) -> None:
    """Move what is due, write results, tell people. Running twice, or killed at any place, does nothing twice."""
    at = now or datetime.now(UTC)
    _by_clock(at)
    _results(at)
    _questions(at)
    with db.reading() as session:
        steps = campaign_steps.open_steps(session)
    if sum(tell(step, at) for step in steps):
        enqueue(SEND_MAILS, expires=60)


def tell(step: OpenStep, now: datetime, bite: int = BITE) -> int:
    """Write the mails of a step, a transaction per bite; returns how many."""
    settings, told = get_settings(), 0
    for _ in range(_BITES):
        count = _bite(step, now, bite, settings)
        told += count
        if count < bite:
            break
    if told:
        log.info("Campaign %d, step %s: %d people are told.", step.campaign_id, step.kind, told)
    return told


def _bite(step: OpenStep, now: datetime, bite: int, settings: Settings) -> int:
    with db.transaction() as session:
        people = campaign_steps.claim(session, step.id, now, bite, settings.campaign_mails_per_week)
        facts = campaign_telling.facts(session, step, now) if people else None
        if facts is None:
            return 0
        by_smtp = bool(settings.smtp_host) and not facts.demo
        for person in people:
            mail = compose_campaign(facts, person.email, _key(step, person.user_id), mail_states.stop_url(person.email))
            outbox.put(session, mail, None, ALL, now, by_smtp)  # read by administrators only, since it names a person
        return len(people)


def _by_clock(now: datetime) -> None:
    with db.reading() as session:
        due = campaign_acts.due(session, now)
    for campaign_id in due:
        with db.transaction() as session:
            campaign_acts.by_clock(session, campaign_id, now)


def _results(now: datetime) -> None:
    with db.reading() as session:
        unwritten = campaign_results.unwritten(session)
    for campaign_id in unwritten:
        with db.transaction() as session:
            campaign_results.write_result(session, campaign_id, now)


def _questions(now: datetime) -> None:
    """One mail a day for questions of days before: a mail at once would tell when an anonymous one was asked."""
    if now.astimezone(UTC).hour < _ASKED_AT:
        return
    with db.transaction() as session:
        for campaign_id in campaign_voice.waiting_overnight(session, now):
            campaign_steps.add(session, campaign_id, "question", f"{now:%Y-%m-%d} overnight", now)


def _key(step: OpenStep, user_id: int) -> str:
    return f"campaign-{step.id}-{user_id}"


job(CAMPAIGNS, soft=280, hard=340)(run_campaigns)
