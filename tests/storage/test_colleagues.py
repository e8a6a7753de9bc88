"""Who chose to show their figures is seen by the advocates they chose, and by nobody else."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import advocacy, colleagues
from storage.viewer import NotAllowed, Viewer
from tests.factories import ADMINISTRATOR, MARKETING, NOW
from tests.storage.test_advocacy import MONTH, an_advocate, share


def _choose(session: Session, who: Viewer, visibility: str, team: str | None) -> None:
    values = {"id": who.advocate_id, "visibility": visibility, "team": team}
    session.execute(text("UPDATE advocates SET visibility = :visibility, team = :team WHERE id = :id"), values)
    session.expire_all()


def _names(session: Session, who: Viewer) -> list[str]:
    return [each.name for each in colleagues.shown(session, who, *MONTH)]


def test_figures_are_seen_by_whom_their_advocate_chose(session: Session) -> None:
    ada, bo, cleo = (an_advocate(session, name) for name in ("ada", "bo", "cleo"))
    name = session.execute(text("SELECT name FROM users WHERE id = :id"), {"id": ada.user_id}).scalar_one()
    noted = share(session, ada)
    _choose(session, bo, "me", "Support")
    for visibility, team, seen_by_bo, seen_by_cleo in (
        ("me", "Support", [], []),
        ("team", "support", [name], []),
        ("team", None, [], []),
        ("all", None, [name], [name]),
    ):
        _choose(session, ada, visibility, team)
        assert (_names(session, bo), _names(session, cleo)) == (seen_by_bo, seen_by_cleo), visibility
    assert _names(session, ada) == [], "one's own stand above"

    (seen,) = colleagues.shown(session, bo, *MONTH)
    assert (seen.posts, seen.impressions.value, seen.clicks, seen.as_of) == (1, None, 0, None)
    advocacy.add_reading(session, ada, noted, {"impressions": 40}, "advocate", NOW)
    (seen,) = colleagues.shown(session, bo, *MONTH)
    assert (seen.impressions.value, seen.as_of) == (40, NOW)


def test_no_role_sees_them_and_nobody_who_left(session: Session) -> None:
    ada, bo = an_advocate(session, "ada"), an_advocate(session, "bo")
    share(session, ada)
    _choose(session, ada, "all", None)
    for viewer in (MARKETING, ADMINISTRATOR):
        with pytest.raises(NotAllowed):
            colleagues.shown(session, viewer, *MONTH)
    advocacy.leave(session, ada, ada.advocate_id or 0, NOW)
    assert _names(session, bo) == []
