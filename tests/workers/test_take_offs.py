"""From a share that takes off to one mail in its author's mailbox, and to nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from config.settings import Settings
from storage import advocacy, db, mail_states
from storage.advocacy import Choices
from tests.conftest import MailSink
from tests.factories import World
from tests.storage.test_take_offs import an_advocate
from tests.workers.conftest import count
from workers.take_offs import find_take_offs
from workers.tell_mail import send_mails


@pytest.fixture
def by_smtp(settings: Callable[..., Settings], smtp: MailSink) -> MailSink:
    """The mail server of the settings."""
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="Outspoken <o@acme.example>")
    return smtp


def test_whoever_asked_gets_one_mail_with_the_arithmetic(world: World, by_smtp: MailSink) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        for name, wants in (("ada", True), ("bo", False), ("cleo", True)):
            viewer = an_advocate(session, name, 900, now, title="Nine\r\nBcc: eve@evil.example <b>")
            assert viewer.advocate_id is not None
            advocacy.choose(session, viewer, viewer.advocate_id, Choices("all", False, False, wants, False, None, None))
        mail_states.unsubscribe(session, "cleo@acme.example", now)
    for _ in range(2):
        find_take_offs()
        send_mails()

    (mail,) = by_smtp.messages
    assert by_smtp.recipients == ["ada@acme.example"]
    assert mail["Subject"] == "Your post takes off: 900 likes, usually 49"
    assert mail["Bcc"] is None
    plain, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    for part in (plain.get_content(), html.get_content()):
        assert "900 likes. Your 9 earlier ones had 49 at the same age" in " ".join(part.split())
        assert "/my-settings" in part
    assert "<b>" not in html.get_content().partition("<body")[2].partition("takes off")[0]
    assert count("outbox", "recipient = 'bo@acme.example'") == 0


def test_a_share_of_somebody_who_left_is_told_no_more(world: World, by_smtp: MailSink) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        viewer = an_advocate(session, "ada", 900, now)
        assert viewer.advocate_id is not None
        advocacy.choose(session, viewer, viewer.advocate_id, Choices("all", False, False, True, False, None, None))
        session.execute(text("UPDATE advocates SET left_at = now()"))
    find_take_offs()
    send_mails()
    assert by_smtp.messages == []
