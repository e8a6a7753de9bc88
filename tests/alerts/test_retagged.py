"""Differences between two versions of the model are no news; real ones still are."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.retagged import decide_retagged, rests_on_labels
from alerts.rules import ALL, NEGATIVE, VOLUME, Finding, OpenIncident

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOUCHED = NOW.replace(minute=0) + HOUR  # re-tagged a moment ago


def finding(kind: str, facet: str = ALL, audience: str = ALL, at: datetime = NOW - HOUR) -> Finding:
    return Finding(kind, 1, facet, audience, at, HOUR, 0.6, 0.1, 0.3, 40, 20, "high", "", figures={"excess": 20.0})


def incident(kind: str, quiet: timedelta) -> OpenIncident:
    return OpenIncident(7, kind, 1, ALL, ALL, "low", 0.6, 0.2, NOW - 9 * HOUR, NOW - quiet, NOW - 9 * HOUR)


def test_what_rests_on_labels_opens_nothing() -> None:
    found = [finding(NEGATIVE), finding(VOLUME, "employer"), finding(VOLUME, ALL, "employee")]
    assert all(rests_on_labels(one) for one in found)
    assert decide_retagged(found, [], NOW, TOUCHED) == ()


def test_the_number_of_stories_over_everything_counts_as_always() -> None:
    spike = finding(VOLUME)
    narrow = replace(spike, facet="employer", audience="candidate")
    (intent,) = decide_retagged([narrow, spike], [], NOW, TOUCHED)
    assert (intent.action, intent.finding) == ("open", spike)


def test_hours_after_the_last_change_count() -> None:
    later = NOW + 3 * HOUR
    (intent,) = decide_retagged([finding(NEGATIVE, at=later - HOUR)], [], later, TOUCHED)
    assert intent.action == "open"


def test_an_open_incident_neither_grows_nor_closes_by_it() -> None:
    open_ = incident(NEGATIVE, 7 * HOUR)
    assert decide_retagged([finding(NEGATIVE)], [open_], NOW, TOUCHED) == ()


def test_an_incident_that_no_version_finds_any_more_closes() -> None:
    (intent,) = decide_retagged([], [incident(NEGATIVE, 7 * HOUR)], NOW, TOUCHED)
    assert intent.action == "close"
