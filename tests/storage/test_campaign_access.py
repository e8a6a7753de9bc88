"""Who may know of a campaign, and from when on."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from storage import advocates, campaigns, users
from storage.models.advocacy import Advocate, Campaign
from storage.viewer import SYSTEM, Viewer, viewer_for
from tests.factories import DAY, NOW, PASSWORD

EVE = NOW - timedelta(hours=1)


def _person(session: Session, role: str, number: int, team: str | None = None) -> Viewer:
    user = users.create_user(session, f"p{number}@acme.example", f"P{number}", role, PASSWORD, EVE)
    advocate = None
    if role == "advocate":
        advocate = advocates.join(session, user.id, "employee", "1", "I agree.", EVE)
        session.get_one(Advocate, advocate).team = team
    return viewer_for(role, user.id, advocate)


def _campaign(session: Session, state: str = "briefed", facet: str = "employer", **values: object) -> int:
    row = Campaign(
        key=f"c-{state}-{facet}", title="Nightfall", facet=facet, state=state, created_at=EVE, embargo_until=NOW,
        starts_at=NOW + DAY, ends_at=NOW + 8 * DAY, **values,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def test_before_the_embargo_only_the_groups_and_the_side_s_editors_know(session: Session) -> None:
    in_team = _person(session, "advocate", 1, "Customer  Support")
    outside = [_person(session, "advocate", 2, "Sales"), viewer_for("marketing", 90), viewer_for("leadership", 91)]
    inside = [in_team, viewer_for("hr", 92), viewer_for("administrator", 93), viewer_for("advocate", 7), SYSTEM]
    made = _campaign(session, early_groups=["team:customer support", "person:7"])
    assert [campaigns.visible(session, viewer, EVE) for viewer in outside] == [set(), set(), set()]
    assert all(campaigns.visible(session, viewer, EVE) == {made} for viewer in inside)
    assert all(campaigns.may_see(session, viewer, made, NOW) for viewer in outside)
    assert not campaigns.may_see(session, outside[0], made + 1, NOW)


@pytest.mark.parametrize("change", ["team", "left"])
def test_access_goes_with_the_team_at_once(session: Session, change: str) -> None:
    viewer = _person(session, "advocate", 1, "Support")
    made = _campaign(session, early_groups=["team:Support"])
    assert campaigns.may_see(session, viewer, made, EVE)
    assert viewer.advocate_id is not None
    advocate = session.get_one(Advocate, viewer.advocate_id)
    advocate.team, advocate.left_at = ("Sales", None) if change == "team" else ("Support", EVE)
    session.flush()
    assert not campaigns.may_see(session, viewer, made, EVE)


def test_a_draft_is_for_those_who_write_it(session: Session) -> None:
    maker = _person(session, "marketing", 1)
    made = _campaign(session, "draft", early_groups=["role:leadership"], created_by=maker.user_id)
    late = NOW + 30 * DAY
    assert campaigns.visible(session, viewer_for("leadership", 90), late) == set()
    assert campaigns.visible(session, viewer_for("marketing", 91), late) == set()
    assert campaigns.visible(session, maker, EVE) == {made}
    assert campaigns.visible(session, viewer_for("advocate", maker.user_id), late) == set()
