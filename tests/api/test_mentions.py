"""Mentions over HTTP."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from tests.api.world import Said, say

Header = dict[str, str]
pytestmark = pytest.mark.usefixtures("company")


def test_marketing_finds_brand_mentions_and_never_employer_ones(
    client: TestClient, token: Callable[..., Header]
) -> None:
    say(Said("the app is fine"), Said("bad shifts", facet="employer", audience="other"))
    answer = client.get("/api/v1/mentions", headers=token("marketing"))
    assert answer.status_code == 200
    assert [item["text"] for item in answer.json()["items"]] == ["Acme: the app is fine"]
