"""What a person chose in the address, read with care: a wrong value is named and left out, the rest holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from nlp.result import AUDIENCES, FACETS, SENTIMENTS, STAFF, UNKNOWN, UNSURE
from nlp.themes import theme_facets
from storage.mentions import MentionFilter

PERIODS = (7, 30, 90)  # days
_LABELS: Mapping[str, tuple[str, ...]] = {
    "facet": FACETS,
    "audience": (*AUDIENCES, STAFF, UNKNOWN),
    "sentiment": (*SENTIMENTS, UNSURE),
}
_NUMBERS = {"company": 2**15 - 1, "source": 2**31 - 1, "story": 2**63 - 1}  # the largest that a column holds
_DAYS = ("from", "to")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filter, the values as typed (to show them again; "" where none), and what was wrong, by field."""

    wanted: MentionFilter
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether anything was chosen."""
        return any(self.typed.values())

    def address(self, path: str, **changes: str | None) -> str:
        """The path with the chosen values; `changes` replace some, None takes one away."""
        values = {**self.typed, **changes}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{path}?{query}" if query else path


def chosen(params: Mapping[str, str]) -> Chosen:
    """Read the filter of the mentions from the address."""
    names = ("q", *choices(), *_NUMBERS, *_DAYS)
    typed = {name: params.get(name, "").strip()[:_LONGEST] for name in names}
    errors: dict[str, str] = {}
    labels = {name: _choice(name, typed, errors) for name in choices()}
    numbers = {name: _number(name, typed, errors) for name in _NUMBERS}
    start, end = (_day(name, typed, errors) for name in _DAYS)
    if start is not None and end is not None and end < start:
        errors["to"] = "This day lies before the first one."
        end = None
    wanted = MentionFilter(
        company_id=numbers["company"],
        q=typed["q"] or None,
        source_id=numbers["source"],
        story_id=numbers["story"],
        start=start,
        end=None if end is None else end + timedelta(days=1),
        facet=labels["facet"],
        audience=labels["audience"],
        sentiment=labels["sentiment"],
        theme=labels["theme"],
    )
    return Chosen(wanted, typed, errors)


def choices() -> Mapping[str, tuple[str, ...]]:
    """The filters that are a choice, with the labels that there are."""
    return {**_LABELS, "theme": tuple(theme_facets())}


def period(params: Mapping[str, str]) -> int:
    """The days of the window that a page shows."""
    given = params.get("days", "")
    return int(given) if given in {str(days) for days in PERIODS} else PERIODS[1]


def _choice(name: str, typed: Mapping[str, str], errors: dict[str, str]) -> str | None:
    value = typed[name]
    if not value or value in choices()[name]:
        return value or None
    errors[name] = f"There is no {name} of this name; the filter is left out."
    return None


def _number(name: str, typed: Mapping[str, str], errors: dict[str, str]) -> int | None:
    value = typed[name]
    if not value:
        return None
    if value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= _NUMBERS[name]:
        return int(value)
    errors[name] = f"There is no {name} of this number; the filter is left out."
    return None


def _day(name: str, typed: Mapping[str, str], errors: dict[str, str]) -> datetime | None:
    value = typed[name]
    if not value:
        return None
    try:
        day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        day = None
    if day is None or not 1970 < day.year < 9000:
        errors[name] = "Write the day as 2026-01-31."
        return None
    return day
