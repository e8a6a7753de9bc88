"""Invitations to the advocates' programme, as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from api.schemas.fields import Answer, Line, Question, asked, example

StateName = Literal["waiting", "mailed", "returned", "joined", "over", "withdrawn"]
_ONE: JsonDict = {
    "id": 12,
    "email": "ada@acme.example",
    "team": "Support",
    "location": "Leeds",
    "state": "mailed",
    "mails": 1,
    "mailed_at": "2026-11-20T08:00:00Z",
    "expires_at": "2026-12-04T08:00:00Z",
}
_REPORT: JsonDict = {
    "invited": 2,
    "grouped": 0,
    "refused": [{"line": 3, "email": "ada@acme.example", "reason": "is invited already"}],
}
Short = Annotated[Line, Field(max_length=500)]


class InviteeIn(Question):
    """One person to invite. Team and location count once the person says so after joining."""

    email: Short
    team: Short | None = None
    location: Short | None = None


class InvitationsIn(Question):
    """A list of people; an address that cannot be invited is told and spoils no other."""

    model_config = asked({"people": [{"email": "ada@acme.example", "team": "Support", "location": "Leeds"}]})
    people: Annotated[list[InviteeIn], Field(min_length=1, max_length=60_000)]


class RefusedOut(Answer):
    """A line that invites nobody, and why."""

    line: int
    email: str
    reason: str


class ReportOut(Answer):
    """What became of a list. `grouped`: accounts whose team or location was set."""

    model_config = example(_REPORT)
    invited: int
    grouped: int
    refused: list[RefusedOut]


class InvitationOut(Answer):
    """An invitation by mail. Whether the person became an advocate is nobody's business and not told."""

    model_config = example(_ONE)
    id: int
    email: str
    team: str | None
    location: str | None
    state: StateName
    mails: int
    mailed_at: datetime | None
    expires_at: datetime


class InvitationPage(Answer):
    """A page of invitations; `next` continues as `before`. `counts`: how many are in each state."""

    model_config = example({"items": [_ONE], "next": None, "counts": {"waiting": 0, "mailed": 1}})
    items: list[InvitationOut]
    next: int | None
    counts: dict[str, int]
