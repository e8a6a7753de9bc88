"""The demo's generator: the same for the same seed, varied, and mostly about somebody the profile names."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collectors.demo import generator
from collectors.demo.generator import EVENTS, demo_posts
from collectors.demo.surveys import survey_answers
from collectors.demo.texts import choose, fill, pool
from config.company import load_profile
from config.matching import Matcher
from config.query import parse_query

NOW = datetime(2026, 5, 6, 14, 20, tzinfo=UTC)
TOML = Path(generator.__file__).with_name("company.toml").read_text(encoding="utf-8")


def test_the_same_seed_and_moment_give_the_same_posts() -> None:
    assert demo_posts(NOW) == demo_posts(NOW)
    assert demo_posts(NOW, seed=1) != demo_posts(NOW, seed=2)


def test_there_are_some_thousand_posts_in_order_of_time_and_none_from_the_future() -> None:
    posts = demo_posts(NOW)
    times = [each.post.published_at for each in posts if each.post.published_at]
    assert 3_000 <= len(posts) <= 4_500
    assert times == sorted(times)
    assert NOW - timedelta(days=generator.DAYS + 2) < times[0]
    assert times[-1] < NOW
    assert len({each.post.native_id for each in posts}) == len(posts)


def test_every_source_and_event_has_posts() -> None:
    posts = demo_posts(NOW)
    assert set(Counter(each.source for each in posts)) == {generator.SHORT, generator.FORUM, generator.REVIEWS}
    for event in EVENTS:
        begins = NOW - event.begins
        around = [
            each
            for each in posts
            if each.post.published_at and begins <= each.post.published_at <= begins + timedelta(hours=event.hours)
        ]
        assert len(around) >= event.posts


def test_the_pool_has_no_text_twice_and_every_slot_is_known() -> None:
    texts = [row.text for row in pool()]
    assert len(texts) == len(set(texts))
    rng = random.Random(1)
    for row in pool():
        assert "{" not in fill(rng, row, 0)


def test_the_pool_speaks_for_all_audiences_and_several_languages() -> None:
    assert {row.audience for row in pool()} == {"consumer", "employee", "alumnus", "candidate", "other", "unknown"}
    assert {"en", "de", "fr", "es", "ja", "ar"} <= {row.lang for row in pool()}
    assert choose(random.Random(3), "layoffs", "employee").audience == "employee"


def test_three_months_have_answers_to_every_survey_and_nobody_who_gave_them() -> None:
    answers = survey_answers(NOW)
    asked = Counter((each.published_at, each.stated["survey_type"]) for each in answers)
    assert {at.month for at, _ in asked if at} == {3, 4, 5}
    assert {survey for _, survey in asked} == {"engagement", "exit", "stay", "csat"}
    assert min(asked.values()) >= 5
    assert {each.kind for each in answers} == {"survey"}
    assert all(each.author is None or each.author.handle is None for each in answers)
    assert len({each.native_id for each in answers}) == len(answers)
    first_of_year = survey_answers(datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
    assert {each.published_at.month for each in first_of_year if each.published_at} == {11, 12, 1}


def test_nearly_all_posts_match_the_demo_profile() -> None:
    matcher = Matcher({target.key: parse_query(target.query) for target in load_profile(TOML).targets()})
    found = [bool(matcher.match(each.post.text)) for each in demo_posts(NOW)]
    assert sum(found) / len(found) > 0.93
