"""From a spike to the mail in somebody's mailbox, each event told once, whoever is killed or runs twice."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from storage import db, incidents, mail_actions, outbox, planned_events
from storage.planned_events import Draft
from storage.viewer import SYSTEM
from tests import factories as make
from tests.conftest import MailSink
from tests.factories import World
from tests.workers.conftest import count
from workers.alert import detect_alerts, detect_all
from workers.tell import tell
from workers.tell_mail import send_mails

WORDS = ("queue", "card", "app", "branch", "loan", "fee", "call", "letter", "rate", "desk", "door", "price")


@pytest.fixture
def spike(world: World) -> World:
    """Two quiet weeks, then forty different complaints within the last half hour."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        for day in range(14, 0, -1):
            at = now - timedelta(days=day)
            make.say(session, world, f"quiet {day}", f"Acme is calm on day {day} of {WORDS[day % 12]}", at, now=now)
        for number in range(40):
            word, other = WORDS[number % 12], WORDS[(number * 5 + 1) % 12]
            text = f"Acme number {number} lost my {word} and then the {other} broke {number * 7} times in town {number}"
            make.say(session, world, f"loud {number}", text, now - timedelta(minutes=number % 30), now=now)
        make.judge(session, "negative", now=now)
    return world


@pytest.fixture
def by_smtp(settings: Callable[..., Settings], smtp: MailSink) -> MailSink:
    """The mail server of the settings."""
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="Outspoken <o@acme.example>")
    return smtp


def _events() -> list[int]:
    with db.reading() as session:
        return incidents.events_to_tell(session, 100)


def test_a_spike_becomes_one_mail_that_says_what_happened(spike: World, by_smtp: MailSink) -> None:
    detect_alerts(spike.acme)
    for event_id in _events():
        tell(event_id)
    send_mails()

    assert len(by_smtp.messages) == 1
    subject = str(by_smtp.messages[0]["Subject"])
    assert "Acme" in subject
    assert by_smtp.recipients == ["lead@acme.example"]
    assert count("outbox", "state = 'sent'") == 1


def test_a_drop_of_ratings_is_told_once(world: World, by_smtp: MailSink) -> None:
    now = datetime.now(UTC)
    with db.transaction() as session:
        for number in range(60):
            text = make.different(number)
            make.say(session, world, f"review {number}", text, now - timedelta(hours=60 - number), now=now)
        make.judge(session, "neutral", now=now)
        statement = "UPDATE posts SET rating = CASE WHEN published_at > now() - interval '13 hours' THEN 1 ELSE 5 END"
        session.connection().exec_driver_sql(statement)
    detect_alerts(world.acme)
    assert count("incidents") == 0, "reviews are looked at once a minute only"
    detect_all()
    detect_all()
    (event_id,) = _events()
    tell(event_id)
    send_mails()

    (mail,) = by_smtp.messages
    assert "reviews give 4.0 stars less" in str(mail["Subject"])
    assert count("incidents", "kind = 'rating_drop' AND facet = 'brand'") == 1


def test_running_everything_twice_opens_and_sends_nothing_twice(
    spike: World, by_smtp: MailSink, queued: Callable[[str], int]
) -> None:
    detect_all()
    events = _events()
    detect_all()
    for event_id in (*events, *events):
        tell(event_id)
    send_mails()
    send_mails()

    assert len(by_smtp.messages) == count("outbox") == 1
    assert count("incidents") == 1
    assert _events() == []


def test_two_processes_tell_one_event_once(spike: World, by_smtp: MailSink) -> None:
    detect_alerts(spike.acme)
    (event_id,) = _events()
    tellers = [threading.Thread(target=tell, args=(event_id,)) for _ in range(4)]
    senders = [threading.Thread(target=send_mails) for _ in range(4)]
    for group in (tellers, senders):
        for thread in group:
            thread.start()
        for thread in group:
            thread.join()

    assert len(by_smtp.messages) == 1


def test_without_a_mail_server_mails_are_kept_to_read(spike: World) -> None:
    detect_alerts(spike.acme)
    for event_id in _events():
        tell(event_id)
    send_mails()

    assert count("outbox", "state = 'kept'") == 1


def test_a_refused_mail_waits_and_is_sent_at_a_later_try(spike: World, by_smtp: MailSink) -> None:
    by_smtp.answers = ["451 try later"]
    detect_alerts(spike.acme)
    for event_id in _events():
        tell(event_id)
    send_mails()
    assert count("outbox", "state = 'waiting' AND error LIKE '%try later%'") == 1

    with db.transaction() as session:
        session.connection().exec_driver_sql("UPDATE outbox SET next_try_at = now()")
    send_mails()

    assert len(by_smtp.messages) == 1


def test_a_company_that_is_decided_on_elsewhere_is_looked_at_again(spike: World, queued: Callable[[str], int]) -> None:
    with db.transaction() as session:
        assert incidents.deciding(session, spike.acme)
        detect_alerts(spike.acme)

    assert count("incidents") == 0
    assert queued("alert") == 1


def test_a_launch_explains_a_rise_and_without_it_the_mail_has_its_buttons(spike: World, by_smtp: MailSink) -> None:
    now = datetime.now(UTC)
    launch = Draft("Launch", "all", now - timedelta(hours=2), now + timedelta(hours=2))
    with db.transaction() as session:
        event_id = planned_events.add(session, make.ADMINISTRATOR, launch, now)
    detect_alerts(spike.acme)
    # The mentions are all negative: that is told also during a launch.
    assert count("incidents", "kind = 'volume_spike'") == 0
    with db.transaction() as session:
        planned_events.remove(session, make.ADMINISTRATOR, event_id)
        session.connection().exec_driver_sql("DELETE FROM incidents")
    detect_alerts(spike.acme)
    assert count("incidents", "kind = 'volume_spike'") == 1
    for told in _events():
        tell(told)
    send_mails()

    body = by_smtp.messages[0].get_body(("plain",))
    assert body is not None
    buttons = re.findall(r"/m/([A-Za-z0-9_.-]+)", body.get_content())
    with db.reading() as session:
        acts = [mail_actions.look(session, token, now).act for token in buttons]
        (row,) = outbox.list_mails(session, SYSTEM)
        shown = outbox.get_mail(session, SYSTEM, row.id)
    assert acts == ["acknowledge", "not_useful"]
    assert not any(token in shown.text + shown.html for token in buttons)


def test_no_company_is_no_error(clean_database: object) -> None:
    detect_all()
    detect_alerts(1)
    tell(1)
    send_mails()
