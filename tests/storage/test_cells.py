"""Rollups always equal the mentions, whatever happens in whatever order."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import mentions, profile, rollups, sources
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import NOW, World

IDS = st.sampled_from(["a", "b", "c", "d", "e", "f", "g"])
TEXTS = st.sampled_from(
    [
        "Acme has a new product and the queue is long",
        "Acme has a new product and the queue is very long",
        "Contoso and Acme both raise prices again this year",
        "nothing to see here at all today",
        "Contoso only, and a rather quiet day it was",
        "",
    ]
)
LABELS = st.tuples(
    st.sampled_from(["positive", "negative", "unsure"]),
    st.sampled_from(["consumer", "employee"]),
    st.sampled_from(["brand", "employer", "both"]),
)
THEMES = st.sampled_from([(), ("pay",), ("pay", "price")])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), IDS, TEXTS, st.booleans(), st.sampled_from([0, 1, 3, 40])),
        st.tuples(st.just("answer"), IDS, TEXTS),
        st.tuples(st.just("batch"), st.lists(st.tuples(IDS, TEXTS), max_size=9)),
        st.tuples(st.just("analyse"), LABELS, THEMES, st.booleans(), st.integers(1, 5)),
        st.tuples(st.just("again"), LABELS, THEMES, st.booleans()),
        st.tuples(st.just("delete"), IDS),
        st.tuples(st.just("correct"), st.integers(0, 5), LABELS),
        st.tuples(st.just("fail"), st.integers(0, 5)),
        st.tuples(st.just("profile"), st.booleans()),
    ),
    max_size=14,
)
OTHER_PROFILE = make.PROFILE.replace('name = "Acme"', 'name = "Acme"\nexcluded = ["queue"]')


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_rollups_equal_the_mentions(session: Session, steps: list[tuple[object, ...]]) -> None:
    outer = session.begin_nested()
    world = make.set_up(session)
    for number, step in enumerate(steps):
        _do(session, world, step, number)
        assert rollups.check(session) == []
    _assert_one_first_per_story(session)
    sources.delete_source(session, SYSTEM, world.forum)
    assert rollups.check(session) == []
    outer.rollback()


def _do(session: Session, world: World, step: tuple[object, ...], number: int) -> None:
    now = NOW + timedelta(minutes=number)
    matcher = profile.matcher(session)
    match step:
        case ("add", str(native), str(words), bool(own), int(hours)):
            post = make.a_post(native, words, NOW - timedelta(hours=hours), own_account=own)
            mentions.add_new(session, world.forum, [post], matcher, now)
        case ("answer", str(native), str(words)):
            post = make.a_post(native, words, NOW.replace(day=1, hour=0, minute=0), kind="survey", author_key=None)
            mentions.add_new(session, world.forum, [post], matcher, now)
        case ("batch", list(pairs)):
            posts = [make.a_post(native, words) for native, words in pairs]
            mentions.add_new(session, world.news, posts, matcher, now)
        case ("analyse", (sentiment, audience, facet), tuple(themes), bool(protected), int(limit)):
            waiting = mentions.claim_pending(session, limit)
            _save(session, waiting, (sentiment, audience, facet), themes, protected)
        case ("again", (sentiment, audience, facet), tuple(themes), bool(protected)):
            session.execute(text("UPDATE mentions SET analyzed_at = NULL"))
            _save(session, mentions.claim_pending(session, 100), (sentiment, audience, facet), themes, protected)
        case ("delete", str(native)):
            mentions.mark_deleted(session, world.forum, [native], now)
            mentions.mark_deleted(session, world.news, [native], now)
        case ("correct", int(place), (sentiment, audience, facet)):
            labels = {"sentiment": str(sentiment), "facet": str(facet), "audience": str(audience)}
            _correct(session, _visible(session)[place : place + 1], labels)
        case ("fail", int(place)):
            mentions.mark_failed(session, _visible(session)[place : place + 1], "no", now)
        case ("profile", bool(other)):
            toml = OTHER_PROFILE if other else make.PROFILE
            profile.save_profile(session, toml, origin="file", user_id=None, now=now)
            mentions.rematch(session, profile.matcher(session), now)


def _save(
    session: Session,
    waiting: list[mentions.PendingMention],
    labels: tuple[object, object, object],
    themes: tuple[object, ...],
    protected: bool,
) -> None:
    results = [
        make.analyzed(each.id, each.text, make.tags(each.id, *map(str, labels), themes=themes), protected=protected)
        for each in waiting
    ]
    mentions.save_analysis(session, results, NOW)


def _correct(session: Session, mention_ids: list[int], labels: dict[str, str]) -> None:
    for mention_id in mention_ids:
        for head, label in labels.items():
            mentions.correct(session, SYSTEM, mention_id, head, label, NOW)


def _visible(session: Session) -> list[int]:
    query = "SELECT id FROM mentions WHERE analyzed_at IS NOT NULL AND NOT protected ORDER BY id"
    return list(session.scalars(text(query)))


def _assert_one_first_per_story(session: Session) -> None:
    """Stories that somebody else than the company tells have exactly one first, and no story is deserted."""
    wrong = session.execute(
        text(
            "SELECT s.id FROM stories s WHERE (s.first_mention_id IS NOT NULL) <> EXISTS (SELECT 1 FROM mentions m "
            "WHERE m.story_id = s.id AND m.counted AND NOT m.own_account) "
            "OR NOT EXISTS (SELECT 1 FROM mentions m WHERE m.story_id = s.id)"
        )
    ).all()
    assert wrong == []


def test_copies_count_as_one_story(session: Session) -> None:
    world = make.set_up(session)
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.heard(session, world, {"a": words, "b": f"RT @user: {words}", "c": make.different(1)})
    total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - make.DAY, NOW + make.DAY)
    assert (total.mentions, total.stories) == (3, 2)


def test_the_next_copy_speaks_when_the_first_is_deleted(session: Session) -> None:
    world = make.set_up(session)
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.heard(session, world, {"a": words, "b": words, "c": words})
    for gone, left in (("a", 2), ("b", 1)):
        mentions.mark_deleted(session, world.forum, [gone], NOW)
        total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - make.DAY, NOW + make.DAY)
        assert (total.mentions, total.stories) == (left, 1)
    mentions.mark_deleted(session, world.forum, ["c"], NOW)
    assert session.scalar(text("SELECT count(*) FROM stories")) == 0
    assert session.scalar(text("SELECT count(*) FROM rollups")) == 0


def test_copies_more_than_two_weeks_apart_are_two_stories(session: Session) -> None:
    world = make.set_up(session)
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.heard(session, world, {"a": words}, at=NOW - timedelta(days=20))
    make.heard(session, world, {"b": words})
    total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - timedelta(days=30), NOW + make.DAY)
    assert (total.mentions, total.stories) == (2, 2)


def test_own_posts_stand_apart(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, [make.different(1)], own_account=True)
    total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - make.DAY, NOW + make.DAY)
    assert (total.mentions, total.stories, total.owned) == (0, 0, 1)


def test_protected_mentions_are_in_no_count(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, [make.different(1)], protected=True)
    total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - make.DAY, NOW + make.DAY)
    assert (total.mentions, total.stories) == (0, 0)


def test_check_names_the_wrong_cell(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, [make.different(1)])
    session.execute(text("UPDATE rollups SET mentions = 7"))
    session.execute(text("DELETE FROM rollup_days"))
    hour, day = rollups.check(session)
    assert "1, 1, 0 but 7, 1, 0 are kept" in hour
    assert "7, 1, 0 but 0, 0, 0 are kept" in day


def test_what_is_wrong_is_mended_by_counting_anew(session: Session) -> None:
    world = make.set_up(session)
    make.say(session, world, "a")
    make.judge(session, themes=("pay",))
    before = session.execute(text("TABLE rollup_themes")).all()
    session.execute(text("UPDATE rollups SET mentions = 7"))
    session.execute(text("DELETE FROM rollup_days"))
    session.execute(text("INSERT INTO rollup_themes SELECT company_id, day, 'other', source_id, facet, audience, "
                         "sentiment, 1, 1 FROM rollup_themes"))  # fmt: skip
    session.execute(text("UPDATE stories SET first_mention_id = 0"))
    assert len(rollups.check(session)) == 5
    rollups.mend(session)
    assert rollups.check(session) == []
    assert session.execute(text("TABLE rollup_themes")).all() == before


def test_people_are_believed_over_the_model(session: Session) -> None:
    world = make.set_up(session)
    (mention_id,) = make.heard(session, world, [make.different(1)], labels=("negative", "consumer", "brand"))
    mentions.correct(session, make.ADMINISTRATOR, mention_id, "sentiment", "positive", NOW)
    session.execute(text("UPDATE mentions SET analyzed_at = NULL"))
    make.judge(session, "negative")
    total = rollups.totals(session, make.ADMINISTRATOR, None, NOW - make.DAY, NOW + make.DAY)
    assert (total.positive, total.negative) == (1, 0)
    detail = mentions.get(session, make.ADMINISTRATOR, mention_id)
    assert [(row.head, row.old, row.new) for row in detail.corrections] == [("sentiment", "negative", "positive")]


@pytest.mark.parametrize(("head", "label"), [("sentiment", "great"), ("mood", "positive"), ("audience", "")])
def test_unknown_corrections_are_refused(session: Session, head: str, label: str) -> None:
    world = make.set_up(session)
    (mention_id,) = make.heard(session, world, [make.different(1)])
    with pytest.raises(ValueError, match=head):
        mentions.correct(session, make.ADMINISTRATOR, mention_id, head, label, NOW)
