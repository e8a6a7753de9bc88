"""What of a post may leave in a file, by the terms of the platform it comes from.

A page shows what the service holds now; a file goes on without it, follows no edit and no deletion, and is passed on.
So a file may hold less than a page. Ids, addresses and our own tags are never limited.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Redistribution:
    """How many characters of title and text together may leave (None: all that pages show), and why not more."""

    characters: int | None = None
    why: str = ""


WHOLE = Redistribution()
NOBODY_SAID = Redistribution(0, "nobody has said yet what its platform allows")
NO_X = Redistribution(0, "X lets ids, addresses and one's own tags be passed on, but not posts")
NO_REDDIT = Redistribution(0, "Reddit lets nothing be passed on without a contract, and what is deleted there must go")
NO_YOUTUBE = Redistribution(0, "YouTube wants all that is kept looked at again or deleted within 30 days")
NO_LINKEDIN = Redistribution(0, "LinkedIn lets nothing of its members be exported")
QUOTED = Redistribution(300, "texts of publishers are quoted, not copied: 300 characters at most")

# What came by a file, a feed or a call is still a post of its platform.
_OF_HOSTS = {
    "x.com": NO_X,
    "twitter.com": NO_X,
    "reddit.com": NO_REDDIT,
    "redd.it": NO_REDDIT,
    "youtube.com": NO_YOUTUBE,
    "youtu.be": NO_YOUTUBE,
    "linkedin.com": NO_LINKEDIN,
}


def stricter(of_kind: Redistribution, address: str | None) -> Redistribution:
    """The rule for a post of this address: its source's, or its platform's where that lets less leave."""
    of_host = _of_host(address)
    if of_host.characters is None:
        return of_kind
    return of_host if of_kind.characters is None or of_host.characters < of_kind.characters else of_kind


def _of_host(address: str | None) -> Redistribution:
    try:
        host = (urlsplit(address or "").hostname or "").rstrip(".")
    except ValueError:
        return WHOLE
    known = (rule for name, rule in _OF_HOSTS.items() if host == name or host.endswith(f".{name}"))
    return next(known, WHOLE)


__all__ = [
    "NOBODY_SAID", "NO_LINKEDIN", "NO_REDDIT", "NO_X", "NO_YOUTUBE", "QUOTED", "WHOLE", "Redistribution", "stricter",
]  # fmt: skip
