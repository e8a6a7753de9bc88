"""What people said beforehand: planned events, answers, what they closed by hand, snoozes."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.detect import detect
from alerts.incident import STILL_HOLDS, Known, decide
from alerts.planned import Planned, planned_hours
from alerts.rules import NEGATIVE, VOLUME, HourCount
from alerts.silence import decide_silence
from alerts.snooze import checked, end_of, zone
from tests.alerts import streams
from tests.alerts.streams import WEEK, counted, series
from tests.alerts.test_incident import NOW, actions, found, incident
from tests.alerts.test_silence import FORUM

HOUR = timedelta(hours=1)
LAUNCH = Planned(1, "Launch", "brand", NOW - HOUR, NOW + 5 * HOUR)


def test_a_rise_during_a_launch_opens_nothing_and_says_why() -> None:
    findings = [found("brand", observed=40), found(observed=42)]
    (intent,) = decide(findings, [], NOW, Known(planned=[LAUNCH]))
    assert (intent.action, intent.tell, intent.reason) == ("explain", False, "Explained by Launch.")


@pytest.mark.parametrize(
    ("facet", "at", "action"),
    [
        ("employer", NOW, "open"),
        ("all", NOW, "open"),
        ("brand", NOW + 5 * HOUR, "open"),
        ("brand", NOW - 2 * HOUR, "open"),
        ("brand", NOW - 2 * HOUR + timedelta(minutes=1), "explain"),
    ],
)
def test_a_launch_explains_its_own_facet_and_time_only(facet: str, at: datetime, action: str) -> None:
    (intent,) = decide([found(facet, at=at)], [], NOW, Known(planned=[LAUNCH]))
    assert intent.action == action


def test_a_launch_that_is_entered_later_explains_what_is_open_from_then_on() -> None:
    open_one = incident(facet="brand", severity="low", told_observed=10.0)
    (intent,) = decide([found("brand", observed=90, severity="high")], [open_one], NOW, Known(planned=[LAUNCH]))
    assert (intent.action, intent.incident_id, intent.tell) == ("explain", open_one.id, False)
    assert "Explained by Launch" in intent.reason
    over = replace(LAUNCH, end=NOW)
    assert actions(decide([found("brand", observed=90, severity="high")], [open_one], NOW, Known(planned=[over]))) == [
        ("grow", True)
    ]


def test_an_explained_incident_still_hears_that_the_voices_turn_negative() -> None:
    findings = [found("brand"), found("brand", kind=NEGATIVE, observed=0.7, severity="critical")]
    intents = decide(findings, [incident(facet="brand", severity="low")], NOW, Known(planned=[LAUNCH]))
    assert actions(intents) == [("explain", False), ("grow", True)]


def test_a_launch_that_goes_wrong_is_heard() -> None:
    findings = [found("brand", observed=40), found("brand", kind=NEGATIVE, observed=0.7)]
    intents = decide(findings, [], NOW, Known(planned=[LAUNCH]))
    assert [intent.action for intent in intents] == ["explain", "open"]
    assert intents[1].finding is not None
    assert intents[1].finding.kind == NEGATIVE


def test_hours_of_an_event_are_those_it_touches_on_series_that_hold_its_facet() -> None:
    event = Planned(1, "Fair", "employer", NOW + timedelta(minutes=30), NOW + 2 * HOUR)
    assert planned_hours("employer", [event]) == planned_hours("all", [event]) == {NOW, NOW + HOUR}
    assert planned_hours("brand", [event]) == frozenset()


def test_a_raised_bar_opens_nothing_below_it_but_keeps_what_is_open() -> None:
    weak = found("brand", figures={"ratio": 1.1, "median": 3.0, "excess": 17.0})
    known = Known(bars={(VOLUME, "brand", "all"): 1.21})
    assert decide([weak], [], NOW, known) == ()
    assert actions(decide([weak], [incident(facet="brand")], NOW, known)) == [("absorb", False)]
    strong = found("brand", figures={"ratio": 1.3, "median": 3.0, "excess": 17.0})
    (intent,) = decide([strong], [], NOW, known)
    assert intent.finding is not None
    assert intent.finding.figures["bar"] == 1.21
    assert actions(decide([found(figures={"ratio": 1.1})], [], NOW, known)) == [("open", True)]


def test_what_was_closed_by_hand_comes_back_only_when_it_grew() -> None:
    known = Known(dismissed=[incident(facet="brand")])
    assert decide([found("brand", observed=25)], [], NOW, known) == ()
    assert actions(decide([found("brand", observed=40)], [], NOW, known)) == [("open", True)]
    assert actions(decide([found("brand", severity="high")], [], NOW, known)) == [("open", True)]
    assert actions(decide([found("employer")], [], NOW, known)) == [("open", True)]


def test_a_snoozed_incident_is_silent_until_it_becomes_critical() -> None:
    asleep = incident(snoozed_until=NOW + HOUR)
    assert actions(decide([found(observed=200, severity="high")], [asleep], NOW)) == [("absorb", False)]
    assert actions(decide([found(severity="critical")], [asleep], NOW)) == [("grow", True)]


def test_after_a_snooze_it_is_told_only_if_it_still_holds() -> None:
    woken = incident(snoozed_until=NOW - timedelta(minutes=1))
    (intent,) = decide([found()], [woken], NOW)
    assert (intent.action, intent.tell, intent.reason) == ("grow", True, STILL_HOLDS)
    assert actions(decide([], [woken], NOW + 7 * HOUR)) == [("close", False)]


def test_a_snooze_of_minutes_does_not_shorten_the_cool_down() -> None:
    woken = incident(snoozed_until=NOW, last_told_at=NOW - timedelta(minutes=20))
    assert actions(decide([found()], [woken], NOW)) == [("absorb", False)]


def test_silent_sources_sleep_and_wake_alike() -> None:
    silent = [FORUM]
    asleep = incident(kind="source_silence", snoozed_until=NOW + HOUR)
    assert decide_silence(1, [], silent, asleep, NOW) is None
    further = decide_silence(1, silent, silent, asleep, NOW)
    assert further is not None
    assert not further.tell
    woken = decide_silence(1, [], silent, asleep, NOW + HOUR)
    assert woken is not None
    assert woken.tell
    closed = decide_silence(1, [], [], asleep, NOW)
    assert closed is not None
    assert (closed.action, closed.tell) == ("close", False)


def test_tomorrow_begins_where_the_person_is() -> None:
    late = datetime(2026, 3, 28, 23, 30, tzinfo=ZoneInfo("UTC"))  # the night in which summer time begins in Berlin
    assert end_of("tomorrow", late, zone("UTC")).isoformat() == "2026-03-29T09:00:00+00:00"
    assert end_of("tomorrow", late, zone("Europe/Berlin")).isoformat() == "2026-03-30T07:00:00+00:00"
    assert end_of("4h", late, zone("UTC")) == late + 4 * HOUR
    with pytest.raises(ValueError, match="span"):
        end_of("later", late, zone("UTC"))


@pytest.mark.parametrize("name", ["Mars/Base", "../../etc/passwd", "", "\x00", "x" * 500])
def test_a_zone_that_is_none_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        zone(name)


@pytest.mark.parametrize("hours", [0, -1, 24 * 14 + 1])
def test_a_snooze_ends_within_two_weeks(hours: int) -> None:
    with pytest.raises(ValueError, match="until"):
        checked(NOW + hours * HOUR, NOW)


def test_the_hours_of_an_event_never_become_what_is_normal() -> None:
    def counts(events: bool) -> tuple[HourCount, ...]:
        """Four calm weeks with a launch in three of them, then a rise at the same time of the week."""
        launched = {4 * WEEK - back * WEEK + hour for back in (1, 2, 3) for hour in range(-12, 12)}
        past = (counted(place, 30 if events and place in launched else 2) for place in range(4 * WEEK))
        return (*past, counted(4 * WEEK, 20))

    loud = counts(events=True)
    hidden = frozenset(hour.hour for hour in loud if hour.stories == 30)
    assert detect(series(loud), streams.end_of(loud)) == ()
    (finding,) = detect(replace(series(loud), planned=hidden), streams.end_of(loud))
    calm = counts(events=False)
    (expected,) = detect(series(calm), streams.end_of(calm))
    assert finding.expected_high == expected.expected_high


def test_an_event_that_filled_all_that_is_known_is_the_normal_there_is() -> None:
    loud = (*(counted(place, 30) for place in range(4 * WEEK)), counted(4 * WEEK, 35))
    everything = frozenset(hour.hour for hour in loud)
    assert detect(replace(series(loud), planned=everything), streams.end_of(loud)) == ()
