"""Files to take away: the same mentions and figures as on pages, no more, as text and nothing else."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from sqlalchemy import text

from api import exports
from config.settings import get_settings
from storage import audit, db
from storage import exports as storage_exports
from storage.audit import Asked
from storage.viewer import SYSTEM
from tests.api.world import Said, say

Header = dict[str, str]
MENTIONS = "/api/v1/exports/mentions"
pytestmark = pytest.mark.usefixtures("company")


def table(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def rows(client: TestClient, header: Header, path: str = MENTIONS, **asked: object) -> list[dict[str, str]]:
    """The rows of an export as CSV."""
    answer = client.get(path, headers=header, params={name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    return table(answer.content)


def taken(action: str = storage_exports.MENTIONS) -> list[str]:
    """The entries of exports in the audit log, newest first."""
    with db.reading() as session:
        return [entry.subject for entry in audit.entries(session, SYSTEM, Asked(action=action))]


def move_to(kind: str) -> None:
    """Let all that was said come from a source of this kind."""
    with db.transaction() as session:
        session.execute(text("UPDATE sources SET kind = :kind"), {"kind": kind})


def test_a_file_holds_what_the_list_shows_and_nothing_else(client: TestClient, token: Callable[..., Header]) -> None:
    say(
        Said("fine app", hours_ago=1, themes=("service",)),
        Said("bad shifts", facet="employer", audience="other", hours_ago=2),
        Said("my boss Karen Hughes knows", facet="both", hours_ago=3),
        Said("we meet about a union", facet="both", protected=True, hours_ago=4),
        Said("what only one employee says", facet="both", audience="employee", hours_ago=5),
    )
    for role, asked in (("marketing", {}), ("hr", {}), ("administrator", {"facet": "employer"})):
        header = token(role)
        listed = client.get("/api/v1/mentions", headers=header, params=asked).json()
        found = rows(client, header, **asked)
        assert [(row["id"], row["text"]) for row in found] == [
            (str(item["id"]), item["text"]) for item in listed["items"]
        ]
        assert len(found) == 2
        assert not any("Karen" in row["text"] or "union" in row["text"] for row in found)
    assert client.get(MENTIONS, headers=token("leadership")).status_code == 403
    assert client.get(MENTIONS, headers=token("marketing"), params={"facet": "employer"}).status_code == 403


def test_a_file_says_what_is_not_in_it(client: TestClient, token: Callable[..., Header]) -> None:
    say(
        Said("one"),
        Said("we meet about a union", facet="both", protected=True),
        Said("only one says so", facet="both", audience="employee"),
    )
    answer = client.get(MENTIONS, headers=token("hr"), params={"facet": "employer"})
    about = json.loads(answer.headers["x-export-about"])
    assert (about["rows"], about["complete"], about["filters"]) == (0, True, {"facet": "employer"})
    told = " ".join(about["left_out"])
    assert "1 mentions that touch protected activity" in told
    assert "employee" in told


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_each_form_holds_the_same(client: TestClient, token: Callable[..., Header], form: str) -> None:
    say(Said('says "yes"; or\nno\u200f', themes=("pay", "service")), Said("second", hours_ago=3))
    answer = client.get(MENTIONS, headers=token("marketing"), params={"format": form})
    assert f'.{form}"' in answer.headers["content-disposition"]
    assert answer.headers["content-length"] == str(len(answer.content))
    if form == "csv":
        found = [(row["text"], row["themes"]) for row in table(answer.content)]
    elif form == "jsonl":
        found = [(row["text"], ", ".join(row["themes"])) for row in map(json.loads, answer.text.splitlines())]
    else:
        book = load_workbook(io.BytesIO(answer.content), read_only=True)
        heads, *cells = book["Mentions"].iter_rows(values_only=True)
        each = [dict(zip(heads, row, strict=True)) for row in cells]
        found = [(str(row["text"]), str(row["themes"] or "")) for row in each]
        assert ("Rows", 2) in [row[:2] for row in book["About"].iter_rows(values_only=True)]
    assert found == [('Acme: says "yes"; or\nno\u200f', "pay, service"), ("Acme: second", "")]


def test_texts_stay_where_the_platform_wants_them(client: TestClient, token: Callable[..., Header]) -> None:
    say(Said("a" * 500, themes=("price",)))
    header = token("marketing")
    move_to("x")
    (row,) = rows(client, header)
    assert (row["text"], row["title"], row["themes"]) == ("", "", "price")
    assert row["url"]
    assert row["id"]
    assert "X lets" in row["left_out"]
    assert "1 rows from x" in client.get(MENTIONS, headers=header).headers["x-export-about"]
    move_to("feed")
    (row,) = rows(client, header)
    assert len(row["text"]) == 300
    assert "quoted" in row["left_out"]
    move_to("a kind that is gone")
    assert rows(client, header)[0]["text"] == ""
    move_to("mastodon")
    assert len(rows(client, header)[0]["text"]) == 506


def test_a_post_of_a_platform_keeps_its_rule_by_whatever_way_it_came(
    client: TestClient, token: Callable[..., Header]
) -> None:
    say(Said("hello"), Said("hired", "a candidate", "employer", "candidate"))
    with db.transaction() as session:
        session.execute(text("UPDATE posts SET url = 'https://www.linkedin.com/posts/1'"))
    for role, address in (("marketing", "https://www.linkedin.com/posts/1"), ("hr", "")):
        (row,) = rows(client, token(role))
        assert (row["text"], row["url"]) == ("", address)
        assert "LinkedIn" in row["left_out"]


def test_an_export_is_one_entry_of_the_audit_log(client: TestClient, token: Callable[..., Header]) -> None:
    say(Said("fine app"), Said("fine day"))
    rows(client, token("marketing"), q="fine", reason="board\r\nmeeting\u202e; q=nothing")
    assert taken() == ["Mentions: csv, 2 rows; q=fine; for: board meeting; q=nothing"]
    assert client.get(MENTIONS, headers=token("hr"), params={"q": "Karen Hughes"}).status_code == 403
    assert len(taken()) == 1
    assert taken("search.blocked") == ["Karen Hughes"]
    rows(client, token("leadership"), "/api/v1/exports/volume")
    assert taken(storage_exports.FIGURES)[0].startswith("Volume: csv, ")


def test_pages_are_joined_and_the_limit_is_told(
    client: TestClient, token: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(*(Said(f"number {number}", hours_ago=number + 1) for number in range(7)))
    monkeypatch.setattr(storage_exports, "MAX_LIMIT", 2)
    header = token("marketing")
    assert [row["text"][-1] for row in rows(client, header)] == list("0123456")
    monkeypatch.setenv("EXPORT_ROWS", "5")
    get_settings.cache_clear()
    answer = client.get(MENTIONS, headers=header)
    about = json.loads(answer.headers["x-export-about"])
    assert (len(table(answer.content)), about["complete"]) == (5, False)
    assert "5 at most" in about["left_out"][0]
    assert "5 rows (the newest only)" in taken()[0]


def test_figures_are_those_of_the_api_with_small_groups_empty(client: TestClient, token: Callable[..., Header]) -> None:
    say(*(Said(f"shift {n}", author=f"a{n}", facet="employer", audience="employee") for n in range(3)))
    say(*(Said(f"job {n}", author=f"c{n}", facet="employer", audience="candidate", hours_ago=3) for n in range(6)))
    header = token("hr")
    for what in ("volume", "sentiment"):
        path = f"/api/v1/exports/{what}"
        items = client.get(f"/api/v1/series/{what}", headers=header).json()["items"]
        found = rows(client, header, path)
        assert [row["suppressed"] for row in found] == [str(item["suppressed"]).lower() for item in items]
        assert len(found) == len(items) > 1
    parts = client.get("/api/v1/breakdown", headers=header, params={"by": "audience"}).json()["items"]
    found = rows(client, header, "/api/v1/exports/breakdown", by="audience")
    assert [(row["key"], row["mentions"]) for row in found] == [
        (part["key"], "" if part["mentions"] is None else str(part["mentions"])) for part in parts
    ]
    assert client.get("/api/v1/exports/volume", headers=header, params={"facet": "brand"}).status_code == 403


def test_more_than_two_at_once_are_asked_to_wait(client: TestClient, token: Callable[..., Header]) -> None:
    with exports._turn(), exports._turn():
        answer = client.get(MENTIONS, headers=token("marketing"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert taken() == []
    assert client.get(MENTIONS, headers=token("marketing")).status_code == 200
