"""`manage.py model …` and `manage.py reanalyze`."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from nlp import tune as tuning
from nlp.heads import Layers, TunedHeads
from nlp.result import LABELS
from nlp.shipped import model_version, read_meta
from nlp.tune import Tuning
from nlp.tune_verdict import HeadFigures
from storage import db, mentions, rollups, training_examples, tuned_models
from tests import factories as make
from tests.commands.conftest import Runner
from tests.factories import NOW
from tests.workers.conftest import count
from workers import retag_state

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")


def heads(version: str, base: str | None = None) -> TunedHeads:
    width = 384
    layers = {
        head: Layers(
            np.zeros((width, width), np.float32),
            np.zeros(width, np.float32),
            np.zeros((width, len(labels)), np.float32),
            np.zeros(len(labels), np.float32),
        )
        for head, labels in LABELS.items()
    }
    meta = read_meta()
    return TunedHeads(version, base or meta.version, layers, meta.calibration, meta.thresholds)


def kept(version: str, base: str | None = None, *, active: bool = False) -> None:
    with db.transaction() as session:
        tuned_models.save(session, heads(version, base), {"why": f"why {version}"}, "a test", NOW)
        if active:
            tuned_models.activate(session, version)


def active() -> str | None:
    with db.reading() as session:
        found = tuned_models.active(session)
    return None if found is None else found.version


def said(number: int = 3) -> list[int]:
    with db.transaction() as session:
        world = make.set_up(session)
        return make.heard(session, world, [make.different(n) for n in range(number)])


def test_versions_are_listed_and_switched(run: Runner) -> None:
    said()
    base = model_version()
    for version in (f"{base}+1", f"{base}+2"):
        kept(version)
    ran = run("model", "use", f"{base}+2")
    assert (ran.code, active()) == (0, f"{base}+2")
    assert ran.said == (
        f"{base}+2 is in force. 3 mentions carry tags of another version. Tag them again: manage.py reanalyze"
    )
    listed = run("model", "list").said
    assert f"{base}+2 2026-03-04 12:30 in force why {base}+2 {base}+1 2026-03-04 12:30 why {base}+1" in listed
    run("model", "use", "former")
    assert active() == f"{base}+1"
    run("model", "use", "former")
    assert active() is None
    assert "in force as shipped" in run("model", "list").said
    assert count("audit_log", "action = 'model.use'") == 3
    assert count("mentions", "model = 'test'") == 3


def test_what_does_not_fit_is_not_put_in_force(run: Runner) -> None:
    kept("0.0.1+1", "0.0.1")
    ran = run("model", "use", "0.0.1+1")
    assert ran.code == 1
    assert "was tuned on the weights 0.0.1" in ran.said
    assert "for the weights 0.0.1" in run("model", "list").said
    ran = run("model", "use", "7")
    assert (ran.code, ran.said) == (1, "There is no tuned version '7'.")


def result(*, better: bool) -> Tuning:
    one = HeadFigures(80, 70, 0, better, "why", 0.2, 0.6, 0.3, 0.5, None, None, 500, 0.8, 0.79)
    return Tuning(heads("?") if better else None, "Because.", {"sentiment": one}, {"no words": 2})


@pytest.fixture
def own_heads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's own heads are there, and nothing is learnt."""
    from commands import model

    monkeypatch.setattr(model, "_own_heads", lambda: heads(model_version()))


@pytest.mark.usefixtures("own_heads")
def test_a_better_version_is_kept_and_in_force(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    said()
    monkeypatch.setattr(tuning, "tune", lambda *_: result(better=True))
    ran = run("model", "tune", "--dry-run")
    assert (ran.code, active(), count("tuned_models")) == (0, None, 0)
    assert {"20.0", "60.0", "+30.0", "+50.0"} <= set(ran.said.split())  # the table wraps where the window is narrow
    assert "Left out: 2 no words." in ran.said
    ran = run("model", "tune")
    version = f"{model_version()}+1"
    assert (ran.code, active()) == (0, version)
    assert f"Because. {version} is in force" in ran.said
    assert "3 mentions carry tags of another version" in ran.said
    assert count("audit_log", "action = 'model.tune'") == 1
    assert count("mentions", "model = 'test'") == 3


@pytest.mark.usefixtures("own_heads")
def test_a_worse_version_is_refused(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    said()
    kept(f"{model_version()}+1", active=True)
    monkeypatch.setattr(tuning, "tune", lambda *_: result(better=False))
    ran = run("model", "tune")
    assert ran.code == 1
    assert "Nothing is changed. Because." in ran.said
    assert (active(), count("tuned_models")) == (f"{model_version()}+1", 1)


@pytest.mark.usefixtures("own_heads")
def test_nobody_said_anything(run: Runner) -> None:
    ran = run("model", "tune")
    assert ran.code == 1
    assert "Sentiment: 0 corrections and checks, 50 are needed." in ran.said


def test_words_of_people_become_lessons() -> None:
    first, second, hidden, gone = said(4)
    with db.transaction() as session:
        who = make.a_user(session)
        for mention_id in (first, second, hidden, gone):
            mentions.correct(session, who, mention_id, "sentiment", "negative", NOW)
        mentions.correct(session, who, first, "sentiment", "positive", NOW + timedelta(hours=1))
        mentions.check(session, who, first, "facet", "brand", NOW)
        _hide(session, hidden, gone)
    with db.reading() as session:
        found = training_examples.lessons(session)
    assert found.hidden == 2
    assert [one.text for one in found.lessons] == [make.different(0), make.different(1)]
    newest = found.lessons[0]
    assert {head: (word.label, word.drawn) for head, word in newest.words.items()} == {
        "sentiment": ("positive", False),
        "facet": ("brand", True),
    }
    assert newest.names == ("Acme",)
    assert [key.split()[0] for key in newest.keys] == ["post", "story"]


def _hide(session: Session, hidden: int, gone: int) -> None:
    session.execute(text("UPDATE mentions SET protected = true WHERE id = :id"), {"id": hidden})
    session.execute(
        text("UPDATE posts SET deleted_at = now() WHERE id = (SELECT post_id FROM mentions WHERE id = :id)"),
        {"id": gone},
    )


def test_old_mentions_are_tagged_again_in_this_process(run: Runner) -> None:
    said()
    with db.transaction() as session:
        make.say(session, make.set_up(session), "waits", "Acme is great, I love it")
    ran = run("reanalyze", "--wait")
    assert ran.code == 0, ran.said
    assert "All of them carry the tags of the model in force." in ran.said
    assert count("mentions", f"model = '{model_version()}'") == 4
    with db.reading() as session:
        assert rollups.check(session) == []
    assert run("reanalyze").said == "No mention carries tags of another version."


def test_it_is_asked_for_and_stopped(run: Runner) -> None:
    said()
    ran = run("reanalyze", "--since", "2026-03-01", "--company", "acme")
    assert "3 mentions are tagged again in the background" in ran.said
    wanted = retag_state.wanted()
    assert wanted is not None
    assert wanted.scope.company_id is not None
    assert run("reanalyze", "--stop").said == "It is stopped."
    assert run("reanalyze", "--stop").said == "No re-tagging was asked for."
    assert run("reanalyze", "--company", "pigeon").said.startswith("--company: there is no company 'pigeon'; there are")
    assert run("reanalyze", "--since", "2026-03-05").said == "No mention carries tags of another version."
