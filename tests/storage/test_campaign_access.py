"""Who may know of a campaign, and from when on."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage import advocates, campaign_acts, campaigns, users
from storage.models.advocacy import Advocate, Campaign, Content
from storage.viewer import SYSTEM, NotFound, Viewer, viewer_for
from tests.campaign_cast import brief, campaign
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


def test_what_is_deleted_leaves_no_content_for_everybody(session: Session) -> None:
    hr = viewer_for("hr")
    draft, closed = _campaign(session, "draft"), _campaign(session, "closed")
    for campaign_id in (draft, closed):
        session.add(Content(campaign_id=campaign_id, title="T", angle="A", available_from=EVE, created_at=EVE))
    briefed = _campaign(session, "briefed")
    with pytest.raises(campaign_acts.NotNow):
        campaign_acts.remove(session, hr, briefed, NOW)
    with pytest.raises(NotFound):
        campaign_acts.remove(session, viewer_for("marketing"), briefed, EVE)
    for campaign_id in (draft, closed):
        campaign_acts.remove(session, hr, campaign_id, NOW)
    left = session.scalars(select(Content)).all()
    assert [(one.campaign_id, one.withdrawn_at) for one in left] == [(None, NOW)]


def test_an_embargo_holds_until_it_is_moved_and_never_comes_back(session: Session) -> None:
    made = campaign(session, embargo_until=NOW + DAY)
    campaign_acts.brief(session, SYSTEM, made, NOW)
    with pytest.raises(campaign_acts.NotNow, match="embargo lasts"):
        campaign_acts.go_live(session, SYSTEM, made, NOW)
    with pytest.raises(ValueError, match="embargo_until"):
        campaign_acts.change(session, SYSTEM, made, brief(embargo_until=NOW + 3 * DAY), NOW)
    campaign_acts.change(session, SYSTEM, made, brief(embargo_until=NOW), NOW)
    with pytest.raises(ValueError, match="can't be hidden again"):
        campaign_acts.change(session, SYSTEM, made, brief(embargo_until=NOW + DAY), NOW)
    campaign_acts.go_live(session, SYSTEM, made, NOW)
    assert campaigns.find(session, viewer_for("advocate", 9), made, NOW).state == "live"
