"""Messages reach their channel once, whatever it answers; what is taken and not marked is recognisable by its id."""

import logging
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase
from types import ModuleType

import pytest
from sqlalchemy import text

from config.settings import Settings
from notify import webhook
from notify.message import Mail
from storage import channels, db, deliveries, outbox, telling
from storage.deliveries import DeliveryRow
from storage.trial_message import trial_facts
from storage.viewer import SYSTEM
from tests import factories as make
from tests.conftest import MailSink
from tests.wire.replay import Answer, Replay, replay_server
from tests.workers.conftest import count
from tests.workers.test_tell import an_event
from workers import tell_channels
from workers.tell import write_mails
from workers.tell_channels import deliver
from workers.tell_mail import send_mails

PATH = "/services/T0/B0/secretpath"


@pytest.fixture
def server(settings: Callable[..., Settings]) -> Iterator[Replay]:
    """A channel's server on loopback, which the settings let be called; it takes a message unless told otherwise."""
    settings(allow_private_addresses=True)
    with replay_server() as replay:
        replay.add(PATH, Answer())
        yield replay


def a_channel(server: Replay, kind: str = "webhook", name: str = "Desk", path: str = PATH) -> str | None:
    with db.transaction() as session:
        return channels.add_channel(session, SYSTEM, name, kind, server.url(path), datetime.now(UTC))[1]


def a_message(name: str = "Desk", key: str = "k") -> int:
    now = datetime.now(UTC)
    with db.transaction() as session:
        row = channels.find_channel(session, SYSTEM, name)
        return deliveries.put(session, row, trial_facts(session, now), key, now) or 0


def found(number: int) -> DeliveryRow:
    with db.reading() as session:
        return deliveries.get_delivery(session, SYSTEM, number)


def due_now(extra: str = "") -> None:
    with db.transaction() as session:
        session.execute(text(f"UPDATE deliveries SET next_try_at = now() {extra}"))


@pytest.mark.usefixtures("world")
def test_an_event_is_told_to_the_channels_that_want_it_once_and_signed(
    server: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "points", lambda *_: ())  # nothing to draw
    secret = a_channel(server)
    a_channel(server, "slack", "Chat")
    with db.transaction() as session:
        channels.add_channel(session, SYSTEM, "HR", "webhook", server.url(PATH), datetime.now(UTC), facets=["employer"])
        town = make.set_up(session)
        event = an_event(session, town, datetime.now(UTC))
        write_mails(session, event, datetime.now(UTC), Settings())
        write_mails(session, event, datetime.now(UTC), Settings())
    deliver()
    deliver()

    signed, chat = sorted(server.requests, key=lambda request: "outspoken-signature" not in request.headers)
    assert webhook.verified(secret or "", signed.headers, signed.body, datetime.now(UTC))
    assert b'"type":"incident.opened"' in signed.body
    assert b'"blocks"' in chat.body
    assert count("deliveries", "state = 'sent' AND status = 200") == 2


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("status", "headers", "state", "wait"),
    [
        (429, {"retry-after": "120"}, "waiting", 120),
        (429, {}, "waiting", 900),
        (500, {}, "waiting", 60),
        (503, {"retry-after": "30"}, "waiting", 30),
        (404, {}, "failed", None),
        (400, {}, "failed", None),
        (302, {"location": "http://169.254.169.254/"}, "failed", None),
    ],
)
def test_answers_say_whether_and_when_to_try_again(
    server: Replay, status: int, headers: dict[str, str], state: str, wait: int | None
) -> None:
    server.add(PATH, Answer(status, headers), Answer())
    a_channel(server)
    number = a_message()
    deliver()
    row = found(number)
    assert (row.state, row.status, len(server.requests)) == (state, status, 1)
    if wait is None:
        assert row.next_try_at is None
        with db.transaction() as session:
            deliveries.retry(session, SYSTEM, number, datetime.now(UTC))
    else:
        assert row.next_try_at is not None
        assert abs(row.next_try_at - datetime.now(UTC) - timedelta(seconds=wait)) < timedelta(seconds=20)
        due_now()
    deliver()
    assert found(number).state == "sent"
    first, second = server.requests
    assert first.headers["outspoken-id"] == second.headers["outspoken-id"] == row.message
    assert first.body == second.body


def _dropped(wire: BufferedIOBase) -> None:
    wire.write(b"HTTP/1.1 200 OK\r\nContent-Le")


def _slow(wire: BufferedIOBase) -> None:
    time.sleep(0.4)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("fault", [_dropped, _slow])
def test_a_channel_that_drops_or_dawdles_loses_nothing_and_holds_up_no_other(
    server: Replay,
    fault: Callable[[BufferedIOBase], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(tell_channels, "_TIMEOUT", 0.25)
    monkeypatch.setattr(tell_channels, "_TOTAL", 0.3)
    server.add("/bad/secretpath", Answer(body=fault))
    a_channel(server, name="Bad", path="/bad/secretpath")
    a_channel(server, name="Good")
    bad = [a_message("Bad", f"bad {number}") for number in range(8)]
    good = a_message("Good", "good")
    deliver()
    assert found(good).state == "sent"
    rows = [found(number) for number in bad]
    assert {row.state for row in rows} == {"waiting"}
    assert sum(row.attempts for row in rows) <= 5  # the rest waits as long as those
    with db.reading() as session:
        states = {row.name: row.failing_since is not None for row in channels.list_channels(session, SYSTEM)}
    assert states == {"Bad": True, "Good": False}
    said = caplog.text + repr(rows) + repr(channels.Target)
    assert "secretpath" not in said
    assert "127.0.0.1" not in said


@pytest.mark.usefixtures("world")
def test_own_networks_are_called_only_where_the_settings_let_them(
    server: Replay, settings: Callable[..., Settings]
) -> None:
    a_channel(server)
    number = a_message()
    settings(allow_private_addresses=False)
    deliver()
    row = found(number)
    assert (row.state, server.requests) == ("failed", [])
    assert "ALLOW_PRIVATE_ADDRESSES" in (row.error or "")


@pytest.mark.usefixtures("world")
def test_with_another_secret_key_nothing_is_sent_and_it_says_so(
    server: Replay, settings: Callable[..., Settings]
) -> None:
    a_channel(server)
    number = a_message()
    settings(secret_key="another", allow_private_addresses=True)
    deliver()
    assert "another SECRET_KEY" in (found(number).error or "")


@pytest.mark.usefixtures("world")
def test_thousands_wait_in_portions_and_old_news_are_given_up(server: Replay) -> None:
    server.add(PATH, Answer(500))
    a_channel(server)
    a_message()
    with db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO deliveries (dedupe_key, channel_id, facet, body, state, created_at, next_try_at) "
                "SELECT 'n' || n, channel_id, facet, body, state, created_at, next_try_at "
                "FROM deliveries, generate_series(1, 1999) AS n"
            )
        )
    deliver()
    assert len(server.requests) == 5
    assert count("deliveries", "state = 'waiting'") == 2_000
    due_now(", created_at = now() - interval '25 hours'")
    with db.transaction() as session:
        session.execute(text("DELETE FROM deliveries WHERE attempts = 0"))
    deliver()
    assert count("deliveries", "state = 'failed'") == 5
    with db.transaction() as session:
        assert deliveries.forget_old(session, datetime.now(UTC)) == 0
        assert deliveries.forget_old(session, datetime.now(UTC) + timedelta(days=90)) == 5


def _killed_at(monkeypatch: pytest.MonkeyPatch, module: ModuleType, work: Callable[[], None]) -> None:
    """Run `work` in a process of its own that is killed when it comes to `mark_sent`."""
    with monkeypatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside the threads of the servers
        patched.setattr(module, "mark_sent", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.usefixtures("world")
def test_killed_between_accepted_and_marked_nothing_is_lost_and_the_double_is_known(
    server: Replay, smtp: MailSink, settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="o@acme.example")
    a_channel(server)
    a_message()
    mail = Mail("News", "Text", "", ("ada@acme.example",), dedupe_key="k")
    with db.transaction() as session:
        outbox.put(session, mail, None, "all", datetime.now(UTC), smtp=True)
    _killed_at(monkeypatch, outbox, send_mails)
    _killed_at(monkeypatch, deliveries, deliver)

    later = datetime.now(UTC) + timedelta(minutes=6)
    with db.transaction() as session:
        (again,) = outbox.claim(session, later)
        (message,) = deliveries.claim(session, later)
    assert str(smtp.messages[0]["Message-ID"]) in again.message.decode()
    assert server.requests[0].headers["outspoken-id"] == message.message
