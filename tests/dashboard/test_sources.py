"""Sources are added, changed, paused and deleted; what is wrong stands beside its field and nothing typed is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from collectors.base import CollectError
from storage import db, profile, sources
from storage.viewer import SYSTEM
from tests.api.world import NOW, PROFILE
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]


def _feed(client: TestClient, name: str, url: str = "https://news.example/feed.xml") -> str:
    answer = post(client, "/sources", {"kind": "feed", "name": name, "option-url": url})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_source_is_added_changed_paused_resumed_and_deleted(clients: Clients) -> None:
    client = clients("administrator")
    path = _feed(client, "Tents today")
    assert "has not run yet" in client.get(path).text
    changed = post(client, path, {"name": "Tents tomorrow", "option-url": "https://news.example/b.xml"})
    assert "Tents tomorrow" in follow(client, changed)
    assert "paused" in follow(client, post(client, f"{path}/pause"))
    assert "The source is on again" in follow(client, post(client, f"{path}/resume"))
    assert "Tents tomorrow is deleted" in follow(client, post(client, f"{path}/delete"))
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "X", "option-url": "ftp://x"}, "Must be an address that begins with"),
        ({"name": "", "option-url": "https://a.example/x"}, "Give the source a name"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(values: dict[str, str], words: str, clients: Clients) -> None:
    answer = post(clients("administrator"), "/sources", {"kind": "feed", **values})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{values["option-url"]}"' in answer.text


def test_the_same_name_twice_is_refused(clients: Clients) -> None:
    client = clients("administrator")
    _feed(client, "Twice")
    answer = post(client, "/sources", {"kind": "feed", "name": "Twice", "option-url": "https://a.example/x"})
    assert answer.status_code == 422
    assert "There already is a source" in answer.text
    other = _feed(client, "Once")
    renamed = post(client, other, {"name": "Twice", "option-url": "https://news.example/feed.xml"})
    assert renamed.status_code == 422
    assert "There already is a source" in renamed.text


def test_an_unknown_kind_leads_back_to_the_choice(clients: Clients) -> None:
    client = clients("administrator")
    assert "Choose what kind" in follow(client, post(client, "/sources", {"kind": "carrier pigeon"}))


def test_a_lasting_error_is_told_in_words(clients: Clients) -> None:
    client = clients("administrator")
    path = _feed(client, "Gone feed")
    with db.transaction() as session:
        claimed = sources.claim(session, int(path.rpartition("/")[2]), NOW + timedelta(seconds=1), force=True)
        assert claimed is not None
        error = CollectError("gone", "The feed is gone: <b>410</b>.", permanent=True)
        sources.fail_run(session, claimed.run_id, error, NOW + timedelta(seconds=3))
    page = client.get(path).text
    assert "&lt;b&gt;410&lt;/b&gt;" in page
    assert "It will not try again by itself" in page
    assert "waits for you" in client.get("/sources").text


def test_a_source_of_the_profile_is_changed_there(clients: Clients) -> None:
    toml = f'{PROFILE}\n[[sources]]\nkind = "hackernews"\nname = "From the profile"\n'
    with db.transaction() as session:
        profile.save_profile(session, toml, origin="dashboard", user_id=None, now=NOW)
        rows = sources.list_sources(session, SYSTEM, NOW)
    number = next(row.id for row in rows if row.name == "From the profile")
    page = clients("administrator").get(f"/sources/{number}").text
    assert "written in the company profile" in page
    assert "Delete this source" not in page
