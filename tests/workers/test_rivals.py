"""A rival's spike is one low event that nobody is mailed about."""

from datetime import UTC, datetime, timedelta

from storage import db, incidents
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import World
from tests.workers.conftest import count
from workers.alert import detect_alerts
from workers.tell import tell


def test_a_rivals_spike_is_low_tells_the_share_of_voice_and_mails_nobody(world: World) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        for day in range(14, 0, -1):
            text = f"Contoso: {make.different(day)}"
            make.say(session, world, f"quiet {day}", text, now - timedelta(days=day), now=now)
        for number in range(40):
            text = f"Contoso: {make.different(100 + number)}"
            make.say(session, world, f"loud {number}", text, now, now=now)  # of one day
        make.judge(session, "negative", "employee", "employer", now=now)
    detect_alerts(world.contoso)
    with db.reading() as session:
        (row,) = incidents.list_incidents(session, SYSTEM).items
        events = incidents.events_to_tell(session, 10)
    assert (row.kind, row.facet, row.audience, row.severity) == ("rival_event", "all", "all", "low")
    assert row.notes[0].startswith("Share of voice: 50 % of 80 "), "the same texts name Acme"
    for event_id in events:
        tell(event_id)
    assert count("outbox", "state = 'waiting'") == 0
