"""Sources: due, claimed, finished, failed, silent; and who may change them."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.base import CollectError, Outcome
from config.company import ProfileError
from storage import mentions, profile, rollups, sources
from storage.sources import ClaimedSource
from storage.viewer import NotAllowed, NotFound
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, MARKETING, NOW

MINUTE = timedelta(minutes=1)


def a_source(session: Session) -> int:
    return sources.add_source(session, ADMINISTRATOR, "hackernews", "HN", {}, NOW)


def claimed(session: Session, source_id: int, now: object = NOW) -> ClaimedSource:
    found = sources.claim(session, source_id, now, force=True)  # type: ignore[arg-type]
    assert found is not None
    return found


def row(session: Session, source_id: int) -> sources.SourceRow:
    return next(each for each in sources.list_sources(session, ADMINISTRATOR, NOW) if each.id == source_id)


def test_a_new_source_is_due_and_claimed_once(session: Session) -> None:
    source_id = a_source(session)
    assert sources.due_sources(session, NOW) == [source_id]
    assert sources.claim(session, source_id, NOW) is not None
    assert sources.claim(session, source_id, NOW) is None
    assert sources.due_sources(session, NOW) == []
    assert sources.due_sources(session, NOW + sources.STALE_CLAIM + MINUTE) == [source_id]


def test_a_finished_run_sets_the_next_one(session: Session) -> None:
    source_id = a_source(session)
    run = claimed(session, source_id)
    sources.finish_run(session, run.run_id, Outcome(True, "ok", next_check=timedelta(hours=2)), NOW, requests=3)
    assert sources.claim(session, source_id, NOW + HOUR) is None
    assert sources.due_sources(session, NOW + 2 * HOUR) == [source_id]
    assert (row(session, source_id).state, row(session, source_id).coverage_24h) == ("ok", 1.0)
    assert sources.runs(session, ADMINISTRATOR, source_id)[0].requests == 3


def test_retry_after_is_obeyed(session: Session) -> None:
    source_id = a_source(session)
    later = NOW + 5 * HOUR
    run = claimed(session, source_id)
    sources.finish_run(session, run.run_id, Outcome(False, "rate_limited", retry_at=later, next_check=MINUTE), NOW)
    assert row(session, source_id).next_check_at == later
    again = claimed(session, source_id)
    sources.fail_run(session, again.run_id, CollectError("rate_limited", "slow down", retry_at=later + HOUR), NOW)
    assert row(session, source_id).next_check_at == later + HOUR


def test_a_platform_that_names_an_early_time_is_believed_some_times(session: Session) -> None:
    source_id = a_source(session)
    soon = CollectError("rate_limited", "slow down", retry_at=NOW + 2 * MINUTE)
    waits = []
    for _ in range(4):
        sources.fail_run(session, claimed(session, source_id).run_id, soon, NOW, chance=lambda: 1.0)
        waits.append((row(session, source_id).next_check_at or NOW) - NOW)
    assert waits[:3] == [2 * MINUTE] * 3
    assert waits[3] > HOUR


def test_failures_wait_longer_each_time_a_day_at_most(session: Session) -> None:
    source_id = a_source(session)
    waits = []
    for _ in range(15):
        down = CollectError("unreachable", "down")
        sources.fail_run(session, claimed(session, source_id).run_id, down, NOW, chance=lambda: 1.0)
        waits.append((row(session, source_id).next_check_at or NOW) - NOW)
    assert waits == sorted(waits)
    assert waits[0] < HOUR
    assert waits[-1] == DAY
    assert (row(session, source_id).state, row(session, source_id).error_count) == ("error", 15)


def test_a_permanent_error_waits_for_a_person(session: Session) -> None:
    source_id = a_source(session)
    error = CollectError("unauthorized", "the key was revoked", permanent=True)
    sources.fail_run(session, claimed(session, source_id).run_id, error, NOW)
    assert sources.due_sources(session, NOW + 400 * DAY) == []
    sources.run_now(session, ADMINISTRATOR, source_id, NOW)
    assert sources.due_sources(session, NOW) == [source_id]


def test_a_run_that_was_taken_over_cannot_give_the_claim_back(session: Session) -> None:
    source_id = a_source(session)
    old = claimed(session, source_id)
    late = NOW + sources.STALE_CLAIM + MINUTE
    claimed(session, source_id, late)
    sources.finish_run(session, old.run_id, Outcome(True, "ok"), late)
    assert sources.claim(session, source_id, late, force=True) is None


def test_a_paused_source_is_not_due(session: Session) -> None:
    source_id = a_source(session)
    sources.set_enabled(session, ADMINISTRATOR, source_id, False, NOW)
    assert sources.due_sources(session, NOW) == []
    assert row(session, source_id).state == "paused"
    sources.set_enabled(session, ADMINISTRATOR, source_id, True, NOW)
    assert sources.due_sources(session, NOW) == [source_id]


def test_only_administrators_change_sources_and_see_options(session: Session) -> None:
    options = {"url": "https://news.example/feed?key=secret"}
    source_id = sources.add_source(session, ADMINISTRATOR, "feed", "News", options, NOW)
    with pytest.raises(NotAllowed):
        sources.set_enabled(session, MARKETING, source_id, False, NOW)
    with pytest.raises(NotAllowed):
        sources.list_sources(session, make.ADVOCATE, NOW)
    (seen,) = sources.list_sources(session, MARKETING, NOW)
    assert seen.options == {}
    assert row(session, source_id).options["url"] == options["url"]


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [("carrier pigeon", "P", {}), ("feed", "F", {}), ("hackernews", " ", {}), ("hackernews", "HN", {"nonsense": 1})],
)
def test_what_is_wrong_with_a_source_is_said(session: Session, kind: str, name: str, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sources.add_source(session, ADMINISTRATOR, kind, name, dict(options), NOW)


def test_a_name_is_given_once(session: Session) -> None:
    a_source(session)
    with pytest.raises(ValueError, match="already"):
        a_source(session)
    with pytest.raises(NotFound):
        sources.delete_source(session, ADMINISTRATOR, 10**6)


def test_a_source_keeps_its_name_when_another_one_has_the_new_one(session: Session) -> None:
    a_source(session)
    other = sources.add_source(session, ADMINISTRATOR, "hackernews", "Other", {}, NOW)
    with pytest.raises(sources.NameTakenError, match="name: there already is"):
        sources.update_source(session, ADMINISTRATOR, other, NOW, name="HN")
    assert sources.source_row(session, ADMINISTRATOR, other, NOW).name == "Other"
    sources.update_source(session, ADMINISTRATOR, other, NOW, name="Other", keep_days=30)
    assert sources.source_row(session, ADMINISTRATOR, other, NOW).keep_days == 30


def test_one_source_reads_as_it_does_among_all(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, {"1": "Acme is heard"})
    make.heard(session, world, {"2": "Acme is heard of again"}, source_id=world.news)
    rows = sources.list_sources(session, ADMINISTRATOR, NOW)
    assert any(row.items_7d for row in rows)
    assert [sources.source_row(session, ADMINISTRATOR, row.id, NOW) for row in rows] == list(rows)
    assert sources.list_sources(session, ADMINISTRATOR, NOW, ids=()) == ()
    with pytest.raises(NotFound):
        sources.source_row(session, ADMINISTRATOR, 10**6, NOW)


def test_a_source_is_found_by_number_name_or_kind(session: Session) -> None:
    source_id = a_source(session)
    assert {sources.find_source(session, word) for word in (str(source_id), "HN", "hackernews")} == {source_id}
    assert sources.find_source(session, "9" * 30) is None


def test_deleting_a_source_takes_its_counts_along(session: Session) -> None:
    world = make.set_up(session)
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.heard(session, world, {"1": words})
    make.heard(session, world, {"1": words}, source_id=world.news)
    sources.delete_source(session, ADMINISTRATOR, world.forum)
    total = rollups.totals(session, MARKETING, None, NOW - DAY, NOW + DAY)
    assert (total.mentions, total.stories) == (1, 1)
    assert rollups.check(session) == []


def test_a_source_that_stops_speaking_is_silent_until_it_speaks_again(session: Session) -> None:
    world = make.set_up(session)
    source_id = a_source(session)
    for day in range(10):
        posts = [make.a_post(f"{day}-{n}", "Acme", NOW - (12 - day) * DAY + n * HOUR) for n in range(3)]
        mentions.add_new(session, source_id, posts, world.matcher, NOW)
    (gone,) = sources.mark_silent(session, NOW)
    assert (gone.id, gone.name, gone.quiet) == (source_id, "HN", 3 * DAY - 2 * HOUR)
    assert sources.silent_sources(session, NOW) == [gone]
    assert sources.mark_silent(session, NOW) == []
    sources.finish_run(session, claimed(session, source_id).run_id, Outcome(True, "ok"), NOW)
    assert row(session, source_id).state == "silent"
    mentions.add_new(session, source_id, [make.a_post("new", "Acme", NOW)], world.matcher, NOW)
    sources.mark_silent(session, NOW)
    assert row(session, source_id).silent_since is None


def test_a_source_that_worked_and_lost_its_key_is_silent_until_it_works_again(session: Session) -> None:
    make.set_up(session)
    source_id = a_source(session)
    refused = CollectError("unauthorized", "The key is not accepted.", permanent=True)
    sources.fail_run(session, claimed(session, source_id).run_id, refused, NOW)
    assert sources.mark_silent(session, NOW) == []  # it never worked: whoever set it up sees that
    sources.run_now(session, ADMINISTRATOR, source_id, NOW)
    sources.finish_run(session, claimed(session, source_id).run_id, Outcome(True, "ok"), NOW)
    later = NOW + DAY
    run = sources.claim(session, source_id, later)
    assert run is not None
    sources.fail_run(session, run.run_id, refused, later)
    (gone,) = sources.mark_silent(session, later)
    assert "The key is not accepted." in gone.reason
    sources.run_now(session, ADMINISTRATOR, source_id, later)
    sources.mark_silent(session, later)
    assert row(session, source_id).silent_since is None


def test_a_paused_source_is_not_missed(session: Session) -> None:
    make.set_up(session)
    source_id = a_source(session)
    session.execute(text("UPDATE sources SET silent_since = now() WHERE kind = 'hackernews'"))
    sources.set_enabled(session, ADMINISTRATOR, source_id, False, NOW)
    session.expire_all()
    assert (row(session, source_id).silent_since, sources.silent_sources(session, NOW)) == (None, [])


def test_what_an_import_could_not_take_is_kept(session: Session) -> None:
    world = make.set_up(session)
    sources.add_import_problems(session, world.forum, [sources.Problem(7, "date", "no date")])
    assert sources.import_problems(session, ADMINISTRATOR, world.forum) == (sources.Problem(7, "date", "no date"),)


PROFILE = make.PROFILE + '\n[[sources]]\nkind = "hackernews"\nname = "HN"\n'


def test_sources_of_the_profile_follow_it(session: Session) -> None:
    make.set_up(session, toml=PROFILE)
    assert row(session, sources.find_source(session, "HN") or 0).origin == "profile"
    profile.save_profile(session, make.PROFILE, origin="file", user_id=None, now=NOW)
    assert row(session, sources.find_source(session, "HN") or 0).state == "paused"
    profile.save_profile(session, PROFILE, origin="file", user_id=None, now=NOW)
    assert row(session, sources.find_source(session, "HN") or 0).enabled


def test_a_profile_with_a_wrong_source_changes_nothing(session: Session) -> None:
    make.set_up(session)
    with pytest.raises(ProfileError, match=r"sources\[0\]"):
        profile.save_profile(
            session, PROFILE.replace('"HN"', '"HN"\nnonsense = 1'), origin="file", user_id=None, now=NOW
        )
    assert session.scalar(text("SELECT count(*) FROM profile_versions")) == 1


def test_a_rival_that_is_no_longer_named_keeps_its_mentions(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, ["Contoso is loud"])
    profile.save_profile(session, '[company]\nname = "Acme"\n', origin="file", user_id=None, now=NOW)
    mentions.rematch(session, profile.matcher(session), NOW)
    assert [company.key for company in profile.companies(session)] == ["acme"]
    assert session.scalar(text("SELECT count(*) FROM mentions")) == 1


def test_a_file_is_read_when_it_changes(session: Session, tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "company.toml"
    assert profile.load_file(session, path, NOW) is None
    path.write_text(make.PROFILE, encoding="utf-8-sig")
    first = profile.load_file(session, path, NOW)
    assert first is not None
    assert first.profile.company.name == "Acme"
    assert profile.load_file(session, path, NOW) is None
    profile.save_profile(session, '[company]\nname = "Other"\n', origin="dashboard", user_id=None, now=NOW)
    assert profile.load_file(session, path, NOW) is None
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfileError, match="UTF-8"):
        profile.load_file(session, path, NOW)


def test_the_file_of_a_survey_goes_into_the_survey_of_that_name(session: Session) -> None:
    world = make.set_up(session)
    pulse = sources.add_source(session, ADMINISTRATOR, "survey", "Pulse", {}, NOW)
    assert sources.import_source(session, "Pulse", NOW, survey=True, about="own") == pulse
    other = sources.import_source(session, "Exit talks", NOW, survey=True, about="own")
    assert other not in (pulse, world.forum)
    assert sources.import_source(session, "Forum", NOW, survey=False, about="text") == world.forum
