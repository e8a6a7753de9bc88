"""The command line as a person uses it: what it says, what it leaves in the database, how it ends."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

import manage
from config.settings import ROOT, Settings
from config.settings_page import PAGE, settings_page
from storage import db, sources
from storage.viewer import SYSTEM
from tests.factories import NOW, PROFILE, set_up
from tests.wire.replay import Answer, replay_server

CSV = """id,text,date,author
1,"Acme lost my card, again",2026-03-02,ada
2,Nothing about anybody,2026-03-02,bo
3,"I love the new Acme app",not a date,cleo
"""

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")


class Ran:
    """How a command ended and what it said."""

    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, " ".join(said.split())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the command line in this process."""

    def call(*words: str, typed: str = "") -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["manage.py", *words])
        if typed:
            result = CliRunner().invoke(manage.app, list(words), input=typed)
            return Ran(result.exit_code, result.output)
        try:
            code = manage.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out + captured.err)

    return call


@pytest.fixture
def company(tmp_path: Path, run: Callable[..., Ran]) -> Path:
    """A profile in force."""
    file = tmp_path / "company.toml"
    file.write_text(PROFILE, encoding="utf-8")
    assert run("company", "load", str(file)).code == 0
    return file


def _count(table: str) -> int:
    with db.reading() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_a_file_is_imported_once_with_its_bad_rows_named(
    tmp_path: Path, run: Callable[..., Ran], company: Path
) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(CSV, encoding="utf-8")

    first = run("import", str(file), "--kind", "posts")
    second = run("import", str(file), "--kind", "posts")

    assert (first.code, second.code) == (0, 0)
    assert "line 4" in first.said
    assert "3 rows: 2 new, 0 edited, 0 known already, 1 bad; 1 new mentions." in first.said
    assert "0 new, 0 edited, 2 known already" in second.said
    assert _count("posts") == 2


def test_an_import_before_there_is_a_company_says_so(tmp_path: Path, run: Callable[..., Ran]) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(CSV, encoding="utf-8")
    assert "No company is set up yet" in run("import", str(file), "--kind", "posts").said


def test_a_file_in_which_nothing_can_be_read_fails(tmp_path: Path, run: Callable[..., Ran], company: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "bad.csv").write_text("text,date\n,2026-03-02\n")

    for name in ("empty.csv", "bad.csv", "absent.csv"):
        ran = run("import", str(tmp_path / name), "--kind", "posts")
        assert ran.code == 1
        assert "Traceback" not in ran.said
    assert run("import", str(tmp_path / "bad.csv"), "--kind", "poems").code == 1
    assert "must look like text=Comment" in run("import", str(company), "--kind", "posts", "--map", "text").said


def test_a_source_is_run_once_here(run: Callable[..., Ran], company: Path, settings: Callable[..., Settings]) -> None:
    settings(allow_private_addresses="true")
    feed = b"""<rss version="2.0"><channel><title>News</title><item><guid>1</guid><title>Acme grows</title>
    <pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item></channel></rss>"""
    with replay_server() as site:
        site.add("/feed", Answer(200, {"content-type": "application/rss+xml"}, feed))
        with db.transaction() as session:
            sources.add_source(session, SYSTEM, "feed", "News feed", {"url": site.url("/feed")}, NOW)
        ran = run("collect", "News feed", "--once", "--no-analyze")

    assert ran.code == 0
    assert "News feed: 1 posts, 1 new, 0 edited; 1 mentions." in ran.said


def test_an_unknown_source_is_told_with_those_that_there_are(run: Callable[..., Ran]) -> None:
    with db.transaction() as session:
        set_up(session)
    ran = run("collect", "nonsense", "--once")

    assert ran.code == 1
    assert "There is no single source called 'nonsense'. Configured: Forum, News." in ran.said


def test_accounts_and_keys(run: Callable[..., Ran]) -> None:
    assert run("user", "list").said == "There is no account yet."
    made = run("user", "add", "ada@acme.example", "--role", "hr")
    assert "may sign in as hr. Password, shown this once:" in made.said
    assert run("user", "add", "ada@acme.example", "--role", "hr").code == 1
    assert "king" in run("user", "add", "bo@acme.example", "--role", "king").said
    assert "ada@acme.example" in run("user", "list").said

    assert run("user", "password", "ada@acme.example", typed="a new good password\n" * 2).code == 0
    key = run("key", "add", "ada@acme.example", "--scope", "mentions:read")
    assert "osp_" in key.said
    assert run("key", "revoke", "1234").code == 1
    assert "mentions:read" in run("key", "list").said
    assert "osp_" not in run("key", "list").said


def test_a_bad_profile_is_told_by_field_and_line(tmp_path: Path, run: Callable[..., Ran]) -> None:
    file = tmp_path / "company.toml"
    file.write_text("[company]\nnmae = 1\n")

    for command in ("check", "load"):
        ran = run("company", command, str(file))
        assert ran.code == 1
        assert "line 2" in ran.said
    assert run("company", "show").code == 1


def test_a_good_profile_is_shown(run: Callable[..., Ran], company: Path) -> None:
    assert "can be used" in run("company", "check", str(company)).said
    assert "[[rivals]]" in run("company", "show").said


def test_a_wrong_setting_is_named(run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    from config.settings import get_settings

    monkeypatch.setenv("PORT", "seventy")
    get_settings.cache_clear()
    ran = run("user", "list")
    get_settings.cache_clear()

    assert ran.code == 1
    assert ran.said.startswith("PORT:")


def test_a_database_that_is_away_is_one_sentence(run: Callable[..., Ran], settings: Callable[..., Settings]) -> None:
    settings(database_url="postgresql://nobody@127.0.0.1:1/nothing")
    ran = run("user", "list")

    assert ran.code == 1
    assert "The database does not answer" in ran.said


def test_the_settings_page_is_complete() -> None:
    page = settings_page()

    assert all(f"| `{name.upper()}` |" in page for name in Settings.model_fields)
    assert str(ROOT) not in page
    assert PAGE.read_text(encoding="utf-8") == page


def test_help_waits_for_no_model_and_no_database(engine: Engine) -> None:
    code = "import sys, manage; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ}
    )

    assert not set(done.stdout.split()) & {"sqlalchemy", "celery", "onnxruntime", "transformers", "fastapi"}
