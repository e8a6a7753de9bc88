"""Kinds of fields that several schemas share, with the limits that the database has."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

MAX_SERIAL = 2**31 - 1
MAX_BIG = 2**63 - 1
MAX_SMALL = 2**15 - 1

Facet = Literal["brand", "employer", "both", "neither"]
Audience = Literal["consumer", "employee", "alumnus", "candidate", "other", "staff", "unknown"]
Sentiment = Literal["positive", "neutral", "negative", "unsure"]


class Answer(BaseModel):
    """Base of what the API answers: read from the data classes of `storage`."""

    model_config = ConfigDict(from_attributes=True)


class Question(BaseModel):
    """Base of what the API takes in: a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _sane(moment: datetime) -> datetime:
    if not 1990 <= moment.year <= 2100:
        raise ValueError("must lie between 1990 and 2100")
    return moment.astimezone(UTC)


def _storable(text: str) -> str:
    if "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must not hold NUL characters or lone surrogates")
    return text


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]
Line = Annotated[str, AfterValidator(_storable)]
SmallId = Annotated[int, Field(ge=1, le=MAX_SMALL)]
SerialId = Annotated[int, Field(ge=1, le=MAX_SERIAL)]
BigId = Annotated[int, Field(ge=1, le=MAX_BIG)]
Cursor = Annotated[str, Field(max_length=300, description="`next` of the page before.")]


def example(value: JsonDict) -> ConfigDict:
    """The configuration of an answer that shows one example in OpenAPI."""
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [value]})


def asked(value: JsonDict) -> ConfigDict:
    """The configuration of a question that shows one example in OpenAPI."""
    return ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [value]})
