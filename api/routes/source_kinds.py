"""The kinds of sources that can be added, with the options and keys that they take."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends

from api.deps import require_viewer
from api.errors import responses
from api.schemas.source_changes import KeyOut, KindList, KindOut, OptionOut
from api.source_kinds import kind_of
from collectors import registry
from collectors.base import Collector
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/source-kinds", tags=["sources"])

_HOUR = timedelta(hours=1)
_ROLES = ("marketing", "hr", "leadership", "administrator")


@router.get("", name="list_source_kinds", responses=responses(401, 403))
def list_kinds(_viewer: Annotated[Viewer, Depends(require_viewer("sources:read", *_ROLES))]) -> KindList:
    """All kinds, in the order in which the page offers them."""
    return KindList(items=[_shown(collector) for collector in registry.all_collectors()])


def _shown(collector: Collector) -> KindOut:
    about, budget = kind_of(collector), collector.budget
    return KindOut(
        kind=collector.kind,
        label=collector.label,
        summary=about.about,
        access=about.access,
        options=[OptionOut.model_validate(option) for option in collector.options],
        credentials=[KeyOut.model_validate(option) for option in collector.credentials],
        polled=collector.polled,
        takes_hooks=collector.takes_hooks,
        interval_minutes=max(1, round(collector.interval / timedelta(minutes=1))),
        keep_days=collector.keep_days,
        window_hours=None if collector.window is None else collector.window / _HOUR,
        unit=budget and budget.unit,
        period=budget and budget.period,
    )
