"""Tagging old mentions again, in the background and behind all new ones.

A bite is one transaction: claimed, tagged and saved with rollups and stories, as new mentions are; what people
corrected stays. Before each bite the run looks whether new mentions wait and lets them go first. It asks for no
detection of alerts, and notes which company's labels it changes, so that differences between two versions are not taken
for news (`alerts.retagged`).
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from config.settings import get_settings
from nlp.model import Network
from nlp.shipped import WeightsError
from nlp.themes import taxonomy_version
from storage import audit, db, mentions, reanalysis
from storage.mentions import Analyzed, PendingMention
from storage.reanalysis import Outdated, Place, Versions
from workers import retag_state
from workers.analyze import analyze, groups, tagged
from workers.app import RETAG, enqueue_once, job
from workers.model import network_in_force
from workers.retag_state import Run, StateUnknown

log = logging.getLogger(__name__)

_TURN = 20.0  # seconds of one job; then the others in the queue have theirs
_WAIT = 3.0  # seconds until the next look when new mentions wait
_AT_ONCE = 0.2
_LOOK_AGAIN = 0.5
_NEWEST, _LAST_ID = datetime.max.replace(tzinfo=UTC), 2**62


@dataclass(slots=True)
class Progress:
    """How far this process has come with a run; another process begins at the newest again and finds less."""

    run: Run
    versions: Versions
    companies: list[int]
    place: Place | None = None
    done: int = 0
    done_before_pass: int = 0


_progress: Progress | None = None  # of this process's last job, which spares looking through what is done


def retag() -> None:
    """Re-tag for a while if somebody asked for it, behind all new mentions, and come back while there is more."""
    try:
        again = _take_turn()
    except StateUnknown as error:
        log.warning("Nothing is tagged again now: %s", error)
        return
    except WeightsError as error:
        log.error("Nothing can be tagged: %s", error)  # noqa: TRY400 - the sentence says it all
        return
    if again is not None:
        enqueue_once(RETAG, after=again)


def _take_turn() -> float | None:
    """One job's work; seconds until the next job, None when there is nothing to come back for."""
    run = retag_state.wanted()
    if run is None:
        return None
    with reanalysis.turn() as held:
        if not held:
            return None  # who holds it comes back
        end = time.monotonic() + _TURN
        progress = _resumed(run)
        while retag_state.wanted() == run:
            with db.reading() as session:
                waiting = mentions.pending_count(session)
            if waiting:
                return _WAIT
            if bite(progress) is None:
                finish(run)
                return None
            if time.monotonic() > end:
                return _AT_ONCE
    return _AT_ONCE  # stopped, or another run was asked for


def _resumed(run: Run) -> Progress:
    global _progress
    if _progress is None or _progress.run != run:
        _progress = begin(run)
    return _progress


def begin(run: Run) -> Progress:
    """Start a run in this process, with the model in force now. Raises `WeightsError`."""
    model = network_in_force(fresh=True)
    return Progress(run, Versions(model.version, taxonomy_version()), _companies(run))


def bite(progress: Progress) -> int | None:
    """Re-tag the next few mentions; how many were dealt with, None when nothing is left.

    The caller holds `reanalysis.turn()`. Raises `StateUnknown` before anything is changed when alerts cannot be told.
    """
    model = network_in_force(fresh=True)
    if model.version != progress.versions.model:  # switched meanwhile: what is done is old again
        progress.versions = Versions(model.version, progress.versions.taxonomy)
        progress.companies, progress.place = _companies(progress.run), None
    while (place := _place(progress)) is not None:
        with db.reading() as session:
            found = reanalysis.next_outdated(
                session, progress.run.scope, progress.versions, place, get_settings().analyze_batch
            )
        if found:
            dealt_with = sum(_group(progress, group, model) for group in groups(found))
            progress.place = Place(place.company_id, found[-1].published_at, found[-1].id)
            progress.done += dealt_with
            return dealt_with
        progress.companies.pop(0)
        progress.place = None
    return _another_pass(progress)


def finish(run: Run) -> None:
    """Note that a run is done, unless another one was asked for meanwhile."""
    if retag_state.finish(run):
        with db.transaction() as session:
            audit.record(session, None, "tags.reanalyzed", retag_state.words(run), datetime.now(UTC))
        log.info("All mentions asked for carry the tags of the model in force.")


def wait(run: Run) -> Iterator[int]:
    """Work on a run in this process until nothing is left or it is stopped; gives how many are left, bite by bite.

    New mentions are tagged here first, since there may be no worker. Raises `WeightsError` and `StateUnknown`.
    """
    progress = begin(run)
    while retag_state.wanted() == run:
        if analyze(get_settings().analyze_batch):
            continue
        with reanalysis.turn() as held:
            if held and bite(progress) is None:
                finish(run)
                return
        if not held:
            time.sleep(_LOOK_AGAIN)
        with db.reading() as session:
            yield reanalysis.reanalysis_left(session, run.scope)


def _companies(run: Run) -> list[int]:
    with db.reading() as session:
        return reanalysis.companies_of(session, run.scope)


def _place(progress: Progress) -> Place | None:
    if progress.place is None and progress.companies:
        progress.place = Place(progress.companies[0], _NEWEST, _LAST_ID)
    return progress.place


def _another_pass(progress: Progress) -> int | None:
    """What somebody held when the run came by is taken in another pass, as long as passes bring anything."""
    with db.reading() as session:
        left = reanalysis.reanalysis_left(session, progress.run.scope)
    if left == 0 or progress.done == progress.done_before_pass:
        return None
    progress.companies, progress.done_before_pass = _companies(progress.run), progress.done
    return 0


def _group(progress: Progress, group: Sequence[Outdated], model: Network) -> int:
    ids = [one.id for one in group]
    with db.transaction() as session:
        reanalysis.count_try(session, ids)
    with db.transaction() as session:
        now = datetime.now(UTC)
        claimed = mentions.claim_tagged(session, ids)
        done, failed = tagged(claimed, model)
        _check_versions(done, progress.versions)
        _tell_alerts(claimed, {one.id: one.published_at for one in group}, now)
        mentions.save_analysis(session, done, now)
        reanalysis.keep_old_tags(session, [failure.mention_id for failure in failed])
    return len(claimed)


def _check_versions(done: Sequence[Analyzed], wanted: Versions) -> None:
    """A model that signs otherwise than the rest of the house expects would be asked for the same mentions for ever."""
    made = {Versions(each.tags.model, each.tags.taxonomy) for each in done} - {wanted}
    if made:
        raise RuntimeError(f"tags were made by {made}, wanted {wanted}")


def _tell_alerts(claimed: Sequence[PendingMention], published: dict[int, datetime], now: datetime) -> None:
    border = now - reanalysis.ALERT_WEEKS
    for company_id in sorted({one.company_id for one in claimed if published[one.id] > border}):
        retag_state.note_touched(company_id, now)


job(RETAG, soft=240, hard=300)(retag)
