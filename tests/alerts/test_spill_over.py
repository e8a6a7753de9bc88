"""An employer story that enters consumer talk: told where people suffice and the order is no chance; rivals are low."""

from datetime import UTC, datetime, timedelta

from alerts.rivals import VoiceShare, rival_events
from alerts.rules import Finding
from alerts.spill_over import Spread, Telling, spill_over
from metrics.stats import proportion

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def _told(first: float, people: int, name: str) -> tuple[Telling, ...]:
    """One telling an hour, the first so many hours ago."""
    return tuple(Telling(NOW - timedelta(hours=first - n), f"{name} {n}") for n in range(people))


def _spread(at_work: tuple[Telling, ...], by_consumers: tuple[Telling, ...]) -> Spread:
    return Spread(1, "severance", at_work, by_consumers, 10, 12)


def test_told_at_work_first_and_by_consumers_later() -> None:
    found = spill_over(_spread(_told(40, 8, "staff"), _told(20, 9, "customer")), NOW)
    assert found is not None
    assert (found.kind, found.facet, found.observed, found.figures["lag_hours"]) == ("spill_over", "both", 9.0, 20.0)
    assert "20 hours later: 8 people there, 9 here" in found.notes[0]


def test_too_few_people_or_no_order_is_none() -> None:
    assert spill_over(_spread(_told(40, 4, "staff"), _told(20, 9, "customer")), NOW) is None
    assert spill_over(_spread(_told(40, 9, "staff"), _told(20, 4, "customer")), NOW) is None
    assert spill_over(_spread(_told(20, 9, "staff"), _told(40, 9, "customer")), NOW) is None
    assert spill_over(_spread(_told(30, 9, "staff"), _told(29, 9, "customer")), NOW) is None
    assert spill_over(_spread((), ()), NOW) is None


def test_a_rivals_event_is_low_and_tells_the_share_of_voice() -> None:
    def finding(kind: str, audience: str) -> Finding:
        hour = timedelta(hours=1)
        return Finding(kind, 2, "all", audience, NOW - hour, hour, 40.0, 2.0, 9.0, 40, 30, "high", "High (3 points).")

    voice = VoiceShare(proportion(40, 80), proportion(100, 1000))
    told = rival_events([finding("volume_spike", "all"), finding("volume_spike", "employee")], voice)
    assert [(each.kind, each.severity, each.subject) for each in told] == [("rival_event", "low", "more stories")]
    assert "50 % of 80" in told[0].notes[0]
    assert "10 % of 1,000" in told[0].notes[0]
    assert "by itself it would be high" in told[0].severity_reason
