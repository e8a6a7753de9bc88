"""Answers without an end, line by line: reading goes on after a pause, which no pooled client allows.

The connection is opened by the guarded backend of the HTTP client; the protocol is read by h11, as httpcore does.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import h11
import httpcore
import httpx

from collectors.addresses import AddressRefusedError
from collectors.errors import CollectError
from collectors.http_body import read_body
from collectors.tls import client_context

READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds unless said otherwise. `tick`: how long a read waits before the caller is given a turn."""

    head: float  # until status and headers are there
    silence: float  # without a single byte: the stream is dead
    deadline: float  # of the whole stream
    tick: float
    line_bytes: int


@dataclass(frozen=True, slots=True)
class Head:
    """The start of an answer; header names in lower case. `body` only of refused requests."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def connect(
    backend: httpcore.NetworkBackend, url: httpx.URL, timeout: float, failed: Callable[[], None]
) -> httpcore.NetworkStream:
    """An open connection to the host of `url`, encrypted where it asks for that; raise `CollectError`."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        stream = backend.connect_tcp(url.host, port, timeout)
        if url.scheme == "https":
            stream = stream.start_tls(client_context(), url.host, timeout)
    except AddressRefusedError as error:
        detail = f"{url.host} is an address of a private network, which collectors do not call."
        raise CollectError("unreachable", detail, permanent=True) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
        failed()
        raise CollectError("unreachable", f"{url.host} cannot be reached: {error}.") from error
    return stream


class LineReader:
    """One GET request on an open connection."""

    def __init__(self, stream: httpcore.NetworkStream, url: httpx.URL, headers: Mapping[str, str], limits: Limits):
        self._stream = stream
        self._host = url.host
        self._limits = limits
        self._began = self._heard = time.monotonic()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=READ_BYTES)
        sent = {"host": url.netloc.decode("ascii"), "accept-encoding": "identity", **headers}
        request = h11.Request(method="GET", target=url.raw_path, headers=list(sent.items()))
        self._write(self._http.send(request) + self._http.send(h11.EndOfMessage()))

    def head(self, error_bytes: int) -> Head:
        """Status and headers, and of a refusal the body."""
        while True:
            event = self._event()
            if event is None and time.monotonic() - self._began > self._limits.head:
                raise CollectError("unreachable", f"{self._host} did not answer in time.")
            if isinstance(event, h11.Response):
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                refused = not 200 <= event.status_code < 300
                body = read_body(self._rest(), "", error_bytes) if refused else b""
                return Head(event.status_code, headers, body)
            if isinstance(event, h11.ConnectionClosed):
                raise CollectError("unreachable", f"{self._host} closed the connection.")

    def lines(self) -> Iterator[bytes | None]:
        """Each line without its end; None when nothing came for a tick. Ends with the answer or at the deadline."""
        held = b""
        while time.monotonic() - self._began < self._limits.deadline:
            event = self._event()
            if event is None:
                yield None
            elif isinstance(event, h11.Data):
                *whole, held = (held + bytes(event.data)).split(b"\n")
                if len(held) > self._limits.line_bytes:
                    raise CollectError("bad_answer", f"{self._host} sent a line of more than {len(held):,} bytes.")
                yield from (line.rstrip(b"\r") for line in whole)
            else:
                return

    def _rest(self) -> Iterator[bytes]:
        while time.monotonic() - self._began < self._limits.head:
            event = self._event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif event is not None:
                return

    def _event(self) -> object | None:
        """The next event of the protocol; None when none came for a tick."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = self._read()
                if data is None:
                    return None
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise CollectError("unreachable", f"The connection to {self._host} broke off: {error}.") from error
        return event

    def _read(self) -> bytes | None:
        try:
            data = self._stream.read(READ_BYTES, min(self._limits.tick, self._limits.silence))
        except httpcore.ReadTimeout:
            if time.monotonic() - self._heard < self._limits.silence:
                return None
            raise CollectError("unreachable", f"{self._host} fell silent.") from None
        except (httpcore.NetworkError, OSError) as error:
            raise CollectError("unreachable", f"The connection to {self._host} broke off: {error}.") from error
        self._heard = time.monotonic()
        return data

    def _write(self, data: bytes) -> None:
        try:
            self._stream.write(data, self._limits.head)
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise CollectError("unreachable", f"The connection to {self._host} broke off: {error}.") from error
