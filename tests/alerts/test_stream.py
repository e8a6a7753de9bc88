from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.stream import StreamDetector

STEP = timedelta(minutes=5)
DAY = 288


def calm(rows: int) -> list[float]:
    return [float(count) for count in np.random.default_rng(3).poisson(6, rows)]


def alerts(counts: list[float], step: timedelta = STEP, sensitivity: str = "balanced") -> list[int]:
    """The rows that alert."""
    detector = StreamDetector(step, sensitivity)
    return [row for row, count in enumerate(counts) if detector.push(count).alert]


def test_a_calm_stream_stays_quiet() -> None:
    assert alerts(calm(10 * DAY)) == []


def test_a_burst_is_found_within_a_quarter_of_an_hour() -> None:
    counts = calm(5 * DAY)
    counts[1000:1012] = [60.0] * 12
    (row,) = alerts(counts)
    assert 1000 <= row <= 1002


def test_a_burst_that_goes_on_is_told_once_a_day() -> None:
    counts = [*calm(4 * DAY), *([60.0] * (2 * DAY))]
    first, second = alerts(counts)
    assert second - first == DAY


def test_a_daily_burst_becomes_usual() -> None:
    counts = calm(21 * DAY)
    for day in range(21):
        counts[DAY * day + 100 : DAY * day + 106] = [40.0] * 6
    assert all(row < 4 * DAY for row in alerts(counts))


def test_nothing_is_said_in_the_first_day() -> None:
    assert alerts([1.0] * 250 + [500.0] * 30) == []


def test_the_range_is_unknown_without_history_and_holds_the_calm_later() -> None:
    detector = StreamDetector(STEP)
    verdicts = [detector.push(6.0) for _ in range(2 * DAY)]
    assert (verdicts[0].expected_low, verdicts[0].expected_high, verdicts[0].score) == (None, None, 0.0)
    low, high = verdicts[-1].expected_low, verdicts[-1].expected_high
    assert low is not None
    assert high is not None
    assert low < 6.0 < high


@settings(max_examples=5)
@given(st.lists(st.integers(0, 1000).map(float), min_size=300, max_size=400), st.integers(290, 299))
def test_a_verdict_never_depends_on_later_rows(counts: list[float], cut: int) -> None:
    whole, part = StreamDetector(STEP), StreamDetector(STEP)
    seen = [whole.push(count) for count in counts]
    assert [part.push(count) for count in counts[:cut]] == seen[:cut]


@pytest.mark.parametrize("hours", [1, 24])
def test_coarser_steps_work(hours: int) -> None:
    rows = 40 * 24 // hours
    assert alerts([*calm(rows), 500.0, 500.0], timedelta(hours=hours))[0] == rows


def test_sensitivity_orders_the_thresholds() -> None:
    counts = [*calm(5 * DAY), *([17.0] * 12)]
    found = [len(alerts(counts, sensitivity=level)) for level in ("sensitive", "balanced", "strict")]
    assert found == sorted(found, reverse=True)
    assert found[0] == 1


def test_missing_rows_let_the_rest_pass() -> None:
    detector = StreamDetector(STEP)
    for count in calm(4 * DAY):
        detector.push(count)
    assert any(detector.push(90.0).alert for _ in range(3))
    detector.skip(DAY)
    assert any(detector.push(90.0).alert for _ in range(3))


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="between one second and one day"):
        StreamDetector(timedelta(days=2))
    with pytest.raises(ValueError, match="loud"):
        StreamDetector(STEP, "loud")


def daily(days: int, night: float, noon: float) -> list[float]:
    """Quiet nights and busy noons."""
    hours = [night if hour < 12 else noon for hour in range(24)]
    return [float(count) for count in np.random.default_rng(5).poisson(np.tile(np.repeat(hours, 12), days))]


def test_what_is_usual_at_noon_is_a_burst_at_night() -> None:
    counts = daily(8, night=4, noon=40)
    night = 7 * DAY + 60
    assert alerts(counts) == []
    counts[night : night + 12] = [40.0] * 12
    (row,) = alerts(counts)
    assert night <= row < night + 12


def test_a_series_that_is_mostly_silent_needs_no_setting() -> None:
    counts = [float(count) for count in np.random.default_rng(4).poisson(0.1, 8 * DAY)]
    assert alerts(counts) == []
    counts[2000:2006] = [4.0] * 6
    (row,) = alerts(counts)
    assert 2000 <= row < 2006


def test_a_larger_series_is_judged_alike() -> None:
    counts = [1000.0 * count for count in daily(8, night=4, noon=40)]
    assert alerts(counts) == []


@pytest.mark.parametrize("rows", [1, 36, 7 * DAY, 400 * DAY])
def test_missing_rows_ring_no_bell(rows: int) -> None:
    detector = StreamDetector(STEP)
    for count in calm(5 * DAY):
        detector.push(count)
    detector.skip(rows)
    verdicts = [detector.push(count) for count in calm(2 * DAY)]
    assert not any(verdict.alert for verdict in verdicts)
    assert (verdicts[0].expected_high is None) == (rows >= 7 * DAY)
