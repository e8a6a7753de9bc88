"""The pool of hand-written demo texts, and how one becomes a post: names filled in, a sentence before or after."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPANY = "Fjellvik"
RIVALS = ("Trailmoor", "Kestrelpine")
PRODUCTS = ("Nordlys tent", "Skarv jacket", "Skarv shell", "Vindr e-bike", "Nordlys 2", "Rein pack")
CITIES = ("Lindhavn", "Osterby", "Brekkedal", "Marvik", "Sundfors", "Halden Pass", "Vesterlund")
BIKE = "Vindr e-bike"
LAUNCH = "Tind 1"
_STAFF_SIDE = frozenset({"employee", "alumnus", "candidate"})
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the pool with the labels its writer had in mind; the demo never hands these to the tagger."""

    text: str
    audience: str
    sentiment: str
    event: str | None
    lang: str


@lru_cache(maxsize=1)
def pool() -> tuple[Text, ...]:
    """All texts, in the order of the files."""
    rows = []
    for path in sorted((HERE / "posts").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            audience = row.get("audience", "consumer")
            rows.append(Text(row["text"], audience, row["sentiment"], row["event"], row.get("lang", "en")))
    return tuple(rows)


@lru_cache(maxsize=1)
def _tails() -> Mapping[str, Mapping[str, Sequence[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads((HERE / "tails.json").read_text(encoding="utf-8"))
    return found


def choose(rng: random.Random, event: str | None, audience: str | None = None) -> Text:
    """A text of an event (None: of ordinary days), of one audience when given."""
    return rng.choice(_fitting(event, audience))


@cache
def _fitting(event: str | None, audience: str | None) -> Sequence[Text]:
    return [row for row in pool() if row.event == event and audience in (None, row.audience)]


def fill(rng: random.Random, text: Text, weekday: int, company: str = COMPANY) -> str:
    """The words of a post about `company`; English ones get a sentence before or after now and then."""
    words = text.text
    if text.lang == "en":
        tails = _tails()["staff" if text.audience in _STAFF_SIDE else "consumer"][text.sentiment]
        opener = rng.choice(_tails()["openers"]["any"])
        tail = f" {rng.choice(tails)}" if rng.random() < 0.75 else ""
        words = f"{opener}{words}{tail}"
    others = [name for name in (COMPANY, *RIVALS) if name != company]
    return words.format(
        company=company,
        rival=rng.choice(others),
        product=rng.choice(PRODUCTS),
        city=rng.choice(CITIES),
        bike=BIKE,
        launch=LAUNCH,
        weekday=_WEEKDAYS[weekday],
    )
