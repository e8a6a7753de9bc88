"""The message that tries a channel out: made up, and says so."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from config.settings import get_settings
from notify.facts import AlertFacts
from storage.profile import own_company
from storage.viewer import ALL


def trial_facts(session: Session, now: datetime) -> AlertFacts:
    """Facts of no incident, marked as a demo."""
    own = own_company(session)
    return AlertFacts(
        company=own.name if own else "Outspoken",
        kind="volume_spike",
        facet=ALL,
        audience=ALL,
        action="test",
        incident_id=0,
        link=f"{get_settings().base_url}/incidents",
        severity="low",
        severity_reason="This is a test; nothing has happened.",
        severity_formula="",
        opened_at=now,
        as_of=now,
        window_start=now - timedelta(hours=1),
        window=timedelta(hours=1),
        observed=17,
        expected_low=3.2,
        expected_high=7.4,
        n=17,
        authors=12,
        to=(),
        demo=True,
    )
