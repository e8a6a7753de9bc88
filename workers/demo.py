"""Loading the demo company the way real posts go: privacy door, storage, tagging, rollups, alert decisions, mails."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from alerts.discovery import detect_company
from alerts.incident import decide
from collectors.demo import generator, surveys
from collectors.demo.generator import EVENTS, DemoPost
from collectors.post import RawPost
from config.settings import get_settings
from storage import batches, db, incidents, mentions, profile, rollups, sources
from storage import demo as stored
from storage.door import privacy_door
from workers.alert import detect_alerts
from workers.analyze import analyze
from workers.app import DEMO_LOAD, DEMO_REMOVE, job
from workers.demo_advocates import add_advocates
from workers.demo_campaigns import add_campaigns
from workers.demo_contents import add_contents
from workers.tell import write_mails
from workers.topics import find_topics

log = logging.getLogger(__name__)
Progress = Callable[[str], None]

_TOML = Path(generator.__file__).with_name("company.toml")
_STORED_AT_ONCE = 500
_PATIENCE = 600  # tenths of a second
_LAST_DAY = timedelta(days=1)
_OUTAGE_AGO, _OUTAGE = timedelta(days=15, hours=4), timedelta(hours=9)  # of the collections, for the coverage
_AFTERMATH = timedelta(hours=10)  # how long after an event its incident is still watched


class DemoError(Exception):
    """The demo can't be loaded; the message says why."""


def load_demo(now: datetime | None = None, progress: Progress = log.info) -> bool:
    """Load the demo company; False when it is there already or is being loaded.

    Raises `DemoError` when a company of one's own is set up. A load that was killed is begun anew.
    """
    now = now or datetime.now(UTC)
    with stored.loading() as held:
        if not held:
            return False
        with db.reading() as session:
            found = stored.state(session)
        if found.real:
            raise DemoError("A company is set up already; the demo would mix invented posts into its figures.")
        if found.loaded:
            return False
        if found.begun:
            _remove()
        _load(now, progress)
    return True


def remove_demo() -> None:
    """Take the demo away; raises `DemoError` while it is being loaded."""
    with stored.loading() as held:
        if not held:
            raise DemoError("The demo is being loaded; try again in a minute.")
        _remove()


def _remove() -> None:
    with db.transaction() as session:
        stored.remove(session)


def _load(now: datetime, progress: Progress) -> None:
    with db.transaction() as session:
        profile.save_profile(session, _TOML.read_text(encoding="utf-8"), origin="demo", user_id=None, now=now)
    posts = generator.demo_posts(now)
    _put(surveys.SURVEYS, "survey", surveys.survey_answers(now), now)
    border = now - _LAST_DAY
    progress("Storing and tagging ninety days of posts")
    _take_in([each for each in posts if (each.post.published_at or now) < border], now)
    with db.transaction() as session:
        outage = now - _OUTAGE_AGO
        stored.note_runs(session, now - timedelta(days=generator.DAYS), now, outage, outage + _OUTAGE)
    progress("Going through the past events hour by hour")
    _replay(now)
    progress("Adding advocates and their shares")
    add_advocates(now)
    add_contents(now)
    progress("Adding the last day")
    _take_in([each for each in posts if (each.post.published_at or now) >= border], now)
    add_campaigns(now)
    with db.transaction() as session:
        stored.mark_loaded(session)
        own = profile.own_company(session)
    if own is not None:
        detect_alerts(own.id)
        find_topics(now)


def _take_in(posts: Sequence[DemoPost], now: datetime) -> None:
    """Store in order of time, then tag all that waits, here and in this process."""
    for name in (generator.SHORT, generator.FORUM, generator.REVIEWS):
        _put(name, "demo", [each.post for each in posts if each.source == name], now)
    while analyze(get_settings().analyze_batch):
        continue


def _put(name: str, kind: str, raw: Sequence[RawPost], now: datetime) -> None:
    """Store under a source of the demo; answers to surveys are all about the own company."""
    settings = get_settings()
    about = "own" if kind == "survey" else "text"
    with db.transaction() as session:
        door = privacy_door(session, settings)
        source_id = sources.get_or_make(session, kind, f"{name} (demo)", "demo", now, demo=True, about=about)
    for start in range(0, len(raw), _STORED_AT_ONCE):
        batch = batches.admit_all(door, raw[start : start + _STORED_AT_ONCE], now, settings.max_text_chars)
        with db.transaction() as session:
            mentions.add_new(session, source_id, batch, profile.matcher(session), datetime.now(UTC))


def _replay(now: datetime) -> None:
    """Decide on the hours around past events as if each were now; quiet times between them need no look."""
    with db.reading() as session:
        own = profile.own_company(session)
    if own is None:
        raise DemoError("The demo's own company is gone.")
    # One transaction: the lock keeps the running service from closing past incidents because they look quiet today.
    with db.transaction() as session:
        _take_turn(session, own.id)
        for event in EVENTS:
            at = (now - event.begins).replace(minute=59, second=0, microsecond=0)
            end = at + timedelta(hours=event.hours) + _AFTERMATH
            while at <= end and at < now - _LAST_DAY:
                _decide(session, own.id, at)
                at += timedelta(hours=1)


def _take_turn(session: Session, company_id: int) -> None:
    for _ in range(_PATIENCE):
        if incidents.deciding(session, company_id):
            return
        time.sleep(0.1)
    raise DemoError("Alert decisions of another process did not end; try again.")


def _decide(session: Session, company_id: int, at: datetime) -> None:
    settings = get_settings()
    looked_at = rollups.alert_series(session, company_id, at)
    findings = detect_company(looked_at, at, settings.alert_sensitivity, settings.alert_floor)
    intents = decide(findings, incidents.open_incidents(session, company_id), at)
    for event_id in incidents.save(session, intents, at, demo=True):
        write_mails(session, event_id, at, settings)


job(DEMO_LOAD, soft=540, hard=600)(load_demo)
job(DEMO_REMOVE, soft=240, hard=300)(remove_demo)
