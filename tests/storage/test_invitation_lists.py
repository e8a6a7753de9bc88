"""Lists of invitations: who is invited, who is not and why, and mails in bites."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from advocacy.invitees import Invitee
from storage import advocacy, eligible, invitation_lists, mail_states, users
from storage.viewer import NotAllowed, NotFound, viewer_for
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, NOW

MINUTE = timedelta(minutes=1)


def people(*addresses: str) -> list[Invitee]:
    return [Invitee(line, address, "Support", "Leeds") for line, address in enumerate(addresses, 1)]


def invite(session: Session, *addresses: str) -> invitation_lists.ListReport:
    return invitation_lists.invite_list(session, ADMINISTRATOR, people(*addresses), NOW)


def test_everybody_new_is_invited_and_each_other_line_says_why_not(session: Session) -> None:
    make.a_user(session, "hr", "here@acme.example")
    mail_states.unsubscribe(session, "quiet@acme.example", NOW)
    mail_states.known(session, "dead@acme.example").paused_at = NOW
    session.flush()
    assert invite(session, "ada@acme.example").invited == 1
    report = invite(session, "Ada@acme.example", "bo@acme.example", "BO@acme.example", "here@acme.example", "no one",
                    "quiet@acme.example", "dead@acme.example")  # fmt: skip
    assert (report.invited, report.grouped) == (1, 1)
    assert {each.line: each.reason for each in report.refused} == {
        1: "is invited already",
        3: "stands on line 2 already",
        4: "has an account already, and joins on the page My reach",
        5: "this is no mail address",
        6: "asked for no mails",
        7: "mails to this address come back",
    }


def test_mails_go_out_in_bites_and_each_once(session: Session) -> None:
    invite(session, *(f"a{number}@acme.example" for number in range(7)))
    first = invitation_lists.take_due(session, NOW, 3)
    assert [each.email for each in first] == [f"a{number}@acme.example" for number in range(3)]
    assert invitation_lists.take_due(session, NOW, 3) == ()  # as two workers would at once
    rest = [invitation_lists.take_due(session, NOW + minutes * MINUTE, 3) for minutes in (1, 2, 3)]
    assert [len(each) for each in rest] == [3, 1, 0]
    assert users.invitation(session, first[0].secret, NOW) is not None


def test_an_invited_person_joins_with_the_team_of_the_list_and_is_counted(session: Session) -> None:
    invite(session, "ada@acme.example", "bo@acme.example")
    ada, bo = invitation_lists.take_due(session, NOW, 10)
    account = users.accept(session, ada.secret, "Ada", "ada@acme.example", "four words in line", NOW)
    assert account.role == "advocate"
    with pytest.raises(ValueError, match="another address"):
        users.accept(session, bo.secret, "Bo", "else@acme.example", "four words in line", NOW)
    who = viewer_for("advocate", account.id, advocacy.join(session, account.id, "employee", "1", "Yes.", NOW))
    mine = advocacy.advocate_of(session, account.id)
    assert mine is not None
    assert mine.choices.team is None  # it counts when they say so
    advocacy.choose(session, who, mine.id, advocacy.Choices(team="Support"))
    with pytest.raises(ValueError, match="team"):
        advocacy.choose(session, who, mine.id, advocacy.Choices(team="Board"))
    invitation_lists.invite_list(session, ADMINISTRATOR, [Invitee(1, "ada@acme.example", "Sales")], NOW)
    moved = advocacy.advocate_of(session, account.id)
    assert moved is not None
    assert (moved.choices.team, moved.choices.location) == ("Sales", None)
    assert invitation_lists.counts(session, ADMINISTRATOR, NOW)["joined"] == 1


def test_resending_withdrawing_and_running_out(session: Session) -> None:
    invite(session, "ada@acme.example", "bo@acme.example")
    ada, bo = invitation_lists.take_due(session, NOW, 10)
    assert invitation_lists.resend(session, ADMINISTRATOR, NOW + DAY) == 0  # a day is no time to answer in
    later = NOW + 20 * DAY
    assert invitation_lists.counts(session, ADMINISTRATOR, later)["over"] == 2
    assert invitation_lists.withdraw(session, ADMINISTRATOR, later, [bo.id]) == 1
    for number in (1, 2):
        assert invitation_lists.resend(session, ADMINISTRATOR, later + number * 4 * DAY) == 1
        (again,) = invitation_lists.take_due(session, later + number * 4 * DAY, 10)
        assert (again.id, again.secret, again.mails) == (ada.id, ada.secret, number + 1)
    assert invitation_lists.resend(session, ADMINISTRATOR, later + 30 * DAY) == 0  # three mails are enough
    with pytest.raises(NotFound):
        users.accept(session, bo.secret, "Bo", "bo@acme.example", "four words in line", later)
    (row,) = invitation_lists.listed(session, ADMINISTRATOR, later, state="withdrawn")
    assert row.email == "bo@acme.example"
    assert invitation_lists.listed(session, ADMINISTRATOR, later, part="A_A") == ()


def test_many_go_in_at_once(session: Session) -> None:
    report = invite(session, *(f"person{number}@acme.example" for number in range(5_000)))
    assert (report.invited, report.refused) == (5_000, ())
    assert invitation_lists.counts(session, ADMINISTRATOR, NOW)["waiting"] == 5_000
    assert len(invitation_lists.listed(session, ADMINISTRATOR, NOW)) == 50


def test_only_administrators_invite_and_count(session: Session) -> None:
    for role in ("hr", "marketing", "leadership", "advocate"):
        with pytest.raises(NotAllowed):
            invitation_lists.invite_list(session, viewer_for(role), people("ada@acme.example"), NOW)
        with pytest.raises(NotAllowed):
            invitation_lists.listed(session, viewer_for(role), NOW)


def test_a_day_keeps_how_many_could_join_and_how_many_are_connected(session: Session) -> None:
    eligible.set_eligible(session, ADMINISTRATOR, 40, NOW)
    invite(session, "ada@acme.example")
    advocacy.record_day(session, NOW)
    found = session.execute(text("SELECT eligible, invited, joined, connected FROM programme_days")).one()
    assert tuple(found) == (40, 1, 0, 0)
    with pytest.raises(ValueError, match="people"):
        eligible.set_eligible(session, ADMINISTRATOR, 0, NOW)
