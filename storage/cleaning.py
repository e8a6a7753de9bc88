"""Values as PostgreSQL takes them. The privacy door cleans already; one bad value must not cost a whole batch."""

import hashlib
import json
from collections.abc import Mapping

from collectors.post import Json

_BIGGEST = 2**63 - 1
_LONGEST_KEY = 600  # characters; the index takes 2,700 bytes


def figure(value: int | None) -> int | None:
    """A count that fits its column; what no platform can mean is unknown."""
    return value if value is not None and 0 <= value <= _BIGGEST else None


def key_of(native_id: str) -> str:
    """A native id as the unique index can hold it: a monstrous one is replaced by its hash."""
    key = clean(native_id)
    if len(key) <= _LONGEST_KEY:
        return key
    return f"{key[:40]}…{hashlib.sha256(key.encode()).hexdigest()}"


def clean(value: str) -> str:
    """Without what PostgreSQL refuses: NUL and lone surrogates."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def as_json(value: dict[str, Json] | dict[str, str]) -> str:
    """JSON text that PostgreSQL takes: no NUL, no lone surrogate, no NaN."""
    try:
        dumped = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        dumped = json.dumps(_storable(value), ensure_ascii=False)
    if "\\u0000" in dumped:
        dumped = json.dumps(_storable(value), ensure_ascii=False)
    return clean(dumped)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {clean(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    return value
