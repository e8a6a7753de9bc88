import pytest

from alerts.discovery import detect_company, held
from alerts.rules import NEGATIVE, VOLUME, Finding, HourCount, Series
from tests.alerts.streams import HOUR, START, WEEK, counted, end_of, hours, series

LEVEL = 0.004


def finding(chance: float, *, facet: str = "brand", kind: str = VOLUME) -> Finding:
    figures = {"chance": chance} if kind == VOLUME else {}
    return Finding(kind, 1, facet, "all", START, HOUR, 9.0, 0.0, 6.0, 9, 9, "low", "Low.", figures=figures)


def test_a_lone_series_is_held_to_the_level_alone() -> None:
    assert held([finding(0.001)], 1, LEVEL) == (finding(0.001),)


def test_the_same_finding_is_no_news_among_a_hundred_series() -> None:
    assert held([finding(0.001)], 100, LEVEL) == ()
    assert held([finding(1e-6)], 100, LEVEL) == (finding(1e-6),)


def test_findings_help_one_another() -> None:
    many = [finding(0.0001)] * 3
    assert held([finding(0.0001)], 100, LEVEL) == ()
    assert held(many, 100, LEVEL) == tuple(many)


def test_the_series_over_everything_and_other_kinds_always_pass() -> None:
    kept = (finding(0.01, facet="all"), finding(0.5, kind=NEGATIVE))
    assert held(kept, 1_000, LEVEL) == kept


@pytest.mark.parametrize("level", [1e-9, LEVEL, 0.5])
def test_what_is_rarer_always_passes_where_something_does(level: float) -> None:
    chances = [10.0**-power for power in range(12)]
    kept = [each.figures["chance"] for each in held([finding(chance) for chance in chances], 40, level)]
    assert kept == chances[len(chances) - len(kept) :]


def test_nothing_is_no_finding() -> None:
    assert held([], 0, LEVEL) == ()


def slice_of(stories: list[int], place: int) -> Series:
    counts = tuple(HourCount(START + hour * HOUR, n, n, neutral=n) for hour, n in enumerate(stories))
    return Series(1, "Acme", "brand", f"group {place}", counts, 50, 50, 1.0)


def test_a_spike_of_one_slice_is_heard_among_many() -> None:
    calm = [slice_of([3] * (4 * WEEK), place) for place in range(30)]
    counts = (*hours(4 * WEEK - 1), counted(4 * WEEK - 1, 40))
    loud = series(counts, facet="employer", audience="candidate")
    assert [each.audience for each in detect_company([*calm, loud], end_of(counts))] == ["candidate"]
