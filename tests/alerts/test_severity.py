import pytest

from alerts.rules import SEVERITIES
from alerts.severity import rank, severity


@pytest.mark.parametrize(
    ("excess", "negative", "judged", "hours", "n", "level"),
    [
        (1.0, 0, 0, 1, 6, "low"),
        (2.0, 0, 0, 1, 6, "medium"),
        (4.0, 0, 0, 1, 6, "high"),
        (1.0, 15, 20, 3, 60, "high"),
        (4.0, 15, 20, 3, 6, "critical"),
        (0.2, 0, 0, 1, 6, "low"),
    ],
)
def test_levels(excess: float, negative: int, judged: int, hours: int, n: int, level: str) -> None:
    assert severity(excess, negative, judged, hours, n)[0] == level


def test_few_judged_mentions_make_no_share() -> None:
    assert severity(1.0, 19, 19, 1, 19)[0] == "low"


def test_the_reason_adds_up() -> None:
    level, reason = severity(2.5, 30, 40, 4, 70)
    assert level == "critical"
    assert reason == (
        "Critical (5 points): 2.5 times as far from normal as the threshold: 2 points; "
        "75 % of 40 judged mentions negative: 1 point; 4 hours in a row: 1 point; 70 items: 1 point."
    )


def test_ranks_rise_in_the_given_order() -> None:
    assert [rank(level) for level in SEVERITIES] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="urgent"):
        rank("urgent")
