"""Sources on the command line: added, changed, tried and deleted; keys stay out of everything that is printed."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from collectors import registry
from collectors.base import Option
from collectors.feed import FeedCollector
from collectors.options import complete
from collectors.post import Json
from config.settings import Settings
from storage import db, profile, sources
from storage.sources import SourceRow
from storage.viewer import SYSTEM
from tests.commands.conftest import Runner
from tests.factories import NOW, PROFILE
from tests.wire.replay import Answer, replay_server

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")
ADD = ("source", "add", "feed", "--name", "News", "--option", "url=https://news.example/feed.xml")


class _Keyed(FeedCollector):
    kind = "keyed"
    label = "Keyed feed"
    options = (*FeedCollector.options, Option("pages", "Pages", many_lines=True))
    credentials = (Option("api_key", "API key", "From the console.", required=True), Option("secret", "Secret"))

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return complete(options, self.options)


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that needs a key."""
    collector = _Keyed()
    monkeypatch.setitem(registry._BY_KIND, "keyed", collector)
    monkeypatch.setattr(registry, "_COLLECTORS", (*registry._COLLECTORS, collector))


def _rows() -> list[SourceRow]:
    with db.reading() as session:
        return list(sources.list_sources(session, SYSTEM, NOW))


def _keys() -> dict[str, str]:
    with db.reading() as session:
        setup = sources.setup_of(session, _rows()[0].id)
        assert setup is not None
        return sources.open_credentials(setup.credentials)


def test_a_source_is_added_listed_changed_and_deleted(run: Runner) -> None:
    assert "is added; it has not run yet" in run(*ADD, "--keep-days", "30").said
    assert "never run" in run("source", "list").said
    run("source", "add", "feed", "--name", "Other", "--option", "url=https://b.example/x")
    assert "there already is a source 'News'" in run("source", "set", "Other", "--name", "News").said
    run("source", "delete", "Other", "--yes")
    changed = run("source", "set", "News", "--name", "Old news", "--pause", "--keep-days", "0")
    assert "Old news is changed; its state: paused." in changed.said
    (row,) = _rows()
    assert (row.name, row.enabled, row.keep_days) == ("Old news", False, None)
    assert "is deleted" in run("source", "delete", "Old news", "--yes").said
    assert _rows() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("source", "add", "pigeon"), "unknown kind of source 'pigeon'"),
        (("source", "add", "feed"), "url: is missing"),
        ((*ADD, "--option", "url=https://b.example"), "--option url is given twice"),
        ((*ADD, "--option", "nonsense"), "--option 'nonsense': write NAME=VALUE"),
        ((*ADD, "--credential", "hunter2"), "--credential: write NAME=VALUE"),
        ((*ADD, "--credential", "key=hunter2"), "key: sources of kind feed have no such key"),
        ((*ADD, "--credential", "key=env:NO_SUCH_VARIABLE"), "the environment has no NO_SUCH_VARIABLE"),
        ((*ADD, "--credential", "key=file:no/such/file"), "no/such/file cannot be read"),
        ((*ADD, "--credential", "key=-"), "nothing came on standard input"),
        ((*ADD, "--keep-days", "-3"), "keep_days"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_quotes_no_key(words: tuple[str, ...], said: str, run: Runner) -> None:
    ran = run(*words)
    assert ran.code == 1
    assert said in ran.said
    assert "hunter2" not in ran.said
    assert _rows() == []


@pytest.mark.usefixtures("keyed")
def test_keys_come_from_where_no_history_sees_them(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("MY_KEY", "from the environment")
    add = ("source", "add", "keyed", "--option", "url=https://a.example/x")
    assert "it needs its keys before it runs" in run(*add).said
    given = run(
        "source", "set", "keyed", "--credential", "api_key=-", "--credential", "secret=env:MY_KEY", typed="one\n"
    )
    assert "Keys that are set: api_key, secret." in given.said
    assert _keys() == {"api_key": "one", "secret": "from the environment"}
    run("source", "set", "keyed", "--credential", f"api_key=file:{tmp_path / 'key'}", "--credential", "secret=")
    assert _keys() == {"api_key": "from a file"}
    assert "from a file" not in run("source", "list").said


@pytest.mark.usefixtures("keyed")
def test_options_that_are_not_named_stay(run: Runner) -> None:
    run("source", "add", "keyed", "--option", "url=https://a.example/x", "--option", "pages=a", "--option", "pages=b")
    assert _rows()[0].options["pages"] == "a\nb"
    run("source", "set", "keyed", "--option", "pages=")
    assert (_rows()[0].options["url"], _rows()[0].options["pages"]) == ("https://a.example/x", None)


@pytest.mark.usefixtures("keyed")
def test_kinds_say_what_they_take(run: Runner) -> None:
    assert "keyed Keyed feed needed" in run("source", "kinds").said
    assert "--credential api_key needed From the console." in run("source", "kinds", "keyed").said


def test_a_connection_is_tried(run: Runner, settings: Callable[..., Settings]) -> None:
    settings(allow_private_addresses="true")
    with replay_server() as site:
        site.add("/good", Answer(200, {"content-type": "application/rss+xml"}, b'<rss version="2.0"><channel/></rss>'))
        site.add("/bad", Answer(403))
        run("source", "add", "feed", "--name", "Good", "--option", f"url={site.url('/good')}")
        run("source", "add", "feed", "--name", "Bad", "--option", f"url={site.url('/bad')}")
        good, bad = run("source", "test", "Good"), run("source", "test", "Bad")
    assert good.code == 0, good.said
    assert bad.code == 1
    assert "Bad: 127.0.0.1 refuses access (HTTP 403)." in bad.said


def test_a_source_of_the_profile_is_changed_there(run: Runner) -> None:
    toml = f'{PROFILE}\n[[sources]]\nkind = "hackernews"\nname = "HN"\n'
    with db.transaction() as session:
        profile.save_profile(session, toml, origin="file", user_id=None, now=NOW)
    assert "written in the company profile" in run("source", "set", "HN", "--name", "Mine").said
    assert "written in the company profile" in run("source", "delete", "HN", "--yes").said
    assert "its state: paused" in run("source", "set", "HN", "--pause").said
