from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.detect import detect
from alerts.rules import NEGATIVE, POSITIVE, VOLUME, HourCount
from tests.alerts.streams import HOUR, START, WEEK, counted, end_of, hours, series

CALM = hours(4 * WEEK)


def burst(stories: int, negative: int = 0, unsure: int = 0) -> tuple[HourCount, ...]:
    """Four calm weeks and a running hour that is not calm."""
    return (*CALM, counted(len(CALM), stories, negative, unsure))


def test_a_calm_company_raises_nothing() -> None:
    assert detect(series(CALM), end_of(CALM)) == ()


def test_a_burst_in_the_running_hour_is_found_before_it_ends() -> None:
    counts = burst(30)
    (finding,) = detect(series(counts), counts[-1].hour + timedelta(minutes=5))
    assert (finding.kind, finding.observed, finding.at, finding.window) == (VOLUME, 30.0, counts[-1].hour, HOUR)
    assert finding.expected_low < 2 < finding.expected_high <= 30
    assert not finding.short_history


def test_a_burst_in_the_last_full_hour_is_found_too() -> None:
    counts = (*burst(30), counted(len(CALM) + 1, 1))
    (finding,) = detect(series(counts), counts[-1].hour + timedelta(minutes=1))
    assert finding.at == counts[-2].hour


def test_three_hours_ring_where_no_single_hour_stands_out() -> None:
    sparse = hours(4 * WEEK, lambda index: int(index % 3 == 0))
    counts = (*sparse, *(counted(len(sparse) + hour, 4, unsure=hour) for hour in range(3)))
    (finding,) = detect(series(counts), end_of(counts))
    assert (finding.at, finding.window, finding.observed) == (counts[-3].hour, 3 * HOUR, 12)
    assert 1 < finding.expected_high <= 12
    assert any("these 3 hours is unsure" in note for note in finding.notes)
    assert any("upper bound" in note for note in finding.notes)
    assert detect(series(counts, authors=2), end_of(counts)) == ()


def late(hours_ago: int) -> tuple[HourCount, ...]:
    """A burst so many hours before the running one."""
    return (*burst(30), *(counted(len(CALM) + hour, 2) for hour in range(1, hours_ago + 1)))


@pytest.mark.parametrize(("hours_ago", "found"), [(2, 1), (3, 1), (4, 0)])
def test_a_burst_that_comes_in_late_is_found_for_a_while(hours_ago: int, found: int) -> None:
    findings = detect(series(late(hours_ago)), end_of(late(hours_ago)))
    assert len(findings) == found
    assert all("came in late" in finding.notes[0] and finding.authors == 30 for finding in findings)


def test_a_late_burst_says_nothing_about_a_protected_slice() -> None:
    assert detect(series(late(2), audience="employee"), end_of(late(2))) == ()


def test_the_further_out_of_both_hours_speaks() -> None:
    counts = (*burst(30), counted(len(CALM) + 1, 60))
    (finding,) = detect(series(counts), end_of(counts))
    assert finding.observed == 60
    assert finding.figures["hours_in_a_row"] == 2


def test_sensitivity_moves_the_bar() -> None:
    counts = burst(11)
    found = {level: len(detect(series(counts), end_of(counts), level)) for level in ("sensitive", "balanced", "strict")}
    assert found == {"sensitive": 1, "balanced": 1, "strict": 0}


def test_the_floor_holds_where_normal_is_nothing() -> None:
    counts = (*hours(4 * WEEK, lambda _: 0), counted(4 * WEEK, 4))
    assert detect(series(counts), end_of(counts)) == ()
    assert detect(series(counts), end_of(counts), floor=4)[0].expected_high == 4.0


def test_a_series_that_bursts_every_day_asks_for_more_than_its_usual_burst() -> None:
    daily = hours(4 * WEEK, lambda index: 30 if index % 24 == (5 * (index // 24)) % 24 else 3)
    usual, unusual = (*daily, counted(4 * WEEK, 35)), (*daily, counted(4 * WEEK, 300))
    assert detect(series(usual), end_of(usual)) == ()
    assert len(detect(series(unusual), end_of(unusual))) == 1


def test_two_people_are_no_story() -> None:
    assert detect(series(burst(30), authors_hour=2), end_of(burst(30))) == ()


@pytest.mark.parametrize("audience", ["employee", "alumnus", "staff"])
def test_small_protected_groups_raise_nothing(audience: str) -> None:
    counts = burst(40, negative=35)
    assert detect(series(counts, audience=audience, authors=4, authors_hour=4), end_of(counts)) == ()
    assert len(detect(series(counts, audience=audience, authors=5, authors_hour=5), end_of(counts))) == 2


def test_low_coverage_pauses_both_detectors() -> None:
    counts = burst(60, negative=50)
    assert detect(series(counts, coverage=0.89), end_of(counts)) == ()
    assert len(detect(series(counts, coverage=0.9), end_of(counts))) == 2


def test_unknown_coverage_is_told() -> None:
    (finding,) = detect(series(burst(30), coverage=None), end_of(burst(30)))
    assert any("nobody knows how complete" in note for note in finding.notes)


def test_less_than_a_day_of_history_gives_no_verdict() -> None:
    counts = (*hours(23), counted(23, 100))
    assert detect(series(counts), end_of(counts)) == ()


def test_hours_before_the_first_collection_are_no_history() -> None:
    counts = (*hours(4 * WEEK, lambda _: 0), counted(4 * WEEK, 40))
    watched = series(counts, since=counts[-12].hour)
    assert detect(watched, end_of(counts)) == ()


def test_short_history_is_told() -> None:
    counts = (*hours(5 * 24), counted(5 * 24, 40))
    (finding,) = detect(series(counts), end_of(counts))
    assert finding.short_history
    assert "Short history" in finding.notes[0]


def test_a_rising_negative_share_is_found_and_its_unsure_mentions_are_told() -> None:
    past = tuple(counted(index, 4, negative=1) for index in range(4 * WEEK))
    counts = (*past, counted(4 * WEEK, 4), *(counted(4 * WEEK + hour, 5, 4, 1) for hour in range(1, 7)))
    (finding,) = [found for found in detect(series(counts), end_of(counts)) if found.kind == NEGATIVE]
    assert finding.observed == pytest.approx(1.0)
    assert (finding.n, finding.window, finding.at) == (24, 6 * HOUR, counts[-6].hour)
    assert 0.25 < finding.figures["baseline_share"] < finding.expected_high < 0.6
    assert any("6 more mentions have an unsure sentiment" in note for note in finding.notes)


def test_few_judged_mentions_give_no_share() -> None:
    past = tuple(counted(index, 4) if index < 3 * WEEK else counted(index, 0) for index in range(4 * WEEK))
    counts = (*past, *(counted(4 * WEEK + hour, 1, 1) for hour in range(19)))
    assert detect(series(counts), end_of(counts)) == ()
    assert len(detect(series((*counts, counted(4 * WEEK + 19, 1, 1))), end_of(counts) + HOUR)) == 1


def test_a_fall_of_the_positive_share_is_found_where_nothing_turns_negative() -> None:
    happy = tuple(HourCount(START + index * HOUR, 6, 6, 4, 2) for index in range(4 * WEEK))
    counts = (*happy, *(HourCount(START + (4 * WEEK + hour) * HOUR, 6, 6, 0, 6) for hour in range(8)))
    (finding,) = detect(series(counts), end_of(counts))
    assert (finding.kind, finding.observed, finding.n) == (POSITIVE, 1.0, 48)
    assert finding.figures["baseline_share"] == pytest.approx(1 / 3, abs=0.01)
    assert "not positive" in finding.notes[0]


@pytest.mark.parametrize(("authors_hour", "authors", "hours_long"), [(4, 4, 0), (4, 5, 25), (5, 5, 2)])
def test_a_protected_slice_is_judged_over_windows_whose_authors_are_known(
    authors_hour: int, authors: int, hours_long: int
) -> None:
    past = tuple(counted(index, 4, negative=1) for index in range(4 * WEEK))
    counts = (*past, counted(4 * WEEK, 20, 20), counted(4 * WEEK + 1, 20, 20))
    slice_ = series(counts, audience="employee", authors=authors, authors_hour=authors_hour)
    found = [finding for finding in detect(slice_, end_of(counts)) if finding.kind == NEGATIVE]
    assert sum(finding.window // HOUR for finding in found) == hours_long


def test_a_usually_negative_company_does_not_alarm_every_hour() -> None:
    counts = tuple(counted(index, 6, negative=4) for index in range(4 * WEEK))
    assert detect(series(counts), end_of(counts)) == ()


def test_a_stale_series_says_nothing_about_now() -> None:
    counts = burst(30)
    assert detect(series(counts), counts[-1].hour + timedelta(hours=3)) == ()


def test_hours_that_lie_ahead_are_left_out() -> None:
    counts = (*CALM, counted(len(CALM), 100))
    assert detect(series(counts), CALM[-1].hour + timedelta(minutes=30)) == ()


def test_empty_series() -> None:
    assert detect(series(()), START) == ()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="balanced"):
        detect(series(CALM), end_of(CALM), "loud")
    with pytest.raises(ValueError, match="aware"):
        detect(series(CALM), datetime(2026, 3, 30))  # noqa: DTZ001 - the mistake under test


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=80), st.integers(0, 60))
def test_more_stories_never_silence_an_alarm(past: list[int], last: int) -> None:
    def spikes(stories: int) -> int:
        counts = tuple(counted(index, count) for index, count in enumerate([*past, stories]))
        return sum(finding.kind == VOLUME for finding in detect(series(counts), end_of(counts)))

    assert spikes(last) <= spikes(last + 20)
