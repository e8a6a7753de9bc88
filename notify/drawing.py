"""A finished chart, and its picture without a browser."""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert

_drawn_by: set[int] = set()  # processes that have drawn


@dataclass(frozen=True, slots=True)
class Chart:
    """The Vega-Lite object for a page and a sentence for those who can't see it."""

    spec: dict[str, Any]
    description: str

    def png(self, scale: float = 2.0) -> bytes:
        """The picture at `scale` pixels per point; raises RuntimeError as `png` does."""
        return png(self.spec, scale)


def png(spec: dict[str, Any], scale: float = 2.0) -> bytes:
    """Render a Vega-Lite object.

    The renderer's thread does not survive a fork: a child of a process that has drawn would wait for ever, so it gets a
    RuntimeError instead. Draw in the children only.
    """
    if _drawn_by and os.getpid() not in _drawn_by:
        raise RuntimeError("this process was forked from one that had drawn a chart; draw in the children only")
    _drawn_by.add(os.getpid())
    return _drawn(json.dumps(spec, sort_keys=True), scale)


@lru_cache(maxsize=8)
def _drawn(spec: str, scale: float) -> bytes:
    """The same picture goes to every recipient of an alert: it is drawn once."""
    picture: bytes = vl_convert.vegalite_to_png(spec, scale=scale)
    return picture
