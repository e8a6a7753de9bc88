"""Invitations in bites, the week of each advocate, the month for leadership: each once, none without news."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser

import pytest
from sqlalchemy import text

from advocacy.invitees import Invitee
from config.settings import Settings
from storage import advocacy, advocate_week, db, invitation_lists, outbox, users
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer, viewer_for
from tests import factories as make
from tests.factories import ADMINISTRATOR
from tests.workers.conftest import count
from workers.advocate_mails import write_invitations, write_letters

MONDAY = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
FIRST = datetime(2026, 4, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _mail_server(clean_database: object, settings: Callable[..., Settings]) -> None:
    settings(smtp_host="mail.acme.example", public_url="https://o.acme.example", invitation_mails_per_minute=2)


def mails(where: str = "true") -> dict[str, str]:
    """Recipient and text of what the outbox holds."""
    with db.reading() as session:
        rows = session.execute(text(f"SELECT recipient, message FROM outbox WHERE {where}")).all()
    return {row.recipient: _words(row.message) for row in rows}


def _words(message: bytes) -> str:
    """Headers, text and HTML as a mail program shows them."""
    mail = BytesParser(policy=policy.default).parsebytes(message)
    parts = [mail.get_body((kind,)) for kind in ("plain", "html")]
    headers = [f"{name}: {value}" for name, value in mail.items()]
    return "\n".join(headers + [part.get_content() for part in parts if part is not None])


def an_advocate(name: str, role: str = "advocate") -> Viewer:
    with db.transaction() as session:
        user = make.a_user(session, role, f"{name}@acme.example")
        number = advocacy.join(session, user.user_id or 0, "employee", "1", "I agree.", MONDAY - 20 * DAY)
    return viewer_for(role, user.user_id, number)


def share(who: Viewer, at: datetime, views: int | None = 120) -> None:
    with db.transaction() as session:
        number = advocacy.add_share(
            session, who, who.advocate_id or 0, platform="x", native_id=f"{who.advocate_id}{at:%d%H}", url="https://x.com/1",
            title=None, own_words=True, published_at=at, followers=300, now=at,
        )  # fmt: skip
        if views is not None:
            advocacy.add_reading(session, who, number, {"impressions": views, "replies": 3}, "platform", at)


def test_invitations_go_out_in_bites_with_a_link_that_opens_the_account(settings: Callable[..., Settings]) -> None:
    with db.transaction() as session:
        make.set_up(session)
        people = [Invitee(n, f"p{n}@acme.example") for n in range(3)]
        invitation_lists.invite_list(session, ADMINISTRATOR, people, MONDAY)
    settings(smtp_host="")
    write_invitations(MONDAY)
    assert count("outbox") == 0
    settings(smtp_host="mail.acme.example")
    for seconds in (0, 20, 61, 122):
        write_invitations(MONDAY + timedelta(seconds=seconds))
    found = mails()
    assert sorted(found) == ["p0@acme.example", "p1@acme.example", "p2@acme.example"]
    assert "Acme invites you" in found["p0@acme.example"]
    secret = re.search(r"https://o\.acme\.example/join/([\w-]{43})", found["p0@acme.example"])
    assert secret is not None
    with db.transaction() as session:
        users.accept(session, secret[1], "P", "p0@acme.example", "four words in line", MONDAY + DAY)
    with db.reading() as session:  # a link to an account and somebody's figures are not for other eyes
        assert outbox.list_mails(session, viewer_for("administrator")) == ()
        row = session.scalar(text("SELECT min(id) FROM outbox"))
        for reader in (viewer_for("administrator"), SYSTEM):
            with pytest.raises(NotAllowed):
                outbox.get_mail(session, reader, row)


def test_a_week_is_told_once_to_those_with_something_in_it() -> None:
    ada, bo, cy = (an_advocate(name) for name in ("ada", "bo", "cy"))
    share(ada, MONDAY - 2 * DAY)
    share(bo, MONDAY - 20 * DAY)
    share(cy, MONDAY - 2 * DAY)
    with db.transaction() as session:
        advocacy.choose(session, cy, cy.advocate_id or 0, advocacy.Choices(weekly_mail=False))
    write_letters(MONDAY - timedelta(minutes=1))
    assert count("outbox") == 0
    for minutes in (0, 15, 300):
        write_letters(MONDAY + timedelta(minutes=minutes))
    assert sorted(mails()) == ["ada@acme.example"]
    letter = mails()["ada@acme.example"]
    assert "Your week: 1 post, 0 clicks" in letter
    assert "Measured impressions: 120" in letter
    assert "Comments and replies: 3" in letter
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in letter
    token = re.search(r"List-Unsubscribe: <https://o\.acme\.example/mails/week/([\w.-]+)>", letter)
    assert token is not None
    assert advocate_week.advocate_of_token(token[1]) == ada.advocate_id
    for forged in (f"{bo.advocate_id}.{token[1].partition('.')[2]}", "x", "1.", "١.x", "1" * 5000):
        with pytest.raises(NotFound):
            advocate_week.advocate_of_token(forged)


def test_what_is_new_to_share_is_reason_enough_unless_it_is_not_for_their_eyes() -> None:
    an_advocate("ada")
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO campaigns (key, title, facet, state, early_groups, embargo_until, starts_at, ends_at, "
                "created_at) "
                "VALUES ('c', 'Secret launch', 'brand', 'briefed', '{role:hr}', :later, :later, :later, :now)"
            ),
            {"now": MONDAY - DAY, "later": MONDAY + 9 * DAY},
        )
        session.execute(
            text(
                "INSERT INTO contents (title, angle, available_from, created_at, campaign_id) VALUES "
                "('Our secret tent', 'x', :now, :now, (SELECT id FROM campaigns))"
            ),
            {"now": MONDAY - DAY},
        )
    write_letters(MONDAY)
    assert count("outbox", "state = 'nothing'") == count("outbox") == 1
    assert "secret" not in str(mails()).lower()
    with db.transaction() as session:
        session.execute(text("UPDATE contents SET campaign_id = NULL, title = 'A day at the depot'"))
        session.execute(text("DELETE FROM outbox"))
    write_letters(MONDAY)
    assert "A day at the depot" in mails("state = 'waiting'")["ada@acme.example"]


def test_leadership_reads_of_a_month_from_five_people_on() -> None:
    for name in ("lea", "lou"):
        with db.transaction() as session:
            make.a_user(session, "leadership", f"{name}@acme.example")
    for number in range(4):
        share(an_advocate(f"a{number}"), datetime(2026, 3, 20, number, tzinfo=UTC))
    write_letters(FIRST)
    assert count("outbox") == 0
    share(an_advocate("a5"), datetime(2026, 3, 20, 5, tzinfo=UTC))
    for hours in (-1, 0, 30, 80):
        write_letters(FIRST + timedelta(hours=hours))
    assert sorted(mails()) == ["lea@acme.example", "lou@acme.example"]
    letter = mails()["lea@acme.example"]
    assert "advocates in March 2026: effect on careers visits not known" in letter
    assert "Posts: 5" in letter
    assert "Measured impressions: 600" in letter
    assert "EUR" not in letter


def test_old_personal_mails_and_figures_that_may_not_stay_are_deleted(settings: Callable[..., Settings]) -> None:
    share(an_advocate("ada"), MONDAY - 2 * DAY)
    write_letters(MONDAY)
    with db.transaction() as session:
        session.execute(text("UPDATE outbox SET state = 'sent'"))
        session.execute(text("UPDATE shares SET platform = 'linkedin'"))
    settings(linkedin_figures_days=2)
    write_letters(MONDAY + DAY)
    assert (count("outbox"), count("share_readings")) == (1, 0)
    write_letters(MONDAY + 32 * DAY)
    assert count("outbox") == 0
