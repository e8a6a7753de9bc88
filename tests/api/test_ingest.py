"""Posts that come by API."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from config.settings import Settings
from tests.api.world import NOW

Header = dict[str, str]
PATH = "/api/v1/mentions"
pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def send(client: TestClient, token: Callable[..., Header]) -> Callable[..., dict[str, object]]:
    """`send(post, …)`: the answer to these posts, which must be 200."""
    header = token("administrator", ["mentions:write"])

    def posts(*sent: object, **more: object) -> dict[str, object]:
        answer = client.post(PATH, headers=header, json={"source": "Forum", "posts": list(sent), **more})
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    return posts


def results(answer: dict[str, object]) -> list[str]:
    """What became of each post."""
    items = answer["items"]
    assert isinstance(items, list)
    return [item["result"] for item in items]


def sums(answer: dict[str, object]) -> tuple[object, ...]:
    """added, changed, unchanged, rejected."""
    return tuple(answer[name] for name in ("added", "changed", "unchanged", "rejected"))


def test_sending_again_changes_nothing(send: Callable[..., dict[str, object]]) -> None:
    post = {"native_id": "1", "text": "Acme is down again", "published_at": NOW.isoformat()}
    first, second = send(post), send(post)
    assert (results(first), first["mentions"]) == (["added"], 1)
    assert (results(second), second["mentions"]) == (["unchanged"], 0)
    assert first["source_id"] == second["source_id"]


def test_an_edit_is_taken_over(send: Callable[..., dict[str, object]], clean_database: Engine) -> None:
    send({"native_id": "1", "text": "Acme is down"})
    assert results(send({"native_id": "1", "text": "Acme is up"})) == ["changed"]
    with clean_database.connect() as connection:
        assert connection.scalars(text("SELECT text FROM posts")).all() == ["Acme is up"]


def test_with_another_key_nothing_is_stored(
    send: Callable[..., dict[str, object]],
    client: TestClient,
    token: Callable[..., Header],
    settings: Callable[..., Settings],
    clean_database: Engine,
) -> None:
    settings(pseudonym_key="the key in force")
    send({"native_id": "1", "text": "Acme is down"})
    settings(pseudonym_key="a key that nobody rotated to")
    header = token("administrator", ["mentions:write"])
    answer = client.post(PATH, headers=header, json={"source": "Forum", "posts": [{"native_id": "2", "text": "Acme"}]})
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "PSEUDONYM_KEY" in answer.json()["detail"]
    with clean_database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM posts")) == 1


def test_the_same_id_at_another_source_is_another_post(send: Callable[..., dict[str, object]]) -> None:
    post = {"native_id": "1", "text": "Acme"}
    assert results(send(post)) == results(send(post, source="Elsewhere")) == ["added"]


def test_a_bad_post_is_told_and_stops_no_other(send: Callable[..., dict[str, object]]) -> None:
    answer = send(
        {"native_id": "1", "text": "Acme one"},
        {"text": "no id"},
        {"native_id": "3", "text": "Acme", "published_at": "2026-01-01T00:00:00"},
        "not even an object",
        None,
        {"native_id": "6", "texd": "misspelt"},
        {"native_id": "7", "text": "Acme two"},
    )
    assert sums(answer) == (2, 0, 0, 5)
    items = answer["items"]
    assert isinstance(items, list)
    assert [(item["index"], item["field"]) for item in items if item["result"] == "rejected"] == [
        (1, "native_id"),
        (2, "published_at"),
        (3, None),
        (4, None),
        (5, "texd"),
    ]
    assert all(item["reason"] for item in items if item["result"] == "rejected")


def test_of_the_same_id_in_one_call_the_last_counts(
    send: Callable[..., dict[str, object]], clean_database: Engine
) -> None:
    answer = send({"native_id": "1", "text": "Acme old"}, {"native_id": "1", "text": "Acme new"})
    assert results(answer) == ["rejected", "added"]
    with clean_database.connect() as connection:
        assert connection.scalars(text("SELECT text FROM posts")).all() == ["Acme new"]


def test_a_post_about_nobody_is_kept_but_no_mention(send: Callable[..., dict[str, object]]) -> None:
    answer = send({"native_id": "1", "text": "the weather"})
    assert (results(answer), answer["mentions"]) == (["added"], 0)


def test_no_author_reaches_the_database(send: Callable[..., dict[str, object]], clean_database: Engine) -> None:
    author = {"id": "u-8171", "handle": "rosa_lux_77", "name": "Rosamunde Lux", "url": "https://forum.example/u/rosa"}
    send({"native_id": "1", "text": "Acme, says rosa_lux_77 (Rosamunde Lux)", "author": author}, platform="forum")
    with clean_database.connect() as connection:
        rows = connection.execute(text("SELECT p::text FROM posts p")).scalars().all()
    assert len(rows) == 1
    assert not any(word in rows[0].casefold() for word in ("u-8171", "rosa_lux", "rosamunde"))


def test_the_companys_own_account_is_owned_voice(
    send: Callable[..., dict[str, object]], clean_database: Engine
) -> None:
    send({"native_id": "1", "text": "Acme hires", "author": {"handle": "acme"}}, platform="forum")
    with clean_database.connect() as connection:
        assert connection.scalar(text("SELECT own_account FROM mentions")) is True


def test_awkward_texts_arrive(send: Callable[..., dict[str, object]], clean_database: Engine) -> None:
    texts = ["Acme \U0001f469\u200d\U0001f4bb", "\u202eAcme\u202c مرحبا", "Acme\x00Acme", "Acme " + "é" * 50_000]
    answer = send(*({"native_id": str(number), "text": each} for number, each in enumerate(texts)))
    assert results(answer) == ["added"] * 4
    with clean_database.connect() as connection:
        stored = connection.scalars(text("SELECT text FROM posts ORDER BY native_id")).all()
    assert stored == [texts[0], texts[1], "AcmeAcme", texts[3]]


def test_a_post_of_five_megabytes_is_cut_and_kept(
    send: Callable[..., dict[str, object]], clean_database: Engine
) -> None:
    assert results(send({"native_id": "1", "text": "Acme " + "x" * 5_000_000})) == ["added"]
    with clean_database.connect() as connection:
        assert connection.scalar(text("SELECT length(text) FROM posts")) == 100_000


def test_lone_surrogates_are_rejected_and_told(client: TestClient, token: Callable[..., Header]) -> None:
    body = rb'{"source": "Forum", "posts": [{"native_id": "a\ud800", "text": "Acme"}, {"\ud800": 1, "native_id": "2"}]}'
    headers = token("administrator") | {"Content-Type": "application/json"}
    answer = client.post(PATH, headers=headers, content=body)
    assert answer.status_code == 200
    assert answer.json()["rejected"] == 2


def test_a_date_in_the_future_is_the_time_of_the_call(
    send: Callable[..., dict[str, object]], clean_database: Engine
) -> None:
    send({"native_id": "1", "text": "Acme", "published_at": "2099-01-01T00:00:00Z"})
    with clean_database.connect() as connection:
        assert connection.scalar(text("SELECT published_at <= now() FROM posts")) is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "Forum", "posts": []}, "posts"),
        ({"source": "Forum", "posts": [{}] * 1001}, "posts"),
        ({"source": "", "posts": [{}]}, "source"),
        ({"source": "   ", "posts": [{}]}, "source"),
        ({"source": "a\u0000b", "posts": [{}]}, "source"),
        ({"source": "Forum", "platform": "X Y", "posts": [{}]}, "platform"),
        ({"source": "Forum", "posts": [{}], "surplus": 1}, "surplus"),
        ({"posts": [{}]}, "source"),
    ],
)
def test_a_malformed_call_names_the_field(
    client: TestClient, token: Callable[..., Header], body: dict[str, object], field: str
) -> None:
    answer = client.post(PATH, headers=token("administrator"), json=body)
    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["fields"]]


def test_a_body_beyond_the_limit_is_refused_in_one_piece_and_in_chunks(
    client: TestClient, token: Callable[..., Header]
) -> None:
    header = token("administrator") | {"Content-Type": "application/json"}
    whole = client.post(PATH, headers=header, content=b" " * 10_000_001)
    chunked = client.post(PATH, headers=header, content=(b" " * 100_000 for _ in range(101)))
    for answer in (whole, chunked):
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_a_thousand_posts_go_in_at_once(send: Callable[..., dict[str, object]]) -> None:
    answer = send(*({"native_id": str(number), "text": f"Acme number {number}"} for number in range(1000)))
    assert sums(answer) == (1000, 0, 0, 0)
    assert answer["mentions"] == 1000


def test_the_queue_being_down_loses_nothing(
    send: Callable[..., dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.app.app.send_task", _unreachable)
    assert results(send({"native_id": "1", "text": "Acme"})) == ["added"]


def _unreachable(*_args: object, **_options: object) -> None:
    raise ConnectionRefusedError("no queue")


def test_a_survey_answer_loses_its_person(send: Callable[..., dict[str, object]], clean_database: Engine) -> None:
    answer = {
        "native_id": "response-77",
        "kind": "survey",
        "title": "How is Acme?",
        "text": "Frau Schmidt shouts",
        "author": {"id": "EMP-08151", "name": "Rosamunde Lux"},
        "published_at": "2026-02-20T09:31:00Z",
        "stated": {"survey_type": "exit", "team": "Payroll", "respondent": "r-5"},
    }
    first = send(answer)
    assert (results(first), first["items"][0]["native_id"]) == (["added"], "response-77")  # type: ignore[index]
    assert results(send(answer)) == ["unchanged"]
    with clean_database.connect() as connection:
        (row,) = connection.scalars(text("SELECT p::text FROM posts p")).all()
    assert not any(word in row for word in ("08151", "Rosamunde", "Schmidt", "Payroll", "response-77", "r-5"))
    assert "2026-02-01 00:00:00" in row
