"""A run of a source: over a real socket, behind the privacy door, into rows; errors become words on the source."""

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from collectors import registry
from collectors.base import Batch, CollectError, Collector, Outcome
from collectors.post import Json, RawAuthor, RawPost
from config.settings import Settings
from storage import db, sources
from storage.viewer import SYSTEM
from tests.factories import World
from tests.wire.replay import Answer, Replay, replay_server
from tests.workers.conftest import count
from workers.collect import collect_due, collect_source, run_source

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><guid>1</guid><title>Acme opens a branch</title><link>https://n.example/1</link>
<pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate></item>
<item><guid>2</guid><title>The weather</title><link>https://n.example/2</link>
<pubDate>Mon, 02 Mar 2026 11:00:00 GMT</pubDate></item></channel></rss>"""


@pytest.fixture
def site(settings: Callable[..., Settings]) -> Iterator[Replay]:
    """A web site on loopback."""
    settings(allow_private_addresses="true")
    with replay_server() as replay:
        yield replay


@pytest.fixture
def feed(world: World, site: Replay) -> int:
    """A feed source on that site."""
    with db.transaction() as session:
        return sources.add_source(session, SYSTEM, "feed", "News feed", {"url": site.url("/feed")}, datetime.now(UTC))


def _state(source_id: int) -> sources.SourceRow:
    with db.reading() as session:
        return next(row for row in sources.list_sources(session, SYSTEM, datetime.now(UTC)) if row.id == source_id)


def test_a_due_source_is_queued_run_once_and_its_mentions_go_on_to_analysis(
    feed: int, site: Replay, queued: Callable[[str], int]
) -> None:
    site.add("/feed", Answer(200, {"content-type": "application/rss+xml"}, FEED.encode()))

    collect_due()
    assert queued("collect") == 1
    collect_source(feed)
    assert (count("posts"), count("mentions"), queued("analyze")) == (2, 1, 1)
    assert _state(feed).state == "ok"

    collect_source(feed)  # not due any more: nothing is fetched
    assert count("collection_runs") == 1


def test_a_second_run_adds_nothing(feed: int, site: Replay) -> None:
    answer = Answer(200, {"content-type": "application/rss+xml"}, FEED.encode())
    site.add("/feed", answer, answer)

    first = run_source(feed, analyze=lambda _: None, force=True)
    second = run_source(feed, analyze=lambda _: None, force=True)

    assert first is not None
    assert second is not None
    assert (first.added, first.mentions, second.added, second.mentions) == (2, 1, 0, 0)


def test_an_error_is_words_on_the_source_and_moves_its_next_run(feed: int, site: Replay) -> None:
    site.add("/feed", Answer(500, {}, b"broken"))

    collect_source(feed)

    row = _state(feed)
    assert row.state == "error"
    assert row.error_detail
    assert row.next_check_at is not None
    assert row.next_check_at > datetime.now(UTC)
    assert count("sources", "claimed_at IS NOT NULL") == 0


Run = Generator[Batch, None, Outcome]


class _Odd(Collector):
    """A collector whose run is given by the test."""

    kind = "feed"
    label = "Odd"
    options = ()
    interval = timedelta(minutes=15)
    needs_terms = False

    def __init__(self, run: Callable[[], Run]) -> None:
        self._run = run

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return dict(options)

    def collect(self, request: object, http: object) -> Run:
        return self._run()


def _raw(native_id: str, text: str, at: datetime | None) -> RawPost:
    return RawPost(native_id, text, at, author=RawAuthor("feed", handle="secretive"))


def test_a_fault_in_a_collector_keeps_what_was_stored_and_frees_the_source(
    feed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> Run:
        yield Batch((_raw("1", "Acme by secretive", datetime.now(UTC)),), {"page": 1})
        raise TypeError("a fault")

    monkeypatch.setattr(registry, "get", lambda kind: _Odd(run))

    with pytest.raises(TypeError):
        collect_source(feed)

    assert count("posts", "text LIKE '%secretive%'") == 0
    assert count("posts") == 1
    assert count("sources", "cursor = '{\"page\": 1}'") == 1
    assert "A fault of Outspoken" in (_state(feed).error_detail or "")
    assert count("sources", "claimed_at IS NOT NULL") == 0


def test_a_post_that_cannot_pass_the_door_costs_no_other(feed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001 - the fault under test

    def run() -> Run:
        yield Batch((_raw("1", "Acme", naive), _raw("2", "Acme", datetime.now(UTC))), {})
        return Outcome(True, "ok")

    monkeypatch.setattr(registry, "get", lambda kind: _Odd(run))

    collect_source(feed)

    assert count("posts") == 1
    assert _state(feed).state == "ok"


def test_a_permanent_error_waits_for_a_person(feed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run() -> Run:
        raise CollectError("gone", "The feed is gone.", permanent=True)
        yield

    monkeypatch.setattr(registry, "get", lambda kind: _Odd(run))
    collect_source(feed)

    assert _state(feed).next_check_at is None


def test_a_source_that_is_running_is_not_run_twice(feed: int) -> None:
    with db.transaction() as session:
        assert sources.claim(session, feed, datetime.now(UTC)) is not None

    assert run_source(feed, analyze=lambda _: None, force=True) is None
