"""One site to be read, as a checked value that also goes to the crawler. Light: its process starts with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast
from urllib.parse import urlsplit

from collectors.post import Json


@dataclass(frozen=True, slots=True)
class FieldRule:
    """One field by CSS: the text of the first element that `selector` finds, or one of its attributes."""

    name: str
    selector: str  # empty: the item's own element
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A checked site."""

    start: tuple[str, ...]
    read: str = "reviews"
    follow: tuple[str, ...] = ()
    next: str | None = None
    fields: tuple[FieldRule, ...] = ()
    max_pages: int = 50
    max_depth: int = 3
    language: str | None = None
    audience: str | None = None
    employer: bool = False

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that may be read: those of the start pages, with and without www."""
        bare = {host_of(url).removeprefix("www.") for url in self.start}
        return frozenset(bare | {f"www.{host}" for host in bare})

    def field(self, name: str) -> FieldRule | None:
        return next((rule for rule in self.fields if rule.name == name), None)

    def wants(self, url: str) -> bool:
        """Whether a link is to be followed: on this site, and its path fits a pattern."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or host_of(url) not in self.hosts:
            return False
        path = parts.path or "/"
        full = f"{path}?{parts.query}" if parts.query else path
        return any(fits(full if "?" in pattern else path, pattern) for pattern in self.follow)

    def to_json(self) -> dict[str, Json]:
        return cast("dict[str, Json]", asdict(self))

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Site":
        """What `to_json` made."""
        given = cast("dict[str, object]", dict(value))
        rules = cast("list[dict[str, str]]", given["fields"])
        given |= {
            "start": tuple(cast("list[str]", given["start"])),
            "follow": tuple(cast("list[str]", given["follow"])),
            "fields": tuple(FieldRule(one["name"], one["selector"], one["attribute"]) for one in rules),
        }
        return cls(**given)  # type: ignore[arg-type]  # of the same class on the other side of the pipe


def host_of(url: str) -> str:
    """The host of an address in lower case and in ASCII, as requests name it; empty for an address without one."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def fits(text: str, pattern: str) -> bool:
    """Whether the whole text fits a pattern whose only sign is *; linear in both, so no pattern can stall a run."""
    parts = pattern.split("*")
    if len(parts) == 1:
        return text == pattern
    if not text.startswith(parts[0]):
        return False
    place = len(parts[0])
    for part in parts[1:-1]:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) - len(parts[-1]) >= place and text.endswith(parts[-1])
