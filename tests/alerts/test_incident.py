from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.incident import COOL_DOWN, QUIET, decide
from alerts.rules import NEGATIVE, POSITIVE, RATING, SEVERITIES, VOLUME, Finding, Intent, OpenIncident
from tests.alerts.streams import START

NOW = START + timedelta(days=1)
MINUTE = timedelta(minutes=1)


def found(
    facet: str = "all", audience: str = "all", observed: float = 20.0, excess: float | None = None, **changes: Any
) -> Finding:
    """A volume finding of Acme's."""
    finding = Finding(
        VOLUME, 1, facet, audience, NOW, timedelta(hours=1), observed, 1.0, 8.0, int(observed), 9, "medium", "because",
        figures={"excess": observed - 3 if excess is None else excess},
    )  # fmt: skip
    return replace(finding, **changes)


def incident(**changes: Any) -> OpenIncident:
    """An incident that was opened and told two hours ago."""
    told = NOW - timedelta(hours=2)
    opened = OpenIncident(7, VOLUME, 1, "all", "all", "medium", 20.0, 20.0, told, NOW - 5 * MINUTE, told)
    return replace(opened, **changes)


def actions(intents: Sequence[Intent]) -> list[tuple[str, bool]]:
    return [(intent.action, intent.tell) for intent in intents]


def test_a_first_finding_opens_and_tells() -> None:
    (intent,) = decide([found()], [], NOW)
    assert (intent.action, intent.incident_id, intent.severity, intent.tell) == ("open", None, "medium", True)


def test_one_story_across_facets_opens_one_incident() -> None:
    findings = [found(observed=40), found("brand", observed=36), found("employer", observed=8)]
    (intent,) = decide(findings, [], NOW)
    assert intent.finding is not None
    assert intent.finding.facet == "brand"


def test_no_slice_explains_it_so_the_whole_speaks() -> None:
    findings = [found("brand", excess=20), found("employer", excess=20), found(excess=40)]
    (intent,) = decide(findings, [], NOW)
    assert intent.finding is not None
    assert intent.finding.facet == "all"


def test_the_most_specific_slice_speaks() -> None:
    findings = [found(excess=20), found("employer", excess=19), found("employer", "employee", excess=15)]
    (intent,) = decide(findings, [], NOW)
    assert intent.finding is not None
    assert intent.finding.audience == "employee"


def test_unrelated_slices_are_two_stories() -> None:
    assert len(decide([found("brand"), found("employer")], [], NOW)) == 2


def test_companies_never_share_an_incident() -> None:
    assert actions(decide([found(company_id=2)], [incident()], NOW)) == [
        ("open", True),
    ]


def test_an_open_incident_absorbs_without_a_mail() -> None:
    (intent,) = decide([found("brand")], [incident()], NOW)
    assert (intent.action, intent.incident_id, intent.tell) == ("absorb", 7, False)


def test_double_of_what_was_told_is_told() -> None:
    assert actions(decide([found(observed=40)], [incident()], NOW)) == [("grow", True)]
    assert actions(decide([found(observed=39)], [incident()], NOW)) == [("absorb", False)]


def test_what_was_told_counts_and_not_the_highest_so_far() -> None:
    crept = incident(observed=39.0, told_observed=20.0)
    assert actions(decide([found(observed=41)], [crept], NOW)) == [("grow", True)]


def test_a_higher_severity_is_told() -> None:
    (intent,) = decide([found(severity="high")], [incident()], NOW)
    assert (intent.action, intent.severity) == ("grow", "high")


def test_a_lower_severity_never_lowers_the_incident() -> None:
    (intent,) = decide([found(severity="low")], [incident(severity="high")], NOW)
    assert intent.severity == "high"


def test_the_cool_down_holds_mails_back_but_forgets_nothing() -> None:
    told = NOW - 59 * MINUTE
    fresh = incident(last_told_at=told, opened_at=told)
    (held,) = decide([found(severity="high", observed=50)], [fresh], NOW)
    assert (held.action, held.tell, held.severity) == ("absorb", False, "medium")
    later = replace(fresh, observed=50.0, severity=held.severity)
    assert actions(decide([found(severity="high", observed=50)], [later], NOW + MINUTE)) == [("grow", True)]


def test_critical_does_not_wait() -> None:
    fresh = incident(last_told_at=NOW - MINUTE)
    assert actions(decide([found(severity="critical")], [fresh], NOW)) == [("grow", True)]


def test_an_opening_mail_that_is_still_to_be_sent_counts_as_told() -> None:
    fresh = incident(last_told_at=None, opened_at=NOW - MINUTE)
    assert actions(decide([found(observed=90)], [fresh], NOW)) == [("absorb", False)]


@pytest.mark.parametrize(("quiet", "expected"), [(359, []), (360, [("close", True)])])
def test_six_quiet_hours_close_once(quiet: int, expected: list[tuple[str, bool]]) -> None:
    assert actions(decide([], [incident(last_finding_at=NOW - quiet * MINUTE)], NOW)) == expected


def test_a_finding_keeps_an_old_incident_open() -> None:
    old = incident(last_finding_at=NOW - timedelta(hours=9))
    assert actions(decide([found()], [old], NOW)) == [("absorb", False)]


def test_negative_share_of_a_told_spike_is_the_same_story() -> None:
    rise = found(kind=NEGATIVE, observed=0.8)
    assert [intent.action for intent in decide([rise, found()], [], NOW)] == ["open"]
    (intent,) = decide([rise], [incident()], NOW)
    assert (intent.action, intent.incident_id) == ("absorb", 7)


@pytest.mark.parametrize("kind", [VOLUME, NEGATIVE])
def test_a_fall_of_the_positive_share_is_told_by_what_rises(kind: str) -> None:
    fall = found("brand", kind=POSITIVE, observed=0.9)
    (intent,) = decide([fall], [incident(kind=kind)], NOW)
    assert (intent.action, intent.incident_id) == ("absorb", 7)
    (first,) = decide([fall, found(kind=kind)], [], NOW)
    assert first.finding is not None
    assert first.finding.kind == kind
    assert actions(decide([fall], [], NOW)) == [("open", True)]


def test_a_drop_of_ratings_is_an_incident_of_its_own() -> None:
    drop = found("brand", kind=RATING, observed=1.4)
    assert actions(decide([drop], [incident(id=3)], NOW)) == [("open", True)]
    assert actions(decide([drop], [incident(kind=RATING, observed=0.7, told_observed=0.7)], NOW)) == [("grow", True)]


def test_a_negative_share_never_looks_like_fewer_or_more_stories() -> None:
    (intent,) = decide([found(kind=NEGATIVE, observed=1.0)], [incident(told_observed=0.4)], NOW)
    assert intent.action == "absorb"


def test_negative_share_alone_opens_its_own() -> None:
    (intent,) = decide([found(kind=NEGATIVE, observed=0.8)], [], NOW)
    assert intent.action == "open"


def test_two_groups_in_one_incident_are_told_once() -> None:
    findings = [found("brand", observed=50), found("employer", observed=50)]
    assert sorted(actions(decide(findings, [incident()], NOW))) == [("absorb", False), ("grow", True)]


def test_silence_is_left_to_its_own_rule() -> None:
    silent = incident(kind="source_silence", last_finding_at=NOW - timedelta(days=3))
    assert decide([], [silent], NOW) == ()


ticks = st.lists(
    st.tuples(
        st.sampled_from([5, 30, 61, 400]),
        st.lists(
            st.tuples(st.sampled_from(["all", "brand", "employer"]), st.integers(5, 400), st.sampled_from(SEVERITIES))
        ),
    ),
    max_size=12,
)


@given(ticks)
def test_over_any_course_of_events_mails_keep_their_distance(
    course: list[tuple[int, list[tuple[str, int, str]]]],
) -> None:
    now, opened, incidents = NOW, 0, dict[int, OpenIncident]()
    told: dict[int, list[tuple[timedelta, str]]] = {}
    for minutes, seen in course:
        now += minutes * MINUTE
        findings = [found(facet, observed=float(count), severity=level) for facet, count, level in seen]
        for intent in decide(findings, tuple(incidents.values()), now):
            number = intent.incident_id
            if number is None:
                number = opened = opened + 1
                incidents[number] = incident(id=number, facet="", opened_at=now)
            if intent.action == "close":
                assert now - incidents.pop(number).last_finding_at >= QUIET
                continue
            assert intent.finding is not None
            incidents[number] = carried_out(incidents[number], intent, intent.finding, now)
            if intent.tell:
                told.setdefault(number, []).append((now - NOW, intent.severity))
    for mails in told.values():
        for (earlier, _), (later, level) in pairwise(mails):
            assert later - earlier >= COOL_DOWN or level == "critical"


def carried_out(before: OpenIncident, intent: Intent, finding: Finding, now: datetime) -> OpenIncident:
    """What storage keeps of an intent."""
    fresh = intent.action == "open"
    observed = finding.observed if fresh else max(before.observed, finding.observed)
    after = replace(before, severity=intent.severity, observed=observed, last_finding_at=now)
    if fresh:
        after = replace(after, facet=finding.facet)
    return replace(after, told_observed=observed, last_told_at=now) if intent.tell else after
