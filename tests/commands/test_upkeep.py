"""`manage.py remap`, `recount` and `stream`."""

import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from config.settings import ROOT
from storage import db, sources
from tests.commands.conftest import Runner
from tests.factories import NOW, judge, say, set_up

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")


def test_nothing_to_map_is_said(run: Runner) -> None:
    with db.transaction() as session:
        say(session, set_up(session), "p1")
    ran = run("remap")
    assert (ran.code, ran.said) == (0, "No item waits for another mapper.")


def test_an_unknown_kind_is_told(run: Runner) -> None:
    ran = run("remap", "--kind", "pigeon")
    assert ran.code == 1
    assert "unknown kind of source 'pigeon'" in ran.said


def test_wrong_counts_are_named_and_written_anew(run: Runner) -> None:
    with db.transaction() as session:
        say(session, set_up(session), "p1")
        judge(session)
        session.execute(text("UPDATE rollups SET mentions = 7"))
    ran = run("recount")
    assert ran.code == 1
    assert "1, 1, 0 but 7, 1, 0 are kept" in ran.said
    assert "written anew" in run("recount", "--mend").said
    assert run("recount").said == "All counts are right."


def test_streams_are_listened_to_until_somebody_stops(database: str) -> None:
    with db.transaction() as session:
        sources.get_or_make(session, "api", "Forum", "api", NOW)
    command = [sys.executable, "manage.py", "stream"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Listening to the streams.")
        process.terminate()
        _, errors = process.communicate(timeout=40)
    assert process.returncode in (0, -signal.SIGTERM), errors  # the latter: before it had begun
    assert "Traceback" not in errors
