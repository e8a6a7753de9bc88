"""The sequential test: by hand, under chance, and what may never change its verdict."""

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.negative import negative_rise
from alerts.sequential import Confusion, Rise, bar, dispersion, evidence, strongest
from tests.alerts.streams import WEEK, counted, hours, series

PAST = 4 * WEEK
recent_hours = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=24)


def ends(recent: list[tuple[int, int]]) -> Rise | None:
    """Four weeks of five mentions an hour, one of them negative, then hours of (negative, other) mentions."""
    judged = [5] * PAST + [negative + other for negative, other in recent]
    negative = [1] * PAST + [negative for negative, _ in recent]
    return strongest(judged, negative, design=0.1)


def of(rise: Rise | None) -> float:
    assert rise is not None
    return rise.evidence


def test_evidence_by_hand() -> None:
    usual = 20.5 / 101
    ratio = 12 * log(0.6 / usual) + 8 * log(0.4 / (1 - usual))
    assert evidence(20, 12, 100, 20, 0.1, 1.0) == pytest.approx(ratio * 100 / 120)
    assert evidence(20, 12, 100, 20, 0.1, 2.0) == pytest.approx(ratio * 100 / 240)


def test_a_rise_smaller_than_half_of_what_is_worth_an_alarm_never_rings() -> None:
    assert evidence(100_000, 24_000, 400_000, 80_000, 0.1, 1.0) < 0
    assert evidence(100_000, 27_000, 400_000, 80_000, 0.1, 1.0) > 900


def test_no_room_for_a_rise_is_no_evidence() -> None:
    assert evidence(1_000, 1_000, 10_000, 9_500, 0.1, 1.0) == 0


def test_the_start_is_where_the_share_changed() -> None:
    rise = ends([(1, 4)] * 5 + [(4, 1)] * 6)
    assert rise is not None
    assert (rise.start, rise.n, rise.events) == (PAST + 5, 30, 24)
    assert rise.usual == pytest.approx(0.2, abs=0.001)
    assert rise.evidence > rise.bar


def test_the_share_that_is_needed_is_where_the_evidence_meets_the_bar() -> None:
    rise = ends([(4, 1)] * 6)
    assert rise is not None
    at_bar = evidence(rise.n, rise.needed * rise.n, rise.base_n, rise.base_events, rise.design, rise.dispersion)
    assert at_bar == pytest.approx(rise.bar, abs=1e-6)


def test_the_bar_follows_the_mentions_and_the_false_alarms_allowed() -> None:
    assert bar(336) == pytest.approx(0.6 * log(336))
    assert bar(33_600) == 5.3
    assert bar(33_600, weeks=16) == pytest.approx(5.3 + log(4))
    assert bar(0) == 2.0


def test_clumps_widen_and_one_incident_does_not() -> None:
    rng = np.random.default_rng(4)
    judged = np.full(PAST, 10)
    calm = rng.binomial(10, 0.2, PAST)
    clumped = 5 * rng.binomial(2, 0.2, PAST)
    incident = calm.copy()
    incident[200:248] = 8
    assert dispersion(judged, calm) < 1.5
    assert dispersion(judged, incident) < 2.2
    assert dispersion(judged, clumped) > 3
    assert dispersion(judged[:5], calm[:5]) == 2.0


def test_errors_of_the_model_are_taken_out_again() -> None:
    errors = Confusion(0.75, 0.9)
    assert errors.observed(0.2) == pytest.approx(0.23)
    assert errors.corrected(0.23) == pytest.approx(0.2)
    assert (errors.corrected(0.05), errors.corrected(0.8)) == (0.0, 1.0)
    with pytest.raises(ValueError, match="more than 1"):
        Confusion(0.5, 0.5)


def test_a_weak_model_makes_the_smallest_rise_smaller_to_see() -> None:
    counts = tuple(counted(index, 10, 2) for index in range(PAST))
    rising = (*counts, *(counted(PAST + hour, 10, 5) for hour in range(12)))
    found = negative_rise(series(rising), rising, errors=Confusion(0.6, 0.9))
    assert found is not None
    assert found.observed == 0.5
    assert found.figures["corrected_share"] == pytest.approx(0.8)
    assert found.figures["corrected_low"] < 0.8 < found.figures["corrected_high"]
    assert found.figures["low"] < 0.5


def test_an_incident_ends_with_its_mentions() -> None:
    calm = tuple(counted(index, 10, 2) for index in range(PAST))
    bad = tuple(counted(PAST + hour, 10, 7) for hour in range(24))
    after = tuple(counted(PAST + 24 + hour, 10, 2) for hour in range(3))
    assert negative_rise(series(calm), (*calm, *bad)) is not None
    assert negative_rise(series(calm), (*calm, *bad, *after)) is None


def test_planned_hours_are_no_part_of_what_is_usual() -> None:
    judged, negative = [5] * PAST, [4 if index < 2 * WEEK else 1 for index in range(PAST)]
    normal = [index >= 2 * WEEK for index in range(PAST)]
    rise = strongest([*judged, *[5] * 8], [*negative, *[4] * 8], normal=[*normal, *[True] * 8], design=0.1)
    assert rise is not None
    assert rise.usual == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("count", [0, 1, 19, 25])
def test_little_history_gives_no_verdict(count: int) -> None:
    assert strongest([1] * count, [1] * count, design=0.1) is None


def test_false_alarms_of_chance_alone_stay_near_the_stated_rate() -> None:
    rng = np.random.default_rng(11)
    alarms = 0
    for _ in range(6):  # six times four weeks, looked at every third hour
        judged = rng.poisson(4, 2 * PAST)
        negative = rng.binomial(judged, 0.2)
        over = [
            (rise := strongest(judged[end - PAST : end], negative[end - PAST : end], design=0.1)) is not None
            and rise.evidence >= rise.bar
            for end in range(PAST, 2 * PAST, 3)
        ]
        places = np.flatnonzero(over)
        alarms += int(len(places) > 0) + int((np.diff(places) > 2).sum())
    assert 1 <= alarms <= 12


@settings(max_examples=50)
@given(recent_hours, st.integers(0, 23))
def test_more_negatives_never_lower_the_evidence(recent: list[tuple[int, int]], place: int) -> None:
    place %= len(recent)
    negative, other = recent[place]
    before = ends(recent)
    more = ends([*recent[:place], (negative + 1, other), *recent[place + 1 :]])
    assert before is None or of(more) >= before.evidence - 1e-9
    if other:
        turned = ends([*recent[:place], (negative + 1, other - 1), *recent[place + 1 :]])
        assert before is None or of(turned) >= before.evidence - 1e-9


@settings(max_examples=25)
@given(recent_hours, recent_hours)
def test_hours_that_come_later_change_no_verdict(recent: list[tuple[int, int]], later: list[tuple[int, int]]) -> None:
    counts = (
        *hours(PAST, lambda _: 5),
        *(counted(PAST + at, sum(pair), pair[0]) for at, pair in enumerate([*recent, *later])),
    )
    end = PAST + len(recent)
    watched = series(counts)
    assert negative_rise(watched, counts[:end]) == negative_rise(series(counts[:end]), counts[:end])
