"""Digests: when one is due, what it says, and when there is nothing to say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from metrics.listening import SentimentCounts
from notify.digest import (
    AdvocacyReach,
    Counts,
    DigestFacts,
    OpenOne,
    Side,
    Story,
    compose_digest,
    due_period,
    something_to_say,
    subject,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = at("2026-03-30T07:00")  # Monday, 09:00 in Berlin; clocks went forward the day before
PERIOD = due_period("weekly", "Europe/Berlin", NOW)
STORY = Story("They <b>cancelled</b> my order.\r\nBcc: x", "Forum", "javascript:alert(1)", NOW, 2)
BRAND = Side(
    "brand",
    Counts(400, 350, SentimentCounts(100, 150, 100, 50)),
    Counts(300, 260, SentimentCounts(100, 150, 25, 25)),
    (STORY,),
)
CALM = Side(
    "employer", Counts(40, 40, SentimentCounts(10, 10, 10, 10)), Counts(41, 40, SentimentCounts(10, 11, 10, 10))
)


def facts(**changes: object) -> DigestFacts:
    assert PERIOD is not None
    found = DigestFacts(
        company="Acme",
        period=PERIOD,
        timezone="Europe/Berlin",
        sides=(BRAND, CALM),
        incidents=(OpenOne("Acme: 17 stories", "high", "open", NOW, "https://outspoken.example/incidents/7"),),
        reach=AdvocacyReach(12, 900, 4, None, 10_000),
        points=(),
        coverage=0.97,
        as_of=NOW,
        link="https://outspoken.example/",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cadence", "now", "day"),
    [
        ("daily", "2026-03-30T05:59", None),
        ("daily", "2026-03-30T06:00", date(2026, 3, 29)),  # 08:00 in summer time
        ("daily", "2026-03-28T06:59", None),
        ("daily", "2026-03-28T07:00", date(2026, 3, 27)),  # 08:00 in winter time
        ("daily", "2026-03-30T17:59", date(2026, 3, 29)),
        ("daily", "2026-03-30T18:00", None),
        ("weekly", "2026-03-30T06:00", date(2026, 3, 23)),
        ("weekly", "2026-03-31T06:00", None),
    ],
)
def test_a_digest_is_due_from_eight_on_by_the_readers_clock(cadence: str, now: str, day: date | None) -> None:
    found = due_period(cadence, "Europe/Berlin", at(now))
    assert (found.day if found else None) == day


def test_a_period_is_whole_days_also_when_clocks_change() -> None:
    found = due_period("daily", "Europe/Berlin", NOW)
    assert found is not None
    assert (found.end - found.start, found.start - found.before) == (timedelta(hours=23), timedelta(hours=24))


def test_both_parts_say_what_changed_with_n_and_interval_and_what_is_unknown() -> None:
    mail = compose_digest(facts(), "ada@acme.example")
    for part in (mail.text, mail.html):
        assert "400 mentions in 350 stories, +33 % against the week before (300)" in part
        assert "could be chance" in part
        assert "n = 350 judged" in part
        assert "of 400 mentions (12 %) is unsure" in part
        assert "measured 900 impressions (of 4 posts), estimated –, potential at most 10,000" in part
        assert "nobody has acknowledged it" in part
        assert "javascript:" not in part
    assert "<b>cancelled" not in mail.html
    brand = "brand 400 mentions (+33 %), sentiment −27 points"
    assert mail.subject == f"Acme last week: {brand}; employer 40 mentions; 1 open incident"


def test_what_is_hidden_or_cannot_be_compared_is_said() -> None:
    hidden = replace(CALM, now=Counts(0, 0, SentimentCounts(), suppressed=True))
    mail = compose_digest(facts(sides=(hidden, replace(BRAND, before=None)), coverage=None), "ada@acme.example")
    assert "Employer: hidden, since fewer than 5 different people wrote." in mail.text
    assert "Brand: the time before is not known in full" in mail.text
    assert "nobody knows what was missed" in mail.text


@pytest.mark.parametrize(
    ("changes", "news"),
    [
        ({}, False),
        ({"sides": (BRAND,)}, True),
        ({"sides": (replace(CALM, stories=(replace(STORY, mentions=3),)),)}, True),
        ({"coverage": 0.5}, True),
        ({"incidents": facts().incidents}, True),
    ],
)
def test_nothing_to_say_is_recognised(changes: dict[str, object], news: bool) -> None:
    quiet: dict[str, object] = {"sides": (replace(CALM, stories=(STORY,)),), "incidents": (), "reach": None}
    assert something_to_say(facts(**{**quiet, **changes})) is news


def test_hostile_names_end_no_header_and_a_demo_says_so() -> None:
    odd = facts(company="Acme\r\nBcc: evil@x.example\u202e", demo=True)
    assert subject(odd).startswith("[Demo] Acme Bcc: evil@x.example last week")
    assert "\n" not in subject(odd)
    assert "Demo data" in compose_digest(odd, "ada@acme.example").html
