"""Who is told, when, and who steps in when nobody answers: parts of the company profile."""

import re
from datetime import date, time
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

MAX_LIST = 200

Severity = Literal["low", "medium", "high", "critical"]
Facet = Literal["brand", "employer"]
Audience = Literal["consumer", "employee", "alumnus", "candidate", "staff", "other", "unknown"]
Kind = Literal[
    "volume_spike",
    "negative_share",
    "positive_share",
    "rating_drop",
    "new_theme",
    "rival_event",
    "spill_over",
    "source_silence",
]
AUDIENCES: tuple[str, ...] = get_args(Audience)
KINDS: tuple[str, ...] = get_args(Kind)

_EMAIL = re.compile(r"[^\s@,;:<>\"()\[\]\\]{1,64}@[^\s@,;:<>\"()\[\]\\]{1,190}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-\u2013]\s*([01]\d|2[0-3]):([0-5]\d)")


def plain(value: str) -> str:
    """A line without control characters; raises `ValueError`."""
    if re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", value):
        raise ValueError("must not contain line breaks or control characters")
    return value


def quiet_times(value: str) -> tuple[time, time]:
    """`22:00-07:00` as two wall-clock times; raises `ValueError`."""
    found = _HOURS.fullmatch(value.strip())
    if found is None:
        raise ValueError("must be two times of a day, such as 22:00-07:00")
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError("must not begin and end at the same time")
    return start, end


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("must be one e-mail address, such as ada@acme.example")
    return value


def _hours(value: str) -> str:
    start, end = quiet_times(value)
    return f"{start:%H:%M}-{end:%H:%M}"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no time zone; write one such as Europe/Berlin") from error
    return value


def _language(value: str) -> str:
    code = value.lower()
    if not _LANGUAGE.fullmatch(code):
        raise ValueError("must be the code of a language, such as en or de")
    return code


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _listed(value: Any) -> Any:
    """A single word stands for a list of one."""
    return (value,) if isinstance(value, str) else value


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(plain)]
Email = Annotated[Line, AfterValidator(_email)]
Zone = Annotated[Line, AfterValidator(_zone)]
Hours = Annotated[Line, AfterValidator(_hours)]
Language = Annotated[Line, AfterValidator(_language)]


class Part(BaseModel):
    """A table of the profile: what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Recipient(Part):
    """Who gets alert mails: incidents of this severity and above; an empty list means all.

    `quiet_hours` and the day of `daily_cap` are of `timezone`. Critical incidents pass both.
    """

    email: Email
    severity: Severity = "medium"
    facets: tuple[Facet, ...] = ()
    audiences: Annotated[tuple[Audience, ...], AfterValidator(_once)] = ()
    languages: Annotated[tuple[Language, ...], Field(max_length=50), AfterValidator(_once)] = ()
    kinds: Annotated[tuple[Kind, ...], AfterValidator(_once)] = ()
    quiet_hours: Hours | None = None
    timezone: Zone = "UTC"
    daily_cap: Annotated[int, Field(ge=1, le=1000)] = 10
    digest: Literal["daily", "weekly", "none"] | None = None


class OnCall(Part):
    """A rota: the people in turn, `days` each, from midnight of `from` in `timezone` on."""

    name: Line
    people: Annotated[tuple[Email, ...], Field(min_length=1, max_length=MAX_LIST)]
    start: Annotated[date, Field(alias="from")]
    days: Annotated[int, Field(ge=1, le=366)] = 7
    timezone: Zone = "UTC"

    @model_validator(mode="after")
    def _named_unlike_an_address(self) -> "OnCall":
        if "@" in self.name:
            raise ValueError("the name of a rota must not look like an address")
        return self


class Escalation(Part):
    """Who is told once when nobody acknowledged a high or critical incident: addresses, or names of rotas."""

    after_minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    to: Annotated[tuple[Line, ...], BeforeValidator(_listed), Field(max_length=MAX_LIST), AfterValidator(_once)] = ()


def check_escalation(escalation: Escalation | None, rotas: tuple[OnCall, ...]) -> str | None:
    """Why an escalation leads nowhere, naming the field; None when it is in order."""
    if escalation is None:
        return None
    if not escalation.to and not rotas:
        return "escalation.to: name an address or a rota of [[on_call]]"
    names = {rota.name for rota in rotas}
    for each in escalation.to:
        if each not in names and not _EMAIL.fullmatch(each):
            return f"escalation.to: “{each}” is no address and no rota of [[on_call]]"
    return None
