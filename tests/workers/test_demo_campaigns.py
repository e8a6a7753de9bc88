"""The demo's campaigns show every side of the room and write to nobody."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from storage import campaign_steps, campaign_voice, campaigns, db
from storage.models.users import User
from storage.viewer import SYSTEM
from tests.campaign_cast import crowd
from tests.workers.conftest import count
from workers.campaign import run_campaigns
from workers.demo_campaigns import add_campaigns

NOW = datetime.now(UTC)


@pytest.mark.usefixtures("world")
def test_one_is_over_with_its_result_and_one_is_under_embargo() -> None:
    with db.transaction() as session:
        crowd(session, 6)
        session.execute(update(User).values(demo=True))
    add_campaigns(NOW)
    with db.reading() as session:
        briefed, closed = campaigns.list_campaigns(session, SYSTEM, NOW)
        assert (briefed.state, briefed.embargoed(NOW), closed.state) == ("briefed", True, "closed")
        told = campaign_voice.feedback(session, SYSTEM, closed.id, NOW).landed
        assert told is not None
        assert told.n == 5  # of six
        steps = {row.kind: row.told for row in campaign_steps.timeline(session, SYSTEM, closed.id, NOW)}
        assert steps["live"] == 6
    run_campaigns(NOW)
    assert count("outbox") == 0
