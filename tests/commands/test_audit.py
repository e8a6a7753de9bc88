"""`manage.py audit …` and what else the command line does to accounts."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import audit, db, second_factor, users
from tests.commands.conftest import Runner
from tests.factories import NOW, PASSWORD

pytestmark = pytest.mark.usefixtures("clean_database")


def _record(*subjects: str) -> None:
    for subject in subjects:
        with db.transaction() as session:
            audit.record(session, None, "mention.read", subject, NOW)


def test_a_whole_log_is_said_and_a_broken_one_named(run: Runner) -> None:
    assert "is empty" in run("audit", "anchor").said
    _record("mention 1", "mention 2")
    anchor = run("audit", "anchor").said
    assert "whole: 2 entries, 1 anchors fit" in run("audit", "verify", "--anchor", anchor).said
    assert "anchor: write PLACE:HASH" in run("audit", "verify", "--anchor", "x").said
    with db.transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text("UPDATE audit_log SET subject = 'mention 3' WHERE subject = 'mention 2'"))
    ran = run("audit", "verify")
    assert ran.code == 1
    assert "(place 2) was changed" in ran.said


def test_the_chain_is_taken_out_with_its_hashes(run: Runner, tmp_path: Path) -> None:
    _record("=1+1")
    table, lines = tmp_path / "log.csv", tmp_path / "log.jsonl"
    assert "2 entries are in" in run("audit", "export", str(table)).said
    assert table.read_text().splitlines()[1].endswith(",mention.read,'=1+1")
    run("audit", "export", str(lines))
    first, *_, last = [json.loads(line) for line in lines.read_text().splitlines()]
    assert (first["seq"], first["subject"], len(first["hash"])) == (1, "=1+1", 64)
    assert (last["action"], last["subject"]) == ("audit.export", "by manage.py")
    assert run("audit", "export", str(lines)).code == 1  # nothing is written over


def test_a_lost_app_is_taken_away_and_that_is_recorded(run: Runner) -> None:
    with db.transaction() as session:
        user = users.create_user(session, "ada@acme.example", "Ada", "auditor", PASSWORD, NOW)
        second_factor.enrol(session, user.id)
    assert "The password alone" in run("user", "forget-app", "ada@acme.example").said
    with db.reading() as session:
        (entry,) = session.execute(text("SELECT action, subject FROM audit_log")).all()
    assert entry == ("person.second_factor", f"user {user.id}: app taken away by manage.py")
