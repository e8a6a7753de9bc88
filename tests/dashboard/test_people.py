"""People: invitations, roles, keys; secrets are shown once."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]


def _invitation(client: TestClient, role: str, email: str = "") -> str:
    page = post(client, "/people/invite", {"role": role, "email": email}).text
    found = re.search(r"(/join/[\w-]{43})", page)
    assert found is not None, page
    return found[1]


def test_an_invited_person_makes_an_account_and_is_signed_in(clients: Clients) -> None:
    path = _invitation(clients("administrator"), "hr")
    with TestClient(create_app(), follow_redirects=False) as new:
        assert "as HR" in new.get(path).text
        person = {"name": "Nia New", "email": "nia@acme.example", "password": "four words in line"}
        assert new.post(path, data=person).headers["location"] == "/"
        assert new.get("/").headers["location"] == "/employer"
        assert new.get(path).status_code == 404  # it works once
    assert "Nia New" in clients("administrator").get("/people").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("password", "short", "Use 10 to"), ("email", "nobody", "Write one address"), ("name", "", "Write a name")],
)
def test_a_wrong_field_of_the_account_is_named(field: str, value: str, words: str, clients: Clients) -> None:
    path = _invitation(clients("administrator"), "marketing")
    typed = {"name": "Kim", "email": "kim@acme.example", "password": "four words in line", field: value}
    answer = clients("").post(path, data=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert "four words in line" not in answer.text
    assert field == "email" or "kim@acme.example" in answer.text


def test_an_invitation_to_one_address_takes_no_other(clients: Clients) -> None:
    path = _invitation(clients("administrator"), "marketing", "one@acme.example")
    answer = clients("").post(path, data={"name": "K", "email": "two@acme.example", "password": "four words in line"})
    assert "for another address" in answer.text


def test_a_withdrawn_or_guessed_invitation_opens_nothing(clients: Clients) -> None:
    client = clients("administrator")
    path = _invitation(client, "marketing", "gone@acme.example")
    number = re.search(r"/people/invitations/(\d+)/withdraw", client.get("/people").text)
    assert number is not None
    for each in re.findall(r"/people/invitations/(\d+)/withdraw", client.get("/people").text):
        post(client, f"/people/invitations/{each}/withdraw")
    assert clients("").get(path).status_code == 404
    assert clients("").get("/join/guessed").status_code == 404


def test_somebody_stays_administrator(clients: Clients) -> None:
    client = clients("administrator")
    own = re.search(r'/people/(\d+)/role".{0,900}?Role of Administrator"', client.get("/people").text, re.DOTALL)
    assert own is not None
    number = re.findall(r"/people/(\d+)/role", own[0])[-1]
    assert "Somebody has to stay administrator" in follow(
        client, post(client, f"/people/{number}/role", {"role": "hr"})
    )
    assert "your own account" in follow(client, post(client, f"/people/{number}/deactivate"))


def test_a_deactivated_person_is_out_until_let_in_again(clients: Clients) -> None:
    client = clients("administrator")
    path = _invitation(client, "leadership")
    person = {"name": "Ole Out", "email": "ole@acme.example", "password": "four words in line"}
    with TestClient(create_app(), follow_redirects=False) as ole:
        ole.post(path, data=person)
        number = re.search(
            r'/people/(\d+)/deactivate"(?:(?!deactivate").)*Deactivate Ole Out', client.get("/people").text, re.DOTALL
        )
        assert number is not None
        post(client, f"/people/{number[1]}/deactivate")
        assert ole.get("/overview").status_code == 303
        assert ole.post("/sign-in", data=person).status_code == 401
        assert "may sign in again" in follow(client, post(client, f"/people/{number[1]}/activate"))
        assert ole.post("/sign-in", data=person).status_code == 303


def test_a_person_changes_the_own_password(clients: Clients) -> None:
    path = _invitation(clients("administrator"), "advocate")
    person = {"name": "Pia", "email": "pia@acme.example", "password": "four words in line"}
    with TestClient(create_app(), follow_redirects=False) as pia:
        pia.post(path, data=person)
        wrong = post(pia, "/account/password", {"old": "guessed", "password": "another four words"})
        assert "not your present password" in wrong.text
        short = post(pia, "/account/password", {"old": person["password"], "password": "short"})
        assert "Use 10 to" in short.text
        done = post(pia, "/account/password", {"old": person["password"], "password": "another four words"})
        assert "Your password is changed" in follow(pia, done)
    assert clients("").post("/sign-in", data=person).status_code == 401


def test_a_key_is_shown_once_and_opens_what_was_ticked(clients: Clients) -> None:
    client = clients("administrator")
    page = post(client, "/people/keys", {"name": "Reports", "scope": ["series:read"], "days": "30"}).text
    secret = re.search(r"osp_[\w-]+", page)
    assert secret is not None
    assert secret[0] not in client.get("/people").text
    header = {"Authorization": f"Bearer {secret[0]}"}
    with TestClient(create_app()) as program:
        assert program.get("/api/v1/series/volume", headers=header).status_code in (200, 404)
        assert program.get("/api/v1/mentions", headers=header).status_code == 403


def test_a_key_for_nothing_is_refused(clients: Clients) -> None:
    answer = post(clients("administrator"), "/people/keys", {"name": "Reports", "days": "30"})
    assert answer.status_code == 422
    assert "Choose what the key may do" in answer.text
    assert 'value="Reports"' in answer.text


def test_a_list_is_invited_and_what_cannot_be_is_told_with_its_line(clients: Clients) -> None:
    client = clients("administrator")
    listed = "E-mail;Team\nlist1@acme.example;Support\nlist1@acme.example;\n<script>;\nhr@acme.example;Board"
    page = post(client, "/people/advocates", {"list": listed}).text
    assert "1 person is invited" in page
    assert "stands on line 2 already" in page
    assert "&lt;script&gt;" in page
    assert "has an account already" in page
    upload: dict[str, object] = {"file": ("people.csv", b"list1@acme.example\r\nlist2@acme.example", "text/csv")}
    page = post(client, "/people/advocates", files=upload).text
    assert "1 person is invited" in page
    assert "is invited already" in page
    found = client.get("/people/advocates?q=LIST2&state=waiting").text
    assert "list2@acme.example" in found
    assert "list1@acme.example" not in found
    number = re.search(r'name="id" value="(\d+)" aria-label="Withdraw', found)
    assert number is not None
    assert "1 invitation is withdrawn" in follow(client, post(client, "/people/advocates/withdraw", {"id": number[1]}))
    assert "write how many" in post(client, "/people/advocates/eligible", {"people": "0"}).text.lower()
    assert "Noted" in follow(client, post(client, "/people/advocates/eligible", {"people": "1,200"}))
    assert clients("hr").get("/people/advocates").status_code == 403
    assert "list1@acme.example" not in client.get("/people").text
