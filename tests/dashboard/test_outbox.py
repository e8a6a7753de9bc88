"""Mails are readable by those whom they concern, and harmless whatever they hold."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from notify.message import Inline, Mail
from storage import db, outbox
from tests.api.world import NOW
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
HTML = '<html><body><img src="cid:chart"><script>alert(1)</script><p>Zelt</p></body></html>'


@pytest.fixture(scope="module")
def mails(town: str) -> dict[str, int]:
    """One mail of each side."""
    made = {}
    with db.transaction() as session:
        for facet in ("brand", "employer", "all"):
            mail = Mail(
                f"About <{facet}>", "As text", HTML, ("lead@acme.example",), (Inline("chart", b"PNG", ""),), {}, facet
            )
            made[facet] = outbox.put(session, mail, None, facet, NOW, smtp=False) or 0
    return made


def test_the_list_shows_the_role_its_own_side(mails: dict[str, int], clients: Clients) -> None:
    assert "About &lt;employer&gt;" in clients("hr").get("/outbox").text
    assert "About &lt;brand&gt;" not in clients("hr").get("/outbox").text
    assert "About &lt;all&gt;" in clients("administrator").get("/outbox?state=kept").text
    assert "No mail in this state" in clients("administrator").get("/outbox?state=sent").text


def test_a_mail_of_another_side_is_not_opened(mails: dict[str, int], clients: Clients) -> None:
    for path in ("", "/html"):
        assert clients("hr").get(f"/outbox/{mails['brand']}{path}").status_code == 403
        assert clients("marketing").get(f"/outbox/{mails['brand']}{path}").status_code == 200
        assert clients("marketing").get(f"/outbox/999999{path}").status_code == 404


def test_the_html_stands_in_a_cage_with_its_pictures_inside(mails: dict[str, int], clients: Clients) -> None:
    answer = clients("administrator").get(f"/outbox/{mails['all']}/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert 'src="data:image/png;base64,UE5H"' in answer.text
    page = clients("administrator").get(f"/outbox/{mails['all']}").text
    assert "sandbox></iframe>" in page
    assert "<script>alert" not in page


def test_the_text_part_and_the_state_are_told(mails: dict[str, int], clients: Clients) -> None:
    page = clients("administrator").get(f"/outbox/{mails['all']}?part=text").text
    assert "As text" in page
    assert "No mail server is set, so it is kept here to read." in page


def test_sending_needs_a_mail_server(mails: dict[str, int], clients: Clients) -> None:
    client = clients("administrator")
    assert "give SMTP_HOST first" in follow(client, post(client, f"/outbox/{mails['all']}/retry"))
    assert post(clients("hr"), f"/outbox/{mails['employer']}/retry").status_code == 403
