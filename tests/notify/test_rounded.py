"""Alerts of employees, alumni and staff: rounded down in every mail and message, whatever they are made from."""

from dataclasses import astuple
from itertools import product
from typing import Any

import pytest

from metrics.coarse import WHY
from notify.chat import slack, teams
from notify.facts import AlertFacts, Behind, SourceStep, ThemeCount
from notify.message import compose_alert
from notify.webhook import webhook
from tests.notify.cast import NOW, POINTS, facts

SHARES = {"kind": "negative_share", "expected_low": 0.0, "unknowns": ("Since noon 9 of 19 are negative.",)}


def _behind(more: int) -> Behind:
    themes = (ThemeCount("pay", 10 + more), ThemeCount("culture", more))
    sources = (SourceStep("Forum", NOW, 10 + more), SourceStep("News", NOW, more))
    return Behind(15 + more, 10 + more, 10 + more, more, themes, sources, views=70 + more, viewed=more, accounts=more)


def _told(**changes: Any) -> tuple[object, ...]:
    """All that leaves the service of these facts."""
    alert = facts(audience="employee", points=POINTS, **changes)
    mail = compose_alert(alert)
    return mail.subject, mail.text, mail.html, slack(alert, "m"), teams(alert, "m"), webhook(alert, "m", NOW)


@pytest.mark.parametrize("action", ["opened", "grown", "escalated", "closed"])
def test_figures_of_the_same_five_are_told_alike(action: str) -> None:
    told = [
        _told(
            action=action,
            observed=15.0 + more,
            n=15 + more,
            authors=10 + more,
            expected_high=5.1 + more,
            severity_reason=f"{more} points",
            unknowns=(f"The sentiment of {more} of {15 + more} mentions is unsure.",),
            behind=_behind(more),
        )
        for more in (0, 1, 4)
    ]
    assert told[0] == told[1] == told[2]
    assert "fewer than 5" not in str(told[0])


@pytest.mark.parametrize(("kind", "action"), list(product(("negative_share", "positive_share"), ("opened", "closed"))))
def test_shares_are_told_in_tenths(kind: str, action: str) -> None:
    pairs = ((0.41, 20, 0.31), (9 / 19, 24, 0.38))
    told = [
        _told(**{**SHARES, "kind": kind}, action=action, observed=share, n=n, expected_high=high)
        for share, n, high in pairs
    ]
    assert told[0] == told[1]


def test_the_mail_says_at_least_how_much_and_why_no_more() -> None:
    alert = facts(audience="alumnus", observed=17.0, n=17, authors=12, times=4, points=POINTS, behind=_behind(2))
    mail = compose_alert(alert)
    assert mail.subject == (
        "Acme, employer side: at least 15 stories from alumni in the last hour, about 4 times what is usual, "
        "mostly negative, about pay"
    )
    for words in (
        "At least 15 stories by at least 10 authors, about 4 times what is usual.",
        WHY,
        "About: pay (at least 10), of at least 15 mentions",
        "at least 10 of at least 10 judged mentions are negative",
        "On Forum (at least 10); 1 source with few people left out.",
    ):
        assert words in mail.text
    assert mail.text.count(WHY) == 1
    assert (alert.points, mail.attachments) == ((), ())
    assert "reach" not in mail.text
    few = compose_alert(facts(audience="staff", observed=4.0, n=4, authors=7)).subject
    assert "fewer than 5 stories from employees or alumni" in few


def test_rounded_facts_stay_as_they_are() -> None:
    alert = facts(audience="employee", behind=_behind(2), points=POINTS)
    assert AlertFacts(*(getattr(alert, name) for name in AlertFacts.__slots__)) == alert
    assert astuple(alert)
    mixed = facts(audience="all", rounded=True, points=POINTS)
    assert (mixed.observed, mixed.authors, mixed.points) == (15.0, 10, POINTS), "hours of everybody may be drawn"
