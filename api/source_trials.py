"""Trying a source and waiting for what the worker says, for calls and forms that answer at once."""

import time
from collections.abc import Mapping
from datetime import datetime

from collectors.post import Json
from storage import db, sources
from storage.viewer import Viewer
from workers import trials
from workers.trials import TrialResult

NOBODY_CAME = TrialResult(False, "No worker took it in time. See that a collecting worker runs, then try again.")
_STEP = 0.15  # seconds between looks


def start(viewer: Viewer, source_id: int, now: datetime) -> str:
    """Have a stored source tried with its own keys; the token of the answer. Raises `ValueError`, `NotFound`."""
    with db.reading() as session:
        setup = sources.setup_of(session, source_id)
        if setup is None:
            raise ValueError("There is no such source.")
        sealed = sources.sealed_for_trial(session, viewer, source_id, setup.kind, {})
    return trials.start_trial(setup.kind, setup.options, sealed, source_id)


def preview(kind: str, options: Mapping[str, Json], sealed: str | None) -> TrialResult:
    """What a source that is not stored would bring; waits for it."""
    return wait(trials.start_trial(kind, options, sealed, preview=True))


def wait(token: str) -> TrialResult:
    """The answer, or that nobody came within the time that a trial may take."""
    ends = time.monotonic() + trials.PATIENCE
    while (result := trials.trial_result(token)) is None:
        if time.monotonic() >= ends:
            return NOBODY_CAME
        time.sleep(_STEP)
    return result
