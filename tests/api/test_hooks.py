"""Deliveries to `POST /hooks/{source_id}`: signed, stored once, answered item by item."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, text

from api import hooks
from collectors.deliveries import MAX_BYTES
from collectors.signing import sign
from storage import db, sources
from tests.api import world
from tests.factories import ADMINISTRATOR

SECRET = "correct horse battery staple"
ITEM = {"native_id": "t-1", "text": "Acme keeps signing me out", "author": {"id": "u-8171", "handle": "rosa_lux_77"}}
Add = Callable[..., int]
pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture(autouse=True)
def fresh_turns() -> None:
    """Nobody has called yet."""
    hooks.GOOD_CALLS.clear()
    hooks.BAD_CALLS.clear()


@pytest.fixture
def add(client: TestClient) -> Add:
    """`add("webhook", …)`: the number of a new source with the usual secret."""

    def make(kind: str = "webhook", secret: str | None = SECRET, **options: object) -> int:
        now = world.now()
        keys = {} if secret is None else {"secret": secret}
        if kind == "trustpilot":
            keys["api_key"] = "k"
            options["domain"] = "acme.example"
        with db.transaction() as session:
            given = dict(options)
            return sources.add_source(session, ADMINISTRATOR, kind, f"{kind} tool", given, now, credentials=keys)  # type: ignore[arg-type]

    return make


def deliver(
    client: TestClient, source_id: int, body: object, secret: str = SECRET, at: datetime | None = None
) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"X-Outspoken-Signature": sign(secret, data, at or world.now()), "Content-Type": "application/json"}
    return client.post(f"/hooks/{source_id}", content=data, headers=headers)


def counts(answer: Response) -> tuple[object, ...]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return tuple(found[name] for name in ("status", "added", "changed", "unchanged", "rejected", "deleted", "mentions"))


def stored(engine: Engine, query: str) -> list[object]:
    with engine.connect() as connection:
        return list(connection.scalars(text(query)))


def test_a_delivery_is_stored_and_its_author_is_not(client: TestClient, add: Add, clean_database: Engine) -> None:
    answer = deliver(client, add(), ITEM)
    assert counts(answer) == ("stored", 1, 0, 0, 0, 0, 1)
    assert answer.json()["items"] == [
        {"index": 0, "native_id": "t-1", "result": "added", "field": None, "reason": None}
    ]
    (row,) = stored(clean_database, "SELECT p::text FROM posts p")
    assert not any(word in str(row).casefold() for word in ("u-8171", "rosa_lux"))


def test_the_same_delivery_again_stores_nothing(client: TestClient, add: Add, clean_database: Engine) -> None:
    source_id, now = add(), world.now()
    assert counts(deliver(client, source_id, ITEM, at=now))[0] == "stored"
    replay = deliver(client, source_id, ITEM, at=now)
    assert (replay.status_code, replay.json()["status"], replay.json()["items"]) == (200, "known", [])
    assert stored(clean_database, "SELECT count(*) FROM collection_runs") == [1]
    assert counts(deliver(client, source_id, ITEM, at=now + timedelta(seconds=1))) == ("stored", 0, 0, 1, 0, 0, 0)


def test_each_item_is_answered(client: TestClient, add: Add) -> None:
    source_id = add()
    deliver(client, source_id, [{"native_id": "1", "text": "Acme old"}, {"native_id": "2", "text": "Acme"}])
    body = {
        "posts": [
            {"native_id": "1", "text": "Acme new"},
            {"text": "no id"},
            {"native_id": "2", "text": "Acme"},
            {"native_id": "3", "text": "the weather"},
            None,
        ],
        "deleted": ["2", "unheard of"],
    }
    answer = deliver(client, source_id, body)
    assert counts(answer) == ("stored", 1, 1, 1, 2, 2, 0)
    told = [(item["index"], item["result"], item["field"]) for item in answer.json()["items"]]
    assert told == [
        (0, "changed", None), (1, "rejected", "native_id"), (2, "unchanged", None), (3, "added", None),
        (4, "rejected", None),
    ]  # fmt: skip


def test_deleted_posts_are_gone_and_stay_away(client: TestClient, add: Add, clean_database: Engine) -> None:
    source_id = add()
    deliver(client, source_id, ITEM)
    deliver(client, source_id, {"deleted": ["t-1"]})
    assert stored(clean_database, "SELECT text FROM posts") == [""]
    assert stored(clean_database, "SELECT count(*) FROM mentions") == [0]
    assert counts(deliver(client, source_id, [ITEM]))[1:3] == (0, 0)


def test_the_delivery_is_a_run_that_people_see(client: TestClient, add: Add) -> None:
    source_id = add()
    deliver(client, source_id, [ITEM, {"text": "no id"}])
    with db.reading() as session:
        (run,) = sources.runs(session, ADMINISTRATOR, source_id)
        covered = sources.coverage(session, run.started_at - timedelta(hours=1), run.started_at + timedelta(hours=1))
    assert (run.purpose, run.complete, run.seen, run.added) == ("hook", True, 1, 1)
    assert run.detail == "1 of 2 items were refused; item 1: native_id: is missing."
    assert covered is None  # nothing was due


@pytest.mark.parametrize("secret", ["another secret of enough letters", ""])
def test_a_wrong_signature_is_refused(client: TestClient, add: Add, clean_database: Engine, secret: str) -> None:
    answer = deliver(client, add(), ITEM, secret)
    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")
    assert stored(clean_database, "SELECT count(*) FROM posts") == [0]
    assert stored(clean_database, "SELECT count(*) FROM hook_deliveries") == [0]


def test_no_signature_and_an_old_one(client: TestClient, add: Add) -> None:
    source_id = add()
    assert client.post(f"/hooks/{source_id}", json=ITEM).status_code == 401
    assert deliver(client, source_id, ITEM, at=world.now() - timedelta(minutes=6)).status_code == 401
    assert client.post(f"/hooks/{source_id}?key={SECRET}", json=ITEM).status_code == 401  # own tools can sign


def test_unknown_sources_and_those_of_other_kinds_look_alike(client: TestClient, add: Add) -> None:
    with db.transaction() as session:
        other = sources.get_or_make(session, "api", "Forum", "api", world.now())
    unknown, foreign = deliver(client, 2_000_000_000, ITEM), deliver(client, other, ITEM)
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert unknown.json() == foreign.json()


def test_a_paused_source_asks_to_come_back(client: TestClient, add: Add, clean_database: Engine) -> None:
    source_id = add()
    with db.transaction() as session:
        sources.set_enabled(session, ADMINISTRATOR, source_id, False, world.now())
    answer = deliver(client, source_id, ITEM)
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (503, "paused", "3600")
    assert deliver(client, source_id, ITEM, "x" * 20).status_code == 401
    assert stored(clean_database, "SELECT count(*) FROM posts") == [0]


def test_a_source_without_a_secret_takes_nothing(client: TestClient, add: Add) -> None:
    answer = deliver(client, add(secret=None), ITEM)
    assert (answer.status_code, answer.json()["error"]) == (503, "no_secret")
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize("body", [b"", b"{", b"5", b"[" * 100_000, b'{"posts": 1}'])
def test_what_is_no_delivery(client: TestClient, add: Add, body: bytes) -> None:
    answer = deliver(client, add(), body)
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_request")


def test_a_body_beyond_the_limit_is_refused_in_one_piece_and_in_chunks(client: TestClient, add: Add) -> None:
    source_id = add()
    assert deliver(client, source_id, b" " * (MAX_BYTES + 1)).status_code == 413
    assert client.post(f"/hooks/{source_id}", content=(b" " * 100_000 for _ in range(51))).status_code == 413


def test_a_sender_that_fails_too_often_waits_and_others_do_not(
    client: TestClient, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks.BAD_CALLS, "limit", 2)
    monkeypatch.setattr(hooks.GOOD_CALLS, "limit", 2)
    good, other = add(), add("survey")
    assert [deliver(client, good, ITEM, "x" * 20).status_code for _ in range(3)] == [401, 401, 429]
    assert deliver(client, other, ITEM).status_code == 200
    hooks.BAD_CALLS.clear()
    found = [deliver(client, good, {"native_id": str(number)}) for number in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert 0 < int(found[2].headers["Retry-After"]) <= 60


def test_a_secret_is_changed_without_a_gap(client: TestClient, add: Add) -> None:
    source_id = add()
    with db.transaction() as session:
        keys = {"secret": "the new secret of the tool", "secret_previous": SECRET}
        sources.set_credentials(session, ADMINISTRATOR, source_id, keys, world.now())
    assert deliver(client, source_id, ITEM).status_code == 200
    assert deliver(client, source_id, {"native_id": "2"}, "the new secret of the tool").status_code == 200


def test_trustpilot_is_proven_by_the_address(client: TestClient, add: Add, clean_database: Engine) -> None:
    source_id = add("trustpilot")
    data = {"id": "53bffd360000640002975387", "title": "Late", "text": "Acme was late", "stars": 2,
            "createdAt": "2026-02-20T09:34:44.000Z", "consumer": {"id": "c1", "name": "Rosamunde Lux"}}  # fmt: skip
    body = {"events": [{"eventName": "service-review-created", "version": "1", "eventData": data}]}
    assert client.post(f"/hooks/{source_id}", json=body).status_code == 401
    assert client.post(f"/hooks/{source_id}?key=wrong", json=body).status_code == 401
    address = f"/hooks/{source_id}?key={SECRET}"
    assert counts(client.post(address, json=body))[:2] == ("stored", 1)
    assert counts(client.post(address, json=body))[:4] == ("stored", 0, 0, 1)
    gone = {"events": [{"eventName": "service-review-deleted", "eventData": {"id": data["id"]}}]}
    assert counts(client.post(address, json=gone))[5] == 1
    assert stored(clean_database, "SELECT text FROM posts") == [""]


def test_survey_answers_come_without_their_person(client: TestClient, add: Add, clean_database: Engine) -> None:
    source_id = add("survey", survey_type="exit", scale="0-10")
    item = {
        "native_id": "response-77",
        "title": "Why do you leave Acme?",
        "text": "My manager Anna Schmidt, anna@acme.example",
        "author": {"id": "EMP-0815", "name": "Rosamunde Lux"},
        "published_at": "2026-02-20T09:31:00Z",
        "stated": {"score": "3", "team": "Payroll Gera", "employee_id": "EMP-0815"},
    }
    assert counts(deliver(client, source_id, item))[:2] == ("stored", 1)
    (row,) = stored(clean_database, "SELECT p::text FROM posts p")
    shown = str(row)
    assert not any(word in shown for word in ("EMP-0815", "Rosamunde", "Schmidt", "anna@", "Payroll", "response-77"))
    assert "2026-02-01 00:00:00" in shown
    assert "former employee" in shown
    assert counts(deliver(client, source_id, {"deleted": ["response-77"]}))[5] == 1
    assert stored(clean_database, "SELECT text FROM posts") == [""]


def test_nothing_is_stored_when_storing_fails(
    client: TestClient, add: Add, clean_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id, now = add(), world.now()

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(hooks, "analyze_after_commit", fail)
        assert deliver(client, source_id, ITEM, at=now).status_code == 500
    assert stored(clean_database, "SELECT count(*) FROM posts") == [0]
    assert counts(deliver(client, source_id, ITEM, at=now))[:2] == ("stored", 1)  # sent again, it is no replay


def test_a_page_of_another_site_cannot_deliver(client: TestClient, add: Add) -> None:
    data = json.dumps(ITEM).encode()
    headers = {"X-Outspoken-Signature": sign(SECRET, data, world.now()), "Sec-Fetch-Site": "cross-site"}
    assert client.post(f"/hooks/{add()}", content=data, headers=headers).status_code == 403
