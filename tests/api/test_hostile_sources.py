"""Hostile settings, ids and signatures at the routes of sources and hooks: refused in words, never a fault of ours."""

import contextlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api import hooks
from collectors.registry import all_collectors
from collectors.signing import sign
from storage import db, sources
from storage.viewer import SYSTEM
from tests.api import world

Header = dict[str, str]
PATH = "/api/v1/sources"
SECRET = "correct horse battery staple"
WORDS = ("a\x00b", "\ud800", "x" * 30_000, "[" * 5_000, "http://[", "-1", "٣", "../../etc/passwd", "%00", "\r\nX-A: b")
VALUES: tuple[object, ...] = (*WORDS, None, True, 10**40, 1e308, [], {}, ["a"] * 2_000, {"a": {"b": 1}})


@pytest.fixture(autouse=True)
def fresh_turns() -> None:
    """Nobody has called yet."""
    hooks.GOOD_CALLS.clear()
    hooks.BAD_CALLS.clear()


def hook(secret: str = SECRET) -> int:
    with db.transaction() as session:
        return sources.add_source(
            session, SYSTEM, "webhook", f"Tool {secret}", {}, world.now(), credentials={"secret": secret}
        )


def send(client: TestClient, header: Header, body: object) -> int:
    """As JSON that may hold what UTF-8 cannot."""
    sent = header | {"content-type": "application/json"}
    return client.post(PATH, content=json.dumps(body).encode(), headers=sent).status_code


def test_no_option_makes_another_error_than_one_in_words() -> None:
    for collector in all_collectors():
        for option in collector.options:
            for value in VALUES:
                with contextlib.suppress(ValueError):
                    collector.check_options({option.name: value})  # type: ignore[dict-item]


@pytest.mark.parametrize("word", ["/a\x00b*", "/\ud800*"])
def test_characters_that_cannot_be_stored_make_no_fault(
    client: TestClient, token: Callable[..., Header], word: str
) -> None:
    header = token("administrator")
    options = {"start": "https://a.example/", "follow": word, "next": f"a{word[2]}b"}
    assert send(client, header, {"kind": "web", "name": "W", "options": options}) in {201, 422}
    assert send(client, header, {"kind": "gdelt", "name": "W", "options": {"language": word}}) in {201, 422}
    assert send(client, header, {"kind": "youtube", "name": "W", "credentials": {"api_key": word}}) == 422
    assert client.get(PATH, headers=header).status_code == 200


@pytest.mark.parametrize("name", WORDS)
def test_names_of_sources_are_refused_or_stored(client: TestClient, token: Callable[..., Header], name: str) -> None:
    body = {"kind": "gdelt", "name": name, "about": name}
    assert send(client, token("administrator"), body) == 422
    assert send(client, token("administrator"), {"kind": name, "name": "x"}) == 422


@pytest.mark.parametrize("number", ["0", "-1", "9" * 30, str(2**63), "1.5", "%00", "٣"])
def test_ids_that_are_none_are_not_found(client: TestClient, token: Callable[..., Header], number: str) -> None:
    header = token("administrator")
    answers = [
        client.get(f"{PATH}/{number}", headers=header), client.post(f"{PATH}/{number}/run", headers=header),
        client.post(f"{PATH}/{number}/test", headers=header), client.delete(f"{PATH}/{number}", headers=header),
        client.post(f"/hooks/{number}", content=b"{}"), client.get(f"/sources/{number}"),
    ]  # fmt: skip
    assert {answer.status_code for answer in answers} <= {303, 404, 422}


def test_a_signature_is_good_for_its_source_time_and_body_only(client: TestClient) -> None:
    mine, other, now = hook(), hook("another secret of another tool"), world.now()
    body = json.dumps({"native_id": "1", "text": "Acme"}).encode()
    good = sign(SECRET, body, now)
    t, v1 = good.split(",")
    forged = [
        (other, body, good),  # of another source
        (mine, body + b" ", good),
        (mine, body, f"t={int(now.timestamp()) + 1},{v1}"),
        (mine, body, sign(SECRET, body, now - timedelta(minutes=6))),
        (mine, body, sign(SECRET, body, now + timedelta(minutes=6))),
        (mine, body, sign("", body, now)),
        (mine, body, f"{t},v1="),
        (mine, body, f"{t},v0={v1[3:]}"),
        (mine, body, f"{t},alg=none"),
        (mine, body, f"{t},{t},{v1}"),
        (mine, body, f"{t},v1=" + "é" * 64),
        (mine, body, "t=" + "9" * 400 + f",{v1}"),
        (mine, body, ""),
    ]
    for source_id, data, value in forged:
        headers = {b"X-Outspoken-Signature": value.encode()}
        answer = client.post(f"/hooks/{source_id}", content=data, headers=headers)
        assert answer.status_code == 401, value
        assert SECRET not in answer.text
    assert client.post(f"/hooks/{mine}", content=body, headers={"X-Outspoken-Signature": good}).status_code == 200


def test_guessing_a_secret_is_slowed_down(client: TestClient) -> None:
    source_id = hook()
    statuses = [client.post(f"/hooks/{source_id}", content=b"{}").status_code for _ in range(32)]
    assert statuses[:30] == [401] * 30
    assert statuses[30:] == [429, 429]
