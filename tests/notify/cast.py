"""The facts of one alert of Acme's, to be changed by the tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from notify.facts import AlertFacts, Example
from notify.message import Mail
from notify.points import VolumePoint

HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 30, 14, 20, tzinfo=UTC)
EXAMPLES = tuple(
    Example(f"They cancelled my order, {word}.", "Reddit", f"https://www.reddit.com/comments/{word}/", NOW, "negative")
    for word in ("one", "two", "three", "four")
)
POINTS = tuple(VolumePoint(NOW - (24 - hour) * HOUR, hour % 4, 0.0, 6.0, 1.0) for hour in range(24))
FACTS = AlertFacts(
    company="Acme",
    kind="volume_spike",
    facet="employer",
    audience="candidate",
    action="opened",
    incident_id=7,
    link="https://outspoken.example/incidents/7",
    severity="high",
    severity_reason="High (3 points): 4.2 times as far from normal as the threshold: 3 points.",
    severity_formula="Points: distance.",
    opened_at=NOW,
    as_of=NOW,
    window_start=NOW.replace(minute=0),
    window=HOUR,
    observed=17.0,
    expected_low=3.2,
    expected_high=7.4,
    n=17,
    authors=12,
    to=("lee@acme.example",),
    examples=EXAMPLES,
    coverage=0.97,
    unknowns=("How many people saw the posts.",),
    unsubscribe_url="https://outspoken.example/mails",
)


def facts(**changes: Any) -> AlertFacts:
    """The usual alert with some facts changed."""
    return replace(FACTS, **changes)


def mail(**changes: Any) -> Mail:
    """A small mail with some of its parts changed."""
    return replace(
        Mail("Hello", "Text", "<p>HTML</p>", ("lee@acme.example",), dedupe_key="k", thread_key="t"), **changes
    )
