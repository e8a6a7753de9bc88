"""The feed of incidents: of the role behind the token in the address, well-formed whatever names hold."""

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from fastapi.testclient import TestClient

from api.routes.feed import atom
from storage import db, incidents, users
from storage.viewer import SYSTEM
from tests.api import world

Header = dict[str, str]
FEED = "/api/v1/incidents.atom"
NAMES = {"a": "http://www.w3.org/2005/Atom"}


def secret(header: Header) -> str:
    return header["Authorization"].removeprefix("Bearer ")


@pytest.mark.usefixtures("company")
def test_a_reader_follows_the_side_of_the_role(client: TestClient, token: Callable[..., Header]) -> None:
    with db.transaction() as session:
        brand = world.open_incident(session, facet="brand")
    found = client.get(FEED, params={"token": secret(token("marketing", ["incidents:read"]))})
    assert found.headers["content-type"] == "application/atom+xml"
    (entry,) = ElementTree.fromstring(found.content).findall("a:entry", NAMES)
    assert entry.findtext("a:id", "", NAMES).endswith(f"/incidents/{brand}")
    assert "Acme" in entry.findtext("a:title", "", NAMES)
    of_hr = client.get(FEED, headers=token("hr"))
    assert ElementTree.fromstring(of_hr.content).findall("a:entry", NAMES) == []
    again = client.get(FEED, headers={**token("marketing"), "If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.usefixtures("company")
def test_a_token_in_the_address_needs_the_scope_and_its_life(client: TestClient, token: Callable[..., Header]) -> None:
    assert client.get(FEED, params={"token": secret(token("hr", ["series:read"]))}).status_code == 403
    assert client.get(FEED, params={"token": secret(token("advocate", ["incidents:read"]))}).status_code == 403
    broad = client.get(FEED, params={"token": secret(token("hr"))})
    assert (broad.status_code, broad.json()["error"]) == (403, "too_many_scopes")
    assert client.get(FEED, params={"token": "osp_guessed"}).status_code == 401
    revoked = token("leadership", ["incidents:read"])
    with db.transaction() as session:
        for row in users.list_tokens(session):
            users.revoke_token(session, row.id, world.NOW)
    assert client.get(FEED, params={"token": secret(revoked)}).status_code == 401


@pytest.mark.usefixtures("company")
def test_hostile_names_stay_words() -> None:
    with db.transaction() as session:
        found = incidents.find(session, SYSTEM, world.open_incident(session))
    odd = replace(found, company="<script>&]]>\x00\x0b\ufffe\u202e", notes=("<b>",))
    entry = ElementTree.fromstring(atom([odd], "https://outspoken.example")).find("a:entry", NAMES)
    assert entry is not None
    assert "<script>&]]> , brand side" in entry.findtext("a:title", "", NAMES)
