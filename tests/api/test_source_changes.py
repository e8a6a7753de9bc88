"""Sources are added, changed, tried and deleted over HTTP; values of keys go in and never come out."""

import logging
from collections.abc import Callable, Mapping

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import source_trials
from collectors import registry
from collectors.base import Option
from collectors.feed import FeedCollector
from collectors.meter import Budget
from collectors.options import complete
from collectors.post import Json
from storage import db, profile, sources
from storage.viewer import SYSTEM
from tests.api.world import NOW, PROFILE
from workers import app as queue
from workers import trials
from workers.trials import TrialResult

Header = dict[str, str]
PATH = "/api/v1/sources"
FEED = {"kind": "feed", "name": "News", "options": {"url": "https://news.example/feed.xml"}}


class _Keyed(FeedCollector):
    """A feed that wants a key, for a price."""

    kind = "keyed"
    label = "Keyed feed"
    access = "key"
    options = (*FeedCollector.options, Option("budget", "Budget", default=5))
    credentials = (Option("api_key", "API key", "From the console.", required=True), Option("secret", "Secret"))
    budget = Budget("USD", "month")

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        return complete(options, self.options)


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kind that needs keys."""
    collector = _Keyed()
    monkeypatch.setitem(registry._BY_KIND, "keyed", collector)
    monkeypatch.setattr(registry, "_COLLECTORS", (*registry._COLLECTORS, collector))
    return "keyed"


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was queued."""
    jobs: list[tuple[object, ...]] = []
    monkeypatch.setattr(queue, "enqueue", lambda *job, **_: jobs.append(job))
    monkeypatch.setattr(trials, "enqueue", lambda *job, **_: jobs.append(job))
    return jobs


@pytest.fixture
def header(token: Callable[..., Header]) -> Header:
    """An administrator's."""
    return token("administrator")


@pytest.fixture
def secrets_logged(caplog: pytest.LogCaptureFixture) -> Callable[[str], bool]:
    """Whether a word reached the log."""
    caplog.set_level(logging.DEBUG)
    return lambda word: word in caplog.text


def test_a_source_is_added_changed_paused_and_deleted(
    client: TestClient, header: Header, queued: list[tuple[object, ...]]
) -> None:
    made = client.post(PATH, headers=header, json={**FEED, "keep_days": 90})
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert queued == [(queue.COLLECT_SOURCE, number)]
    changed = client.patch(f"{PATH}/{number}", headers=header, json={"name": "Old news", "enabled": False})
    assert (changed.json()["name"], changed.json()["keep_days"], changed.json()["state"]) == ("Old news", 90, "paused")
    assert client.patch(f"{PATH}/{number}", headers=header, json={"keep_days": None}).json()["keep_days"] is None
    assert client.delete(f"{PATH}/{number}", headers=header).status_code == 204
    assert client.get(f"{PATH}/{number}", headers=header).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**FEED, "kind": "pigeon"}, "kind"),
        ({**FEED, "options": {"url": "ftp://x"}}, "url"),
        ({**FEED, "options": {"url": "https://a.example", "pace": 3}}, "pace"),
        ({**FEED, "keep_days": 0}, "keep_days"),
        ({**FEED, "name": ""}, "name"),
        ({**FEED, "credentials": {"key": "hunter2"}}, "key"),
        ({**FEED, "enabled": True}, "enabled"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, header: Header, body: dict[str, object], field: str) -> None:
    answer = client.post(PATH, headers=header, json=body)
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["field"] == field
    assert "hunter2" not in answer.text


def test_a_name_is_given_once_to_a_kind(client: TestClient, header: Header) -> None:
    client.post(PATH, headers=header, json=FEED)
    other = client.post(PATH, headers=header, json={**FEED, "name": "Other"}).json()["id"]
    assert client.post(PATH, headers=header, json=FEED).status_code == 409
    assert client.patch(f"{PATH}/{other}", headers=header, json={"name": "News"}).status_code == 409
    assert client.patch(f"{PATH}/{other}", headers=header, json={"name": "Other"}).status_code == 200


def test_options_that_are_not_named_stay(client: TestClient, header: Header) -> None:
    options = {"comments": False, "backfill_days": 3}
    body = {"kind": "hackernews", "name": "HN", "options": options}
    number = client.post(PATH, headers=header, json=body).json()["id"]
    changed = client.patch(f"{PATH}/{number}", headers=header, json={"options": {"backfill_days": None}}).json()
    assert changed["options"] == {"comments": False, "backfill_days": 30}


def test_keys_go_in_sealed_and_never_come_out(
    client: TestClient, header: Header, keyed: str, secrets_logged: Callable[[str], bool]
) -> None:
    body = {**FEED, "kind": keyed, "credentials": {"api_key": "s3cr3t-one", "secret": "s3cr3t-two"}}
    made = client.post(PATH, headers=header, json=body)
    path = f"{PATH}/{made.json()['id']}"
    assert made.json()["credential_names"] == ["api_key", "secret"]
    put = client.put(f"{path}/credentials", headers=header, json={"credentials": {"secret": "", "api_key": "s3cr3t-3"}})
    assert (put.status_code, put.content) == (204, b"")
    shown = [client.get(address, headers=header) for address in (path, PATH, f"{path}/runs")]
    assert shown[0].json()["credential_names"] == ["api_key"]
    assert not any("s3cr3t" in answer.text for answer in (made, *shown))
    with db.reading() as session:
        kept = session.execute(text("SELECT credentials FROM sources")).scalar_one()
        noted = " ".join(str(row) for row in session.execute(text("SELECT * FROM audit_log")))
    assert "s3cr3t" not in kept + noted
    assert not secrets_logged("s3cr3t")


@pytest.mark.parametrize(
    "keys",
    [{"credentials": {"api_key": 7_777_777}}, {"credentials": {"wrong": "s3cr3t"}}, {"keys": {"api_key": "s3cr3t"}},
     {"credentials": {"api_key": "s3cr3t\x00"}}, {"credentials": {"api_key": "", "secret": "s3cr3t"}}],
)  # fmt: skip
def test_a_refusal_of_keys_quotes_none(client: TestClient, header: Header, keyed: str, keys: object) -> None:
    number = client.post(PATH, headers=header, json={**FEED, "kind": keyed}).json()["id"]
    answer = client.put(f"{PATH}/{number}/credentials", headers=header, json=keys)
    assert answer.status_code == 422, answer.text
    assert "s3cr3t" not in answer.text
    assert "7777777" not in answer.text


def test_a_source_without_its_keys_says_so(client: TestClient, header: Header, keyed: str) -> None:
    made = client.post(PATH, headers=header, json={**FEED, "kind": keyed}).json()
    assert (made["state"], made["missing_credentials"]) == ("needs keys", True)
    assert (made["unit"], made["spent"], made["limit"]) == ("USD", 0.0, 5.0)


def test_trying_answers_what_the_worker_found(
    client: TestClient, header: Header, monkeypatch: pytest.MonkeyPatch, queued: list[tuple[object, ...]]
) -> None:
    number = client.post(PATH, headers=header, json=FEED).json()["id"]
    said = TrialResult(False, "news.example refuses https://u:hunter2@news.example/ (HTTP 401).")
    monkeypatch.setattr(trials, "trial_result", lambda token: said)
    answer = client.post(f"{PATH}/{number}/test", headers=header)
    assert answer.json()["ok"] is False
    assert "refuses" in answer.json()["detail"]
    assert "hunter2" not in answer.text
    assert queued[-1][0] == queue.TRY_SOURCE


def test_trying_without_a_worker_says_so_in_time(
    client: TestClient, header: Header, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "PATIENCE", 0.1)
    number = client.post(PATH, headers=header, json=FEED).json()["id"]
    answer = client.post(f"{PATH}/{number}/test", headers=header)
    assert (answer.status_code, answer.json()["detail"]) == (200, source_trials.NOBODY_CAME.detail)


def test_what_cannot_be_is_a_conflict(client: TestClient, header: Header) -> None:
    with db.transaction() as session:
        outside = sources.get_or_make(session, "api", "Forum", "api", NOW)
        toml = f'{PROFILE}\n[[sources]]\nkind = "hackernews"\nname = "From the profile"\n'
        profile.save_profile(session, toml, origin="dashboard", user_id=None, now=NOW)
        rows = sources.list_sources(session, SYSTEM, NOW)
    of_profile = next(row.id for row in rows if row.origin == "profile")
    answers = [
        client.post(f"{PATH}/{outside}/test", headers=header),
        client.post(f"{PATH}/{outside}/run", headers=header),
        client.patch(f"{PATH}/{of_profile}", headers=header, json={"name": "Mine"}),
        client.delete(f"{PATH}/{of_profile}", headers=header),
    ]
    assert [answer.status_code for answer in answers] == [409] * 4
    kept = client.patch(f"{PATH}/{of_profile}", headers=header, json={"keep_days": 30})
    assert kept.json()["keep_days"] == 30


def test_the_list_is_filtered_and_paged(client: TestClient, header: Header) -> None:
    with db.transaction() as session:
        for number in range(5):
            sources.get_or_make(session, "api", f"Forum {number}", "api", NOW)
        sources.get_or_make(session, "import", "Board", "import", NOW)
    names, after = [], None
    for _ in range(3):
        query = {"limit": "2", **({"after": after} if after else {})}
        page = client.get(PATH, headers=header, params={**query, "kind": "api"}).json()
        names += [item["name"] for item in page["items"]]
        after = page["next"]
    assert (names, after) == ([f"Forum {number}" for number in range(5)], None)
    found = client.get(PATH, headers=header, params={"q": "boARD", "state": "never run"}).json()["items"]
    assert [item["name"] for item in found] == ["Board"]
    assert client.get(PATH, headers=header, params={"after": "nonsense"}).status_code == 422


def test_kinds_tell_their_options_and_keys(client: TestClient, token: Callable[..., Header], keyed: str) -> None:
    items = client.get("/api/v1/source-kinds", headers=token("hr")).json()["items"]
    kinds = {item["kind"]: item for item in items}
    assert kinds["hackernews"]["access"] == "open"
    assert (kinds[keyed]["access"], kinds[keyed]["unit"]) == ("key", "USD")
    assert [key["name"] for key in kinds[keyed]["credentials"]] == ["api_key", "secret"]
    assert client.get("/api/v1/source-kinds", headers=token("advocate")).status_code == 403


def test_hours_and_held_items(client: TestClient, header: Header) -> None:
    number = client.post(PATH, headers=header, json=FEED).json()["id"]
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO held_items (source_id, native_id, text, reason, held_at) VALUES (:s, 'm1', 'Hello', "
                "'Its form is not known.', now())"
            ),
            {"s": number},
        )
    hours = client.get(f"{PATH}/{number}/coverage", headers=header, params={"hours": 3}).json()["items"]
    assert [(hour["begun"], hour["items"]) for hour in hours] == [(0, 0)] * 3
    (held,) = client.get(f"{PATH}/{number}/held", headers=header).json()["items"]
    assert held["reason"] == "Its form is not known."
    path = f"{PATH}/{number}/held/{held['id']}/resolve"
    assert [client.post(path, headers=header).status_code for _ in range(2)] == [204, 404]
    assert client.get(f"{PATH}/{number}/held", headers=header).json()["items"] == []


def test_a_stream_is_no_job_of_the_queue(
    client: TestClient, header: Header, keyed: str, monkeypatch: pytest.MonkeyPatch, queued: list[tuple[object, ...]]
) -> None:
    monkeypatch.setattr(_Keyed, "long_running", True)
    made = client.post(PATH, headers=header, json={**FEED, "kind": keyed, "credentials": {"api_key": "k"}}).json()
    assert client.post(f"{PATH}/{made['id']}/run", headers=header).status_code == 202
    assert queued == []
