"""A guarded connection to Bluesky's Jetstream: checked address, bounded messages, silence noticed."""

import contextlib
import json
import socket
from collections.abc import Generator, Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpcore

from collectors.addresses import is_public, resolve
from collectors.errors import CollectError
from collectors.fields import record
from collectors.http import HttpClient, status_error
from collectors.post import Json
from collectors.tls import client_context

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

POSTS = "app.bsky.feed.post"
MAX_MESSAGE = 1_000_000  # bytes; a post has a few thousand
_TRIED_ADDRESSES = 4


class SilenceError(Exception):
    """Nothing came for longer than a live stream is ever quiet."""


class StreamBrokenError(CollectError):
    """The connection ended in the middle; asking again with the cursor loses nothing."""


def events(
    http: HttpClient, base: str, cursor: int, silence: float, now: datetime
) -> Generator[dict[str, Json] | None, None, None]:
    """Events from the instant `cursor` (microseconds) on, then live ones; None for a message that cannot be read.

    Raise `SilenceError` after `silence` seconds without a message, `StreamBrokenError` when the connection breaks off,
    and `CollectError` for all else.
    """
    query = urlencode({"wantedCollections": POSTS, "maxMessageSizeBytes": MAX_MESSAGE, "cursor": cursor})
    with _connected(http, f"{base.rstrip('/')}/subscribe?{query}", now) as connection:
        while True:
            try:
                message = connection.recv(timeout=silence)
            except TimeoutError:
                raise SilenceError from None
            try:
                yield _event(message)
            except GeneratorExit:  # the reader has enough: leave as one who is done, not as one who failed
                return


@contextlib.contextmanager
def _connected(http: HttpClient, url: str, now: datetime) -> Generator["ClientConnection", None, None]:
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    host = urlsplit(url).hostname or "the stream"
    secure = urlsplit(url).scheme == "wss"
    http.gate.enter(host)
    http.requests += 1
    failed = True
    try:
        with (
            _socket(http, url) as sock,
            connect(
                url,
                sock=sock,
                ssl=client_context() if secure else None,
                server_hostname=host if secure else None,
                compression=None,
                proxy=None,
                user_agent_header=http.user_agent,
                open_timeout=http.timeout,
                close_timeout=1,
                max_size=MAX_MESSAGE + 100_000,
            ) as connection,
        ):
            failed = False
            yield connection
    except InvalidStatus as error:
        answer = error.response
        failed = answer.status_code >= 500
        headers = {name.lower(): value for name, value in answer.headers.raw_items()}
        raise status_error(answer.status_code, headers, url, now) from error
    except ConnectionClosed as error:
        raise StreamBrokenError("unreachable", f"The stream of {host} broke off ({_ending(error)}).") from error
    except (WebSocketException, ValueError) as error:
        detail = f"{host} did not answer as a stream does ({type(error).__name__})."
        raise CollectError("bad_answer", detail) from error
    except (TimeoutError, EOFError) as error:
        raise CollectError("unreachable", f"{host} did not answer in time.") from error
    except OSError as error:
        raise CollectError("unreachable", f"{host} cannot be reached: {error}.") from error
    finally:
        http.gate.leave(host, failed=failed)


def _event(message: str | bytes) -> dict[str, Json] | None:
    try:
        return record(json.loads(message)) or None
    except (ValueError, RecursionError):
        return None


@contextlib.contextmanager
def _socket(http: HttpClient, url: str) -> Iterator[socket.socket]:
    """A connected socket to an address that was checked; only what the settings name may be a private one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    if parts.scheme not in {"ws", "wss"} or not host:
        raise CollectError("bad_answer", "JETSTREAM_URL must begin with wss:// or ws://.", permanent=True)
    try:
        addresses = resolve(host, port)
    except httpcore.ConnectError as error:
        raise CollectError("unreachable", f"{host} cannot be reached: {error}.") from error
    if not (http.allows_private or http.is_trusted(url)):
        addresses = [address for address in addresses if is_public(address)]
        if not addresses:
            detail = f"{host} is an address of a private network, which collectors do not call."
            raise CollectError("unreachable", detail, permanent=True)
    with contextlib.closing(_first(addresses[:_TRIED_ADDRESSES], port, http.timeout)) as sock:
        yield sock


def _first(addresses: list[str], port: int, timeout: float) -> socket.socket:
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = error
    raise failure


def _ending(error: Exception) -> str:
    received = getattr(error, "rcvd", None)
    sent = getattr(error, "sent", None)
    return f"code {received.code}" if received else f"ended by us with {sent.code}" if sent else "without a word"


__all__ = ["MAX_MESSAGE", "POSTS", "SilenceError", "StreamBrokenError", "events"]
