"""How something landed, told without telling an answer."""

from itertools import product

import pytest

from metrics.landed import GROUP, landed

SCORES = (1, 3, 5)


def test_nothing_is_told_of_fewer_than_five_and_of_a_group_that_is_not_full() -> None:
    assert landed([]) is None
    assert landed([[5, 5, 5, 5]]) is None
    assert landed([[5] * 5, [1] * 4]) == landed([[5] * 5])


@pytest.mark.parametrize(
    ("groups", "well", "badly"),
    [
        ([[5] * 5], (0.6, 1.0), (0.0, 0.4)),
        ([[1] * 5], (0.0, 0.4), (0.6, 1.0)),
        ([[5, 5, 3, 3, 1]], (0.0, 0.4), (0.0, 0.4)),
        ([[5] * 5, [1] * 5], (0.3, 0.7), (0.3, 0.7)),
    ],
)
def test_shares_are_told_as_ranges(groups: list[list[int]], well: object, badly: object) -> None:
    told = landed(groups)
    assert told is not None
    assert (told.share_well, told.share_badly, told.n) == (well, badly, 5 * len(groups))


def test_who_knows_one_answer_of_a_group_can_tell_no_other() -> None:
    behind: dict[object, list[tuple[int, ...]]] = {}
    for answers in product(SCORES, repeat=GROUP):
        behind.setdefault(landed([answers]), []).append(answers)
    assert len(behind) == 3
    for possible in behind.values():
        for own in SCORES:
            left = [answers for answers in possible if answers[0] == own]
            assert all(len({answers[other] for answers in left}) > 1 for other in range(1, GROUP))
