"""Planned events, and what answers to incidents changed, as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Line, Moment, Question, SmallId, asked, example

_EVENT: JsonDict = {
    "id": 4,
    "company_id": 1,
    "company": "Acme",
    "name": "Launch of the winter tent",
    "facet": "brand",
    "starts_at": "2026-11-20T08:00:00Z",
    "ends_at": "2026-11-22T20:00:00Z",
    "note": "",
    "by": "Marketing",
    "created_at": "2026-11-12T10:00:00Z",
    "explained": 412,
    "usual": 120.0,
}
_SENSITIVITY: JsonDict = {
    "company_id": 1,
    "company": "Acme",
    "kind": "volume_spike",
    "facet": "brand",
    "audience": "all",
    "factor": 1.21,
    "useful": 1,
    "not_useful": 2,
    "reasons": {"too_small": 2},
    "last_at": "2026-11-20T10:00:00Z",
    "reset_at": None,
}


class PlannedOut(Answer):
    """A planned event. `explained` counts the stories during it so far, `usual` those of the same hours in the four
    weeks before (median); `null`: it has not begun, or no earlier week is known."""

    model_config = example(_EVENT)
    id: int
    company_id: int
    company: str
    name: str
    facet: str
    starts_at: datetime
    ends_at: datetime
    note: str
    by: str | None
    created_at: datetime
    explained: int | None
    usual: float | None


class PlannedPageOut(Answer):
    """The latest end first."""

    model_config = example({"items": [_EVENT], "next": None})
    items: list[PlannedOut]
    next: str | None


class PlannedIn(Question):
    """A planned event: 45 days at most. A rise of its facet opens no incident meanwhile."""

    model_config = asked(
        {
            "name": "Launch of the winter tent",
            "facet": "brand",
            "starts_at": "2026-11-20T08:00:00Z",
            "ends_at": "2026-11-22T20:00:00Z",
        }
    )
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    facet: Literal["all", "brand", "employer"]
    starts_at: Moment
    ends_at: Moment
    note: Annotated[Line, Field(max_length=2000)] = ""


class PlannedNewIn(PlannedIn):
    """A planned event of the own company, or of another tracked one."""

    company_id: SmallId | None = None


class SensitivityOut(Answer):
    """What the answers to incidents of one slice changed: the `factor` (1 to 2) on its bar now, and the answers."""

    model_config = example(_SENSITIVITY)
    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    factor: float
    useful: int
    not_useful: int
    reasons: dict[str, int]
    last_at: datetime
    reset_at: datetime | None


class SensitivityList(Answer):
    """The most raised first."""

    model_config = example({"items": [_SENSITIVITY], "next": None})
    items: list[SensitivityOut]
    next: str | None = None


class SliceIn(Question):
    """The slice whose earlier answers are to count no more."""

    model_config = asked({"company_id": 1, "kind": "volume_spike", "facet": "brand", "audience": "all"})
    company_id: SmallId
    kind: Annotated[Line, Field(max_length=40)]
    facet: Annotated[Line, Field(max_length=40)]
    audience: Annotated[Line, Field(max_length=40)]
