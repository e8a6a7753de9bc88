"""Sources over HTTP."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from collectors.base import CollectError
from storage import db, sources
from storage.viewer import SYSTEM
from tests.api.world import NOW
from workers import app as queue

Header = dict[str, str]
PATH = "/api/v1/sources"


@pytest.fixture
def feed(client: TestClient) -> int:
    """A feed with a secret in its address."""
    with db.transaction() as session:
        return sources.add_source(session, SYSTEM, "feed", "News", {"url": "https://u:secret@news.example/feed"}, NOW)


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was queued."""
    jobs: list[tuple[object, ...]] = []
    monkeypatch.setattr(queue, "enqueue", lambda *job: jobs.append(job))
    return jobs


def test_only_administrators_see_options(client: TestClient, token: Callable[..., Header], feed: int) -> None:
    assert "secret" not in client.get(PATH, headers=token("hr")).text
    assert client.get(f"{PATH}/{feed}", headers=token("hr")).json()["options"] == {}
    assert "secret" in client.get(f"{PATH}/{feed}", headers=token("administrator")).text


def test_an_error_is_told_without_what_signs_in(client: TestClient, token: Callable[..., Header], feed: int) -> None:
    with db.transaction() as session:
        claimed = sources.claim(session, feed, NOW)
        assert claimed is not None
        error = CollectError("unauthorized", "https://u:hunter2@news.example/feed?token=t0ps3cret says 401")
        sources.fail_run(session, claimed.run_id, error, NOW)
    shown = client.get(f"{PATH}/{feed}", headers=token("hr")).json()
    assert "news.example" in shown["error_detail"]
    assert not any(word in shown["error_detail"] for word in ("hunter2", "t0ps3cret"))


def test_a_source_that_never_ran_says_so(client: TestClient, token: Callable[..., Header], feed: int) -> None:
    (shown,) = client.get(PATH, headers=token("leadership")).json()["items"]
    assert (shown["id"], shown["state"], shown["coverage_24h"]) == (feed, "never run", None)
    assert client.get(f"{PATH}/{feed}/runs", headers=token("administrator")).json() == {"items": [], "next": None}


def test_run_now_queues_the_collection(
    client: TestClient, token: Callable[..., Header], feed: int, queued: list[tuple[object, ...]]
) -> None:
    answer = client.post(f"{PATH}/{feed}/run", headers=token("administrator"))
    assert answer.status_code == 202
    assert queued == [(queue.COLLECT_SOURCE, feed)]


def test_a_paused_source_does_not_run(
    client: TestClient, token: Callable[..., Header], feed: int, queued: list[tuple[object, ...]]
) -> None:
    with db.transaction() as session:
        sources.set_enabled(session, SYSTEM, feed, False, NOW)
    answer = client.post(f"{PATH}/{feed}/run", headers=token("administrator"))
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert queued == []


def test_an_unknown_source_is_not_found(client: TestClient, token: Callable[..., Header]) -> None:
    header = token("administrator")
    statuses = [client.get(f"{PATH}/77", headers=header), client.get(f"{PATH}/77/runs", headers=header)]
    statuses.append(client.post(f"{PATH}/77/run", headers=header))
    assert [answer.status_code for answer in statuses] == [404, 404, 404]
