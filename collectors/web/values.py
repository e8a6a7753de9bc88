"""Single values as pages write them: ratings on any scale, dates, and the many shapes of schema.org."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.dates import read_date
from collectors.html_text import one_line, plain_text
from collectors.post import Json

MAX_TEXT = 200_000
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,9})?")
_OUT_OF = re.compile(
    r"(\d{1,4}(?:[.,]\d{1,9})?)\s{0,3}(?:/|out of|of|von|sur|de|av|van|su|z)\s{0,3}(\d{1,3})\b", re.IGNORECASE
)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,9})?)\s?%")
_STARS = re.compile(r"[★☆⭐]{1,10}")
_ZONE = re.compile(r"(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{2}:?\d{2})\s*$")


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a rating; None where the page does not say."""

    best: float | None = None
    worst: float | None = None


def strings(value: Json) -> Iterator[str]:
    """All texts that a property holds: itself, in a list, or as the name or value of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value[:100]:
            yield from strings(one) if not isinstance(one, list) else ()
    elif isinstance(value, dict):
        for key in ("@value", "name", "text"):
            inner = value.get(key)
            if isinstance(inner, str):
                yield inner
                return


def first_string(node: Mapping[str, Json], *names: str) -> str | None:
    """The first non-empty text among some properties."""
    for name in names:
        for text in strings(node.get(name)):
            if text.strip():
                return text.strip()[:MAX_TEXT]
    return None


def clean(text: str | None) -> str:
    """A body as plain text: many sites leave tags and entities in it."""
    return plain_text(text[:MAX_TEXT]) if text else ""


def clean_line(text: str | None) -> str | None:
    return (one_line(text[:10_000]) or None) if text else None


def number(value: Json) -> float | None:
    """A number as pages write it: 4.5, "4,5", " 5 "; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e6 else None
    text = value.strip() if isinstance(value, str) else ""
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def rated(value: Json) -> tuple[float, float | None] | None:
    """A rating and, where its text says so, what it is out of: "4,5/5", "8 von 10", "80 %", "★★★★☆"."""
    plain = number(value)
    if plain is not None:
        return plain, None
    text = value.strip()[:200] if isinstance(value, str) else ""
    if found := _OUT_OF.search(text):
        return float(found[1].replace(",", ".")), float(found[2])
    if found := _PERCENT.search(text):
        return float(found[1].replace(",", ".")), 100.0
    if found := _STARS.search(text):
        full = sum(sign != "☆" for sign in found[0])
        return float(full), 5.0 if len(found[0]) <= 5 else 10.0
    found = _NUMBER.search(text)
    return (float(found[0].replace(",", ".")), None) if found else None


def to_stars(value: float, scale: Scale) -> float | None:
    """A rating brought to 1..5; None where it lies outside of its own scale.

    schema.org says 1 to 5 where a page names no scale; a higher value shows a scale of 10 or 100.
    """
    best = scale.best if scale.best is not None else next((top for top in (5.0, 10.0, 100.0) if value <= top), 5.0)
    worst = scale.worst if scale.worst is not None else (0.0 if best >= 100 else 1.0)
    if best <= worst:
        return None
    if scale.worst is None and 0 <= value < worst:
        worst = 0.0
    if not worst <= value <= best:
        return None
    return round(1 + 4 * (value - worst) / (best - worst), 3)


def scale_of(node: object) -> Scale:
    """The scale that a Rating or AggregateRating names."""
    if not isinstance(node, Mapping):
        return Scale()
    return Scale(number(node.get("bestRating")), number(node.get("worstRating")))


def moment(text: str, order: str) -> datetime | None:
    """An aware time, UTC where no zone is given; None for what is no date ("yesterday")."""
    try:
        return read_date(text.strip(), order)
    except (ValueError, OverflowError):
        return None


def has_zone(text: str) -> bool:
    """Whether a date text names its time zone; a bare number is a Unix time and needs none."""
    return text.strip().isdigit() or bool(_ZONE.search(text.strip()))


def first_object(value: Json) -> Mapping[str, Json] | None:
    """The object that a property holds, also as the first of a list."""
    if isinstance(value, list):
        return next((one for one in value if isinstance(one, dict)), None)
    return value if isinstance(value, dict) else None


def objects(value: Json, limit: int = 20_000) -> Iterable[dict[str, Json]]:
    """Every object within a value, outermost first, without recursion; at most `limit`."""
    waiting: list[Json] = [value]
    place = found = 0
    while place < len(waiting) and found < limit:
        current = waiting[place]
        place += 1
        if isinstance(current, dict):
            found += 1
            yield current
            waiting.extend(inner for inner in current.values() if isinstance(inner, dict | list))
        elif isinstance(current, list):
            waiting.extend(inner for inner in current if isinstance(inner, dict | list))
