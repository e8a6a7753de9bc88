"""Handing mails over to a server that refuses: the mailbox that is not there is paused, our own faults pause nobody."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from config.settings import Settings
from notify.message import Mail
from storage import db, mail_states, outbox
from tests.conftest import MailSink
from tests.workers.conftest import count
from workers.tell_mail import send_mails

ADA = "ada@acme.example"


@pytest.mark.parametrize(
    ("answer", "state", "paused"),
    [
        ("550 5.1.1 no such user", "failed", True),
        ("550 5.7.1 relaying denied", "failed", False),
        ("552 5.2.2 mailbox full", "failed", False),
        ("450 4.2.1 try later", "waiting", False),
    ],
)
def test_only_a_mailbox_that_is_not_there_is_paused(
    clean_database: object, smtp: MailSink, settings: Callable[..., Settings], answer: str, state: str, paused: bool
) -> None:
    async def refuse(*_: object) -> str:
        return answer

    smtp.handle_RCPT = refuse  # type: ignore[attr-defined]
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="o@acme.example")
    with db.transaction() as session:
        mail = Mail("News", "Text", "", (ADA,), dedupe_key="k")
        outbox.put(session, mail, None, "all", datetime.now(UTC), smtp=True)
    send_mails()
    with db.reading() as session:
        assert bool(mail_states.stopped(session, [ADA])) is paused
    assert count("outbox", f"state = '{state}'") == 1


def test_what_was_claimed_for_an_address_that_stopped_meanwhile_does_not_go(
    clean_database: object, smtp: MailSink, settings: Callable[..., Settings]
) -> None:
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="o@acme.example")
    with db.transaction() as session:
        mail_states.unsubscribe(session, ADA, datetime.now(UTC))
        outbox.put(session, Mail("News", "Text", "", (ADA,), dedupe_key="k"), None, "all", datetime.now(UTC), smtp=True)
    send_mails()
    assert smtp.messages == []
    assert count("outbox", "state = 'stopped'") == 1
