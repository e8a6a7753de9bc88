"""The HTTP client of the collectors: bounded in time, size and reach, with one mapping of failures."""

import json
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

import httpcore
import httpx

from collectors.addresses import AddressRefusedError, Deadline, GuardedBackend
from collectors.errors import CollectError
from collectors.gate import OPEN_GATE, Gate
from collectors.http_body import ACCEPT_ENCODING, read_body
from collectors.http_lines import Limits, LineReader, connect
from collectors.post import Json
from collectors.tls import client_context
from config.settings import Settings

MAX_REDIRECTS = 5
LONGEST_RETRY = timedelta(days=1)
RETRY_WITHOUT_WORD = timedelta(minutes=15)  # a 429 that does not say for how long
TOTAL_FACTOR = 3  # a whole request may take this many times the time-out of one read
_ANY = range(100, 600)
_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT_REDIRECTS = {301, 308}
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization", "apikey", "x-api-key", "x-goog-api-key"}
ERROR_BYTES = 100_000  # of an error page that a collector wants to read


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A 2xx or 304 answer, or one of a status that was asked for.

    Header names are in lower case; `url` is where it came from after redirects.

    `moved_to` is set when the first redirects were permanent: the address that should be used from now on.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved_to: str | None = None

    def json(self) -> Json:
        """The body as JSON; raise `CollectError` saying what came instead."""
        try:
            return cast(Json, json.loads(self.body))
        except (ValueError, RecursionError) as error:
            start = self.body[:200].lstrip().lower()
            what = "an HTML page" if start.startswith((b"<!doctype html", b"<html")) else "something that is not JSON"
            raise CollectError("bad_answer", f"{_host(self.url)} answered with {what} where JSON was due.") from error


class HttpClient:
    """One client per run; not for use by several threads.

    Addresses of private networks are refused after name resolution and at each redirect, unless `allow_private`
    or unless the address starts with one of `trusted_bases` (base addresses from the operator's settings).
    """

    def __init__(
        self,
        *,
        user_agent: str,
        timeout: float = 20.0,
        max_bytes: int = 20_000_000,
        allow_private: bool = False,
        trusted_bases: Collection[str] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        total_timeout: float | None = None,
        gate: Gate = OPEN_GATE,
    ) -> None:
        self.requests = 0  # sent so far, redirects counted; platform libraries add theirs
        self.user_agent = user_agent
        self.timeout = timeout
        self.max_bytes = max_bytes
        self.gate = gate
        self._total = total_timeout or timeout * TOTAL_FACTOR
        self._clock = clock
        self._trusted = {_origin(base) for base in trusted_bases}
        self._deadline = Deadline()
        self._backend = GuardedBackend(self._deadline, allow_private=allow_private)
        self._client = httpx.Client(
            transport=_transport(self._backend),
            timeout=timeout,
            headers={"user-agent": user_agent, "accept-encoding": ACCEPT_ENCODING},
            trust_env=False,
        )

    @classmethod
    def from_settings(cls, settings: Settings, gate: Gate = OPEN_GATE) -> Self:
        """The client as the settings describe it."""
        return cls(
            user_agent=settings.user_agent,
            timeout=settings.http_timeout,
            max_bytes=settings.http_max_bytes,
            allow_private=settings.allow_private_addresses,
            trusted_bases=settings.platform_urls(),
            gate=gate,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        accept: Collection[int] = (),
    ) -> HttpAnswer:
        """Fetch `url`; 2xx, 304 and the statuses of `accept` are answers, all else raises `CollectError`."""
        self._deadline.start(self._total)
        current = _checked(url)
        if params:
            current = current.copy_merge_params(dict(params))
        asked = {name.lower(): value for name, value in (headers or {}).items()}
        moved, permanent = None, True
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._send("GET", current, asked, trusted=_origin(url), accept=accept)
            if answer.status not in _REDIRECTS or answer.status in accept:
                return self._judged(answer, moved, accept)
            following = self._next_hop(current, answer)
            if _origin(str(following)) != _origin(str(current)):
                asked = {name: value for name, value in asked.items() if name not in _CREDENTIALS}
            permanent = permanent and answer.status in _PERMANENT_REDIRECTS
            moved = str(following) if permanent else moved
            current = following
        raise CollectError("bad_answer", f"{_host(url)} redirects more than {MAX_REDIRECTS} times.")

    def post(
        self,
        url: str,
        data: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        accept: Collection[int] = (),
    ) -> HttpAnswer:
        """Send `data` (already encoded; name its content-type in `headers`); redirects are not followed."""
        self._deadline.start(self._total)
        asked = {name.lower(): value for name, value in (headers or {}).items()}
        answer = self._send("POST", _checked(url), asked, trusted=_origin(url), accept=accept, data=data)
        return self._judged(answer, None, accept)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> HttpAnswer:
        """One request for a platform library, which judges by itself: any status is an answer, redirects too."""
        asked = {name.lower(): value for name, value in (headers or {}).items()}
        return self._send(method, _checked(url), asked, trusted=_origin(url), accept=_ANY, data=data)

    def lines(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        silence: float,
        deadline: float,
        tick: float = 1.0,
        judge: Callable[[HttpAnswer], CollectError] | None = None,
    ) -> Generator[bytes | None, None, None]:
        """Lines of an answer without an end, for at most `deadline` seconds; blank ones too, None after a quiet tick.

        A stream that is silent for `silence` seconds is `CollectError("unreachable")`; `judge` names refusals. Other
        requests may be made meanwhile. Closing the generator closes the connection.
        """
        target, timer = _checked(url), Deadline()
        timer.start(self._total)
        backend = GuardedBackend(timer, allow_private=self._backend.allow_private)
        backend.trusted = _origin(url)[1:] if _origin(url) in self._trusted else None
        self.gate.enter(target.host)
        self.requests += 1
        limits = Limits(self._total, silence, deadline, tick, self.max_bytes)
        sent = {"user-agent": self.user_agent, **{name.lower(): value for name, value in (headers or {}).items()}}
        with closing(connect(backend, target, self.timeout, lambda: self.gate.leave(target.host, failed=True))) as wire:
            try:
                reader = LineReader(wire, target, sent, limits)
                head = reader.head(ERROR_BYTES)
            except CollectError:
                self.gate.leave(target.host, failed=True)
                raise
            self.gate.leave(target.host, failed=head.status >= 500)
            if not 200 <= head.status < 300:
                answer = HttpAnswer(head.status, head.headers, head.body, str(target))
                raise judge(answer) if judge else status_error(head.status, head.headers, str(target), self._clock())
            timer.start(deadline + self._total)
            yield from reader.lines()

    def is_trusted(self, url: str) -> bool:
        """Whether the operator's settings name the origin of `url`, so that it may be a private address."""
        return _origin(url) in self._trusted

    @property
    def allows_private(self) -> bool:
        """Whether any private address may be called."""
        return self._backend.allow_private

    def _send(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        *,
        trusted: tuple[str, str, int],
        accept: Collection[int],
        data: bytes | None = None,
    ) -> HttpAnswer:
        """One request without redirects. Only the origin first asked for may be a trusted one."""
        here = _origin(str(url))
        self._backend.trusted = here[1:] if here == trusted and here in self._trusted else None
        host = url.host
        self.gate.enter(host)
        self._deadline.start(self._total)  # time spent waiting for one's turn is not the server's
        self.requests += 1
        try:
            with self._client.stream(method, url, headers=dict(headers), content=data) as response:
                body = self._body(response, accept)
                found = {name.lower(): value for name, value in response.headers.items()}
                self.gate.leave(host, failed=response.status_code >= 500)
                return HttpAnswer(response.status_code, found, body, str(url))
        except AddressRefusedError as error:
            detail = f"{host} is an address of a private network, which collectors do not call."
            raise CollectError("unreachable", detail, permanent=True) from error
        except httpx.TimeoutException as error:
            self.gate.leave(host, failed=True)
            raise CollectError("unreachable", f"{host} did not answer in time.") from error
        except httpx.ConnectError as error:
            self.gate.leave(host, failed=True)
            raise CollectError("unreachable", f"{host} cannot be reached: {error}.") from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            self.gate.leave(host, failed=True)
            raise CollectError("unreachable", f"The connection to {host} broke off: {error}.") from error

    def _body(self, response: httpx.Response, accept: Collection[int]) -> bytes:
        """The unpacked body; of error pages only what a collector asked to read."""
        encoding = response.headers.get("content-encoding", "")
        if response.is_success:
            return read_body(response.iter_raw(), encoding, self.max_bytes)
        return read_body(response.iter_raw(), encoding, ERROR_BYTES) if response.status_code in accept else b""

    def _next_hop(self, current: httpx.URL, answer: HttpAnswer) -> httpx.URL:
        target = answer.headers.get("location", "")
        if not target:
            raise CollectError("bad_answer", f"{current.host} redirects without saying where to.")
        try:
            return _checked(str(current.join(target)))
        except httpx.InvalidURL as error:
            raise CollectError("bad_answer", f"{current.host} redirects to an address that is none.") from error

    def _judged(self, answer: HttpAnswer, moved: str | None, accept: Collection[int]) -> HttpAnswer:
        if 200 <= answer.status < 300 or answer.status == 304 or answer.status in accept:
            return HttpAnswer(answer.status, answer.headers, answer.body, answer.url, moved)
        raise status_error(answer.status, answer.headers, answer.url, self._clock())


def _transport(backend: GuardedBackend) -> httpx.HTTPTransport:
    """httpx takes no network backend, so its pool is replaced by one that does; the tests of refusal guard this."""
    context = client_context()
    transport = httpx.HTTPTransport(verify=context, trust_env=False)
    transport._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=backend, max_connections=4)
    return transport


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise CollectError("bad_answer", "The address cannot be read.", permanent=True) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise CollectError("bad_answer", "Only http and https addresses with a host are collected.", permanent=True)
    return parsed


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port, without credentials."""
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80)


def _host(url: str) -> str:
    """What messages show of an address: tokens hide in paths and queries."""
    return urlsplit(url).hostname or "the server"


def retry_at(value: str | None, now: datetime) -> datetime | None:
    """The instant that a `Retry-After` header names (seconds or HTTP date), at most a day away; None if unreadable."""
    text = (value or "").strip()
    wait: timedelta | None
    try:
        wait = timedelta(seconds=int(text)) if text.isdecimal() and text.isascii() else _http_date(text) - now
    except (ValueError, OverflowError, TypeError):
        wait = LONGEST_RETRY if text.isdecimal() else None
    if wait is None:
        return None
    return now + min(max(wait, timedelta(0)), LONGEST_RETRY)


def _http_date(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def status_error(status: int, headers: Mapping[str, str], url: str, now: datetime) -> CollectError:
    """What a refused request means, in the words of `REASONS`; header names in lower case."""
    host = _host(url)
    back = retry_at(headers.get("retry-after"), now)
    if status == 429 or (status == 503 and back):
        until = back or now + RETRY_WITHOUT_WORD
        return CollectError("rate_limited", f"{host} asks to wait until {until:%Y-%m-%d %H:%M} UTC.", retry_at=until)
    if status in {401, 402, 403, 407, 451}:
        return CollectError("unauthorized", f"{host} refuses access (HTTP {status}).", permanent=True)
    if status in {404, 410}:
        word = "is gone for good" if status == 410 else "was not found"
        return CollectError("gone", f"The address at {host} {word} (HTTP {status}).", permanent=status == 410)
    if status >= 500 or status in {408, 425}:
        return CollectError("unreachable", f"{host} has a fault of its own (HTTP {status}).", retry_at=back)
    return CollectError("bad_answer", f"{host} did not accept the request (HTTP {status}).", retry_at=back)
