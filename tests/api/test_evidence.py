"""The words behind a tag over HTTP: for who reads the mention, noted as a read, with the text masked."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from storage import audit, db
from storage.viewer import viewer_for
from tests.api.world import Said, say
from workers import explain, explanations
from workers.explanations import NOBODY_CAME, Explanation

Header = dict[str, str]
pytestmark = pytest.mark.usefixtures("company")


@pytest.fixture
def _at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that takes the job at once, in this process."""

    def work(_name: str, token: str, mention_id: int, **_: object) -> bool:
        explain.explain_mention(token, mention_id)
        return True

    monkeypatch.setattr(explanations, "enqueue", work)


def path(mention_id: int) -> str:
    return f"/api/v1/mentions/{mention_id}/evidence"


@pytest.mark.usefixtures("_at_work")
def test_the_words_behind_the_tags(client: TestClient, token: Callable[..., Header]) -> None:
    (mention_id,) = say(Said("@ada_l sent me a lamp that is absolutely horrible", sentiment="positive"))

    answer = client.post(path(mention_id), headers=token("marketing"))

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert "ada_l" not in answer.text
    assert (found["company"], found["named"][0]["text"]) == ("Acme", "Acme:")
    sentiment = found["heads"][0]
    assert (sentiment["label"], sentiment["in_force"]) == ("negative", "positive")  # by the test's own model
    assert all(found["text"][word["start"] : word["end"]] == word["text"] for word in sentiment["words"])
    with db.reading() as session:
        entry = audit.entries(session, viewer_for("administrator"), limit=1)[0]
    assert (entry.action, entry.subject) == ("mention.read", f"mention {mention_id}, words behind its tags")


@pytest.mark.usefixtures("_at_work")
def test_a_correction_is_said(client: TestClient, token: Callable[..., Header]) -> None:
    (mention_id,) = say(Said("the lamp is absolutely horrible"))
    header = token("administrator")
    client.patch(f"/api/v1/mentions/{mention_id}", headers=header, json={"sentiment": "positive"})

    heads = client.post(path(mention_id), headers=header).json()["heads"]

    assert next((head["head"], head["corrected"]) for head in heads) == ("sentiment", True)
    assert (heads[0]["label"], heads[0]["in_force"]) == ("negative", "positive")


@pytest.mark.usefixtures("_at_work")
def test_only_for_who_reads_the_mention(client: TestClient, token: Callable[..., Header]) -> None:
    brand, employer, small, protected = say(
        Said("good lamp"),
        Said("good shifts", facet="employer", audience="other"),
        Said("my own team", facet="employer", audience="employee"),
        Said("join the union", protected=True),
    )
    statuses = {
        (role, mention_id): client.post(path(mention_id), headers=token(role)).status_code
        for role in ("marketing", "hr", "administrator")
        for mention_id in (brand, employer, small, protected)
    }
    assert [mention_id for (role, mention_id), status in statuses.items() if status == 200 and role == "marketing"] == [
        brand
    ]
    assert [mention_id for (role, mention_id), status in statuses.items() if status == 200 and role == "hr"] == [
        employer
    ]
    assert {status for status in statuses.values() if status != 200} == {404}
    assert statuses["administrator", small] == 404  # one author only
    assert client.post(path(brand), headers=token("leadership")).status_code == 403
    assert client.post(path(brand), headers=token("hr", ["series:read"])).json()["error"] == "missing_scope"
    assert client.post(path(brand)).status_code == 401


def test_without_a_worker_or_a_model_it_says_so(
    client: TestClient, token: Callable[..., Header], monkeypatch: pytest.MonkeyPatch
) -> None:
    (mention_id,) = say(Said("good lamp"))
    monkeypatch.setattr(explanations, "PATIENCE", 0.1)
    answer = client.post(path(mention_id), headers=token("marketing"))
    assert (answer.status_code, answer.json()["detail"]) == (503, NOBODY_CAME)

    monkeypatch.setattr(explanations, "wait_for", lambda *_: Explanation(None, "There is no model."))
    answer = client.post(path(mention_id), headers=token("marketing"))
    assert (answer.status_code, answer.json()["detail"]) == (503, "There is no model.")
