"""The privacy pack: complete, by the configuration in force, and what changed since the version kept last is marked."""

from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest
from fastapi.testclient import TestClient

from api import auth
from api.dashboard.privacy_fields import ABOUT_PEOPLE
from api.dashboard.privacy_pack import Row, changes, last_kept
from config.settings import Settings
from storage import advocacy, channels, data_catalogue, db, profile, sources, users
from storage.models.people import AdvocateAccount
from storage.models.tables import Base
from storage.viewer import SYSTEM
from tests.api import world
from tests.api.world import NOW
from tests.dashboard.forms import post

RECIPIENT = '[[recipients]]\nemail = "council@acme.example"\nfacets = ["employer"]\n'


@pytest.fixture
def reader(client: TestClient, company: None, settings: Callable[..., Settings], tmp_path: Path) -> TestClient:
    """An administrator at the pages."""
    settings(data_dir=tmp_path)
    user_id, _ = world.add_person("administrator")
    with db.transaction() as session:
        client.cookies.set(auth.COOKIE, users.start_session(session, user_id, NOW, 1))
    return client


def test_every_table_is_in_the_catalogue_once_and_none_is_gone() -> None:
    listed = [name for each in data_catalogue.CATALOGUE for name in each.tables]
    assert sorted(listed) == sorted(Base.metadata.tables)
    assert {each.table: each.fields for each in data_catalogue.tables()}["refused_authors"] == (
        "author_key",
        "erasure_id",
    )


def test_fields_that_are_explained_are_there() -> None:
    named = {name for fields in ABOUT_PEOPLE for name in fields.split(", ")}
    assert sorted(named - {f"{each.table}.{field}" for each in data_catalogue.tables() for field in each.fields}) == []


def test_recipients_hosts_and_what_is_searched_for_are_named(reader: TestClient) -> None:
    with db.transaction() as session:
        profile.save_profile(session, world.PROFILE + RECIPIENT, origin="dashboard", user_id=None, now=NOW)
        channels.add_channel(session, SYSTEM, "Desk", "slack", "https://hooks.slack.com/services/tops3cret", NOW)
        user_id, _ = world.add_person("hr", "keyholder")
        users.create_token(session, user_id, "nightly", frozenset({"series:read"}), NOW)
        advocate = world.add_person("advocate", "walker")[0]
        joined = advocacy.join(session, advocate, "employee", "1", "yes", NOW)
        where = {
            "platform": "mastodon",
            "host": "one.member.example",
            "native_id": "1",
            "handle": "walker",
            "state": "connected",
        }
        session.add(AdvocateAccount(advocate_id=joined, connected_at=NOW, **where))
    told = reader.get("/privacy-pack/file").text
    rows = [" | ".join(cell.text_content() for cell in row) for row in lxml.html.fromstring(told).xpath("//tr")]
    expected = (
        "Counts as talk of Acme | ",
        "council@acme.example | mail | employer | alerts from medium",
        "hooks.slack.com | channel Desk | ",
        " | those of hr | series:read; no end",
        "mastodon: the server of each account | advocates' own posts | ",
    )
    assert [words for words in expected if not any(words in row for row in rows)] == []
    assert "tops3cret" not in told
    assert "one.member.example" not in told


def test_the_pack_follows_the_configuration_and_marks_what_changed(
    reader: TestClient, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings(data_dir=tmp_path, mention_days=91, smtp_host="mail.acme.example")
    first = reader.get("/privacy-pack").text
    assert "91 days after collection" in first
    assert "mail.acme.example" in first
    assert "Found by rules alone" in first
    assert "Recognised by a list of words" in first
    assert "No version was kept yet" in first
    assert "Acme" in first
    assert "Version 1 is kept" in reader.get(post(reader, "/privacy-pack/keep").headers["location"]).text
    assert "Nothing differs from version 1" in reader.get("/privacy-pack").text

    settings(data_dir=tmp_path, mention_days=45, smtp_host="")
    with db.transaction() as session:
        sources.add_source(session, SYSTEM, "feed", "Trade news", {"url": "https://news.example/feed"}, NOW)
    second = reader.get("/privacy-pack/file").text
    assert "45 days after collection" in second
    rows = [row for row in second.split("<tr") if 'class="is-' in row[:20]]
    marked = {row[8 : row.index('"', 8)]: row for row in rows}
    assert "mail.acme.example" in marked["is-gone"]
    assert any("Public posts" in row and "(before: 91 days" in row for row in rows if "is-changed" in row[:20])
    assert any("Trade news" in row for row in rows if "is-new" in row[:20])
    assert any("news.example" in row and "collection: feed" in row for row in rows)
    assert "<link" not in second
    assert "src=" not in second


def test_without_its_pipeline_no_text_with_names_is_shown(
    reader: TestClient, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    world.say(world.Said("They pay late, my manager Grigori says", facet="employer", audience="candidate"))
    assert reader.get("/mentions?facet=employer").status_code == 200
    settings(data_dir=tmp_path, names_model=str(tmp_path / "nothing"))
    assert "Found by nothing: NAMES_MODEL cannot be used" in reader.get("/privacy-pack").text
    for path in ("/mentions?facet=employer", "/api/v1/mentions?facet=employer"):
        answer = reader.get(path)
        assert (answer.status_code, "so no text is shown" in answer.text) == (503, True)


def test_the_pack_has_no_secret_and_escapes_names(reader: TestClient, settings: Callable[..., Settings]) -> None:
    settings(smtp_password="tops3cret", smtp_host="mail.acme.example")
    with db.transaction() as session:
        sources.add_source(session, SYSTEM, "feed", "<b>News</b>", {"url": "https://news.example/?k=tops3cret"}, NOW)
    told = reader.get("/privacy-pack/file").text
    assert "&lt;b&gt;News" in told
    assert "tops3cret" not in told


def test_a_pack_of_the_demo_company_says_so(reader: TestClient) -> None:
    assert "<h1>Privacy pack of Acme</h1>" in reader.get("/privacy-pack/file").text
    with db.transaction() as session:
        profile.save_profile(session, world.PROFILE, origin="demo", user_id=None, now=NOW)
    assert "<h1>Privacy pack of Acme (demo)</h1>" in reader.get("/privacy-pack/file").text


def test_rows_are_told_apart_by_their_first_cell() -> None:
    before = [("a", "1"), ("b", "2"), ("c", "3")]
    assert changes([("a", "1"), ("b", "5"), ("d", "4")], before) == [
        Row(("a", "1")),
        Row(("b", "5"), "changed", ("b", "2")),
        Row(("d", "4"), "new"),
        Row(("c", "3"), "gone"),
    ]


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"number": 1}', '{"number": 1, "at": "x", "rows": {}}', '{"rows": 5}']
)
def test_a_damaged_version_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "privacy-pack.json").write_text(content)
    assert last_kept(tmp_path) is None
