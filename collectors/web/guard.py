"""What stands between the crawler and the network: which addresses, which hosts, and what robots.txt says.

Only the crawler's process imports this module: Scrapy and Twisted come with it.
"""

from collections.abc import Callable, Collection
from typing import Any, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import RobotParser

from collectors.addresses import is_public
from collectors.refused import refusal
from collectors.web.site import host_of
from collectors.web.verdict import Stop, failure_of

MAX_ROBOTS_BYTES = 500_000  # what RFC 9309 asks to be read at least


class StoppedError(IgnoreRequest):
    """A request that is not made, or whose answer is not read; `stop` says what it means for the run."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(stop.detail)
        self.stop = stop


class AddressRefusedError(Exception):
    """A connection to an address that is not public."""


def guard_connections(reactor: Any, allow_private: bool, refused: list[str]) -> None:
    """Let `reactor` connect to public addresses only; others are noted in `refused`.

    Every connection of Twisted passes here with the very address that it goes to, after the name was resolved. So a
    name that changes its address between check and use gains nothing, nor do redirects, IPv6, or odd spellings.
    """
    connect: Callable[..., Any] = reactor.connectTCP

    def guarded(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if not allow_private and not is_public(host):
            refused.append(host)
            raise AddressRefusedError(host)
        return connect(host, port, *args, **kwargs)

    reactor.connectTCP = guarded


class Doorkeeper:
    """Lets requests pass to the hosts of the site only, redirects included, and counts them."""

    def __init__(self, hosts: Collection[str], allow_private: bool) -> None:
        self._hosts = frozenset(hosts)
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Doorkeeper":
        return cls(crawler.settings.getlist("SITE_HOSTS"), crawler.settings.getbool("SITE_ALLOW_PRIVATE"))

    def process_request(self, request: Request) -> None:
        host, scheme = host_of(request.url), urlsplit(request.url).scheme
        if reason := refusal(host):
            detail = f"The page leads to {host}. {reason}"
            raise StoppedError(Stop("not_allowed", detail, permanent=True, closed_path=True))
        if scheme not in {"http", "https"} or host not in self._hosts:
            shown = host or "an address that is not read"
            raise StoppedError(Stop("bad_answer", f"The page leads to another site, {shown}; enter that one instead."))

    def process_response(self, request: Request, response: Response) -> Response:
        """A second look at whom we have talked to; answers of the cache have no address."""
        peer = response.ip_address
        if peer is not None and not self._allow_private and not is_public(str(peer)):
            raise StoppedError(private_address(urlsplit(request.url).hostname or "the host"))
        return response


def private_address(host: str) -> Stop:
    detail = f"{host} is an address of a private network, which collectors do not call."
    return Stop("unreachable", detail, permanent=True)


class Robots(RobotsTxtMiddleware):
    """robots.txt as RFC 9309 has it: without one (4xx) all is allowed, with a broken server nothing is."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.crawl_delay = 0.0  # seconds between two pages, as robots.txt asks
        self._closed: dict[str, Stop] = {}
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"]

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        netloc = urlsplit(request.url).netloc
        if netloc in self._closed:
            raise StoppedError(self._closed[netloc])
        if rp is not None and not rp.allowed(request.url, self._agent):
            parts = urlsplit(request.url)
            detail = f"robots.txt of {parts.hostname} does not allow programs to read {parts.path[:100] or '/'}."
            raise StoppedError(Stop("not_allowed", detail, closed_path=True))

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            raise StoppedError(
                Stop(
                    "not_allowed",
                    f"robots.txt of {netloc} cannot be had now (HTTP {response.status}); without it nothing is read.",
                )
            )
        body = response.body[:MAX_ROBOTS_BYTES] if response.status < 300 else b""
        await super()._parse_robots(response.replace(body=body), netloc, request)
        parser = self._parsers[netloc]
        delay = cast(Any, parser).crawl_delay(self._agent) if parser is not None else None
        self.crawl_delay = max(float(delay or 0.0), self.crawl_delay)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        if isinstance(exc, StoppedError):
            self._closed[netloc] = exc.stop
        else:
            self._closed[netloc] = failure_of(exc, netloc, " when asked for robots.txt, without which nothing is read")
        super()._robots_error(exc, netloc)
