"""What leaves when: by sort and setting; what is kept of that is a count."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import ROOT, Settings
from storage import data_catalogue, mentions, removals, retention, rollups
from storage.viewer import SYSTEM, NotAllowed
from tests import factories as make
from tests.factories import HR, NOW, World

OLD = NOW - timedelta(days=100)


@pytest.fixture
def world(session: Session) -> World:
    """Of each sort one post from 100 days ago and one from today."""
    found = make.set_up(session, OLD)
    for name, facet in (("work", "employer"), ("mixed", "both"), ("thing", "brand"), ("union", "employer")):
        for when, age in ((OLD, "old"), (NOW, "new")):
            post = make.a_post(f"{name} {age}", f"Acme {name} {age}", when)
            mentions.add_new(session, found.forum, [post], found.matcher, when)
            make.judge(session, facet=facet, protected=name == "union")
    return found


def left(session: Session, now: datetime = NOW, **days: int) -> set[str]:
    """The posts whose texts are gone, at these settings."""
    usual = {"employer_days": 0, "survey_days": 0, "protected_days": 0}
    while retention.delete_expired(session, now, Settings.model_validate({**usual, **days})):
        pass
    return set(session.scalars(text("SELECT native_id FROM posts WHERE text = ''")))


def test_by_default_only_protected_activity_leaves_sooner(session: Session, world: World) -> None:
    assert left(session) == set()
    assert Settings().employer_days == Settings().survey_days == 0
    assert left(session, protected_days=Settings().protected_days) == {"union old"}
    assert mentions.search(session, HR, mentions.MentionFilter()).hidden == 1


def test_the_employer_side_leaves_with_its_counts(session: Session, world: World) -> None:
    before = rollups.totals(session, SYSTEM, None, OLD - make.DAY, NOW + make.DAY).mentions
    assert left(session, employer_days=90) == {"work old", "mixed old", "union old"}
    after = rollups.totals(session, SYSTEM, None, OLD - make.DAY, NOW + make.DAY).mentions
    assert before is not None
    assert after == before - 2  # protected activity was in no count
    assert rollups.check(session) == []


def test_a_day_leaves_as_a_whole(session: Session, world: World) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    assert left(session, midnight - timedelta(minutes=1), employer_days=100) == set()
    assert "work old" in left(session, midnight, employer_days=100)


def test_answers_to_surveys_leave_after_their_days(session: Session, world: World) -> None:
    session.execute(text("UPDATE posts SET kind = 'survey' WHERE native_id LIKE 'work%'"))
    assert left(session, survey_days=365) == set()
    assert left(session, survey_days=30) == {"work old"}


def test_what_left_does_not_come_back_and_its_trace_ends_too(session: Session, world: World) -> None:
    left(session, employer_days=90)
    again = make.a_post("work old", "Acme work old", OLD)
    assert mentions.add_new(session, world.forum, [again], world.matcher, NOW).mentions_added == 0
    assert left(session, OLD + timedelta(days=731)) == set()
    assert set(session.scalars(text("SELECT native_id FROM posts"))) == {
        "work new", "mixed new", "thing new", "union new"
    }  # fmt: skip


def test_the_record_tells_counts_by_day_and_rule_to_auditors(session: Session, world: World) -> None:
    left(session, employer_days=90)
    left(session, NOW + timedelta(days=91), employer_days=90)
    found = removals.removals(session, SYSTEM, NOW + timedelta(days=91), days=100)
    assert [(row.day, row.rule, row.kept_days, row.removed) for row in found] == [
        ((NOW + timedelta(days=91)).date(), "employer", 90, 3),
        (NOW.date(), "employer", 90, 3),
    ]
    removals.note(session, "employer", 4, 60, NOW + make.HOUR)
    (row,) = removals.removals(session, SYSTEM, NOW, days=1)[-1:]
    assert (row.removed, row.kept_days, row.last_at) == (7, 60, NOW + make.HOUR)
    removals.note(session, "employer", 0, 60, NOW + 5 * make.DAY)
    removals.forget(session, NOW + make.DAY)
    assert len(removals.removals(session, SYSTEM, NOW + timedelta(days=91), days=100)) == 1
    with pytest.raises(NotAllowed):
        removals.removals(session, HR, NOW)


def test_each_rule_that_is_noted_has_words() -> None:
    assert set(retention._NOTED) | set(retention._SORTS) <= set(removals.RULES)


def test_the_page_lists_every_class_of_data_and_the_settings_in_force() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    table = page.partition("## What is kept for how long")[2].partition("\n**")[0]
    for each in data_catalogue.CATALOGUE:
        assert each.name.casefold() in table.casefold()
        for setting in re.findall(r"{(\w+)}", each.kept):
            assert f"`{setting.upper()}`" in table
    told = data_catalogue.retention(Settings(employer_days=180, survey_days=100))
    assert "employer side 180 days, protected activity 90 days" in told["Public posts"]
    assert "100 days" in told["Answers to surveys"]
