"""A file from the browser: looked over, imported by a worker, its bad rows told by line."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from storage import db, sources
from tests.api.world import add_person
from tests.dashboard.forms import follow, post
from workers.imports import import_upload

Clients = Callable[[str], TestClient]
CSV = """\
Review ID,Date,Stars,Pros,Cons,Country
r1,2026-01-12,4,Acme has kind people,Long hours,NO
r2,2026-01-13,9x,Acme again,,NO
"""


def _send(client: TestClient, content: bytes = CSV.encode(), kind: str = "reviews", name: str = "site.csv") -> str:
    answer = post(client, "/import", {"kind": kind}, {"file": (name, content)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_file_goes_its_way(clients: Clients, redis_url: str) -> None:
    client = clients("administrator")
    path = _send(client)
    shown = client.get(path).text
    assert "Acme has kind people" in shown
    assert "not used: Country" in shown
    assert "It waits for a free worker" in follow(client, post(client, path, {"do": "start", "source": "Site"}))
    import_upload(path.rpartition("/")[2], {}, "Site")
    done = client.get(path).text
    assert "2 rows were read" in done
    assert re.search(r"New</dt><dd><div class=\"value\">1<", done)
    assert 'data-label="Line">3<' in done
    assert 'data-label="Field">rating<' in done
    assert follow(client, post(client, path, {"do": "start", "source": "Site"})) == client.get(path).text


def test_another_mapping_is_looked_at_before_anything_is_stored(clients: Clients) -> None:
    client = clients("administrator")
    path = _send(client)
    answer = post(client, path, {"do": "look", "source": "Other", "map-title": "Country", "map-pros": "-"})
    assert re.search(r'<select id="m-title".*?value="Country" selected', answer.text, re.DOTALL)
    assert re.search(r'<select id="m-pros" name="map-pros">\s*<option value="-" selected', answer.text)
    with db.reading() as session:
        assert sources.find_source(session, "Other") is None


def test_a_mapping_without_text_is_told(clients: Clients) -> None:
    client = clients("administrator")
    path = _send(client)
    given = {"do": "start", "source": "Other", "map-pros": "-", "map-cons": "-"}
    answer = post(client, path, given)
    assert answer.status_code == 422
    assert "no column with text was recognised" in answer.text


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "Choose a file"), (b" \n", "The file is empty"), (b"%PDF-1.7", "neither CSV, XLSX nor JSONL")],
)
def test_what_is_no_table_is_refused_in_a_sentence(content: bytes, words: str, clients: Clients) -> None:
    name = "x.csv" if content else ""
    answer = post(clients("administrator"), "/import", {"kind": "posts"}, {"file": (name, content)})
    assert answer.status_code == 422
    assert words in answer.text


def test_an_upload_belongs_to_who_sent_it(clients: Clients) -> None:
    path = _send(clients("administrator"))
    number, _ = add_person("administrator", "second")
    other = TestClient(clients("administrator").app, follow_redirects=False)
    other.post("/sign-in", data={"email": "second@acme.example", "password": "correct horse battery"})
    assert other.get(path).status_code == 404
    assert clients("administrator").get("/import/guessed").status_code == 404
    post(clients("administrator"), f"/people/{number}/deactivate")  # others count on a single administrator


def test_an_import_that_fails_says_why(clients: Clients) -> None:
    client = clients("administrator")
    path = _send(client)
    import_upload(path.rpartition("/")[2], {"text": "No such column"}, "Site")
    page = client.get(path).text
    assert "It could not be imported" in page
    assert "No such column" in page
