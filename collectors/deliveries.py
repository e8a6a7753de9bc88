"""What hooks bring: the JSON of a body, and what became of each of its items before it is stored."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from collectors.base import Batch
from collectors.errors import CollectError
from collectors.post import Json

MAX_ITEMS = 1_000
MAX_BYTES = 5_000_000
SHORTEST_SECRET = 16  # characters
# Stands for `?key=…` of the address, for platforms that sign nothing; the route puts it among the headers.
KEY_OF_ADDRESS = "x-outspoken-key-of-address"


@dataclass(frozen=True, slots=True)
class Rejected:
    """An item that is no post, and the first thing that is wrong with it. `index` counts from 0 as sent."""

    index: int
    native_id: str | None
    field: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Delivered(Batch):
    """A batch that a hook brought. `indexes` says for each post which item of the delivery it was.

    `digest` recognises the same delivery sent again; None: the platform's deliveries carry nothing to tell that by.
    """

    indexes: tuple[int, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    gone: int = 0  # items that the sender says are deleted; each may have several keys in `deleted`
    ignored: int = 0  # events that are none of ours
    digest: bytes | None = None


def secrets_of(credentials: Mapping[str, str]) -> list[str]:
    """The secrets that deliveries may be signed with; raise `CollectError("needs_credentials", …)` without any."""
    given = [credentials.get(name, "").strip() for name in ("secret", "secret_previous")]
    found = [secret for secret in given if len(secret) >= SHORTEST_SECRET]
    if not found:
        detail = f"Enter a secret of at least {SHORTEST_SECRET} characters; deliveries are signed with it."
        raise CollectError("needs_credentials", detail, permanent=True)
    return found


def read_json(body: bytes) -> Json:
    """The body as JSON; raise `CollectError("bad_answer", …)` for what is none, is nested too deep or too large."""
    if len(body) > MAX_BYTES:
        raise CollectError("bad_answer", f"A delivery has at most {MAX_BYTES // 1_000_000} MB.")
    try:
        payload: Json = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise CollectError("bad_answer", "The body is not JSON.") from error
    return payload


def _no_number(word: str) -> Json:
    raise ValueError(f"{word} is no JSON")


__all__ = ["KEY_OF_ADDRESS", "MAX_BYTES", "MAX_ITEMS", "Delivered", "Rejected", "read_json", "secrets_of"]
