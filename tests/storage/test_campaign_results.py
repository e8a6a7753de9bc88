"""The result of a campaign: what it changed, as far as figures and role allow."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import campaign_acts, campaign_results, highlights
from storage.campaign_results import ResultFigure
from storage.viewer import SYSTEM, viewer_for
from tests import factories
from tests.campaign_cast import campaign
from tests.factories import DAY, NOW

START = (NOW - 14 * DAY).replace(hour=0, minute=0)


def _talk(session: Session) -> None:
    """Twelve weeks of counts; from the go-live on half as many stories again."""
    world = factories.set_up(session)
    chance = random.Random(4)
    for ago in range(84):
        day = NOW.replace(hour=6, minute=0) - ago * DAY
        stories = round(chance.gauss(40, 4) * (1.5 if day >= START else 1))
        session.execute(
            text(
                "INSERT INTO rollups "
                "(company_id, source_id, hour, facet, audience, sentiment, mentions, stories, owned) "
                "VALUES (:company, :source, :hour, 'brand', 'consumer', 'neutral', :n, :n, 0)"
            ),
            {"company": world.acme, "source": world.forum, "hour": day, "n": stories},
        )
    session.execute(
        text(
            "INSERT INTO rollup_days SELECT company_id, date_trunc('day', hour, 'UTC'), source_id, facet, audience, "
            "sentiment, mentions, stories, owned FROM rollups"
        )
    )


def _closed(session: Session, facet: str = "brand") -> int:
    made = campaign(
        session, now=START - DAY, facet=facet, starts_at=START, embargo_until=None, ends_at=NOW - timedelta(minutes=1)
    )
    campaign_acts.brief(session, SYSTEM, made, START - DAY)
    for at in (START, NOW):
        campaign_acts.by_clock(session, made, at)
    campaign_results.write_result(session, made, NOW)
    return made


def _figure(session: Session, made: int, role: str, measure: str) -> ResultFigure | None:
    found = campaign_results.result(session, viewer_for(role), made, NOW)
    assert found is not None
    return next((one for one in found.figures if one.measure == measure), None)


def test_a_rise_is_found_with_its_interval_and_kept(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    _talk(session)
    monkeypatch.setattr(highlights, "first_mention_at", lambda _: NOW - 84 * DAY)
    made = _closed(session)
    found = _figure(session, made, "marketing", "stories")
    assert found is not None
    assert found.clear
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.5 < found.high
    assert (found.n, found.before) == (14, 56)
    session.execute(text("TRUNCATE rollups, rollup_days"))
    assert _figure(session, made, "leadership", "stories") == found
    assert _figure(session, made, "hr", "stories") is None


def test_without_history_nothing_is_claimed(session: Session) -> None:
    factories.set_up(session)
    made = _closed(session, "both")
    found = campaign_results.result(session, SYSTEM, made, NOW)
    assert found is not None
    assert {one.facet for one in found.figures} == {"brand", "employer"}
    assert all(one.value is None and one.reason for one in found.figures)
