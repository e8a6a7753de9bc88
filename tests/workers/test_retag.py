"""Older mentions get the tags of the model in force: nothing lost, counted twice, taken for news, in anybody's way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import redis

from config.settings import Settings
from nlp.result import TagInput, Tags
from nlp.themes import taxonomy_version
from storage import db, mentions, reanalysis, rollups
from storage.reanalysis import Scope
from tests import factories as make
from tests.factories import HOUR, World
from tests.workers.conftest import count
from workers import analyze, retag, retag_state
from workers.alert import detect_alerts
from workers.retag_state import Run

MODEL = "9.9.9"
NEW = f"model = '{MODEL}'"
RECENT = datetime.now(UTC) - HOUR
LONG_AGO = RECENT - timedelta(days=90)


class Loaded:
    """In place of the network."""

    version = MODEL


@pytest.fixture
def newer(world: World, monkeypatch: pytest.MonkeyPatch, settings: Callable[..., Settings]) -> list[list[str]]:
    """A newer version is in force that finds everything negative; "poison" raises. Returns the ids of each call."""
    calls: list[list[str]] = []

    def tag(inputs: Sequence[TagInput], threads: int = 1, model: object = None) -> list[Tags]:
        calls.append([one.id for one in inputs])
        if any("poison" in one.text for one in inputs):
            raise ValueError("poison")
        return [signed(make.tags(int(one.id), "negative")) for one in inputs]

    settings(analyze_batch=4)
    monkeypatch.setattr(analyze, "tag_posts", tag)
    monkeypatch.setattr(analyze, "network_in_force", Loaded)
    monkeypatch.setattr(retag, "network_in_force", lambda *, fresh: Loaded())
    monkeypatch.setattr(reanalysis, "model_version", lambda: MODEL)
    return calls


def signed(tags: Tags) -> Tags:
    """Tags with the versions in force."""
    return replace(tags, model=MODEL, taxonomy=taxonomy_version())


def hear(world: World, number: int, at: datetime = RECENT, about: str = "Acme") -> list[int]:
    """So many mentions with older tags."""
    with db.transaction() as session:
        return make.heard(session, world, [make.different(n, about) for n in range(number)], at=at)


def ask(scope: Scope = reanalysis.EVERYTHING) -> Run:
    run = Run(datetime.now(UTC), scope)
    retag_state.ask(None, run)
    return run


def checked() -> list[str]:
    with db.reading() as session:
        return rollups.check(session)


def left() -> int:
    with db.reading() as session:
        return reanalysis.reanalysis_left(session)


def test_all_get_new_tags_and_the_rollups_follow(
    world: World, newer: list[list[str]], queued: Callable[[str], int]
) -> None:
    hear(world, 10)
    assert left() == 10
    ask()
    retag.retag()

    assert (left(), count("mentions", NEW)) == (0, 10)
    assert [len(call) for call in newer] == [4, 4, 2]
    assert count("rollups", "sentiment = 'negative' AND mentions = 10") == 1
    assert checked() == []
    assert queued("alert") == 0
    assert retag_state.wanted() is None
    assert count("audit_log", "action IN ('tags.reanalyze', 'tags.reanalyzed')") == 2


def test_a_second_run_finds_nothing_to_do(world: World, newer: list[list[str]]) -> None:
    hear(world, 3)
    for _ in range(2):
        ask()
        retag.retag()
    assert len(newer) == 1


def test_nothing_is_tagged_again_unasked(world: World, newer: list[list[str]]) -> None:
    hear(world, 3)
    retag.retag()
    assert (newer, left()) == ([], 3)


def test_the_newest_come_first(world: World, newer: list[list[str]]) -> None:
    old, recent = hear(world, 2, LONG_AGO), hear(world, 2, RECENT, "Acme now")
    ask()
    retag.retag()
    assert {int(each) for each in newer[0][:4]} == {*old, *recent}  # one bite takes them in the order of ids
    with db.reading() as session:
        place = reanalysis.Place(world.acme, datetime.max.replace(tzinfo=UTC), 2**62)
        versions = reanalysis.Versions("another", "1")
        found = reanalysis.next_outdated(session, Scope(), versions, place, 4)
    assert [one.id for one in found] == [*reversed(recent), *reversed(old)]


def test_only_what_was_asked_for(world: World, newer: list[list[str]]) -> None:
    hear(world, 2, LONG_AGO)
    hear(world, 3, RECENT, "Acme now")
    hear(world, 1, RECENT, "Contoso")
    ask(Scope(RECENT - HOUR, world.acme))
    retag.retag()
    assert (count("mentions", NEW), left()) == (3, 3)


def test_what_people_said_stays(world: World, newer: list[list[str]]) -> None:
    first, *_ = hear(world, 2)
    with db.transaction() as session:
        mentions.correct(session, make.a_user(session), first, "sentiment", "positive", datetime.now(UTC))
    ask()
    retag.retag()
    assert count("mentions", f"{NEW} AND sentiment = 'positive' AND corrected <> '{{}}'") == 1
    assert checked() == []


def test_new_mentions_go_first(world: World, newer: list[list[str]], queued: Callable[[str], int]) -> None:
    hear(world, 3)
    with db.transaction() as session:
        make.say(session, world, "new", "Acme is new here", RECENT)
    ask()
    retag.retag()
    assert newer == []
    assert queued("analyze") >= 1  # it comes back
    analyze.analyze(10)
    retag.retag()
    assert left() == 0


def test_one_process_at_a_time(world: World, newer: list[list[str]]) -> None:
    hear(world, 3)
    ask()
    with reanalysis.turn() as held:
        assert held
        retag.retag()
    assert newer == []


def test_a_text_that_cannot_be_tagged_keeps_its_tags_and_stops_no_other(world: World, newer: list[list[str]]) -> None:
    hear(world, 5)
    hear(world, 1, RECENT, "Acme poison")
    ask()
    retag.retag()
    assert (count("mentions", NEW), left()) == (5, 0)
    assert count("mentions", "model = 'test' AND sentiment = 'neutral' AND counted") == 1
    assert checked() == []
    ask()
    assert left() == 1  # a person who asks anew gives it another chance


def test_what_ended_its_process_comes_in_ever_smaller_groups(world: World, newer: list[list[str]]) -> None:
    ids = hear(world, 4)
    with db.transaction() as session:
        for _ in range(2):
            reanalysis.count_try(session, ids[:1])
    progress = retag.begin(Run(datetime.now(UTC)))
    assert retag.bite(progress) == 4
    assert sorted(map(len, newer)) == [1, 3]
    assert count("mentions", "attempts > 0") == 0


def test_what_somebody_holds_is_taken_in_another_pass(world: World, newer: list[list[str]]) -> None:
    ids = hear(world, 5)
    progress = retag.begin(Run(datetime.now(UTC)))
    with db.transaction() as session:
        mentions.claim_tagged(session, ids[-1:])
        while (done := retag.bite(progress)) not in (None, 0):
            assert done is not None
        assert (progress.done, left()) == (4, 1)
    while retag.bite(progress) is not None:
        continue
    assert left() == 0


def test_a_model_that_signs_otherwise_than_expected_ends_the_run(
    world: World, newer: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(world, 2)
    monkeypatch.setattr(Loaded, "version", "8.8.8")
    with pytest.raises(RuntimeError, match=r"8\.8\.8"):
        retag.bite(retag.begin(Run(datetime.now(UTC))))
    assert count("mentions", "model = 'test'") == 2


def test_it_stops_when_told(world: World, newer: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    hear(world, 10)
    ask()
    bite = retag.bite

    def and_stop(progress: retag.Progress) -> int | None:
        assert retag_state.stop(None, datetime.now(UTC))
        return bite(progress)

    monkeypatch.setattr(retag, "bite", and_stop)
    retag.retag()
    assert left() == 6
    assert not retag_state.stop(None, datetime.now(UTC))
    assert count("audit_log", "action = 'tags.reanalyze_stop'") == 1


def test_the_queue_that_is_away_changes_nothing(
    world: World, newer: list[list[str]], settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    hear(world, 2)
    progress = retag.begin(Run(datetime.now(UTC)))
    settings(redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(retag_state.StateUnknown):
        retag.bite(progress)
    with pytest.raises(retag_state.StateUnknown):
        ask()
    retag.retag()
    assert "does not answer" in caplog.text
    assert (count("mentions", NEW), count("audit_log")) == (0, 0)
    assert retag_state.comparable_since(world.acme) is None


def test_companies_whose_recent_labels_changed_are_noted(world: World, newer: list[list[str]]) -> None:
    hear(world, 1)
    hear(world, 1, LONG_AGO, "Contoso")
    ask()
    retag.retag()
    since = retag_state.comparable_since(world.acme)
    assert since is not None
    assert timedelta() < since - datetime.now(UTC) <= HOUR
    assert retag_state.comparable_since(world.contoso) is None


def test_the_state_knows_its_scope() -> None:
    run = Run(datetime.now(UTC), Scope(RECENT, 3))
    retag_state._ask(lambda client: client.set("outspoken:retag", retag_state._document(run)))
    assert retag_state.wanted() == run
    assert not retag_state.finish(Run(RECENT))
    assert retag_state.finish(run)


def test_it_raises_no_alert_that_the_same_labels_would_raise_otherwise(
    world: World, newer: list[list[str]], redis_url: str
) -> None:
    for hours in range(0, 24, 3):
        hear(world, 3, RECENT - hours * HOUR, f"Acme {hours}")
    hear(world, 40, RECENT - timedelta(days=10))
    ask(Scope(RECENT - timedelta(days=2)))
    retag.retag()
    assert count("mentions", "sentiment = 'negative'") == 24

    detect_alerts(world.acme)
    assert count("incidents") == 0

    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()  # what was noted is gone
    detect_alerts(world.acme)
    assert count("incidents", "kind = 'negative_share'") == 1
