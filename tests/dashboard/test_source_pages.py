"""The pages of sources: what a source needs of a person comes first, keys are never shown, everything has words."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import text

from collectors.base import CollectError, Outcome
from storage import db, sources
from storage.sources import SourceRow
from storage.viewer import SYSTEM
from tests.api import world
from tests.dashboard import kinds
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import follow, post
from workers import app as queue
from workers import trials
from workers.trials import TrialItem, TrialResult

Clients = Callable[[str], TestClient]
SECRET = "s3cr3t-value"


@pytest.fixture(autouse=True)
def paid(monkeypatch: pytest.MonkeyPatch, town: str) -> Iterator[None]:
    """A kind that can everything, and no queue; what the test adds goes again."""
    kinds.register(monkeypatch)
    monkeypatch.setattr(queue, "enqueue", lambda *_, **__: True)
    monkeypatch.setattr(trials, "enqueue", lambda *_, **__: True)
    before = {row.id for row in _rows()}
    yield
    with db.transaction() as session:
        for row in _rows():
            if row.id not in before:
                sources.delete_source(session, SYSTEM, row.id)


def _rows() -> tuple[SourceRow, ...]:
    with db.reading() as session:
        return sources.list_sources(session, SYSTEM, world.now())


def _add(name: str, kind: str = "paid", keys: dict[str, str] | None = None, **options: object) -> int:
    given = {"url": "https://news.example/feed.xml"} if kind == "feed" else options
    with db.transaction() as session:
        return sources.add_source(
            session, SYSTEM, kind, name, given, world.now(), credentials=keys or {}  # type: ignore[arg-type]
        )  # fmt: skip


def _ran(
    source_id: int, hours_ago: float, error: CollectError | None = None, cost: float = 0.0, *, partly: bool = False
) -> None:
    began = world.now() - timedelta(hours=hours_ago)
    with db.transaction() as session:
        claimed = sources.claim(session, source_id, began, force=True)
        assert claimed is not None
        if error is not None:
            sources.fail_run(session, claimed.run_id, error, began + timedelta(seconds=9), requests=2, cost=cost)
        else:
            sources.finish_run(session, claimed.run_id, Outcome(not partly, "ok"), began, requests=2, cost=cost)


def _hold(source_id: int) -> None:
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO held_items (source_id, native_id, title, text, reason, held_at) VALUES "
                "(:s, 'm1', 'New review of <b>Acme</b>', 'Somebody wrote …', 'This mail has no known form.', :at)"
            ),
            {"s": source_id, "at": world.now()},
        )


def test_what_needs_a_person_comes_first(clients: Clients) -> None:
    broken, ok = _add("A broken feed", "feed"), _add("Works", "feed")
    _add("No keys yet")
    _ran(broken, 1, CollectError("gone", "The feed is gone.", permanent=True))
    _ran(ok, 0.1)
    page = clients("administrator").get("/sources").text
    places = [
        page.index(words) for words in ("Need a person", "A broken feed", "No keys yet", "Work</h2>", "Works</a>")
    ]
    assert places == sorted(places)
    assert "Enter its keys, then test" in page
    assert "The feed is gone." in page


def test_the_list_is_filtered_and_paged(clients: Clients) -> None:
    with db.transaction() as session:
        for number in range(230):
            sources.get_or_make(session, "api", f"Board {number:03}", "api", world.now())
    client = clients("administrator")
    first = client.get("/sources?q=board").text
    assert first.count('data-label="Source"') == 100
    assert "1 to 100 of 230 sources" in first
    assert 'href="/sources?q=board&amp;page=2"' in first
    third = client.get("/sources?q=board&page=3").text
    assert "201 to 230 of 230 sources" in third
    assert "Next page" not in third
    assert "Board 007" in client.get("/sources?q=BOARD+007&kind=api").text
    assert "No source fits" in client.get("/sources?q=nothing-like-it").text
    assert client.get("/sources?page=hello&group=%3Cb%3E").status_code == 200


def test_a_form_has_a_field_for_every_option_and_key(clients: Clients) -> None:
    page = clients("administrator").get("/sources/new?kind=paid").text
    assert '<textarea id="f-option-terms"' in page
    assert '<option value="counts_only">counts only</option>' in page
    assert re.search(r'type="checkbox" id="f-option-replies"[^>]* checked', page)
    assert '<input id="f-option-budget" name="option-budget" type="number" value="10"' in page
    assert '<input id="f-key-api_key" name="key-api_key" type="password"' in page
    assert "The platform allows 30 days" in page


def test_keys_are_stored_and_never_shown(clients: Clients) -> None:
    client = clients("administrator")
    values = {"kind": "paid", "name": "Paid", "option-terms": "Acme\r\nGlobex", "option-mode": "posts",
              "option-budget": "3", "key-api_key": SECRET}  # fmt: skip
    made = post(client, "/sources", values)
    path = made.headers["location"]
    shown = follow(client, made)
    assert SECRET not in shown
    assert "is set" in shown
    (row,) = [row for row in _rows() if row.name == "Paid"]
    assert (row.options["terms"], row.options["replies"], row.credential_names) == ("Acme\nGlobex", False, ("api_key",))
    assert "No key was entered" in follow(client, post(client, f"{path}/credentials", {"key-api_key": ""}))
    wrong = post(client, f"{path}/credentials", {"forget-api_key": "on", "key-account_file": SECRET})
    assert (wrong.status_code, SECRET in wrong.text) == (422, False)
    assert "This key is needed" in wrong.text
    assert "The keys are stored" in follow(client, post(client, f"{path}/credentials", {"forget-api_key": "on"}))
    assert next(row for row in _rows() if row.name == "Paid").state == "needs keys"


def test_a_wrong_option_keeps_what_was_typed_but_no_key(clients: Clients) -> None:
    values = {
        "kind": "paid",
        "name": "Paid",
        "option-budget": "-1",
        "option-terms": "two\nlines",
        "key-api_key": SECRET,
    }
    answer = post(clients("administrator"), "/sources", values)
    assert answer.status_code == 422
    assert "Must be a whole number from 0 to 10000" in answer.text
    assert "two\nlines</textarea>" in answer.text
    assert SECRET not in answer.text
    days = post(clients("administrator"), "/sources", {**values, "option-budget": "1", "keep_days": "soon"})
    assert "Write a whole number of days" in days.text


def test_the_connection_is_tested_without_a_script(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    client = clients("administrator")
    path = f"/sources/{_add('To be tested', 'feed')}"
    monkeypatch.setattr(trials, "trial_result", lambda token: None)
    begun = post(client, f"{path}/test")
    waiting = client.get(begun.headers["location"]).text
    assert 'http-equiv="refresh" content="2"' in waiting
    assert "The connection is being tested" in waiting
    late = client.get(f"{path}?trial=x&since=1000").text
    assert "No worker took it in time" in late
    assert "http-equiv" not in late
    found = TrialResult(
        True, "It answers.", (TrialItem("Hi <i>", None, "javascript:x", world.now(), "source", None, "post"),)
    )
    monkeypatch.setattr(trials, "trial_result", lambda token: found)
    done = client.get(begun.headers["location"]).text
    assert "The connection works" in done
    assert "Hi &lt;i&gt;" in done
    assert "javascript:x" not in done


def test_a_look_before_saving_keeps_the_form_and_seals_the_keys(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = clients("administrator")
    monkeypatch.setattr(trials, "trial_result", lambda token: TrialResult(False, "The key is refused."))
    values = {"kind": "paid", "name": "Looked at", "option-terms": "Acme", "key-api_key": SECRET}
    looked = post(client, "/sources", {**values, "do": "look"})
    assert "The key is refused." in looked.text
    assert SECRET not in looked.text
    assert not any(row.name == "Looked at" for row in _rows())
    sealed = looked.text.split('name="typed-keys" value="')[1].split('"')[0]
    again = {name: value for name, value in values.items() if name != "key-api_key"}
    post(client, "/sources", {**again, "typed-keys": sealed, "do": "add"})
    assert next(row for row in _rows() if row.name == "Looked at").credential_names == ("api_key",)
    assert post(client, "/sources", {**again, "name": "Forged", "typed-keys": "forged"}).status_code == 303


def test_a_source_shows_budget_retention_window_runs_and_what_is_held(clients: Clients) -> None:
    number = _add("Everything", keys={"api_key": SECRET})
    _ran(number, 30, CollectError("rate_limited", "Asks to wait."))
    _ran(number, 0, cost=8.5)
    _hold(number)
    client = clients("administrator")
    page = client.get(f"/sources/{number}").text
    assert " style=" not in page
    assert "US$8.50 of US$10.00 spent this month (85 %). More than 80 % is spent." in page
    assert "1 with every run complete, 1 in which no run brought all, 46 without a run" in page
    assert "6 days left to read what is missing" in page
    assert '<td data-label="For" class="short">collecting</td>' in page
    assert "New review of &lt;b&gt;Acme&lt;/b&gt;" in page
    assert f"/hooks/{number}" in page
    item = page.split('name="item" value="')[1].split('"')[0]
    elsewhere = _add("Another one", keys={"api_key": SECRET})
    assert "Somebody has looked" in follow(client, post(client, f"/sources/{elsewhere}/held", {"item": item}))
    assert "The item is put away." in follow(client, post(client, f"/sources/{number}/held", {"item": item}))
    assert "Somebody has looked" in follow(client, post(client, f"/sources/{number}/held", {"item": item}))
    assert 'id="held"' not in client.get(f"/sources/{number}").text


def test_a_source_that_never_brings_all_does_not_simply_work(clients: Clients) -> None:
    number = _add("Half a feed", "feed")
    _ran(number, 0.2, partly=True)
    page = clients("administrator").get(f"/sources/{number}").text
    assert "works in part" in page
    assert "The runs below say what was missing." in page


def test_saving_the_same_options_starts_no_run(clients: Clients) -> None:
    number = _add("Steady", "feed")
    _ran(number, 0.1)
    due = next(row.next_check_at for row in _rows() if row.id == number)
    client = clients("administrator")
    values = {"name": "Steady", "option-url": "https://news.example/feed.xml", "keep_days": "45"}
    post(client, f"/sources/{number}", values)
    (row,) = [row for row in _rows() if row.id == number]
    assert (row.keep_days, row.next_check_at) == (45, due)


def test_whose_reviews_a_source_brings_is_said_on_its_form(clients: Clients) -> None:
    client = clients("administrator")
    assert '<option value="own">Acme</option>' in client.get("/sources/new?kind=feed").text
    assert "Whose reviews" not in client.get("/sources/new?kind=paid").text
    values = {"kind": "feed", "name": "Reviews of a rival", "option-url": "https://a.example/x", "about": "globex"}
    path = post(client, "/sources", values).headers["location"]
    assert '<option value="globex" selected>' in client.get(path).text
    post(client, path, {**values, "about": "own"})
    assert next(row for row in _rows() if row.name == values["name"]).about == "own"
    assert "Must be own, text or the key" in post(client, path, {**values, "about": "nobody"}).text


def test_the_choice_says_what_is_never_collected(clients: Clients) -> None:
    page = clients("administrator").get("/sources/new").text
    assert "LinkedIn, Glassdoor, Indeed, kununu: not collected" in page
    assert page.index("Work without a key") < page.index("Need a key") < page.index("not collected")
    assert "Searches a platform that asks for money." in page


@pytest.mark.browser
def test_the_pages_in_a_browser(open_page: Opened, pictures: Path | None) -> None:
    number = _add("Paid search of Acme and all its products", keys={"api_key": SECRET})
    broken = _add("A feed that went away", "feed")
    _add("No keys yet")
    with db.transaction() as session:
        for each in range(12):
            sources.get_or_make(session, "api", f"Board {each}", "api", world.now())
    _ran(broken, 2, CollectError("gone", "The address at news.example is gone for good (HTTP 410).", permanent=True))
    for hours in range(44, 0, -4):
        failed = CollectError("unreachable", "api.example did not answer in time.") if hours % 12 == 0 else None
        _ran(number, hours, failed, cost=0.8)
    _hold(number)
    paths = ("/sources", "/sources/new", "/sources/new?kind=paid", f"/sources/{number}", f"/sources/{broken}")
    page = open_page("administrator", paths[0])
    for path in paths:
        page.goto(path)
        for width in (1400, 390):
            page.set_viewport_size({"width": width, "height": 900})
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{path} is wider than {width}"
            if pictures is not None:
                name = path.strip("/").replace("/", "-").replace("?", "-").replace(str(number), "paid")
                page.screenshot(path=pictures / f"b-{name}-{width}.png", full_page=width > 400)
    page.goto(f"/sources/{number}")
    expect(page.get_by_role("img", name="Of 48 hours")).to_be_visible()
    page.get_by_label("Keep posts for (days)").fill("90")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The source is changed.")
    expect(page.get_by_label("API key")).to_have_value("")
