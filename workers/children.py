"""The processes that `manage.py run` starts: what each is called, how it is started, how long it may take to stop."""

import signal
import socket
import subprocess
import sys
from collections import deque
from dataclasses import dataclass, field

import redis

from config.settings import Settings
from storage import embedded
from storage.child import Command
from workers.app import ALERT, ANALYZE, COLLECT, NOTIFY, UPKEEP, worker_arguments


class RunError(Exception):
    """The service cannot start; the text is one sentence for the person at the terminal."""


@dataclass(slots=True)
class Child:
    """One process of the service and what we know of its life."""

    name: str
    colour: str
    command: Command
    patience: float  # seconds it gets for an orderly end
    log: str | None = None  # a server's lines go to its log file instead of the terminal
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    crashes: int = 0
    start_at: float | None = None  # when to start it again
    rest: bytes = b""  # a line that is not complete yet
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=20))


def check_port(host: str, port: int) -> None:
    """Raise `RunError` when nobody can listen there."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except socket.gaierror as error:
        raise RunError(f"HOST {host!r} is not an address of this machine ({error.strerror}).") from error
    except OSError as error:
        raise RunError(
            f"Port {port} on {host} cannot be used: {error.strerror}. Choose another one with PORT."
        ) from error


def check_queue(url: str) -> None:
    """Raise `RunError` when the Redis at this address does not answer."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except redis.RedisError as error:
        raise RunError(f"The queue does not answer; see REDIS_URL: {error}") from error


def children(settings: Settings, *, postgres: bool, valkey: bool) -> list[Child]:
    """The processes in the order of their start; they stop in the reverse order."""
    python = (sys.executable, "-W", "ignore::DeprecationWarning", "-m")
    environment = {"PYTHONUNBUFFERED": "1"}
    celery = (*python, "celery", "--app", "workers.app:app", "--quiet")
    web = (*python, "uvicorn", "api.app:app", "--host", settings.host, "--port", str(settings.port),
           "--log-level", "warning", "--no-access-log", "--no-server-header",
           "--timeout-graceful-shutdown", "5")  # fmt: skip
    schedule = str(settings.data_dir / "beat-schedule")
    found = []
    if postgres:
        found.append(Child("postgres", "blue", embedded.postgres_command(settings.data_dir), 30.0, "postgres"))
    if valkey:
        found.append(Child("valkey", "red", embedded.valkey_command(settings.data_dir), 15.0, "valkey"))

    def add(name: str, colour: str, patience: float, *argv: str) -> None:
        found.append(Child(name, colour, Command(argv, None, signal.SIGTERM, environment), patience))

    add("web", "green", 8.0, *web)
    add("worker", "magenta", 20.0, *celery,
        *worker_arguments("worker", settings.worker_processes, ANALYZE, ALERT, NOTIFY, UPKEEP))  # fmt: skip
    # Runs of collectors take minutes and mostly wait; in processes of their own they hold up no analysis and no mail.
    add("collector", "cyan", 10.0, *celery, *worker_arguments("collector", 2, COLLECT))
    # One process for all streams: each is a connection that stays open, and no job of the queue.
    add("stream", "bright_blue", 10.0, *python, "workers.stream")
    add("beat", "yellow", 5.0, *celery, "beat", "--loglevel", "WARNING", "--pidfile", "", "--schedule", schedule)
    return found
