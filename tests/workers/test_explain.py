"""The words behind a tag: found for the mention asked for alone, and every end is an answer. See also `live`."""

from collections.abc import Callable

import pytest

from config.settings import Settings
from nlp.shipped import WeightsError
from storage import db
from tests import factories as make
from tests.conftest import free_port
from tests.factories import World
from workers import explain
from workers.explanations import Explanation, explanation, put_explanation, wait_for


def _heard(world: World, text: str, *, protected: bool = False) -> int:
    with db.transaction() as session:
        return make.heard(session, world, [text], protected=protected)[0]


def _asked(mention_id: int) -> Explanation:
    explain.explain_mention("t", mention_id)
    found = explanation("t", mention_id)
    assert found is not None
    return found


def test_what_comes_back_is_what_was_found(world: World) -> None:
    mention_id = _heard(world, "I quit Acme last year, the salary was a joke. @ada can tell you more")
    found = _asked(mention_id).evidence
    assert found is not None
    assert "@ada" not in found.text
    assert {span.theme for span in found.themes} >= {"pay"}
    assert isinstance(found.heads[0].words, tuple)


def test_what_nobody_reads_is_not_explained(world: World) -> None:
    hidden = _heard(world, "Acme workers, join the union", protected=True)
    for mention_id in (hidden, hidden + 99):
        assert _asked(mention_id) == Explanation(None, "This mention is gone, or waits for new tags.")


def test_every_end_is_an_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mention_id = _heard(world, "Acme is fine")
    for error, words in ((WeightsError("gone"), "no model"), (TypeError("secret inside"), "TypeError.")):

        def fails(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(explain, "explain", fails)
        found = _asked(mention_id)
        assert found.evidence is None
        assert words in (found.problem or "")
        assert "secret" not in (found.problem or "")


def test_a_queue_that_is_down_is_an_answer(settings: Callable[..., Settings]) -> None:
    settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")
    found = explanation("t", 1)
    assert found is not None
    assert "queue is down" in (found.problem or "")
    put_explanation("t", 1, Explanation(None, "nobody hears it"))


def test_nobody_waits_for_ever(redis_url: str) -> None:
    assert wait_for("unknown", 1, 0.1) is None
