"""Trying a source: by the queue, with sealed keys, behind the privacy door, and always with an answer."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import redis

from collectors.base import Batch, Budget, CollectError, CollectRequest, Option, Outcome
from collectors.http import HttpClient
from config.settings import Settings
from storage import db, sources
from storage.viewer import SYSTEM
from tests.conftest import free_port
from tests.factories import World
from tests.scripted import Scripted, Steps, raw, register
from tests.workers.conftest import count
from workers import trial
from workers.trials import TrialResult, put_result, start_trial, trial_result

KEY = "sk-very-secret"


def _page(request: CollectRequest, http: HttpClient) -> Steps:
    request.meter.charge(0.25)
    held = raw("odd", "?", stated={"held": "unknown form"})
    yield Batch(tuple(raw(str(n), f"Acme {n} by secretive " + "x" * 600) for n in range(30)), {}, held=(held,))
    raise AssertionError("one page is enough")


def _tried(token: str, *arguments: object) -> TrialResult:
    trial.try_source(token, "scripted", *arguments)  # type: ignore[arg-type]
    found = trial_result(token)
    assert found is not None
    return found


def test_a_preview_shows_the_first_posts_without_their_authors(
    world: World, monkeypatch: pytest.MonkeyPatch, queued: Callable[[str], int]
) -> None:
    register(monkeypatch, Scripted(_page, budget=Budget("USD", "month")))
    with db.transaction() as session:
        source_id = sources.add_source(session, SYSTEM, "scripted", "S", {}, datetime.now(UTC))
        sealed = sources.sealed_for_trial(session, SYSTEM, source_id, "scripted", {"token": KEY})
    token = start_trial("scripted", {"place": "x"}, sealed, source_id, preview=True)
    assert queued("upkeep") == 1
    assert trial_result(token) is None

    found = _tried(token, {"place": "x"}, sealed, source_id, True)

    assert (found.ok, len(found.items)) == (True, 20)
    assert (
        found.detail == "The source answers; the first page has 30 items. 1 are in a form that a person has to look at."
    )
    assert "secretive" not in repr(found)
    assert found.items[0].text.startswith("Acme 0")
    assert len(found.items[0].text) < 510
    assert (count("posts"), count("held_items")) == (0, 0)  # nothing is stored
    assert count("collection_runs", "purpose = 'trial' AND cost = 0.25") == 1  # but it was paid for


def test_keys_are_not_in_the_queue_in_clear(world: World, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    register(monkeypatch, Scripted())
    with db.reading() as session:
        sealed = sources.sealed_for_trial(session, SYSTEM, None, "scripted", {"token": KEY})
    start_trial("scripted", {}, sealed)
    with redis.Redis.from_url(redis_url) as client:
        (job,) = client.lrange("upkeep", 0, -1)
    assert KEY.encode() not in job
    assert KEY not in str(sealed)


def test_typed_keys_go_over_the_stored_ones(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Scripted(_page)
    register(monkeypatch, collector)
    with db.transaction() as session:
        keys = {"token": "old", "spare": "kept"}
        source_id = sources.add_source(session, SYSTEM, "scripted", "S", {}, datetime.now(UTC), credentials=keys)
        sealed = sources.sealed_for_trial(session, SYSTEM, source_id, "scripted", {"token": KEY})
    _tried("t", {}, sealed, source_id)
    assert collector.requests[0].credentials == {"token": KEY, "spare": "kept"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CollectError("unauthorized", "The token is refused."), "The token is refused."),
        (ValueError("place: no such place"), "place: no such place"),
        (TypeError("secret inside"), "A fault of Outspoken: TypeError."),
    ],
)
def test_every_end_is_an_answer(world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str) -> None:
    def fails(request: CollectRequest, http: HttpClient) -> Steps:
        raise error
        yield

    register(monkeypatch, Scripted(fails))
    assert _tried("t", {}, None) == TrialResult(False, words)


def test_wrong_settings_and_seals_are_answers_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, Scripted())
    assert _tried("a", {"nonsense": 1}, None).detail.startswith("nonsense")
    assert "Enter them again" in _tried("b", {}, "damaged").detail
    trial.try_source("c", "carrier pigeon", {}, None)
    assert "carrier pigeon" in (trial_result("c") or TrialResult(True, "")).detail


def test_a_source_with_nothing_to_show_says_what_it_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(request: CollectRequest, http: HttpClient) -> Steps:
        yield from ()
        return Outcome(False, "needs_approval", "Ask for access first.")

    register(monkeypatch, Scripted(waits))
    assert _tried("a", {}, None) == TrialResult(False, "Ask for access first.")
    register(monkeypatch, Scripted())
    assert _tried("b", {}, None).ok


def test_a_cheaper_test_is_used_where_there_is_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cheap(Scripted):
        def test(self, request: CollectRequest, http: HttpClient) -> str:
            return f"Signed in, {len(request.credentials)} keys."

    register(monkeypatch, Cheap(_page, options=(Option("place", "Place"),)))
    assert trial.test_source("scripted", {}, {"token": KEY}) == "Signed in, 1 keys."
    assert len(_tried("shown", {}, None, None, True).items) == 20  # a preview shows posts all the same
    with pytest.raises(ValueError, match="nonsense"):
        trial.test_source("scripted", {"nonsense": 1}, {})


def test_a_queue_that_is_down_is_an_answer(settings: Callable[..., Settings]) -> None:
    settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    found = trial_result("t")
    assert found is not None
    assert (found.ok, "queue is down" in found.detail) == (False, True)
    put_result("t", TrialResult(True, "nobody hears it"))
