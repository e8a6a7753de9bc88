"""What the Quality page says of mentions with older tags, and whether they are being tagged again."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from nlp.shipped import WeightsError
from storage import reanalysis
from workers import retag_state
from workers.retag_state import StateUnknown


@dataclass(frozen=True, slots=True)
class RetagPanel:
    """`left` mentions carry other tags than `version` gives; `running` None: the queue does not answer."""

    version: str
    left: int
    running: bool | None
    scoped: bool  # the run that was asked for is about a part of them


def retag_panel(session: Session) -> RetagPanel | None:
    """The panel; None where there are no weights, so that nothing can be tagged."""
    try:
        versions = reanalysis.versions_in_force(session)
    except WeightsError:
        return None
    left = reanalysis.reanalysis_left(session)
    try:
        run = retag_state.wanted()
    except StateUnknown:
        return RetagPanel(versions.model, left, None, scoped=False)
    return RetagPanel(versions.model, left, run is not None, run is not None and run.scope != reanalysis.EVERYTHING)
