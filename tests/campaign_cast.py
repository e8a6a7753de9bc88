"""People and a campaign for the tests of the campaign room: quick to make, without passwords."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from advocacy.campaign import Brief
from storage import campaigns
from storage.models.advocacy import Advocate
from storage.models.users import User
from storage.viewer import SYSTEM, Viewer, viewer_for
from tests.factories import DAY, NOW

MARK = "Nightfall"


def person(session: Session, name: str, role: str = "advocate", **advocate: object) -> Viewer:
    """An account; an advocate, too, where the role says so."""
    user = User(email=f"{name}@acme.example", name=name.title(), role=role, password_hash="-", created_at=NOW - DAY)
    session.add(user)
    session.flush()
    if role != "advocate":
        return viewer_for(role, user.id)
    row = Advocate(
        user_id=user.id, standing="employee", joined_at=NOW - DAY, consent_version="1", consent_text="Yes.", **advocate
    )
    session.add(row)
    session.flush()
    return viewer_for(role, user.id, row.id)


def crowd(session: Session, count: int, begin: int = 0) -> list[Viewer]:
    """Advocates without a team."""
    return [person(session, f"crowd{begin + number}") for number in range(count)]


def brief(groups: Sequence[str] = ("team:Support",), facet: str = "employer", **values: Any) -> Brief:
    """A brief about an embargoed matter: go-live in two days, embargo until tomorrow."""
    texts = {name: f"{MARK} {name}." for name in ("why", "affected", "expected", "team_briefing")}
    dates = {"starts_at": NOW + 2 * DAY, "ends_at": NOW + 9 * DAY, "embargo_until": NOW + DAY}
    named = {"title": f"Project {MARK}", "facet": facet, "early_groups": tuple(groups)}
    return Brief(**{**named, **dates, **texts, **values})


def campaign(session: Session, viewer: Viewer = SYSTEM, now: datetime = NOW, **values: Any) -> int:
    """A draft."""
    return campaigns.add(session, viewer, brief(**values), now - timedelta(hours=1))
