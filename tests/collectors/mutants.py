"""Answers with one thing wrong: a field missing, of another type, or huge."""

import json
from collections.abc import Iterator

from collectors.post import Json

_INSTEAD: tuple[Json, ...] = (None, True, -7, 10**40, 1.5e308, "", "x\x00\ud800<b>" * 200, [], {}, [None], {"a": 1})


def mutants(value: Json) -> Iterator[Json]:
    """Every copy of `value` in which one node was taken out or replaced by something of another kind."""
    for path in _paths(value, ()):
        yield _changed(value, path, None, drop=True)
        for instead in _INSTEAD:
            yield _changed(value, path, instead)


def _paths(value: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    inner: list[tuple[str | int, Json]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value[:2]))
    for name, child in inner:
        yield (*path, name)
        yield from _paths(child, (*path, name))


def _changed(value: Json, path: tuple[str | int, ...], instead: Json, *, drop: bool = False) -> Json:
    copy: Json = json.loads(json.dumps(value))
    node = copy
    for name in path[:-1]:
        node = node[name]  # type: ignore[index]
    if drop:
        del node[path[-1]]  # type: ignore[union-attr,arg-type]
    else:
        node[path[-1]] = instead  # type: ignore[index]
    return copy
