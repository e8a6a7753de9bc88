"""Posting a form as a browser does: with the secret of the page it stands on."""

from collections.abc import Mapping, Sequence

from fastapi.testclient import TestClient
from httpx2 import Response

from api import auth

Values = Mapping[str, str | Sequence[str]]


_known: dict[str, str] = {}  # session → its secret, which stays the same; drawing a page for each form costs time


def csrf(client: TestClient) -> str:
    """The secret of the client's session; `/my-reach` is open to every role."""
    session = client.cookies.get(auth.COOKIE) or ""
    if session not in _known:
        _known[session] = client.get("/my-reach").text.split('name="csrf" value="')[1].split('"')[0]
    return _known[session]


def post(
    client: TestClient, path: str, values: Values | None = None, files: dict[str, object] | None = None
) -> Response:
    """Send a form of ours."""
    return client.post(path, data={"csrf": csrf(client), **(values or {})}, files=files)  # type: ignore[arg-type]


def follow(client: TestClient, answer: Response) -> str:
    """The page that a redirect leads to."""
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text
