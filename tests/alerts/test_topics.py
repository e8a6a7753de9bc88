"""New topics: found where something is new and several people say it, and not where talk is as ever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from alerts.topics import Stories, Talk, emerging, finding

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DAY = 86_400.0
WIDTH = 32


def _talk(days: float, n: int, seed: int = 1, ends: float = 0.0) -> Stories:
    """Ordinary talk about eight things, evenly over the days before now, by forty people."""
    rng = np.random.default_rng(seed)
    subjects = np.random.default_rng(0).normal(size=(8, WIDTH))
    vectors = subjects[rng.integers(0, 8, n)] + 0.7 * rng.normal(size=(n, WIDTH)) + 2.0
    at = NOW.timestamp() - DAY * rng.uniform(ends, days, n)
    return Stories(vectors.astype(np.float32), at, [f"person {number}" for number in rng.integers(0, 40, n)])


def _burst(people: int, stories: int, days: float = 1.0, seed: int = 2) -> Stories:
    """Talk about one other thing."""
    rng = np.random.default_rng(seed)
    subject = np.random.default_rng(99).normal(size=WIDTH)
    vectors = subject + 0.3 * rng.normal(size=(stories, WIDTH)) + 2.0
    at = NOW.timestamp() - DAY * rng.uniform(0, days, stories)
    return Stories(vectors.astype(np.float32), at, [f"other {number % people}" for number in range(stories)])


def _both(one: Stories, other: Stories) -> Stories:
    return Stories(
        np.concatenate((one.vectors, other.vectors)), np.concatenate((one.at, other.at)), [*one.authors, *other.authors]
    )


def test_what_is_new_is_found_with_its_stories_and_arithmetic() -> None:
    usual = _talk(31, 500)
    (found,) = emerging(_both(usual, _burst(10, 12)), NOW)
    assert found.rows == tuple(range(500, 512))
    assert found.authors == 10
    assert found.evidence > found.bar
    assert found.needed <= 10


@pytest.mark.parametrize("seed", range(6))
def test_talk_as_ever_is_not_new(seed: int) -> None:
    assert emerging(_talk(31, 500, seed), NOW) == ()


def test_one_loud_person_is_no_topic() -> None:
    assert emerging(_both(_talk(31, 500), _burst(1, 30)), NOW) == ()
    assert emerging(_both(_talk(31, 500), _burst(4, 30)), NOW) == ()


def test_what_was_there_last_week_is_not_new() -> None:
    earlier = _burst(12, 24, seed=3)
    earlier = replace(earlier, at=earlier.at - 6 * DAY)
    assert emerging(_both(_both(_talk(31, 500), earlier), _burst(12, 12)), NOW) == ()


def test_more_talk_about_everything_is_no_topic() -> None:
    assert emerging(_both(_talk(31, 300), _talk(2, 300, seed=7)), NOW) == ()


def test_little_history_says_nothing() -> None:
    assert emerging(_both(_talk(31, 90), _burst(10, 12)), NOW) == ()
    with pytest.raises(ValueError, match="aware"):
        emerging(_talk(31, 200), NOW.replace(tzinfo=None))


def test_vectors_that_are_all_alike_are_no_fault() -> None:
    same = np.ones((300, WIDTH), dtype=np.float32)
    at = NOW.timestamp() - DAY * np.linspace(0, 30, 300)
    assert emerging(Stories(same, at, ["one"] * 300), NOW) == ()


def test_the_finding_tells_people_and_why() -> None:
    (found,) = emerging(_both(_talk(31, 500), _burst(10, 12)), NOW)
    talk = Talk(1, "employer", "layoffs, severance", NOW - timedelta(hours=20), 12, 30, 10, 25, 28)
    told = finding(found, talk, NOW)
    assert (told.kind, told.facet, told.subject, told.observed) == ("new_theme", "employer", "layoffs, severance", 10.0)
    assert told.expected_high == found.needed
    assert "half" not in told.severity_reason
    assert "89 % of 28 judged mentions negative" in told.severity_reason
    assert "were to be expected" in told.notes[0]
