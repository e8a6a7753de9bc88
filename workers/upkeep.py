"""Upkeep: finds in the rows what a crash, a restart or a lost job left undone; retention; silence of sources."""

import logging
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from alerts.rules import SILENCE, Intent
from alerts.silence import SilentSource, decide_silence
from config.company import ProfileError
from config.settings import get_settings
from storage import (
    advocacy,
    audit,
    audit_chain,
    db,
    deliveries,
    incidents,
    mail_actions,
    mentions,
    profile,
    removals,
    sources,
    topics,
    users,
    vectors,
)
from workers.app import ANALYZE_PENDING, EVERY_HOUR, PICK_UP, REMATCH, TELL, WATCH_SOURCES, enqueue, job

log = logging.getLogger(__name__)

_EVENTS = 100  # told per round; more would only wait in the queue
_BITES = 200  # deletions per run, each a transaction of its own
_told_problem = ""  # the last fault of the company file that this process put into its log


def pick_up() -> None:
    """Enqueue what waits: pending mentions, outdated matches, untold events. Read a changed company file."""
    _read_company_file()
    with db.reading() as session:
        pending = mentions.pending_count(session)
        events = incidents.events_to_tell(session, _EVENTS)
    enqueue(REMATCH, expires=25)
    busy = math.ceil(pending / get_settings().analyze_batch)
    for _ in range(min(busy, get_settings().worker_processes)):  # a job each for as many processes as have work
        enqueue(ANALYZE_PENDING, expires=25)
    for event_id in events:
        enqueue(TELL, event_id, expires=25)


def every_hour() -> None:
    """Delete what has expired, and note the day's head-counts of the programme."""
    settings = get_settings()
    for _ in range(_BITES):
        with db.transaction() as session:
            gone = mentions.delete_expired(session, datetime.now(UTC), settings)
        if gone == 0:
            break
    now = datetime.now(UTC)
    with db.transaction() as session:
        advocacy.record_day(session, now)
        mail_actions.forget(session, now)
        removals.note(session, "messages", deliveries.forget_old(session, now), None, now)
        removals.note(session, "sessions", users.forget_ended(session, now), None, now)
        vectors.forget(session, now)
        topics.forget_old(session, now)
    _keep_audit_log(now)


def _keep_audit_log(now: datetime) -> None:
    """Let entries expire that are older than they are kept; once a day, note where the chain ends."""
    settings = get_settings()
    with db.transaction() as session:
        gone = audit.expire(session, now - timedelta(days=settings.audit_days), now)
        removals.note(session, "audit", gone, settings.audit_days, now)
        removals.forget(session, now - timedelta(days=settings.audit_days))
    with db.reading() as session:
        anchor = audit_chain.last_anchor(session)
    if anchor is not None and audit_chain.keep_anchor(settings.data_dir, anchor, now):
        log.info("The audit log ends at %s", anchor)


def watch_sources() -> None:
    """Apply the silence rule to every source; what went silent, or speaks again, is told as an incident is."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        gone = sources.mark_silent(session, now)
        own = profile.own_company(session)
        intent = None if own is None else _decide_silence(session, own.id, gone, now)
        events = [] if own is None or intent is None else incidents.save(session, [intent], now, own.demo)
    for source in gone:
        log.warning("Source %s went silent: %s", source.name, source.reason)
    for event_id in events:
        enqueue(TELL, event_id)


def _decide_silence(session: Session, company_id: int, gone: Sequence[SilentSource], now: datetime) -> Intent | None:
    found = incidents.open_incidents(session, company_id)
    incident = next((each for each in found if each.kind == SILENCE), None)
    return decide_silence(company_id, gone, sources.silent_sources(session, now), incident, now)


def _read_company_file() -> None:
    global _told_problem
    try:
        with db.transaction() as session:
            state = profile.load_file(session, get_settings().company_file, datetime.now(UTC))
    except (ProfileError, OSError) as error:
        if str(error) != _told_problem:
            log.error("%s was not read: %s", get_settings().company_file, error)  # noqa: TRY400
        _told_problem = str(error)
        return
    _told_problem = ""
    if state is not None:
        log.info("The company profile was read from %s.", get_settings().company_file)


job(PICK_UP, soft=50, hard=60)(pick_up)
job(EVERY_HOUR, soft=540, hard=600)(every_hour)
job(WATCH_SOURCES, soft=110, hard=120)(watch_sources)
