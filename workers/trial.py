"""Trying a source: one cheap look with the real client, answered in a sentence; on request the first posts with it."""

import contextlib
import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from collectors import registry
from collectors.base import Batch, CollectError, Collector, CollectRequest, Meter, Outcome
from collectors.http import HttpClient
from collectors.post import Json, Post
from config.settings import get_settings
from storage import batches, db, profile, sources
from storage.door import privacy_door
from workers.app import TRY_SOURCE, job
from workers.discretion import discreet
from workers.gate import HostGate
from workers.trials import PATIENCE, TrialItem, TrialResult, put_result

log = logging.getLogger(__name__)

_SHOWN = 20  # posts of a preview
_TEXT = 500  # characters of each
_BATCHES = 3  # looked at until one of them has items


@dataclass(frozen=True, slots=True)
class _Setting:
    """What is tried: nothing of it needs to be stored yet."""

    collector: Collector
    options: Mapping[str, Json]
    credentials: Mapping[str, str]
    source_id: int | None


def test_source(kind: str, options: Mapping[str, Json], credentials: Mapping[str, str]) -> str:
    """Try the connection with the real client; a sentence for the person.

    Raises `CollectError`, and `ValueError` beginning with the option that is wrong.
    """
    return _tried(_setting(kind, options, credentials, None), preview=False).detail


def try_source(
    token: str,
    kind: str,
    options: Mapping[str, Json],
    sealed: str | None,
    source_id: int | None = None,
    preview: bool = False,
) -> None:
    """The job behind `workers.trials.start_trial`; every end is an answer."""
    credentials: Mapping[str, str] = {}
    try:
        credentials = sources.open_credentials(sealed)
        result = _tried(_setting(kind, options, credentials, source_id), preview=preview)
    except (CollectError, ValueError) as error:
        result = TrialResult(False, str(error))
    except SoftTimeLimitExceeded:
        result = TrialResult(False, f"No answer came within {PATIENCE:.0f} seconds.")
    except Exception as error:
        log.exception("Trying a source of kind %s failed by a fault of ours", kind)
        result = TrialResult(False, f"A fault of Outspoken: {type(error).__name__}.")
    put_result(token, replace(result, detail=discreet(result.detail, credentials)))


def _setting(kind: str, options: Mapping[str, Json], credentials: Mapping[str, str], source_id: int | None) -> _Setting:
    collector = registry.get(kind)
    return _Setting(collector, collector.check_options(options), credentials, source_id)


def _tried(tried: _Setting, *, preview: bool) -> TrialResult:
    now = datetime.now(UTC)
    with db.reading() as session:
        state = profile.current_profile(session)
        meter = _meter(session, tried, now)
    terms = state.profile.search_terms() if state is not None else ()
    request = CollectRequest(tried.source_id or 0, tried.options, terms, {}, now, tried.credentials, meter)
    gate = HostGate(tried.collector.pace, force=True)
    with HttpClient.from_settings(get_settings(), gate) as http:
        try:
            # A test that is the first page anyway shows it.
            if preview or type(tried.collector).test is Collector.test:
                return _first_page(tried.collector, request, http)
            return TrialResult(True, tried.collector.test(request, http))
        finally:
            _note_cost(tried, http.requests, meter, now)


def _meter(session: Session, tried: _Setting, now: datetime) -> Meter:
    if tried.source_id is None:
        return Meter()
    return sources.meter_of(session, tried.collector, tried.source_id, tried.options, now)


def _first_page(collector: Collector, request: CollectRequest, http: HttpClient) -> TrialResult:
    with contextlib.closing(collector.collect(request, http)) as run:
        try:
            batch = _first_with_items(run)
        except StopIteration as end:
            return TrialResult(end.value.reason not in _REFUSALS, end.value.detail or "It answers; there is nothing.")
    posts = _admitted(batch, request.now)
    held = f" {len(batch.held)} are in a form that a person has to look at." if batch.held else ""
    sentence = f"The source answers; the first page has {len(batch.posts)} items.{held}"
    return TrialResult(True, sentence, tuple(_item(post) for post in posts[:_SHOWN]))


def _first_with_items(run: Generator[Batch, None, Outcome]) -> Batch:
    """The first batch that brings anything, of the first few; some begin with one that only moves the cursor."""
    batch = next(run)
    for _ in range(_BATCHES - 1):
        if batch.posts or batch.held:
            break
        batch = next(run)
    return batch


def _admitted(batch: Batch, now: datetime) -> list[Post]:
    settings = get_settings()
    with db.reading() as session:
        door = privacy_door(session, settings)
    return batches.admit_all(door, batch.posts, now, settings.max_text_chars)


def _item(post: Post) -> TrialItem:
    text = post.text if len(post.text) <= _TEXT else f"{post.text[:_TEXT].rstrip()} …"
    return TrialItem(text, post.title, post.url, post.published_at, post.date_from, post.rating, post.kind)


def _note_cost(tried: _Setting, requests: int, meter: Meter, now: datetime) -> None:
    """What was paid for counts against the budget, also where nothing came of it."""
    if tried.source_id is not None and meter.cost > 0:
        with db.transaction() as session:
            sources.note_trial(session, tried.source_id, requests, meter.cost, now)


_REFUSALS = frozenset({"needs_credentials", "needs_approval", "unauthorized", "not_allowed"})

job(TRY_SOURCE, soft=int(PATIENCE) - 1, hard=int(PATIENCE) + 15)(try_source)
