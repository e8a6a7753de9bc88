"""Mail servers on loopback: a real one (pymap), and one that misbehaves."""

import imaplib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from tests.conftest import free_port

USER, PASSWORD = "demouser", "demo pass"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A running server with one mailbox."""

    port: int
    security: str = "plain"

    def deliver(self, *messages: EmailMessage | bytes, folder: str = "INBOX") -> None:
        """Put mails into a folder, as the server's own delivery would."""
        with self._client() as client:
            for message in messages:
                data = message if isinstance(message, bytes) else message.as_bytes()
                client.append(folder, "", "", data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def make(self, folder: str) -> None:
        with self._client() as client:
            client.create(folder)

    def empty(self) -> None:
        """Take all mails out of the inbox; their numbers are not given again."""
        with self._client() as client:
            client.select("INBOX")
            client.store("1:*", "+FLAGS", "\\Deleted")
            client.expunge()

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """What is noted of each mail."""
        with self._client() as client:
            client.select(folder, readonly=True)
            found = client.fetch("1:*", "(FLAGS)")[1]
        return [line for line in found if isinstance(line, bytes)]

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        client.login(USER, PASSWORD)
        return client


# pymap with a password hash that costs nothing: these tests are not about its strength.
_PROGRAM = """
import pymap.config
from pysasl.hashing import BuiltinHash
pymap.config.BuiltinHash = lambda: BuiltinHash(rounds=1)
from pymap.main import main
main()
"""


@contextmanager
def real_server(*options: str) -> Iterator[MailServer]:
    """pymap with an empty mailbox, ended with the block."""
    port = free_port()
    command = [
        sys.executable,
        "-c",
        _PROGRAM,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-service",
        "managesieve",
        *options,
    ]
    process = subprocess.Popen(
        [*command, "dict", "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield MailServer(port)
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("the mail server did not start")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the mail server does not answer")


Talk = Callable[[socket.socket], None]


@contextmanager
def talking(talk: Talk) -> Iterator[MailServer]:
    """A server that does what `talk` does with each connection, for behaviour that no real server shows."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)  # so that the end is noticed
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    talk(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield MailServer(listener.getsockname()[1])
    finally:
        done.set()
        listener.close()
        thread.join(5)


def script(**answers: bytes) -> Talk:
    """A server that knows just these commands; `{tag}` stands for the client's. `greeting` is said first.

    An answer of `b""` hangs up.
    """

    def talk(connection: socket.socket) -> None:
        connection.sendall(answers.get("greeting", b"* OK ready\r\n"))
        file = connection.makefile("rb")
        while line := file.readline():
            tag, _, rest = line.strip().partition(b" ")
            words = rest.upper().split()
            name = (b"_".join(words[:2]) if words[:1] == [b"UID"] else words[0]).decode() if words else ""
            answer = answers.get(name, b"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n")
            if not answer:
                return
            connection.sendall(answer.replace(b"{tag}", tag))

    return talk
