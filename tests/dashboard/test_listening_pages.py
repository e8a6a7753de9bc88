"""Overview, Brand, Employer, Mentions, Incidents, Quality over a month of talk."""

import json
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]


def _csrf(client: TestClient) -> str:
    return client.get("/incidents").text.split('name="csrf" value="')[1].split('"')[0]


def _mention(client: TestClient, query: str) -> int:
    found = re.search(r'id="m-(\d+)"', client.get(f"/mentions?{query}").text)
    assert found is not None, query
    return int(found[1])


def test_every_figure_says_of_how_many_and_as_of_when(clients: Clients) -> None:
    page = clients("marketing").get("/brand?days=30").text
    for words in (
        "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}",
        "As of ",
        "95 % interval",
        "stories, copies counted once",
        "What we do not know",
    ):
        assert words in page


def test_figures_are_compared_with_the_time_before(clients: Clients) -> None:
    assert "against the 7 days before" in clients("leadership").get("/overview?days=7").text


def test_the_overview_shows_the_sides_of_the_role(clients: Clients) -> None:
    assert 'id="side-employer"' not in clients("marketing").get("/overview").text
    both = clients("leadership").get("/overview").text
    assert 'id="side-employer"' in both
    assert 'id="side-brand"' in both


def test_figures_of_the_window_and_bars_by_day_add_up(clients: Clients) -> None:
    page = clients("marketing").get("/brand?days=30").text
    told = re.search(r'<div class="value ">([\d,]+)</div>', page)
    chart = re.search(r"from ([\d,]+) mentions; ", page)
    assert told is not None
    assert chart is not None
    assert told[1] == chart[1]


def test_chart_specs_are_data_and_cannot_end_their_block(clients: Clients) -> None:
    page = clients("marketing").get("/brand").text
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert len(blocks) == 4
    assert all("$schema" in json.loads(block) for block in blocks)


def test_small_groups_stay_hidden(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=7&audience=alumnus").text
    assert "it would tell of fewer than 5 different people, so this stays hidden" in page
    assert "not quoted on this page" in page
    listed = clients("hr").get("/mentions?audience=employee").text
    assert "are listed by blocks of days in which 5 different people wrote" in listed


def test_leadership_reads_no_text(clients: Clients) -> None:
    page = clients("leadership").get("/employer").text
    assert "Your role reads figures, no texts." in page
    assert "Acme: " not in page
    assert "Acme: " not in clients("leadership").get("/incidents/1").text


def test_an_unknown_period_or_audience_falls_back(clients: Clients) -> None:
    page = clients("hr").get("/employer?days=9999999999&audience=%27%3B--").text
    assert "The last 30 days" in page


def test_hostile_texts_are_shown_as_texts(clients: Clients) -> None:
    page = clients("marketing").get("/mentions?q=onmouseover").text
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt; {{ 7 * 7 }}" in page
    assert "<script>alert" not in page
    assert "javascript:" not in page


def test_protected_activity_is_only_counted(clients: Clients) -> None:
    page = clients("hr").get("/mentions").text
    assert "touches protected activity" in page
    assert "organising at Acme" not in page
    assert "No mention that you may read" in clients("hr").get("/mentions?q=%22organising+at%22").text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("theme=nonsense", "There is no theme of this name"),
        ("from=yesterday", "Write the day as 2026-01-31."),
        ("from=2026-02-01&to=2026-01-01", "This day lies before the first one."),
        ("source=1e9", "There is no source of this number"),
        ("after=bm90IGEgY3Vyc29y", "named a page that does not exist"),
        ("story=%00", "There is no story of this number"),
        ("company=99999", "There is no company of this number"),
        ("company=32767&source=2147483647&story=9223372036854775807", "Nothing matches"),
    ],
)
def test_a_wrong_filter_is_named_and_left_out(query: str, words: str, clients: Clients) -> None:
    answer = clients("marketing").get(f"/mentions?{query}")
    assert answer.status_code == 200
    assert words in answer.text


def test_another_side_is_not_read(clients: Clients) -> None:
    assert "does not read this side" in clients("hr").get("/mentions?facet=brand").text
    brand = _mention(clients("marketing"), "audience=consumer")
    assert clients("hr").get(f"/mentions/{brand}").status_code == 403
    assert clients("hr").get("/mentions/999999").status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "x", "9" * 30, "1%00"])
@pytest.mark.parametrize("path", ["/mentions", "/incidents"])
def test_a_number_that_cannot_be_is_no_fault_of_ours(path: str, number: str, clients: Clients) -> None:
    assert clients("administrator").get(f"{path}/{number}").status_code == 422


def test_older_pages_follow_without_a_gap(clients: Clients) -> None:
    client, path, seen = clients("administrator"), "/mentions?q=checkout", list[str]()
    while path:
        page = client.get(path).text
        seen += re.findall(r'id="m-(\d+)"', page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = older[1].replace("&amp;", "&") if older else ""
        if older is None and len(seen) < 24:
            break
    assert len(seen) == len(set(seen)) == 24
    assert len(re.findall(r'id="m-\d+"', client.get("/mentions").text)) == 25


def test_a_mention_says_why_it_was_tagged_so(clients: Clients) -> None:
    alumnus = _mention(clients("hr"), "audience=alumnus")
    page = clients("hr").get(f"/mentions/{alumnus}").text
    assert "Decided by evidence: source: former employee." in page
    assert "60.0 %" in page
    assert "author-" not in page


def test_a_correction_is_kept_told_and_counted(clients: Clients) -> None:
    client = clients("administrator")
    chosen = _mention(client, "audience=candidate&sentiment=neutral")
    form = {"csrf": _csrf(client), "sentiment": "negative", "back": f"/mentions/{chosen}"}
    answer = client.post(f"/mentions/{chosen}/tags", data=form)
    assert answer.headers["location"] == f"/mentions/{chosen}"
    page = client.get(f"/mentions/{chosen}").text
    assert "sentiment is now negative" in page
    assert "neutral → negative" in page
    assert "A person corrected this" in page
    again = client.post(f"/mentions/{chosen}/tags", data=form)
    assert "nothing was changed" in client.get(again.headers["location"]).text
    assert "Sentiment</dt>" in client.get("/quality").text


def test_a_label_that_is_none_changes_nothing(clients: Clients) -> None:
    client = clients("administrator")
    chosen = _mention(client, "audience=candidate&sentiment=positive")
    form = {"csrf": _csrf(client), "facet": "neither", "audience": "martian", "back": "https://evil.example"}
    answer = client.post(f"/mentions/{chosen}/tags", data=form)
    assert answer.headers["location"] == "/"
    page = client.get(f"/mentions/{chosen}").text
    assert "Side: employer" in page


def test_an_incident_shows_its_arithmetic(clients: Clients) -> None:
    page = clients("marketing").get("/incidents/1").text
    for words in ("18 different people", "Alarm from", "6.4", "less than two weeks", "3 of 24 mentions is unsure"):
        assert words in page
    assert clients("hr").get("/incidents/1").status_code == 403
    assert "never quoted here" in clients("hr").get("/incidents/2").text


def test_an_incident_of_employees_is_told_in_fives_and_not_drawn(clients: Clients) -> None:
    page = clients("hr").get("/incidents/2").text
    headline = "at least 60 % of at least 30 mentions from employees"
    for words in (headline, "at least 15 people", "not drawn hour by hour"):
        assert words in page
    for words in ("18 different people", "3 of 24 mentions is unsure", "chart-"):
        assert words not in page
    assert "n = at least 30" in clients("hr").get("/incidents").text


def test_an_incident_is_assigned_commented_and_closed(clients: Clients) -> None:
    client = clients("hr")
    csrf = _csrf(client)
    empty = client.post("/incidents/2/note", data={"csrf": csrf, "text": "  "})
    assert empty.status_code == 422
    assert "Write 1 to 5,000 characters." in empty.text
    client.post("/incidents/2/note", data={"csrf": csrf, "text": "<i>Asked</i> the works council"})
    client.post("/incidents/2/assign", data={"csrf": csrf, "person": "2"})
    client.post("/incidents/2/close", data={"csrf": csrf})
    page = client.get("/incidents/2").text
    for words in ("&lt;i&gt;Asked&lt;/i&gt;", "Assigned to Hr.", "Closed by hand.", "closed"):
        assert words in page
    assert "/incidents/2" in client.get("/incidents?state=closed").text
    refused = client.post("/incidents/2/assign", data={"csrf": csrf, "person": "1"})
    assert "may not see the incident" in client.get(refused.headers["location"]).text


def test_looking_at_texts_is_recorded(clients: Clients) -> None:
    from storage import audit, db
    from storage.viewer import SYSTEM

    chosen = _mention(clients("marketing"), "sentiment=positive")
    clients("marketing").get(f"/mentions/{chosen}")
    with db.reading() as session:
        acts = [(entry.action, entry.subject) for entry in audit.entries(session, SYSTEM, limit=2)]
    assert acts == [("mention.read", f"mention {chosen}"), ("mention.list", "/mentions?sentiment=positive")]


def test_the_chart_library_is_sent_once(clients: Clients) -> None:
    first = clients("hr").get("/static/vega.js")
    assert first.headers["content-type"].startswith("text/javascript")
    assert "vegaEmbed" in first.text
    again = clients("hr").get("/static/vega.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_new_themes_and_what_reaches_consumers_have_their_panels(clients: Clients) -> None:
    employer = clients("hr").get("/employer").text
    assert "No new theme was found" in employer
    assert "Does it reach consumers?" in employer
    brand = clients("marketing").get("/brand").text
    assert "New this week" in brand
    assert "Does it reach consumers?" not in brand
