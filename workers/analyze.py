"""Analysing: pending mentions are claimed, tagged and saved with their rollups in one transaction.

A text that ends the process (a fault in a library, memory) must not hold up the others. Every try is counted before it
begins, in a transaction of its own, so that the count outlives a killed process; what was tried before comes in ever
smaller groups, at last alone, and is marked as failed when it ended the process alone, again and again.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from celery.exceptions import SoftTimeLimitExceeded

from config.settings import get_settings
from nlp.model import Network
from nlp.result import TagInput, Tags
from nlp.shipped import WeightsError
from nlp.stories import bands, signature
from nlp.tag import tag_posts
from storage import db, mentions, profile
from storage.mentions import Analyzed, PendingMention
from workers.app import ANALYZE_MENTIONS, ANALYZE_PENDING, DETECT_ALERTS, REMATCH, enqueue, enqueue_once, job
from workers.model import THREADS, network_in_force

log = logging.getLogger(__name__)

GROUP_OF_SECOND_TRY = 16
# The first try is among many, the second among 16, the next three alone. A process that is killed from outside hits a
# text that is alone by chance once; three times in a row it is the text.
GIVE_UP_AFTER = 5
_ROUNDS = 40  # of one run over what is pending; then the others in the queue have their turn
_DETECT_AFTER = 2.0  # seconds in which many batches cause one detection
_REMATCH_STEP = 500


class _Attempted(Protocol):
    """What was tried before, more or less often."""

    @property
    def attempts(self) -> int: ...


Tried = TypeVar("Tried", bound=_Attempted)


@dataclass(frozen=True, slots=True)
class Failure:
    """A mention whose tagging raised an error even alone."""

    mention_id: int
    reason: str


def analyze_mentions(mention_ids: list[int]) -> None:
    """Tag the given mentions, those of them that still wait and that nobody else has."""
    if _model_is_there():
        analyze(len(mention_ids), mention_ids)


def analyze_pending() -> None:
    """Tag what waits, whoever was to do it; come back while there is more."""
    if not _model_is_there():
        return
    for _ in range(_ROUNDS):
        if analyze(get_settings().analyze_batch) == 0:
            return
    enqueue(ANALYZE_PENDING)


def rematch_posts() -> None:
    """Match stored posts anew after a change of the profile, a few hundred per transaction."""
    for _ in range(_ROUNDS):
        with db.transaction() as session:
            matcher = profile.matcher(session)
            looked_at = mentions.rematch(session, matcher, datetime.now(UTC), _REMATCH_STEP)
        if looked_at == 0:
            return
        enqueue_once(ANALYZE_PENDING, after=1.0)
    enqueue(REMATCH)


def analyze(limit: int, mention_ids: Sequence[int] | None = None) -> int:
    """Tag and save up to `limit` pending mentions (of the given ones); returns how many were dealt with.

    Raises `WeightsError` when there is no model: then nothing is counted as a try.
    """
    model = network_in_force()  # loaded before anything is counted: a kill while the model loads is nobody's fault
    with db.transaction() as session:
        waiting = mentions.claim_pending(session, limit, mention_ids)
    return sum(_analyze_group(group, model) for group in groups(waiting))


def groups(waiting: Sequence[Tried]) -> Iterator[list[Tried]]:
    """What was never tried together, what was tried once in small groups, the rest one by one."""
    fresh = [mention for mention in waiting if mention.attempts == 0]
    second = [mention for mention in waiting if mention.attempts == 1]
    if fresh:
        yield fresh
    for start in range(0, len(second), GROUP_OF_SECOND_TRY):
        yield second[start : start + GROUP_OF_SECOND_TRY]
    for mention in waiting:
        if mention.attempts > 1:
            yield [mention]


def _analyze_group(group: Sequence[PendingMention], model: Network) -> int:
    ids = [mention.id for mention in group]
    now = datetime.now(UTC)
    if len(group) == 1 and group[0].attempts >= GIVE_UP_AFTER:
        with db.transaction() as session:
            mentions.mark_failed(session, ids, "Tagging ended its process again and again.", now)
        log.error("Mention %d was given up: tagging it ended the process again and again.", ids[0])
        return 1
    with db.transaction() as session:
        mentions.count_attempt(session, ids)
    with db.transaction() as session:
        claimed = mentions.claim_pending(session, len(ids), ids)
        done, failed = tagged(claimed, model)
        companies = mentions.save_analysis(session, done, now)
        for failure in failed:
            mentions.mark_failed(session, [failure.mention_id], failure.reason, now)
        db.after_commit(session, lambda: _detect_soon(companies))
    return len(claimed)


def tagged(claimed: Sequence[PendingMention], model: Network) -> tuple[list[Analyzed], list[Failure]]:
    """Tag all; where that raises, each half, so that one bad text costs no other its tags."""
    if not claimed:
        return [], []
    try:
        tags = tag_posts([tag_input(mention) for mention in claimed], THREADS, model)
        return [_analyzed(mention, one) for mention, one in zip(claimed, tags, strict=True)], []
    except (SoftTimeLimitExceeded, WeightsError):
        raise
    except Exception as error:
        if len(claimed) == 1:
            log.exception("Mention %d cannot be tagged.", claimed[0].id)
            return [], [Failure(claimed[0].id, f"{type(error).__name__}: {error}")]
    half = len(claimed) // 2
    (left, left_failed), (right, right_failed) = tagged(claimed[:half], model), tagged(claimed[half:], model)
    return left + right, left_failed + right_failed


def tag_input(mention: PendingMention) -> TagInput:
    """What the model is given of a mention."""
    meta = {**mention.stated, "kind": mention.kind}
    if mention.rating is not None:
        meta["stars"] = str(round(mention.rating))
    if mention.own_account:
        meta["own_account"] = "yes"
    return TagInput(str(mention.id), mention.text, mention.source_kind, mention.company, meta, mention.names)


def _analyzed(mention: PendingMention, tags: Tags) -> Analyzed:
    sign = signature(mention.text)
    return Analyzed(mention.id, tags, tags.protected, sign, bands(sign))


def _detect_soon(companies: Sequence[int]) -> None:
    for company_id in companies:
        enqueue_once(DETECT_ALERTS, company_id, after=_DETECT_AFTER)


def _model_is_there() -> bool:
    try:
        network_in_force()
    except WeightsError as error:
        log.error("Nothing can be tagged: %s", error)  # noqa: TRY400 - the sentence says it all
        return False
    return True


job(ANALYZE_MENTIONS, soft=240, hard=300)(analyze_mentions)
job(ANALYZE_PENDING, soft=240, hard=300)(analyze_pending)
job(REMATCH, soft=240, hard=300)(rematch_posts)
