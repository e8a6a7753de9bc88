"""Upkeep finds in the rows what lost jobs left undone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from notify.message import compose_alert
from storage import db, incidents, telling
from tests import factories as make
from tests.factories import World
from tests.workers.conftest import count
from workers.upkeep import every_hour, pick_up, watch_sources


def test_pending_mentions_whose_job_was_lost_are_queued_again(world: World, queued: Callable[[str], int]) -> None:
    with db.transaction() as session:
        make.say(session, world, "1")
    pick_up()

    assert queued("analyze") == 2  # the analysis, and the look for outdated matches


def test_with_nothing_to_do_nothing_is_queued_but_the_look_for_outdated_matches(
    world: World, queued: Callable[[str], int]
) -> None:
    pick_up()

    assert (queued("analyze"), queued("notify"), queued("alert")) == (1, 0, 0)


def test_a_changed_company_file_is_read_and_a_bad_one_is_told_once(
    clean_database: object,
    tmp_path: Path,
    settings: Callable[..., Settings],
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "company.toml"
    settings(company_file=file)
    pick_up()
    file.write_text(make.PROFILE)
    pick_up()
    pick_up()
    assert count("profile_versions") == 1

    file.write_text("[company]\nnmae = 1")
    pick_up()
    pick_up()
    assert count("profile_versions") == 1
    assert caplog.text.count("was not read") == 1


def test_what_has_expired_goes(world: World) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=2000)
    with db.transaction() as session:
        make.say(session, world, "old", at=long_ago, now=long_ago)
        make.say(session, world, "new", at=datetime.now(UTC))
    every_hour()

    assert count("posts") == 1


def test_a_source_that_went_silent_is_told_once_and_when_it_speaks_again(
    world: World, caplog: pytest.LogCaptureFixture, queued: Callable[[str], int]
) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE sources SET next_check_at = now()")
        for hours in range(48, 40 * 24, 8):
            make.say(session, world, f"post {hours}", at=now - timedelta(hours=hours), now=now)
    watch_sources()
    watch_sources()

    assert count("sources", "silent_since IS NOT NULL") == 1
    assert caplog.text.count("went silent") == 1
    assert (count("incidents", "kind = 'source_silence' AND closed_at IS NULL"), queued("notify")) == (1, 1)

    with db.transaction() as session:
        make.say(session, world, "new", at=now, now=now)
    watch_sources()

    assert count("incidents", "closed_at IS NOT NULL") == 1
    assert count("incident_events", "to_tell") == 2


def test_the_mail_about_a_silent_source_names_it_and_quotes_nobody(world: World) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE sources SET next_check_at = now()")
        for hours in range(30, 20 * 24, 6):
            make.say(session, world, f"post {hours}", at=now - timedelta(hours=hours), now=now)
    watch_sources()
    with db.transaction() as session:
        (event,) = incidents.events_to_tell(session)
        found = telling.facts(session, event, now)
    assert found is not None
    facts, recipients = found
    mail = compose_alert(facts)
    assert mail.subject == "Acme: Forum is silent, nothing for 30 hours"
    assert "items a day were usual" in mail.text
    assert (facts.examples, mail.attachments, recipients) == ((), (), ("lead@acme.example",))
