import numpy as np
import pytest

from nlp.model import calibrated
from nlp.train.calibrate import Sample, fit, lowest_threshold, quiet_threshold


def test_overconfidence_is_cooled_to_the_rate_of_success() -> None:
    # 3 of 4 right at logits of ±4 (0.98): the best that scaling can say is 0.75.
    logits = np.array([[4.0, 0.0]] * 100 + [[0.0, 4.0]] * 100)
    right = np.array([[1.0, 0.0]] * 75 + [[0.0, 1.0]] * 25 + [[0.0, 1.0]] * 75 + [[1.0, 0.0]] * 25)
    found = fit(Sample(logits, right, np.ones(200)))
    assert calibrated(logits[:1].astype(np.float32), found)[0, 0] == pytest.approx(0.75, abs=0.01)


def test_weights_shift_the_bias() -> None:
    logits, targets = np.zeros((2, 2)), np.eye(2)
    found = fit(Sample(logits, targets, np.array([3.0, 1.0])))
    assert calibrated(logits[:1].astype(np.float32), found)[0, 0] == pytest.approx(0.75, abs=0.02)


def test_the_lowest_threshold_that_is_right_often_enough() -> None:
    scores = np.array([0.55, 0.65, 0.75, 0.85])
    right = np.array([False, False, True, True])
    assert lowest_threshold(scores, right, 0.9) == pytest.approx(0.65, abs=0.011)
    assert lowest_threshold(scores, np.ones(4, dtype=bool), 0.9) == 0.5


def test_a_quiet_threshold_leaves_few_over_it() -> None:
    scores = np.linspace(0.0, 0.8, 1_001)
    assert (scores >= quiet_threshold(scores, 0.01)).mean() <= 0.011
    assert quiet_threshold(np.zeros(10), 0.01) == 0.5
