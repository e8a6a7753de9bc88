"""Posting a form as a browser does: with the secret of the page it stands on."""

from collections.abc import Mapping, Sequence

from fastapi.testclient import TestClient
from httpx2 import Response

Values = Mapping[str, str | Sequence[str]]


def csrf(client: TestClient) -> str:
    """The secret of the client's session; `/my-reach` is open to every role."""
    return client.get("/my-reach").text.split('name="csrf" value="')[1].split('"')[0]


def post(
    client: TestClient, path: str, values: Values | None = None, files: dict[str, object] | None = None
) -> Response:
    """Send a form of ours."""
    return client.post(path, data={"csrf": csrf(client), **(values or {})}, files=files)  # type: ignore[arg-type]


def follow(client: TestClient, answer: Response) -> str:
    """The page that a redirect leads to."""
    assert answer.status_code == 303, answer.text
    return client.get(answer.headers["location"]).text
