"""One IMAP connection: bounded in time and bytes, to a checked address, with its failures in our words."""

import contextlib
import imaplib
import io
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpcore
from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxLoginError

from collectors.addresses import Deadline, is_public, resolve
from collectors.errors import CollectError
from collectors.http import HttpClient
from config.settings import get_settings

TLS, STARTTLS, PLAIN = "tls", "starttls", "plain"
TOTAL_FACTOR = 10  # a whole run at the mailbox may take this many times the time-out of one read
MOST_BYTES = 200_000_000  # of one run
_TRIED_ADDRESSES = 4
_PASSING = (b"unavailable", b"[inuse]", b"[limit]", b"temporar", b"try again")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mailbox is and how to sign in; `oauth`: the password is an access token."""

    host: str
    port: int
    security: str
    user: str
    password: str
    oauth: bool = False


class _TimedReader(io.RawIOBase):
    """Reads of a socket that all end by one deadline, so that a server that drips bytes cannot hold us."""

    def __init__(self, sock: socket.socket, deadline: Deadline, timeout: float) -> None:
        super().__init__()
        self._sock = sock
        self._deadline = deadline
        self._timeout = timeout
        self.total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left(self._timeout))
        count = self._sock.recv_into(buffer)
        self.total += count
        if self.total > MOST_BYTES:
            raise CollectError("bad_answer", "The mail server sends more than can be read in one run.")
        return count


class GuardedImap(imaplib.IMAP4):
    """imaplib on a socket that goes to the checked address and ends by one deadline; literals have a largest size."""

    def __init__(self, server: Server, addresses: list[str], timeout: float, max_literal: int) -> None:
        self._server = server
        self._addresses = addresses
        self._wait = timeout
        self._max_literal = max_literal
        self._deadline = Deadline()
        self._deadline.start(timeout * TOTAL_FACTOR)
        super().__init__(server.host, server.port, timeout)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        sock = self._connected()
        if self._server.security == TLS:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        self.sock = sock

    def read(self, size: int) -> bytes:
        if size > self._max_literal:
            raise CollectError("bad_answer", "The mail server sends more than was asked for.")
        return self._reader.read(size)

    def readline(self) -> bytes:
        line = self._reader.readline(imaplib._MAXLINE + 1)  # type: ignore[attr-defined]
        if len(line) > imaplib._MAXLINE:  # type: ignore[attr-defined]
            raise self.abort("a line is too long")
        return line

    def __setattr__(self, name: str, value: object) -> None:
        """A new socket, also the one that STARTTLS makes, has a new reader: what came before is nobody's word."""
        super().__setattr__(name, value)
        if name == "sock" and isinstance(value, socket.socket):
            self._reader = io.BufferedReader(_TimedReader(value, self._deadline, self._wait))

    def shutdown(self) -> None:
        """Close the socket, and the file that imaplib's STARTTLS makes of it and that would keep it open."""
        for part in (getattr(self, "file", None), getattr(self, "sock", None)):
            with contextlib.suppress(OSError, AttributeError):
                part.close()  # type: ignore[union-attr]

    def _connected(self) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in self._addresses[:_TRIED_ADDRESSES]:
            try:
                return socket.create_connection((address, self.port), self._deadline.left(self._wait))
            except OSError as error:
                failure = error
        raise failure


class _MailBox(BaseMailBox):
    """imap-tools on our connection."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


@contextlib.contextmanager
def signed_in(server: Server, http: HttpClient, max_bytes: int) -> Iterator[BaseMailBox]:
    """A mailbox without a folder selected; what goes wrong with it inside the block is a `CollectError`.

    Private addresses are refused unless the settings allow them or name the host as the mail server (`SMTP_HOST`).
    """
    addresses = _checked(server, http)
    http.gate.enter(server.host)
    failed = True
    client: GuardedImap | None = None
    try:
        http.requests += 1
        client = GuardedImap(server, addresses, http.timeout, max_bytes)
        if server.security == STARTTLS:
            client.starttls(ssl.create_default_context())
        box = _MailBox(client)
        _sign_in(box, server)
        failed = False
        yield box
    except CollectError:
        failed = False
        raise
    except Exception as error:
        failed = True
        raise _told(error, server.host) from error
    finally:
        http.gate.leave(server.host, failed=failed)
        if client is not None:
            _leave(client)


def _leave(client: GuardedImap) -> None:
    """Say good-bye if the line still stands; nobody waits for the answer."""
    with contextlib.suppress(Exception):
        client.sock.settimeout(1.0)
        client.send(b"ZZ LOGOUT\r\n")
    client.shutdown()


def _checked(server: Server, http: HttpClient) -> list[str]:
    """The addresses that may be called."""
    try:
        found = resolve(server.host, server.port)
    except httpcore.ConnectError as error:
        raise CollectError("unreachable", f"{server.host} cannot be found: {error}.") from error
    if server.security == PLAIN and not all(ipaddress.ip_address(each.split("%")[0]).is_loopback for each in found):
        raise CollectError(
            "not_allowed", "Without encryption only a mail server on this machine is read.", permanent=True
        )
    if http.allows_private or server.host.casefold() == get_settings().smtp_host.casefold():
        return found
    public = [address for address in found if is_public(address)]
    if not public:
        detail = (
            f"{server.host} is an address of a private network. Name it as SMTP_HOST or set ALLOW_PRIVATE_ADDRESSES, "
            "if it is the company's own mail server."
        )
        raise CollectError("unreachable", detail, permanent=True)
    return public


def _sign_in(box: BaseMailBox, server: Server) -> None:
    try:
        if server.oauth:
            box.xoauth2(server.user, server.password, initial_folder=None)
        elif (server.user + server.password).isascii():
            box.login(server.user, server.password, initial_folder=None)
        else:
            box.login_utf8(server.user, server.password, initial_folder=None)
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        if isinstance(error, imaplib.IMAP4.abort):
            raise
        words = str(error).encode("utf-8", "replace").lower()
        if any(word in words for word in _PASSING):
            raise CollectError("unreachable", f"{server.host} cannot let us in right now.") from error
        detail = f"{server.host} refuses the sign-in. Check user and password (or token) of the mailbox."
        raise CollectError("unauthorized", detail, permanent=True) from error


def _told(error: Exception, host: str) -> CollectError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return CollectError("unreachable", f"The certificate of {host} does not hold: {error.verify_message}.")
    if isinstance(error, TimeoutError | httpcore.ReadTimeout):
        return CollectError("unreachable", f"{host} did not answer in time.")
    if isinstance(error, OSError):
        return CollectError("unreachable", f"{host} cannot be reached: {error.strerror or type(error).__name__}.")
    if isinstance(error, imaplib.IMAP4.abort):
        return CollectError("unreachable", f"The connection to {host} broke off.")
    if isinstance(error, imaplib.IMAP4.error | ImapToolsError):
        return CollectError("bad_answer", f"{host} answers in a way that cannot be read.")
    return CollectError("bad_answer", f"{host} answers with something that is no IMAP ({type(error).__name__}).")


__all__ = ["GuardedImap", "Server", "signed_in"]
