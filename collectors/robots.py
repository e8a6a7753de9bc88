"""robots.txt for collectors that fetch single pages: RFC 9309, one look at each host in a run."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from collectors.errors import CollectError
from collectors.http import HttpClient

if TYPE_CHECKING:
    from protego import Protego

MAX_BYTES = 500_000  # what RFC 9309 asks to be read at least
_ANY = range(400, 600)


class RobotsFiles:
    """The rules of the hosts met in one run. Without a file (4xx) all is allowed, with a broken server nothing is."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._agent = http.user_agent.partition("/")[0].strip() or http.user_agent
        self._rules: dict[str, Protego | None] = {}

    def are_known(self, url: str) -> bool:
        """Whether the host said anything: without an answer nothing may be fetched now."""
        return self._of(url) is not None

    def allows(self, url: str) -> bool:
        """Whether a page may be fetched."""
        rules = self._of(url)
        return rules is not None and bool(rules.can_fetch(url, self._agent))

    def delay(self, url: str) -> float:
        """Seconds that the host asks to be left between two pages; 0 where it does not say."""
        rules = self._of(url)
        return float(rules.crawl_delay(self._agent) or 0.0) if rules is not None else 0.0

    def _of(self, url: str) -> "Protego | None":
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._rules:
            self._rules[origin] = self._read(f"{origin}/robots.txt")
        return self._rules[origin]

    def _read(self, address: str) -> "Protego | None":
        from protego import Protego

        try:
            answer = self._http.get(address, accept=_ANY)
        except CollectError:
            return None
        if answer.status >= 500 or answer.status == 429:
            return None
        body = answer.body[:MAX_BYTES] if answer.status < 300 else b""
        return Protego.parse(body.decode("utf-8", "replace"))
