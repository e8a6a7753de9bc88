"""Figures of quality by hand, and against computations made another way."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from metrics.quality import (
    Check,
    Scale,
    accuracy,
    agreement,
    answered,
    calibration,
    class_figures,
    confusion,
    risk_coverage,
)
from metrics.stats import wilson

MOOD = Scale(("negative", "neutral", "positive"), frozenset({"unsure"}))
VOICE = Scale(
    ("consumer", "employee", "alumnus", "staff", "unknown"),
    frozenset({"unknown"}),
    {"staff": frozenset({"employee", "alumnus"})},
)
LABELS = some.sampled_from(["a", "b", "c"])


def _said(*pairs: str) -> list[Check]:
    """ "negative>positive": the model said negative, a person positive."""
    return [Check(pair.partition(">")[0], pair.partition(">")[2]) for pair in pairs]


SAID = _said(
    "negative>negative", "negative>negative", "negative>neutral", "neutral>neutral", "positive>negative",
    "unsure>negative", "unsure>positive", "positive>positive",
)  # fmt: skip


def test_the_matrix_has_a_row_for_what_people_say_and_a_column_for_what_the_model_says() -> None:
    found = confusion(SAID, MOOD)
    assert found.rows == ("negative", "neutral", "positive")
    assert found.columns == ("negative", "neutral", "positive", "unsure")
    assert found.counts == ((2, 0, 1, 1), (1, 1, 0, 0), (0, 0, 1, 1))
    assert found.n == 8


def test_what_the_model_left_open_is_not_found_and_not_wrong() -> None:
    negative, neutral, positive = class_figures(SAID, MOOD)
    assert (negative.recall.count, negative.recall.n) == (2, 4)
    assert (negative.precision.count, negative.precision.n) == (2, 3)
    assert (neutral.recall.count, neutral.recall.n, neutral.precision.value) == (1, 2, 1.0)
    assert (positive.recall.value, positive.precision.value) == (0.5, 0.5)
    assert len(answered(SAID, MOOD)) == 6
    whole = accuracy(SAID, MOOD)
    assert (whole.value, whole.n, whole.interval) == (4 / 6, 6, wilson(4, 6))


def test_a_broader_label_is_right_for_those_it_holds_and_finds_none_of_them() -> None:
    checks = _said("staff>employee", "staff>alumnus", "staff>consumer", "employee>staff", "unknown>unknown")
    assert accuracy(checks, VOICE).value == 2 / 4
    by_label = {each.label: each for each in class_figures(checks, VOICE)}
    assert (by_label["staff"].precision.count, by_label["staff"].precision.n) == (2, 3)
    assert by_label["employee"].recall.value == 0
    assert by_label["employee"].precision.value == 0  # the text does not tell, so it was guessed
    assert by_label["unknown"].recall.value == 1


def test_without_checks_all_is_unknown_and_nothing_is_zero() -> None:
    assert accuracy([], MOOD).value is None
    assert accuracy([], MOOD, {"brand": 5}).value is None
    assert confusion([], MOOD).counts == ()
    assert all(each.recall.value is None for each in class_figures([], MOOD))
    assert calibration([], ["a"]).error is None
    assert risk_coverage([], ["a"]) == ()
    assert agreement([]).kappa is None


def test_a_part_counts_by_its_size_and_not_by_the_diligence_of_its_readers() -> None:
    brand = [Check("neutral", "neutral", stratum="brand")] * 8 + [Check("neutral", "negative", stratum="brand")] * 2
    employer = [Check("neutral", "negative", stratum="employer")] * 40
    found = accuracy([*brand, *employer], MOOD, {"brand": 900, "employer": 100, "both": 50})
    assert found.value == pytest.approx(0.9 * 0.8)
    assert found.effective_n == pytest.approx(1 / (0.9**2 / 10 + 0.1**2 / 40))
    assert found.n == 50
    assert found.interval is not None
    assert found.interval.low < 0.72 < found.interval.high


def test_bins_hold_probability_and_share_right() -> None:
    right, wrong = Check("a", "a", "a", 0.95), Check("a", "b", "a", 0.85)
    found = calibration([right, right, right, wrong, Check("a", "zzz", "a", 0.5), Check("a", "a")], ["a", "b"])
    assert found.n == 4
    assert found.bins[9].confidence == pytest.approx(0.95)
    assert (found.bins[9].right.value, found.bins[8].right.value) == (1.0, 0.0)
    assert found.bins[0].confidence is None
    assert found.error == pytest.approx(3 / 4 * 0.05 + 1 / 4 * 0.85)
    by_chance = 3 / 4 * math.sqrt(2 * 0.95 * 0.05 / (math.pi * 3)) + 1 / 4 * math.sqrt(2 * 0.85 * 0.15 / math.pi)
    assert found.by_chance == pytest.approx(by_chance)


def test_what_chance_alone_does_to_the_error_is_about_what_is_told() -> None:
    rng = np.random.default_rng(3)
    errors, told = [], 0.0
    for _ in range(300):
        p = rng.uniform(0.5, 1.0, 200)
        found = calibration([Check("a", "a" if rng.random() < x else "b", "a", float(x)) for x in p], ["a", "b"])
        assert found.error is not None
        assert found.by_chance is not None
        errors.append(found.error)
        told = found.by_chance
    assert np.mean(errors) == pytest.approx(told, rel=0.1)


def test_the_surest_come_first_and_equals_together() -> None:
    sure, unsure = Check("a", "a", "a", 0.9), Check("a", "b", "a", 0.6)
    points = risk_coverage([unsure, sure, unsure, sure], ["a", "b"])
    assert [(point.coverage, point.threshold, point.right.value) for point in points] == [(0.5, 0.9, 1), (1, 0.6, 0.5)]


def test_cohens_own_arithmetic() -> None:
    """Of 50 pairs 20 yes and 15 no together: p_o 0.7, p_e 0.5, kappa 0.4."""
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    found = agreement(pairs)
    assert found.same.value == 0.7
    assert found.kappa == pytest.approx(0.4)
    assert agreement([("yes", "yes")] * 3).kappa is None


@given(some.lists(some.tuples(LABELS, LABELS), min_size=1, max_size=60))
def test_matrix_and_agreement_against_another_computation(pairs: list[tuple[str, str]]) -> None:
    scale = Scale(("a", "b", "c"))
    matrix = np.zeros((3, 3))
    for predicted, actual in pairs:
        matrix["abc".index(actual), "abc".index(predicted)] += 1
    checks = [Check(predicted, actual) for predicted, actual in pairs]
    figures = class_figures(checks, scale)
    for at, each in enumerate(figures):
        assert (each.recall.count, each.recall.n) == (matrix[at, at], matrix[at].sum())
        assert (each.precision.count, each.precision.n) == (matrix[at, at], matrix[:, at].sum())
    assert accuracy(checks, scale).value == pytest.approx(np.trace(matrix) / matrix.sum())
    assert confusion(checks, scale).n == len(pairs)
    expected = matrix.sum(axis=0) @ matrix.sum(axis=1) / matrix.sum() ** 2
    kappa = agreement(pairs).kappa
    if expected == 1:
        assert kappa is None
    else:
        assert kappa == pytest.approx((np.trace(matrix) / matrix.sum() - expected) / (1 - expected), abs=1e-9)


@given(some.lists(some.tuples(some.floats(0, 1), some.booleans()), min_size=1, max_size=80))
def test_calibration_against_another_computation(rows: list[tuple[float, bool]]) -> None:
    checks = [Check("a", "a" if right else "b", "a", p) for p, right in rows]
    p, right = np.array([each[0] for each in rows]), np.array([each[1] for each in rows], dtype=float)
    place = np.minimum(9, (p * 10).astype(int))
    error = sum(abs(right[place == b].sum() - p[place == b].sum()) for b in range(10)) / len(rows)
    found = calibration(checks, ["a", "b"])
    assert found.error == pytest.approx(error, abs=1e-9)
    assert sum(each.right.n for each in found.bins) == len(rows)


@given(some.lists(some.tuples(some.sampled_from([0.5, 0.6, 0.7, 0.99]), some.booleans()), min_size=1, max_size=80))
def test_a_curve_ends_with_all_and_tells_what_lies_above_each_threshold(rows: list[tuple[float, bool]]) -> None:
    points = risk_coverage([Check("a", "a" if right else "b", "a", p) for p, right in rows], ["a", "b"])
    assert points[-1].coverage == 1
    assert [point.threshold for point in points] == sorted({p for p, _ in rows} & {x.threshold for x in points})[::-1]
    for point in points:
        above = [right for p, right in rows if p >= point.threshold]
        assert (point.right.count, point.right.n) == (sum(above), len(above))
        assert point.coverage == len(above) / len(rows)


@given(some.lists(some.tuples(LABELS, LABELS, some.sampled_from(["x", "y"])), min_size=1, max_size=60))
def test_parts_that_were_checked_as_they_are_give_the_plain_share(rows: list[tuple[str, str, str]]) -> None:
    scale = Scale(("a", "b", "c"))
    checks = [Check(predicted, actual, stratum=part) for predicted, actual, part in rows]
    plain, weighted = accuracy(checks, scale), accuracy(checks, scale, Counter(part for *_, part in rows))
    assert weighted.value == pytest.approx(plain.value)
    assert weighted.effective_n == pytest.approx(plain.effective_n)
