"""Items mapped anew: new words where the mapper gives them, what it cannot know left alone."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from collectors.base import Batch, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.post import Json, RawPost
from storage import db, rollups, sources
from storage.viewer import SYSTEM
from tests.factories import World
from tests.scripted import Scripted, Steps, raw, register
from tests.workers.conftest import count
from workers import remap as module
from workers.analyze import analyze
from workers.collect import run_source
from workers.remap import remap


def _collect(request: CollectRequest, http: HttpClient) -> Steps:
    posts = [raw(str(n), f"Acme number {n}", counters={"likes": n}, followers=7) for n in range(5)]
    yield Batch((*posts, raw("quoted", "Acme and secretive"), raw("9", "ACME IS LOUD")), {})
    return Outcome(True, "ok")


class _Picky(Scripted):
    """Some items it cannot map any more, one it chokes on."""

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        if raw.get("id") == "3":
            return None
        if raw.get("id") == "4":
            raise KeyError("text")
        return super().map_item(raw)


@pytest.fixture
def stored(world: World, monkeypatch: pytest.MonkeyPatch, tagger: list[list[str]]) -> Scripted:
    """Seven posts by version 1 of the mapper, tagged; then version 2 is there."""
    register(monkeypatch, Scripted(_collect, credentials=()))
    with db.transaction() as session:
        source_id = sources.add_source(session, SYSTEM, "scripted", "S", {}, datetime.now(UTC))
    assert run_source(source_id, analyze=lambda _: None) is not None
    while analyze(100):
        continue
    newer = _Picky(_collect, credentials=(), mapper_version=2)
    register(monkeypatch, newer)
    return newer


def _rows() -> Mapping[str, Any]:
    query = "SELECT native_id, text, author_key, followers, published_at, mapper_version FROM posts"
    with db.reading() as session:
        return {row.native_id: row for row in session.execute(text(query))}


def test_words_are_new_and_all_else_stays(stored: Scripted, queued: Callable[[str], int]) -> None:
    before = _rows()
    told: list[tuple[int, int]] = []
    assert remap("scripted", lambda done, total: told.append((done, total))) == 5
    after = _rows()

    assert after["0"].text == "ACME NUMBER 0"
    for name in ("3", "4"):  # cannot be mapped: left as they are, and not tried for ever
        assert after[name].text == before[name].text
    assert after["quoted"].text == before["quoted"].text  # its stored item was masked for its author
    for name, row in after.items():
        assert (row.author_key, row.followers, row.published_at) == (
            before[name].author_key, before[name].followers, before[name].published_at,
        )  # fmt: skip
        assert row.mapper_version == 2
    assert told[-1] == (7, 7)
    assert count("mentions", "analyzed_at IS NULL") == 3  # 0, 1 and 2; the words of "9" are the same
    assert count("counter_snapshots") == 5
    assert queued("analyze") == 1
    with db.reading() as session:
        assert rollups.check(session) == []


def test_a_second_time_there_is_nothing_to_do(stored: Scripted) -> None:
    remap(None)
    assert remap(None) == 0
    with pytest.raises(ValueError, match="carrier pigeon"):
        remap("carrier pigeon")


def test_it_goes_on_where_it_was_interrupted(stored: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BITE", 2)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remap("scripted", stop)
    assert count("posts", "mapper_version = 2") == 2
    assert remap("scripted") == 3
    assert count("posts", "mapper_version = 2") == 7


def test_a_post_that_no_longer_names_the_company_is_no_mention(
    stored: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(Scripted):
        def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
            return RawPost(str(raw["id"]), "nothing", None)

    register(monkeypatch, Silent(credentials=(), mapper_version=3))
    names: Sequence[str] = list(_rows())
    assert remap("scripted") == len(names)
    assert count("mentions") == 0
    with db.reading() as session:
        assert rollups.check(session) == []
