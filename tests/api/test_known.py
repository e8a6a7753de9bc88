import pytest

from api.known import known

MORE = {"n": 40, "authors": 9, "severity": 2.0, "excess": 9.0}
BY = ", by 9 different people; severity high."


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"observed": 24, "expected_high": 6.4, "median": 1, "judged": 20, "negative": 15, **MORE},
         f"24 stories where 0–6 are normal, 75 % of 20 judged mentions negative{BY}"),
        ({"observed": 1, "expected_low": -3, "expected_high": 0.5, "median": 0, "judged": 3, "negative": 3},
         "1 story where 0–0 are normal."),
        ({"observed": 0.62, "expected_high": 0.3, "baseline_share": 0.2, **MORE},
         f"62 % of 40 judged mentions negative, alarm above 30 %{BY}"),
        ({"observed": 0.62, "expected_high": 0.3, "baseline_share": 0.2, "positive": 3, **MORE},
         f"38 % of 40 judged mentions positive, alarm below 70 %{BY}"),
        ({"observed": 0.8, "expected_high": 0.5, "usual_mean": 4.2, **MORE},
         f"the last 40 reviews 0.8 stars below the 4.2 before{BY}"),
        ({"observed": 30.0, "expected_high": 24.0, "n": 2}, "30 against 24 (n = 2)."),
        ({"observed": 30.0, "expected_high": 24.0, "severity": 9.0}, "30 against 24 (n = 0)."),
    ],
)  # fmt: skip
def test_what_was_known_is_told_by_the_kind_of_its_figures(figures: dict[str, float], words: str) -> None:
    assert known(figures) == words


def test_what_people_did_has_no_figures() -> None:
    assert known({}) == ""
