"""Answers with one thing wrong: a field removed, of another type, null, or huge; one at random, or each in turn."""

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from collectors.post import Json
from tests.wire.replay import Answer, Replay, Request

_INSTEAD: tuple[Json, ...] = (
    None, True, -7, 10**40, 1.5e308, "", "x\x00\ud800<b>" * 200, [], {}, [None], [[["x"]]], {"a": {"b": []}},
)  # fmt: skip
_WHOLE = 50  # deeper than any item
HUGE = "Acme " * 60_000
_SWAPPED: Mapping[type, Any] = {str: 17, int: "x", float: "x", bool: "x", list: {"0": 1}, dict: ["x"], type(None): [0]}
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing done to the first item of each page. `touched` are the ids that may be lost by it: those inside it."""

    name: str
    apply: Callable[[Any, Path], None]


def remove(value: Any, path: Path) -> None:
    """Take the field away."""
    inside, last = _reach(value, path)
    del inside[last]


def swap(value: Any, path: Path) -> None:
    """Put a value of another type there."""
    inside, last = _reach(value, path)
    inside[last] = _SWAPPED[type(inside[last])]


def empty(value: Any, path: Path) -> None:
    """Put null there."""
    inside, last = _reach(value, path)
    inside[last] = None


def swell(value: Any, path: Path) -> None:
    """Make it a text of 300,000 characters, or a number no platform means."""
    inside, last = _reach(value, path)
    inside[last] = HUGE if isinstance(inside[last], str) else 10**30


FAULTS = (Fault("remove", remove), Fault("swap", swap), Fault("null", empty), Fault("huge", swell))


def mutants(value: Json) -> Iterator[Json]:
    """Every copy of `value` in which one field was taken out or replaced by something of another kind."""
    for path in fields_of(value, depth=_WHOLE):
        if not path:
            continue
        for instead in _INSTEAD:
            changed = copy.deepcopy(value)
            inside, last = _reach(changed, path)
            inside[last] = instead
            yield changed
        less = copy.deepcopy(value)
        remove(less, path)
        yield less


@dataclass(slots=True)
class Spoiler:
    """Stands before a replay server's rules and spoils one field of the first item of every page.

    `seen` collects the JSON of the items that were spoilt, as they were.
    """

    replay: Replay
    fault: Fault
    rng: random.Random
    seen: list[str]

    def answer(self, request: Request) -> Answer:
        """The recorded answer with its first item spoilt; what is not JSON comes as it is."""
        answer = self.replay.recorded(request)
        if not isinstance(answer.body, bytes):
            return answer
        try:
            body = json.loads(answer.body)
        except ValueError:
            return answer
        page = longest_list(body)
        if not page:
            return answer
        at = self.rng.randrange(len(page))
        self.seen.append(json.dumps(page[at]))
        paths = [path for path in fields_of(page[at]) if path]
        if paths:
            self.fault.apply(page[at], self.rng.choice(paths))
        return replace(answer, body=json.dumps(body).encode())


def longest_list(value: Any) -> list[Any]:
    """The list of objects that has the most of them: the items of a page."""
    found: list[Any] = []
    if isinstance(value, list) and value and isinstance(value[0], dict):
        found = value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        longest = longest_list(each) if isinstance(each, dict | list) else []
        found = longest if len(longest) > len(found) else found
    return found


def fields_of(value: Any, path: Path = (), depth: int = 4) -> Iterator[Path]:
    """The addresses of all fields inside an item, itself included; of lists those of the first two entries."""
    yield path
    if depth and isinstance(value, dict):
        for key, inner in value.items():
            yield from fields_of(inner, (*path, key), depth - 1)
    elif depth and isinstance(value, list):
        for at, inner in enumerate(value[:2]):
            yield from fields_of(inner, (*path, at), depth - 1)


def _reach(value: Any, path: Path) -> tuple[Any, str | int]:
    for step in path[:-1]:
        value = value[step]
    return value, path[-1]
