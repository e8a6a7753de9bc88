"""The model in force in a process: looked up at most every few seconds, and never worse than the shipped one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from nlp.model import network
from nlp.shipped import WEIGHTS, model_version
from storage import db, reanalysis, tuned_models
from storage.viewer import NotFound
from tests.commands.test_model import heads
from tests.factories import World
from workers import model
from workers.model import network_in_force

pytestmark = pytest.mark.skipif(not (WEIGHTS / "model.onnx").exists(), reason="there are no weights")
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _forget(world: World) -> Iterator[None]:
    model._last = None
    yield
    model._last = None
    network().use(None)


def keep(version: str, base: str | None = None) -> int:
    with db.transaction() as session:
        made = tuned_models.save(session, heads(version, base), {}, "a test", NOW)
        tuned_models.activate(session, version)
    return made


def in_force() -> str:
    with db.reading() as session:
        return reanalysis.versions_in_force(session).model


def test_a_switch_is_seen_after_a_few_seconds_or_at_once_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert network_in_force().version == model_version()
    keep("x+1")
    tuned = f"{model_version()}+1"
    keep(tuned)
    assert network_in_force().version == model_version()
    assert network_in_force(fresh=True).version == tuned
    with db.transaction() as session:
        tuned_models.activate(session, None)
    assert network_in_force().version == tuned
    monkeypatch.setattr(model, "LOOK_EVERY", 0.0)
    assert network_in_force().version == model_version()


def test_heads_for_other_weights_are_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    keep("0.0.1+1", "0.0.1")
    for _ in range(3):
        assert network_in_force(fresh=True).version == model_version()
    assert caplog.text.count("Tuned heads are ignored") == 1
    assert "were tuned on 0.0.1" in caplog.text
    assert in_force() == model_version()


def test_damaged_heads_are_ignored_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    made = keep(f"{model_version()}+1")
    with db.transaction() as session:
        session.execute(text("UPDATE tuned_models SET heads = '\\x00' WHERE id = :id"), {"id": made})
    assert network_in_force(fresh=True).version == model_version()
    assert "no tuned heads" in caplog.text
    assert in_force() == model_version(), "else every mention would be called outdated for ever"


def test_one_version_at_a_time_and_names_are_counted() -> None:
    with db.transaction() as session:
        assert tuned_models.next_version(session, "1.0") == "1.0+1"
    for version in ("1.0+1", "1.0+2", "1.0+10", "1.0+x"):
        keep(version, "1.0")
    with db.transaction() as session:
        assert tuned_models.next_version(session, "1.0") == "1.0+11"
        assert [one.version for one in tuned_models.versions(session) if one.active] == ["1.0+x"]
        assert tuned_models.former(session) == "1.0+10"
        with pytest.raises(NotFound, match="no tuned version"):
            tuned_models.activate(session, "2")
