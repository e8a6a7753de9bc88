"""Which addresses a collector may connect to, and for how long it may wait there."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import TypeAlias

import httpcore

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption: TypeAlias = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that is given out; fec0::/10 is not, whatever Python says
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20")  # clouds' own services, relays
)
_TRIED_ADDRESSES = 4


class AddressRefusedError(Exception):
    """A host name leads only to addresses that collectors must not call."""


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet; IPv4 inside IPv6 is looked at as IPv4."""
    try:
        address: Address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = _inner_ipv4(address) or address
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        return False
    if any(address in network for network in _REFUSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, in the system's order; raise `httpcore.ConnectError` when there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"the host name cannot be resolved ({error})") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline:
    """The end of the current request on the monotonic clock; one per client, set anew for each request."""

    def __init__(self) -> None:
        self._end = float("inf")

    def start(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """Seconds that the next read or write may take; raise `httpcore.ReadTimeout` when none are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer took too long")
        return left if timeout is None else min(left, timeout)


class TimedStream(httpcore.NetworkStream):
    """A connection whose reads all end by one deadline, so that a server that drips bytes cannot hold us."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only.

    The name is resolved here and the connection goes to the very address that was checked, so a name that changes
    its address between check and use (DNS rebinding) gains nothing. TLS still verifies the host name.
    """

    def __init__(self, deadline: Deadline, *, allow_private: bool) -> None:
        self._deadline = deadline
        self.allow_private = allow_private
        self._plain = httpcore.SyncBackend()
        self.trusted: tuple[str, int] | None = None  # host and port that the operator named in a setting

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._allowed(host, port)[:_TRIED_ADDRESSES]:
            try:
                wait = self._deadline.left(timeout)
                stream = self._plain.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, self._deadline)
        raise failure

    def _allowed(self, host: str, port: int) -> list[str]:
        addresses = resolve(host, port)
        if self.allow_private or self.trusted == (host, port):
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise AddressRefusedError(host)
        return public


__all__ = ["AddressRefusedError", "Deadline", "GuardedBackend", "TimedStream", "is_public", "resolve"]
