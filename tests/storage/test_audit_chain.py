"""The chain of the audit log: who tampers is found out, however they go about it."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from storage import audit, audit_chain, db
from storage.audit_chain import Anchor
from tests.factories import NOW

_BEHIND = "SET LOCAL session_replication_role = replica"  # what a database administrator may do: no trigger is asked


@pytest.fixture
def log(clean_database: Engine) -> list[Anchor]:
    """Six entries; the anchors after each of them."""
    anchors = []
    for number in range(6):
        with db.transaction() as session:
            audit.record(session, 7 if number % 2 else None, "mention.read", f"mention {number} ü|5:x", NOW)
        with db.reading() as session:
            last = audit_chain.last_anchor(session)
        assert last is not None
        anchors.append(last)
    return anchors


def _verify(*anchors: Anchor) -> str | None:
    with db.reading() as session:
        return audit_chain.verify(session, anchors).problem


def _behind(statement: str) -> None:
    with db.transaction() as session:
        session.execute(text(_BEHIND))
        session.execute(text(statement))


def _id(place: int) -> int:
    with db.reading() as session:
        found: int = session.scalar(text(f"SELECT entry_id FROM audit_chain WHERE seq = {place}"))
    return found


def test_an_untouched_log_is_whole(log: list[Anchor]) -> None:
    with db.reading() as session:
        checked = audit_chain.verify(session, log)
    assert (checked.problem, checked.links, checked.expired, checked.last) == (None, 6, 0, log[-1])
    assert audit_chain.parse_anchor(str(log[3])) == log[3]


@pytest.mark.parametrize("column", ["subject = 'mention 8'", "action = 'x'", "user_id = 9", "at = at + interval '1s'"])
def test_a_changed_entry_is_named(log: list[Anchor], column: str) -> None:
    _behind(f"UPDATE audit_log SET {column} WHERE id = {_id(4)}")
    assert f"Entry {_id(4)} (place 4) was changed" in str(_verify())


@pytest.mark.parametrize("place", [1, 3])
def test_a_deleted_entry_is_named(log: list[Anchor], place: int) -> None:
    _behind(f"DELETE FROM audit_log WHERE id = {_id(place)}")
    assert "deleted" in str(_verify())
    assert f"place {place}" in str(_verify())


def test_a_deleted_link_leaves_a_gap(log: list[Anchor]) -> None:
    _behind("DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = 3)")
    _behind("DELETE FROM audit_chain WHERE seq = 3")
    assert "Places 3 to 3" in str(_verify())


def test_an_entry_put_in_is_named(log: list[Anchor]) -> None:
    _behind("INSERT INTO audit_log (at, action, subject) VALUES (now(), 'mention.read', 'mention 9')")
    assert "is not in the chain" in str(_verify())


def test_an_entry_put_into_the_chain_fits_nowhere(log: list[Anchor]) -> None:
    _behind("INSERT INTO audit_log (at, action, subject) VALUES (now(), 'mention.read', 'mention 9')")
    _behind("UPDATE audit_chain SET seq = seq + 100 WHERE seq > 3; UPDATE audit_chain SET seq = seq - 99 WHERE seq > 3")
    _behind("INSERT INTO audit_chain SELECT 4, max(id), sha256('x') FROM audit_log")
    assert "(place 4) was changed, put in or moved" in str(_verify())


def test_reordered_entries_are_found(log: list[Anchor]) -> None:
    for old, new in ((2, 99), (5, 2), (99, 5)):
        _behind(f"UPDATE audit_chain SET seq = {new} WHERE seq = {old}")
    assert "(place 2) was changed, put in or moved" in str(_verify())


def test_a_cut_tail_shows_by_an_anchor_alone(log: list[Anchor]) -> None:
    _behind("DELETE FROM audit_log WHERE id IN (SELECT entry_id FROM audit_chain WHERE seq > 4)")
    _behind("DELETE FROM audit_chain WHERE seq > 4")
    assert _verify() is None
    assert "The end was cut off: an anchor knows place 6, the chain ends at 4." in str(_verify(log[-1]))


def test_a_chain_written_anew_shows_by_an_anchor_alone(log: list[Anchor]) -> None:
    _behind(f"UPDATE audit_log SET subject = 'mention 8' WHERE id = {_id(2)}")
    _behind("CREATE TEMP TABLE old ON COMMIT DROP AS SELECT * FROM audit_log ORDER BY id; DELETE FROM audit_chain; "
            "SELECT audit_link(CAST(ROW(o.*) AS audit_log)) FROM (SELECT * FROM old ORDER BY id) o")  # fmt: skip
    assert _verify() is None
    assert "The chain was written anew: place 2" in str(_verify(log[1], log[5]))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_log",
        "UPDATE audit_log SET subject = ''",
        "TRUNCATE audit_log",
        "DELETE FROM audit_chain",
        "UPDATE audit_chain SET hash = ''",
        "TRUNCATE audit_chain",
    ],
)
def test_the_database_refuses_every_change(log: list[Anchor], statement: str) -> None:
    with pytest.raises(DBAPIError, match="never changed"), db.transaction() as session:
        session.execute(text(statement))
    assert _verify(*log) is None


def test_writers_at_once_make_one_chain(clean_database: Engine) -> None:
    start = threading.Barrier(4)

    def write(writer: int) -> None:
        start.wait()
        for number in range(5):
            with db.transaction() as session:
                audit.record(session, writer, "mention.read", f"mention {number}", NOW)
                audit.record(session, writer, "mention.list", f"/mentions?{number}", NOW)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with db.reading() as session:
        checked = audit_chain.verify(session)
    assert (checked.problem, checked.links) == (None, 40)


def test_what_is_rolled_back_leaves_no_link(log: list[Anchor]) -> None:
    with db.transaction() as session:
        audit.record(session, None, "mention.read", "mention 1", NOW)
        session.rollback()
    with db.transaction() as session:
        audit.record(session, None, "mention.read", "mention 2", NOW)
    with db.reading() as session:
        assert audit_chain.verify(session).links == 7


def test_old_contents_expire_and_their_places_stay(clean_database: Engine) -> None:
    now = datetime.now(UTC)
    for days in (1200, 1100, 900, 1150, 0):
        with db.transaction() as session:
            audit.record(session, None, "mention.read", f"{days} days ago", now - timedelta(days=days))
    for gone in (2, 0):  # the one of 1,150 days stands behind a younger one and waits for it
        with db.transaction() as session:
            assert audit.expire(session, now - timedelta(days=1095), now) == gone
    with db.reading() as session:
        checked = audit_chain.verify(session)
    assert (checked.problem, checked.links, checked.expired) == (None, 6, 2)
    _behind("DELETE FROM audit_log WHERE id = (SELECT entry_id FROM audit_chain WHERE seq = 3)")
    assert "up to place 3 were deleted, and not by retention" in str(_verify())


def test_no_entry_of_the_last_year_expires(log: list[Anchor]) -> None:
    with pytest.raises(DBAPIError, match="never changed"), db.transaction() as session:
        audit.expire(session, datetime.now(UTC) + timedelta(days=1), NOW)


def test_anchors_are_kept_beside_the_database(tmp_path: Path, log: list[Anchor]) -> None:
    assert audit_chain.kept_anchors(tmp_path) == ()
    kept = [audit_chain.keep_anchor(tmp_path, log[n], NOW + timedelta(days=day)) for n, day in ((0, 0), (1, 1), (2, 1))]
    assert kept == [True, True, False]
    assert audit_chain.kept_anchors(tmp_path) == tuple(log[:2])
    for wrong in ("", "x", "1:zz", "0:" + "00" * 32, "1:00"):
        with pytest.raises(ValueError, match="anchor"):
            audit_chain.parse_anchor(wrong)
