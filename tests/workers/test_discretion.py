"""Keys that a platform repeats in its answers are told to nobody, nor are the words of our own faults."""

from urllib.parse import quote

import pytest

from collectors.base import Batch, CollectError, CollectRequest, Outcome
from collectors.http import HttpClient
from storage import db, sources
from storage.viewer import SYSTEM
from tests.factories import NOW, World
from tests.scripted import Scripted, Steps, raw, register
from tests.workers.conftest import count
from workers import trial
from workers.collect import run_source
from workers.discretion import discreet, fault_of_ours
from workers.trials import trial_result

KEY = "sk/very+secret=="


def _source(monkeypatch: pytest.MonkeyPatch, steps: object) -> int:
    register(monkeypatch, Scripted(steps))  # type: ignore[arg-type]
    with db.transaction() as session:
        return sources.add_source(session, SYSTEM, "scripted", "S", {}, NOW, credentials={"token": KEY})


def _refused(request: CollectRequest, http: HttpClient) -> Steps:
    yield Batch((raw("1", "Acme"),), {})
    raise CollectError("unauthorized", f"The key {KEY} is not known at /x?k={quote(KEY, safe='')}.")


def _told(request: CollectRequest, http: HttpClient) -> Steps:
    yield Batch((raw("1", "Acme"),), {})
    return Outcome(False, "limit_reached", f"No more for {KEY}.")


def _failed(request: CollectRequest, http: HttpClient) -> Steps:
    yield from ()
    raise TypeError(f"{KEY} of Jane Doe")


@pytest.mark.parametrize("steps", [_refused, _told])
def test_a_key_in_an_answer_is_not_told(world: World, monkeypatch: pytest.MonkeyPatch, steps: object) -> None:
    source_id = _source(monkeypatch, steps)
    run = run_source(source_id, analyze=lambda _: None, force=True)
    assert run is not None
    assert KEY not in repr(run)
    assert count("collection_runs", "detail LIKE '%[hidden]%'") == 1
    assert count("collection_runs", "detail LIKE '%secret%'") == 0
    assert count("sources", "sources::text LIKE '%very+secret%'") == 0


def test_a_fault_tells_its_kind_and_place_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source_id = _source(monkeypatch, _failed)
    with pytest.raises(TypeError):
        run_source(source_id, analyze=lambda _: None, force=True)
    assert count("sources", "error_detail LIKE 'A fault of Outspoken: TypeError (test_discretion.py, line %'") == 1
    assert fault_of_ours(ValueError("Jane")).detail == "A fault of Outspoken: ValueError."


def test_a_trial_tells_no_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, Scripted(_refused))
    monkeypatch.setattr(Scripted, "test", _always_refused)
    with db.reading() as session:
        sealed = sources.sealed_for_trial(session, SYSTEM, None, "scripted", {"token": KEY})
    trial.try_source("t", "scripted", {}, sealed)
    found = trial_result("t")
    assert found is not None
    assert found.detail == "The key [hidden] is not known."


def _always_refused(*_: object) -> str:
    raise CollectError("unauthorized", f"The key {KEY} is not known.")


def test_names_of_accounts_and_short_words_stay() -> None:
    keys = {"handle": "acme.example", "pin": "now", "file": '{"private_key": "MIIEvQIBADANBgkqhkiG9w0B\\nAAA"}'}
    assert discreet("Try acme.example now.", keys) == "Try acme.example now."
    assert discreet("It said MIIEvQIBADANBgkqhkiG9w0B.", keys) == "It said [hidden]."
