"""Mails: put in once, claimed by one, sent or tried again, read by those who may."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from config.settings import Settings
from notify.message import Inline, Mail
from storage import mentions, outbox
from storage.viewer import NotAllowed, NotFound
from tests import factories as make
from tests.factories import NOW


def a_mail(key: str = "k", to: str = "lead@acme.example") -> Mail:
    return Mail(
        "Acme: 17 stories",
        "Seventeen stories — unusual.\n",
        '<p>Seventeen</p><img src="cid:chart@outspoken">\n',
        (to,),
        (Inline("chart@outspoken", b"\x89PNG", "a chart"),),
        {"Auto-Submitted": "auto-generated", "X-Outspoken-Severity": "high"},
        key,
    )


def test_the_same_mail_goes_in_once(session: Session) -> None:
    assert outbox.put(session, a_mail(), None, "brand", NOW, smtp=True) is not None
    assert outbox.put(session, a_mail(), None, "brand", NOW, smtp=True) is None
    assert len(outbox.claim(session, NOW)) == 1
    assert outbox.claim(session, NOW) == []


def test_a_claimed_mail_is_what_was_put_in(session: Session) -> None:
    outbox.put(session, a_mail(), None, "brand", NOW, smtp=True)
    (claimed,) = outbox.claim(session, NOW)
    assert claimed.mail.subject == a_mail().subject
    assert claimed.mail.text == a_mail().text
    assert claimed.mail.html == a_mail().html
    assert claimed.mail.to == a_mail().to
    assert claimed.mail.headers == a_mail().headers
    assert [(inline.cid, inline.png) for inline in claimed.mail.attachments] == [("chart@outspoken", b"\x89PNG")]
    assert b"Message-ID: <" in claimed.message


def test_without_a_mail_server_it_is_kept_to_read(session: Session) -> None:
    mail_id = outbox.put(session, a_mail(), None, "brand", NOW, smtp=False)
    assert outbox.claim(session, NOW + timedelta(days=9)) == []
    assert mail_id is not None
    detail = outbox.get_mail(session, make.MARKETING, mail_id)
    assert detail.row.state == "kept"
    assert "Seventeen stories" in detail.text


def test_a_stale_claim_is_taken_over(session: Session) -> None:
    outbox.put(session, a_mail(), None, "brand", NOW, smtp=True)
    outbox.claim(session, NOW)
    assert outbox.claim(session, NOW + timedelta(minutes=4)) == []
    assert len(outbox.claim(session, NOW + timedelta(minutes=6))) == 1


def test_a_refused_mail_waits_longer_each_time_and_is_given_up_after_ten(session: Session) -> None:
    outbox.put(session, a_mail(), None, "brand", NOW, smtp=True)
    now, waits = NOW, []
    for _ in range(outbox.MAX_TRIES):
        (claimed,) = outbox.claim(session, now)
        outbox.mark_failed(session, claimed.id, "451 later", False, now)
        (row,) = outbox.list_mails(session, make.MARKETING)
        if row.next_try_at is not None:
            waits.append(row.next_try_at - now)
            now = row.next_try_at
    assert waits == sorted(waits)
    assert len(waits) == outbox.MAX_TRIES - 1
    assert row.state == "failed"


def test_a_permanent_refusal_ends_it_and_a_person_can_try_again(session: Session) -> None:
    outbox.put(session, a_mail(), None, "brand", NOW, smtp=True)
    (claimed,) = outbox.claim(session, NOW)
    outbox.mark_failed(session, claimed.id, "550 no such user", True, NOW)
    assert outbox.claim(session, NOW + timedelta(days=1)) == []
    outbox.retry(session, make.MARKETING, claimed.id, NOW)
    (again,) = outbox.claim(session, NOW)
    outbox.mark_sent(session, again.id, NOW)
    outbox.mark_failed(session, again.id, "late", True, NOW)
    assert outbox.list_mails(session, make.MARKETING)[0].state == "sent"


def test_mails_are_read_by_their_purpose_only(session: Session) -> None:
    ids = {facet: outbox.put(session, a_mail(facet), None, facet, NOW, smtp=True) for facet in ("employer", "all")}
    assert outbox.list_mails(session, make.MARKETING) == ()
    assert [mail.facet for mail in outbox.list_mails(session, make.HR)] == ["employer"]
    assert outbox.list_mails(session, make.LEADERSHIP) == ()
    assert len(outbox.list_mails(session, make.ADMINISTRATOR)) == 2
    with pytest.raises(NotAllowed):
        outbox.get_mail(session, make.MARKETING, ids["employer"] or 0)
    with pytest.raises(NotFound):
        outbox.get_mail(session, make.ADMINISTRATOR, 10**9)


def test_mails_hold_quotes_and_go_before_the_mentions_do(session: Session) -> None:
    outbox.put(session, a_mail("kept"), None, "brand", NOW, smtp=False)
    outbox.put(session, a_mail("waits"), None, "brand", NOW, smtp=True)
    days = Settings().mail_days
    for age, left in ((days - 1, 2), (days + 1, 1)):
        mentions.delete_expired(session, NOW + timedelta(days=age), Settings())
        assert len(outbox.list_mails(session, make.MARKETING)) == left
