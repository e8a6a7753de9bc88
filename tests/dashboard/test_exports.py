"""Files from the pages: the list with its filters, the figures of a page; noted, and never wider than asked."""

import csv
import io
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]


def taken(client: TestClient, query: str, **form: str) -> list[dict[str, str]]:
    """The rows of the CSV that the list with this query offers."""
    page = client.get(f"/mentions?{query}").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    sent = dict(pair.split("=") for pair in query.split("&") if pair)
    answer = client.post("/mentions/export", data={"csrf": csrf, "format": "csv", **sent, **form})
    assert answer.status_code == 200, answer.headers
    return rows(answer.content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_list_is_taken_with_its_filters_and_all_its_pages(clients: Clients) -> None:
    found = taken(clients("marketing"), "sentiment=negative&facet=brand", reason="monthly report")
    assert len(found) > 25
    assert {(row["sentiment"], row["facet"] in ("brand", "both")) for row in found} == {("negative", True)}
    log = clients("auditor").get("/audit?action=mention.export").text
    assert f"Mentions: csv, {len(found)} rows; facet=brand&amp;sentiment=negative; for: monthly report" in log


def test_a_filter_that_cannot_be_read_makes_no_wider_file(clients: Clients) -> None:
    client = clients("marketing")
    csrf = client.get("/mentions").text.split('name="csrf" value="')[1].split('"')[0]
    for wrong in ({"from": "yesterday"}, {"theme": "nothing"}, {"format": "exe"}):
        answer = client.post("/mentions/export", data={"csrf": csrf, **wrong})
        assert answer.headers["location"].startswith("/mentions")
        assert "content-disposition" not in answer.headers
    assert clients("hr").get("/figures?facet=employer&audience=bosses").status_code == 422
    assert clients("hr").get("/figures?facet=all").status_code == 422


def test_nobody_is_looked_up_by_a_file(clients: Clients) -> None:
    client = clients("hr")
    csrf = client.get("/mentions").text.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post("/mentions/export", data={"csrf": csrf, "q": "Karen Hughes"})
    assert answer.headers["location"].startswith("/mentions")
    assert "Karen Hughes" in clients("auditor").get("/audit?action=search.blocked").text


@pytest.mark.parametrize("what", ["volume", "sentiment", "audience", "theme", "source"])
def test_the_figures_of_a_page_are_offered_and_taken(clients: Clients, what: str) -> None:
    client = clients("hr")
    address = f"/figures?what={what}&amp;facet=employer&amp;days=30"
    assert address in client.get("/employer?days=30").text
    answer = client.get(address.replace("&amp;", "&"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert rows(answer.content)
    assert client.get(f"/figures?what={what}&facet=brand").status_code == 403


def test_small_groups_are_empty_in_the_file_too(clients: Clients) -> None:
    found = rows(clients("hr").get("/figures?what=volume&facet=employer&days=7&audience=alumnus").content)
    assert len(found) == 7
    assert {row["mentions"] for row in found} <= {"", "0"}
