"""Checking of source options, shared by the collectors' forms."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from collectors.base import Option
from collectors.post import Json

MAX_ADDRESS_CHARS = 2_000


def complete(options: Mapping[str, Json], known: tuple[Option, ...]) -> dict[str, Json]:
    """The options with defaults filled in; raise `ValueError` for unknown and missing ones."""
    names = {option.name for option in known}
    if unknown := sorted(set(options) - names):
        raise ValueError(f"{unknown[0]}: no such option; known are {', '.join(sorted(names))}")
    values = {option.name: options.get(option.name, option.default) for option in known}
    for option in known:
        if option.required and values[option.name] in (None, ""):
            raise ValueError(f"{option.name}: is missing")
    return values


def whole_number(values: Mapping[str, Json], name: str, low: int, high: int) -> int:
    """An option that counts something; text with digits is accepted, since forms send text."""
    value = values[name]
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}: must be a whole number from {low} to {high}")
    return value


def yes_or_no(values: Mapping[str, Json], name: str) -> bool:
    """A switch; the words that forms and people write are accepted."""
    value = values[name]
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    if not isinstance(value, bool):
        raise ValueError(f"{name}: must be true or false")  # noqa: TRY004 - callers catch one kind of error
    return value


def web_address(values: Mapping[str, Json], name: str) -> str:
    """An http or https address with a host."""
    value = values[name]
    if not isinstance(value, str) or len(value) > MAX_ADDRESS_CHARS:
        raise ValueError(f"{name}: must be an address of at most {MAX_ADDRESS_CHARS} characters")
    text = value.strip()
    try:
        parts = urlsplit(text)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or any(letter.isspace() for letter in text):
        raise ValueError(f"{name}: must be an address that begins with http:// or https://")
    return text
