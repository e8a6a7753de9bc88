"""What is told of a run: no key, whatever the platform's answer repeated, and of our own faults only where they are."""

import re
from collections.abc import Mapping
from pathlib import Path
from traceback import extract_tb
from urllib.parse import quote

from collectors.errors import CollectError
from config.logging import HIDDEN, redacted_text

_NAMES = frozenset({"handle", "user"})  # the credentials that are no secrets, and tell which account is meant
_SHORTEST = 6  # shorter ones are words that may stand anywhere
_LONGEST_DETAIL = 2_000


def discreet(text: str, credentials: Mapping[str, str]) -> str:
    """A sentence without the values of these keys, as they are, as addresses write them, and in parts."""
    secrets = {piece for name, value in credentials.items() if name not in _NAMES for piece in _pieces(value)}
    for piece in sorted(secrets, key=len, reverse=True):
        text = text.replace(piece, HIDDEN)
    return redacted_text(text)[:_LONGEST_DETAIL]


def hush(error: CollectError, credentials: Mapping[str, str]) -> None:
    """Take the keys out of an error that is on its way."""
    error.detail = discreet(error.detail, credentials)
    error.args = (error.detail,)


def fault_of_ours(error: Exception) -> CollectError:
    """An exception that nobody foresaw, by kind and place: its words may quote a person or a key."""
    frames = extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return CollectError("bad_answer", f"A fault of Outspoken: {type(error).__name__}{place}.")


def _pieces(value: str) -> set[str]:
    """A key in the spellings in which an answer may repeat it; of a file its long parts too."""
    parts = {part for part in re.split(r'\\n|[\s",:]+', value) if len(part) >= 20}
    return {piece for piece in {value, quote(value, safe=""), *parts} if len(piece) >= _SHORTEST}


__all__ = ["discreet", "fault_of_ours", "hush"]
