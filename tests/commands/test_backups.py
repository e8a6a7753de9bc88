"""`manage.py backup` and `restore`, on a database of their own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import Settings
from storage import db, mentions, sources, users
from tests import factories as make
from tests import servers
from tests.commands.conftest import Runner


@pytest.fixture(scope="module")
def address(data_dir: Path) -> Iterator[str]:
    """Of a database that may be replaced."""
    url = servers.make_database(data_dir, f"backups_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    yield url
    db.connect(url).dispose()


@pytest.fixture
def world(address: str, settings: Callable[..., Settings], tmp_path: Path) -> make.World:
    """Two posts in it, and somebody who is signed in."""
    settings(data_dir=tmp_path, database_url=address)
    with db.transaction() as session:
        found = make.set_up(session)
        make.say(session, found, "1")
        make.say(session, found, "2")
        user = users.create_user(session, "ada@acme.example", "Ada", "hr", make.PASSWORD, make.NOW)
        users.start_session(session, user.id, make.NOW, 1)
    return found


def texts() -> set[str]:
    with db.reading() as session:
        return set(session.scalars(text("SELECT native_id FROM posts WHERE text <> ''")))


def test_a_restored_backup_brings_nothing_back_that_was_deleted_since(
    run: Runner, world: make.World, tmp_path: Path
) -> None:
    file = tmp_path / "acme.dump"
    assert run("backup", str(file)).code == 0
    assert file.stat().st_mode & 0o077 == 0
    with db.transaction() as session:
        mentions.mark_deleted(session, world.forum, ["1"], make.NOW)
        make.say(session, world, "3")
        sources.get_or_make(session, "import", "Later", "import", make.NOW)
    (tmp_path / "broken.dump").write_bytes(file.read_bytes()[:-300])
    for wrong in ("broken.dump", "none.dump"):
        assert run("restore", str(tmp_path / wrong), "--yes").code == 1
        assert texts() == {"2", "3"}
    ran = run("restore", str(file), "--yes")
    assert ran.code == 0, ran.said
    assert "1 posts are buried again" in ran.said
    assert "1 sign-ins ended" in ran.said
    assert texts() == {"2"}
    assert db.schema_problems() == []


def test_a_database_in_use_is_not_replaced(
    run: Runner, address: str, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings(data_dir=tmp_path, database_url=address)
    run("backup", str(tmp_path / "acme.dump"))
    with db.connect().connect() as somebody:
        somebody.execute(text("SELECT 1"))
        ran = run("restore", str(tmp_path / "acme.dump"), "--yes")
    assert ran.code == 1
    assert "in use" in ran.said
