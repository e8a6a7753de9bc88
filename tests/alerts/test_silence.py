from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts.rules import OpenIncident
from alerts.silence import SilentSource, decide_silence, judge_silence, judge_window
from tests.alerts.streams import START

NOW = START + timedelta(days=20)


def arrivals(every_hours: float, quiet_hours: float, count: int = 28) -> list[datetime]:
    """Items at an even pace whose last one is `quiet_hours` old, newest first."""
    return [NOW - timedelta(hours=quiet_hours + index * every_hours) for index in range(count)]


def is_silent(times: list[datetime]) -> bool:
    return judge_silence(times, NOW).silent


def test_a_busy_source_is_silent_after_a_day() -> None:
    assert not is_silent(arrivals(1, 24))
    assert is_silent(arrivals(1, 25))


def test_a_slow_source_gets_three_of_its_gaps() -> None:
    assert not is_silent(arrivals(16, 47))
    assert is_silent(arrivals(16, 49))


def test_a_rare_source_is_never_called_silent() -> None:
    verdict = judge_silence(arrivals(40, 300, count=9), NOW)
    assert not verdict.silent
    assert verdict.allowed is None


def test_a_source_that_never_spoke_is_not_missed() -> None:
    assert judge_silence([], NOW).quiet is None


def test_arrivals_of_long_ago_do_not_count() -> None:
    assert not is_silent(arrivals(1, 29 * 24))


def test_items_dated_ahead_count_as_of_now() -> None:
    assert judge_silence([*arrivals(1, 30), NOW + timedelta(days=400)], NOW).quiet == timedelta(0)


def test_the_reason_names_the_figures() -> None:
    assert judge_silence(arrivals(2, 30), NOW).reason == (
        "Nothing for 30 hours; 12.4 items a day were usual, and up to 24 hours without one."
    )


@given(st.lists(st.integers(-1000, 60_000).map(lambda minutes: NOW - timedelta(minutes=minutes))))
def test_order_and_duplicates_of_the_last_item_do_not_matter(times: list[datetime]) -> None:
    assert judge_silence(times, NOW) == judge_silence(sorted(times), NOW)


FORUM = SilentSource(1, "Forum", "Nothing for 30 hours.", timedelta(hours=30))
NEWS = SilentSource(2, "News", "Nothing for 26 hours.", timedelta(hours=26))


def incident() -> OpenIncident:
    return OpenIncident(7, "source_silence", 1, "all", "all", "medium", 30.0, 30.0, NOW, NOW, NOW)


def test_the_first_silent_source_opens_an_incident_that_tells_how_long() -> None:
    intent = decide_silence(1, [FORUM], [FORUM], None, NOW)
    assert intent is not None
    assert (intent.action, intent.tell, intent.reason) == ("open", True, "Forum went silent.")
    assert intent.finding is not None
    assert (intent.finding.observed, intent.finding.n) == (30.0, 1)
    assert intent.finding.notes == ("Forum: Nothing for 30 hours.",)


def test_a_further_one_is_told_in_the_same_incident() -> None:
    intent = decide_silence(1, [NEWS], [FORUM, NEWS], incident(), NOW)
    assert intent is not None
    assert (intent.action, intent.incident_id, intent.tell) == ("grow", 7, True)
    assert intent.finding is not None
    assert len(intent.finding.notes) == 2


def test_what_is_known_already_is_not_told_again() -> None:
    assert decide_silence(1, [], [FORUM], incident(), NOW) is None
    assert decide_silence(1, [], [], None, NOW) is None


def test_it_is_over_when_all_speak_again() -> None:
    intent = decide_silence(1, [], [], incident(), NOW)
    assert intent is not None
    assert (intent.action, intent.incident_id, intent.finding, intent.tell) == ("close", 7, None, True)


def test_a_window_warns_a_day_before_it_closes_and_says_what_is_lost() -> None:
    week = timedelta(days=7)
    assert judge_window(None, week, NOW) is None
    assert judge_window(NOW - timedelta(days=6), week, NOW) is None
    closing = judge_window(NOW - timedelta(days=6, hours=1), week, NOW)
    closed = judge_window(NOW - timedelta(days=8), week, NOW)
    assert closing is not None
    assert closed is not None
    assert "will be lost for good" in closing.reason
    assert "8.0 days ago, and the platform serves only the last 7 days: what is older is lost for good" in closed.reason
    assert (closed.silent, closed.quiet, closed.allowed) == (True, timedelta(days=8), timedelta(days=6))


def test_a_window_of_hours_still_leaves_half_of_itself() -> None:
    assert judge_window(NOW - timedelta(hours=5), timedelta(hours=12), NOW) is None
    assert judge_window(NOW - timedelta(hours=7), timedelta(hours=12), NOW) is not None
