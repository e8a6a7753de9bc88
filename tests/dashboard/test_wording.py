"""Numbers and times in words."""

from datetime import UTC, datetime, timedelta

import pytest

from api.dashboard import wording
from tests.api import world

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), "22 Feb 2026"),
        (-timedelta(hours=2), "in 2 hours"),
    ],
)
def test_relative_times(before: timedelta, words: str) -> None:
    assert wording.relative(NOW - before, NOW) == words


def test_unknown_is_not_zero() -> None:
    written = (
        wording.count,
        wording.signed,
        wording.percent,
        wording.moment,
        wording.day,
        wording.stars,
        wording.label,
    )
    assert {write(None) for write in written} == {"–"}
    assert wording.interval(None, 3.0) == "–"
    assert wording.count(0) == "0"


def test_signs() -> None:
    assert [wording.signed(value) for value in (-0.2, 0.0, 12.4, -1234.0)] == ["0", "0", "+12", "−1,234"]


def test_a_time_element_is_exact_and_escaped() -> None:
    opened = '<time datetime="2026-03-01T12:00:00Z" title="1 Mar 2026, 12:00 UTC">'
    assert wording.ago(NOW) == f"{opened}{wording.relative(NOW, world.now())}</time>"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "", None, " https://x", "//x"])
def test_only_web_addresses_become_links(address: str | None) -> None:
    assert wording.web_address(address) == ""
    assert wording.web_address("HTTPS://acme.example/") == "HTTPS://acme.example/"


def test_a_sentence_of_ours_holds_its_figures_together_and_marks_its_times() -> None:
    said = wording.told("n = 5 of <b> (38 % of 42; −8 to +3), 2 % (1 % to 9 %). As of 3 Mar 2026, 09:05 UTC.")
    assert said.replace("\N{NO-BREAK SPACE}", "_") == (
        "n_=_5 of &lt;b&gt; (38_% of 42; −8 to +3), 2_% (1_%_to_9_%). As of "
        '<time datetime="2026-03-03T09:05:00Z" data-local>3 Mar 2026, 09:05 UTC</time>.'
    )
    assert wording.told_at(None) == "–"
