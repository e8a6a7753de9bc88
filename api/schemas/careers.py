"""What careers pages and applicant systems report."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.fields import Answer, Line, Moment, Question, asked, example

Code = Annotated[Line, Field(min_length=1, max_length=40)]


class BeaconIn(BaseModel):
    """What the script sends. Anything else in it is ignored: nothing more is wanted to be known."""

    model_config = ConfigDict(extra="ignore")
    kind: Literal["visit", "jobs", "application"]
    medium: Line = Field("", max_length=40)
    content: Code | None = None


class ApplicationIn(Question):
    """One application that was started."""

    reference: Annotated[Line, Field(min_length=1, max_length=200, description="Your id; only its hash is kept.")]
    at: Moment
    utm_content: Code | None = Field(None, description="As the visitor came with, from our link.")
    host: Annotated[Line, Field(max_length=253)] | None = Field(None, description="Without: the first registered host.")


class ApplicationsIn(Question):
    """Applications that were started."""

    model_config = asked(
        {"applications": [{"reference": "A-1027", "at": "2026-03-02T09:00:00Z", "utm_content": "xk3Fp9TqLm"}]}
    )
    applications: Annotated[list[ApplicationIn], Field(min_length=1, max_length=500)]


class ApplicationsOut(Answer):
    """How many were read; those sent before count once."""

    model_config = example({"received": 1})
    received: int
