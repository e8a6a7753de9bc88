"""Addresses that asked for no more mails: signed, at once, remembered, and taken back in the open."""

from email.parser import BytesParser
from email.policy import default

import pytest
from sqlalchemy.orm import Session

from config.settings import get_settings
from notify.email import build
from notify.message import Mail, automatic_headers
from storage import audit, mail_states, outbox
from storage.viewer import SYSTEM, NotAllowed, NotFound
from tests import factories as make
from tests.factories import NOW

ADA = "Ada.Lovelace+alerts@acme.example"


def token(address: str = ADA) -> str:
    return mail_states.stop_url(address).removeprefix(f"{get_settings().base_url}/mails/")


def test_the_address_in_a_mail_names_and_proves_its_recipient(session: Session) -> None:
    assert mail_states.address_of(token()) == ADA.lower()
    assert token(ADA.upper()) == token()
    named, _, signed = token().partition(".")
    other = token("bo@acme.example").partition(".")[2]
    for forged in ("", ".", named, f"{named}.", f"{named}.{other}", f"{signed}.{named}", "é.é", "a" * 9_999, "=.="):
        with pytest.raises(NotFound):
            mail_states.address_of(forged)


def test_unsubscribing_stops_what_waits_and_is_in_the_audit_log(session: Session) -> None:
    for key, to in (("1", ADA), ("2", "adaXlovelace+alerts@acme.example")):
        outbox.put(session, Mail("News", "Text", "", (to,), dedupe_key=key), None, "all", NOW, smtp=True)
    mail_states.unsubscribe(session, ADA, NOW)
    mail_states.unsubscribe(session, ADA, NOW)
    assert mail_states.stopped(session, [ADA, "bo@acme.example"]) == {ADA}
    assert [mail.recipient for mail in outbox.claim(session, NOW)] == ["adaXlovelace+alerts@acme.example"]
    done = [(entry.action, entry.user, entry.subject) for entry in audit.entries(session, SYSTEM)]
    assert done == [("mail.unsubscribe", None, ADA.lower())]


def test_an_administrator_who_switches_mails_on_again_is_in_the_audit_log(session: Session) -> None:
    viewer = make.a_user(session, "administrator")
    mail_states.unsubscribe(session, ADA, NOW)
    with pytest.raises(NotAllowed):
        mail_states.subscribe_again(session, ADA, NOW, make.HR)
    mail_states.subscribe_again(session, ADA, NOW, viewer)
    assert mail_states.stopped(session, [ADA]) == frozenset()
    latest = audit.entries(session, SYSTEM)[0]
    assert (latest.action, latest.user_id) == ("mail.resume", viewer.user_id)


@pytest.mark.parametrize(("base", "one_click"), [("https://outspoken.acme.example", True), ("http://localhost", False)])
def test_the_header_stays_whole_however_long_the_address_is(base: str, one_click: bool) -> None:
    url = f"{base}/mails/{'a' * 200}"
    mail = Mail("Größe " * 20, "Text", "", ("a@b.example",), headers=automatic_headers(url), dedupe_key="k")
    sent = build(mail, "Outspoken <o@acme.example>").as_bytes()
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in sent
    assert (b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in sent) is one_click
    assert BytesParser(policy=default).parsebytes(sent)["Subject"] == ("Größe " * 20).strip()
    assert max(len(line) for line in sent.split(b"\r\n") if b"List-" not in line) <= 78
