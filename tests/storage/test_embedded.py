"""The embedded servers start, stop, recover and say why they cannot."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from storage import embedded
from storage.embedded import EmbeddedError


def test_addresses_are_computed_from_the_folder_alone(tmp_path: Path) -> None:
    short, long = tmp_path / "a", tmp_path / ("x" * 90)

    assert embedded.socket_dir(short) == short / "run"
    assert len(os.fsencode(embedded.socket_dir(long))) < 60
    assert embedded.socket_dir(long) == embedded.socket_dir(long) != embedded.socket_dir(tmp_path / ("y" * 90))
    assert str(embedded.socket_dir(long)) in embedded.database_url(long)


def test_servers_listen_on_private_sockets_only(data_dir: Path) -> None:
    folder = embedded.socket_dir(data_dir)

    assert folder.stat().st_mode & 0o077 == 0
    with psycopg.connect(embedded.database_url(data_dir).replace("+psycopg", "")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with redis.Redis.from_url(embedded.redis_url(data_dir)) as client:
        assert client.config_get("port") == {b"port": b"0"} or client.config_get("port") == {"port": "0"}
        assert embedded.is_running(data_dir)


def test_a_second_owner_is_told_who_has_the_folder(tmp_path: Path) -> None:
    with (
        embedded.own(tmp_path, "the import"),
        pytest.raises(EmbeddedError, match=f"in use by the import .process {os.getpid()}"),
        embedded.own(tmp_path, "run"),
    ):
        pass
    with embedded.own(tmp_path, "run"):
        pass


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(EmbeddedError, match="cannot be made"), embedded.own(tmp_path / "file" / "var", "run"):
        pass


_KILLED = """
import sys, time
from pathlib import Path
from storage import embedded
folder = Path(sys.argv[1])
with embedded.running(folder, "a test"):
    print("up", flush=True)
    time.sleep(60)
"""


def test_a_killed_owner_takes_its_servers_along_and_the_next_start_recovers(open_folder: Path) -> None:
    folder = open_folder / "var"
    owner = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    with psycopg.connect(embedded.database_url(folder).replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()

    with embedded.running(folder, "a test"):
        with psycopg.connect(embedded.database_url(folder).replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        assert embedded.is_running(folder)

    assert not embedded.is_running(folder)
    assert not embedded.socket_dir(folder).exists()


def test_a_pid_file_with_the_number_of_another_program_does_not_block(open_folder: Path) -> None:
    folder = open_folder / "var"
    with embedded.own(folder, "a test"):
        embedded.prepare(folder)
        (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")

        with embedded.serving(folder):
            assert embedded.is_running(folder)


def test_the_session_fixture_is_rolled_back(session: Session, engine: Engine) -> None:
    session.execute(text("CREATE TABLE gone (n int)"))
    session.commit()

    with engine.connect() as other:
        assert other.scalar(text("SELECT to_regclass('gone')")) is None


def test_an_owner_leaves_no_lock_file_behind(tmp_path: Path) -> None:
    with embedded.own(tmp_path, "a test"):
        assert (tmp_path / "owner.lock").exists()
    assert not (tmp_path / "owner.lock").exists()
    with embedded.own(tmp_path, "the next"):
        pass
