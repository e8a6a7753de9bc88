"""Accounts and keys on the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from storage import advocacy, audit, db, identities, users
from storage.identities import Claims
from storage.models.advocacy import Advocate
from storage.viewer import SYSTEM
from tests.commands.conftest import Runner

pytestmark = pytest.mark.usefixtures("clean_database")

ADA = Claims("https://login.acme.example", "ada-1", "ada@acme.example", True, "Ada", "hr")


def test_a_key_ends_after_ninety_days_unless_said_otherwise(run: Runner) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        users.create_user(session, "ada@acme.example", "Ada", "hr", None, now)
    assert [run("key", "add", "ada@acme.example", *more).code for more in ((), ("--days", "0"))] == [0, 0]
    with db.reading() as session:
        ends = [key.expires_at for key in users.list_tokens(session)]
    assert ends[0] is not None
    assert timedelta(0) <= ends[0] - now - timedelta(days=90) < timedelta(hours=1)
    assert ends[1] is None


def test_an_account_is_taken_away_for_good_and_what_it_did_stays(run: Runner) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        users.create_user(session, "boss@acme.example", "Boss", "administrator", None, now)
        ada = identities.sign_in(session, ADA, None, now).id
        advocacy.join(session, ada, "employee", "1", "yes", now)
        users.invite(session, "hr", ada, now, "ada@acme.example")
        users.start_session(session, ada, now, 1)
    assert run("user", "remove", "ada@acme.example", typed="n\n").code == 1
    assert "The account is gone" in run("user", "remove", "ada@acme.example", "--yes").said
    assert "has to stay administrator" in run("user", "remove", "boss@acme.example", "--yes").said
    with db.reading() as session:
        assert users.find_user(session, "ada@acme.example") is None
        assert users.open_invitations(session, now) == ()
        assert session.scalars(select(Advocate.left_at)).one() is not None
        entry = audit.entries(session, SYSTEM, limit=1)[0]
    assert (entry.action, entry.user, str(ada) in entry.subject) == ("person.remove", None, True)


def test_an_account_is_untied_from_the_providers_person(run: Runner) -> None:
    with db.transaction() as session:
        identities.sign_in(session, ADA, None, datetime.now(UTC))
    assert "next signs in" in run("user", "untie", "ada@acme.example").said
    assert "tied to nobody" in run("user", "untie", "ada@acme.example").said
    assert run("user", "untie", "nobody@acme.example").code == 1
