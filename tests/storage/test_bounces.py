"""Mails that come back pause their address: once for good, or three times in passing; nobody else's word does."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from notify.email import local_part
from notify.message import Mail
from storage import bounces, mail_states, outbox
from storage.models.incidents import OutboxMail
from storage.viewer import SYSTEM
from tests.factories import NOW
from tests.notify.reports import report

ADA = "lead@acme.example"


def sent(session: Session, key: str) -> str:
    """A mail that was handed over; the id by which a report names it."""
    outbox.put(session, Mail("News", "Text", "", (ADA,), dedupe_key=key), None, "all", NOW, smtp=True)
    session.execute(update(OutboxMail).where(OutboxMail.dedupe_key == key).values(state="sent"))
    return local_part(outbox.message_key(key))


def test_the_id_in_a_report_is_that_of_the_mail(session: Session) -> None:
    outbox.put(session, Mail("News", "Text", "", (ADA,), dedupe_key="k"), None, "all", NOW, smtp=True)
    (claimed,) = outbox.claim(session, NOW)
    assert f"<{local_part(outbox.message_key('k'))}@".encode() in claimed.message


def test_one_lasting_refusal_pauses_and_is_shown(session: Session) -> None:
    message = sent(session, "1")
    outbox.put(session, Mail("More", "Text", "", (ADA,), dedupe_key="2"), None, "all", NOW, smtp=True)
    assert bounces.note_reports(session, [report(message, recipient="alias@elsewhere.example")], NOW) == 1
    assert mail_states.stopped(session, [ADA, "alias@elsewhere.example"]) == {ADA}
    (waiting, came_back) = outbox.list_mails(session, SYSTEM)
    assert (waiting.state, came_back.state) == ("stopped", "failed")
    assert "It came back: 5.1.1" in (came_back.error or "")
    (row,) = mail_states.list_addresses(session, SYSTEM)
    assert (row.address, row.bounces, row.paused_at) == (ADA, 1, NOW)
    mail_states.subscribe_again(session, ADA, NOW)
    assert mail_states.stopped(session, [ADA]) == {ADA}  # a link mends no mailbox
    mail_states.subscribe_again(session, ADA, NOW, SYSTEM)
    assert mail_states.stopped(session, [ADA]) == frozenset()


def test_three_passing_failures_pause_and_a_report_counts_once(session: Session) -> None:
    reports = [report(sent(session, str(number)), status="4.4.7") for number in range(3)]
    bounces.note_reports(session, [*reports[:2], *reports[:2]], NOW)
    assert mail_states.stopped(session, [ADA]) == frozenset()
    bounces.note_reports(session, reports, NOW)
    assert mail_states.stopped(session, [ADA]) == {ADA}


@pytest.mark.parametrize("message", ["a" * 40, "evil"])
def test_a_forged_report_pauses_nobody_and_is_told(session: Session, message: str) -> None:
    sent(session, "1")
    bounces.note_reports(session, [report(message)] * 5, NOW)
    assert mail_states.stopped(session, [ADA]) == frozenset()
    (row,) = mail_states.list_addresses(session, SYSTEM)
    assert "without proof" in (row.detail or "")
    assert bounces.note_reports(session, [report(message, recipient="stranger@acme.example")], NOW) == 0


def test_a_report_on_an_old_mail_is_none_of_ours(session: Session) -> None:
    message = sent(session, "1")
    assert bounces.note_reports(session, [report(message)], NOW + timedelta(days=15)) == 0
