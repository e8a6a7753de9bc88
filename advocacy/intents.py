"""Each platform's own composer, opened with a text: the person decides there, and nothing is posted from here.

Sources: docs.x.com (web intents), docs.bsky.app (intent links), docs.joinmastodon.org (share), developers.facebook.com
(Threads web intents), learn.microsoft.com (LinkedIn, share-offsite). LinkedIn takes an address only; Instagram has no
composer that opens from outside.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from advocacy.lengths import TITLE_LENGTH

LONGEST = 8_000  # of an address; servers refuse longer ones
_SERVER = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NOT_PUBLIC = (".local", ".internal", ".localhost", ".lan", ".home", ".arpa", ".onion")


class ServerError(ValueError):
    """What was typed names no Mastodon server; the message says what to type."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Where to post. `url` None: the platform is opened by hand. `carries_text`: else the text must be copied."""

    url: str | None
    carries_text: bool


def intent(platform: str, text: str, link: str | None = None, server: str = "") -> Intent:
    """The composer of a platform with `text` (which holds `link` where the platform wants it there).

    `server` is that of Mastodon, checked by `mastodon_server`; without one there is nothing to open.
    Raises KeyError for an unknown platform.
    """
    found = _MAKERS[platform](text, link, server)
    if found.url is not None and len(found.url) > LONGEST:
        return Intent(found.url.partition("?")[0], carries_text=False)
    return found


def mastodon_server(typed: str) -> str:
    """`https://mastodon.social/`, `@ada@mastodon.social` or `mastodon.social` → the bare host.

    Only a public host name passes: no port, no number, no user and password, nothing of the own network.
    """
    text = typed.strip().lower()
    text = re.sub(r"^https?://", "", text)
    text = text.removeprefix("@").rpartition("@")[2] if "/" not in text else text.partition("/")[0]
    host = text.rstrip(".")
    if not _SERVER.fullmatch(host) or host.endswith(_NOT_PUBLIC) or "xn--" in host:
        raise ServerError("server: write the name of your server, such as mastodon.social")
    return host


def title_and_text(text: str) -> tuple[str, str]:
    """For Reddit: the first line is the title, what follows the text."""
    first, _, rest = text.strip().partition("\n")
    return first.strip()[:TITLE_LENGTH], rest.strip()


def _query(base: str, **fields: str) -> str:
    return f"{base}?{urlencode(fields, quote_via=quote, errors='replace')}"


def _x(text: str, _link: str | None, _server: str) -> Intent:
    return Intent(_query("https://x.com/intent/post", text=text), carries_text=True)


def _bluesky(text: str, _link: str | None, _server: str) -> Intent:
    return Intent(_query("https://bsky.app/intent/compose", text=text), carries_text=True)


def _threads(text: str, _link: str | None, _server: str) -> Intent:
    return Intent(_query("https://www.threads.com/intent/post", text=text), carries_text=True)


def _mastodon(text: str, _link: str | None, server: str) -> Intent:
    if not server:
        return Intent(None, carries_text=False)
    return Intent(_query(f"https://{mastodon_server(server)}/share", text=text), carries_text=True)


def _linkedin(_text: str, link: str | None, _server: str) -> Intent:
    if link is None:
        return Intent("https://www.linkedin.com/feed/", carries_text=False)
    return Intent(_query("https://www.linkedin.com/sharing/share-offsite/", url=link), carries_text=False)


def _reddit(text: str, _link: str | None, _server: str) -> Intent:
    title, rest = title_and_text(text)
    return Intent(
        _query("https://www.reddit.com/submit", type="TEXT", selftext="true", title=title, text=rest), carries_text=True
    )


def _instagram(_text: str, _link: str | None, _server: str) -> Intent:
    return Intent(None, carries_text=False)


_MAKERS = {
    "linkedin": _linkedin,
    "x": _x,
    "bluesky": _bluesky,
    "mastodon": _mastodon,
    "threads": _threads,
    "instagram": _instagram,
    "reddit": _reddit,
}
