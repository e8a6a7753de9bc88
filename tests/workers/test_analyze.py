"""Analysis: groups by attempts, one bad text costs no other its tags, and nothing is counted twice."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from nlp.shipped import WeightsError
from storage import db, mentions, profile, rollups
from storage.mentions import PendingMention
from tests import factories as make
from tests.factories import NOW, World
from tests.workers.conftest import count
from workers import analyze as jobs
from workers.analyze import analyze, analyze_mentions, analyze_pending, groups, rematch_posts
from workers.app import job

_WAITING = PendingMention(1, 1, "Acme", (), "text", None, "feed", "post", {}, None, False, 0)


def _say(world: World, *texts: str) -> tuple[int, ...]:
    ids: list[int] = []
    with db.transaction() as session:
        for text in texts:
            ids += make.say(session, world, f"post {len(ids)} {text}", f"Acme {text}").mention_ids_pending
    return tuple(ids)


def _tried(times: int) -> None:
    with db.transaction() as session:
        ids = [mention.id for mention in mentions.claim_pending(session, 1000)]
        for _ in range(times):
            mentions.count_attempt(session, ids)


def test_what_was_tried_before_comes_in_smaller_groups() -> None:
    waiting = [replace(_WAITING, id=at, attempts=attempts) for at, attempts in enumerate([0] * 50 + [1] * 20 + [2, 4])]

    assert [len(group) for group in groups(waiting)] == [50, 16, 4, 1, 1]
    assert list(groups([])) == []


def test_tags_and_rollups_are_saved_together_and_detection_is_asked_for_once(
    world: World, tagger: list[list[str]], queued: Callable[[str], int]
) -> None:
    ids = _say(world, "one fine day", "two queues of people", "three cards lost")

    analyze_mentions(list(ids))
    analyze_mentions(list(ids))

    assert len(tagger) == 1
    assert count("mentions", "analyzed_at IS NOT NULL AND sentiment = 'negative'") == 3
    assert queued("alert") == 1
    with db.reading() as session:
        assert rollups.check(session) == []


def test_one_bad_text_costs_no_other_its_tags(world: World, tagger: list[list[str]]) -> None:
    _say(world, "a", "b", "poison", "d", "e")

    assert analyze(100) == 5

    assert count("mentions", "sentiment = 'negative'") == 4
    assert count("mentions", "evidence ->> 'error' = 'ValueError: poison'") == 1
    assert analyze(100) == 0
    with db.reading() as session:
        assert rollups.check(session) == []


def test_a_text_that_ends_its_process_alone_again_and_again_is_given_up(world: World, tagger: list[list[str]]) -> None:
    _say(world, "a")
    _tried(jobs.GIVE_UP_AFTER)

    assert analyze(100) == 1

    assert tagger == []
    assert count("mentions", "evidence ->> 'error' LIKE 'Tagging ended%' AND NOT counted") == 1


def test_a_try_is_counted_even_when_the_process_dies_in_it(
    world: World, tagger: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _say(world, "a", "b")

    def die(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(jobs, "tag_posts", die)
    with pytest.raises(SystemExit):
        analyze(100)

    assert count("mentions", "attempts = 1 AND analyzed_at IS NULL") == 2


def test_without_a_model_all_waits_and_nothing_is_counted_as_a_try(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def absent() -> None:
        raise WeightsError("There are no weights in nlp/weights.")

    monkeypatch.setattr(jobs, "network_in_force", absent)
    _say(world, "a")

    analyze_pending()

    assert "There are no weights" in caplog.text
    assert count("mentions", "attempts = 0 AND analyzed_at IS NULL") == 1


def test_a_changed_profile_matches_stored_posts_anew(
    world: World, tagger: list[list[str]], queued: Callable[[str], int]
) -> None:
    with db.transaction() as session:
        make.say(session, world, "1", "Globex is here")
        profile.save_profile(
            session, make.PROFILE.replace("Contoso", "Globex"), origin="dashboard", user_id=None, now=NOW
        )
    assert count("mentions") == 0

    rematch_posts()

    assert count("mentions") == 1
    assert queued("analyze") == 1


def test_what_the_source_states_reaches_the_model() -> None:
    mention = replace(
        _WAITING, stated={"author_status": "former employee"}, kind="review", rating=4.6, own_account=True
    )

    given = jobs.tag_input(mention)

    assert given.meta == {"author_status": "former employee", "kind": "review", "stars": "5", "own_account": "yes"}
    assert (given.id, given.target) == ("1", "Acme")


def test_the_real_model_tags(world: World) -> None:
    _say(world, "is a wonderful bank, I love the new app and the friendly service")

    try:
        assert analyze(10) == 1
    except WeightsError as error:
        pytest.skip(str(error))

    assert count("mentions", "sentiment IS NOT NULL AND model IS NOT NULL AND model <> ''") == 1


def test_the_job_survives_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    def lost() -> None:
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection\nmore"))

    job("tests.lost", soft=1, hard=2)(lost)()

    assert "the server closed the connection" in caplog.text
    assert "Traceback" not in caplog.text
