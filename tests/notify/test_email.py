import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from notify.email import SendError, SmtpConfig, build, message_id, send
from notify.message import compose_alert
from tests.conftest import MailSink, free_port
from tests.notify.cast import POINTS, facts, mail

SENDER = "Outspoken <outspoken@acme.example>"


def config(port: int, **changes: Any) -> SmtpConfig:
    """The server at `port`, without encryption unless the changes say so."""
    return replace(SmtpConfig("127.0.0.1", port, SENDER, security="none", timeout=5.0), **changes)


def failure(port: int, **changes: Any) -> SendError:
    """The error of sending the small mail."""
    with pytest.raises(SendError) as caught:
        send(mail(), config(port, **changes))
    return caught.value


def test_a_whole_alert_arrives(smtp: MailSink) -> None:
    composed = compose_alert(facts(points=POINTS, company="Äcme 🚀"))
    send(composed, config(smtp.port))
    (received,) = smtp.messages
    assert received["Subject"] == composed.subject
    assert received["To"] == "lee@acme.example"
    assert received["Date"] is not None
    assert received.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in received.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    picture: Any = list(received.walk())[-1]
    assert picture["Content-ID"] == "<chart@outspoken>"
    assert picture.get_content() == composed.attachments[0].png


def test_the_same_mail_has_the_same_id_and_an_incident_one_thread(smtp: MailSink) -> None:
    send(compose_alert(facts()), config(smtp.port))
    send(compose_alert(facts()), config(smtp.port))
    send(compose_alert(facts(revision=1)), config(smtp.port))
    ids = [message["Message-ID"] for message in smtp.messages]
    assert ids[0] == ids[1] != ids[2]
    assert len({message["References"] for message in smtp.messages}) == 1
    assert ids[0].endswith("@acme.example>")


@pytest.mark.parametrize(("answer", "permanent"), [("451 busy, come again", False), ("554 refused as spam", True)])
def test_the_answer_says_whether_to_try_again(smtp: MailSink, answer: str, permanent: bool) -> None:
    smtp.answers = [answer]
    error = failure(smtp.port)
    assert (error.permanent, error.detail) == (permanent, f"the mail server answered {answer}")
    send(mail(), config(smtp.port))
    assert len(smtp.messages) == 1


class _Refusing(MailSink):
    """Knows nobody named lee."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("lee"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def refusing() -> Iterator[_Refusing]:
    sink = _Refusing()
    sink.port = free_port()
    controller = Controller(sink, hostname=sink.host, port=sink.port)
    controller.start()
    yield sink
    controller.stop()


def test_an_unknown_recipient_is_named(refusing: _Refusing) -> None:
    error = failure(refusing.port)
    assert error.permanent
    assert error.detail == "lee@acme.example: the mail server answered 550 no such user"


def test_a_mail_that_some_have_is_not_tried_again(refusing: _Refusing) -> None:
    with pytest.raises(SendError, match="accepted for some, refused for lee@") as caught:
        send(mail(to=("lee@acme.example", "kim@acme.example")), config(refusing.port))
    assert caught.value.permanent
    assert refusing.recipients == ["kim@acme.example"]


@pytest.fixture
def signing_in() -> Iterator[MailSink]:
    """A server that takes mail from user lee with the password s3cret only."""
    sink = MailSink()
    sink.port = free_port()

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: LoginPassword) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"lee", b"s3cret"), handled=False)

    controller = Controller(
        sink, hostname=sink.host, port=sink.port, authenticator=check, auth_required=True, auth_require_tls=False
    )
    controller.start()
    yield sink
    controller.stop()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_signing_in(signing_in: MailSink) -> None:
    send(mail(), config(signing_in.port, user="lee", password="s3cret"))
    assert len(signing_in.messages) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_wrong_password_is_permanent_and_not_repeated_in_the_error(signing_in: MailSink) -> None:
    error = failure(signing_in.port, user="lee", password="wr0ng")
    assert error.permanent
    assert "535" in error.detail
    assert "wr0ng" not in error.detail


def test_no_password_leaves_the_machine_in_the_clear(monkeypatch: pytest.MonkeyPatch, smtp: MailSink) -> None:
    monkeypatch.setattr("notify.email.LOCAL", frozenset[str]())
    assert "without encryption" in failure(smtp.port, user="lee", password="s3cret").detail


def test_nobody_listens() -> None:
    error = failure(free_port())
    assert not error.permanent
    assert "no connection with 127.0.0.1" in error.detail


def test_a_dropped_connection_may_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drop() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 hello\r\n")
                connection.recv(100)

        thread = threading.Thread(target=drop)
        thread.start()
        assert not failure(server.getsockname()[1]).permanent
        thread.join()


def test_a_server_without_starttls_gets_nothing(smtp: MailSink) -> None:
    assert failure(smtp.port, security="starttls").permanent
    assert smtp.messages == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, signed by itself."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


@pytest.fixture
def encrypting(certificate: tuple[Path, Path]) -> Iterator[MailSink]:
    """A server that takes mail after STARTTLS only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    sink = MailSink()
    sink.port = free_port()
    controller = Controller(
        sink, hostname=sink.host, port=sink.port, tls_context=context, require_starttls=True, auth_require_tls=True
    )
    controller.start()
    yield sink
    controller.stop()


def test_starttls(encrypting: MailSink, certificate: tuple[Path, Path]) -> None:
    send(mail(), config(encrypting.port, security="starttls", ca_file=str(certificate[0])))
    assert len(encrypting.messages) == 1


def test_an_unknown_certificate_is_refused(encrypting: MailSink) -> None:
    error = failure(encrypting.port, security="starttls")
    assert error.permanent
    assert "not trusted" in error.detail
    assert encrypting.messages == []


def test_a_mail_to_nobody_is_refused() -> None:
    with pytest.raises(SendError, match="no recipient"):
        send(mail(to=()), config(free_port()))


def test_ids_survive_a_strange_sender() -> None:
    assert build(mail(), "Outspoken <outspoken@localhost>")["Message-ID"] == message_id("k", "localhost")
    assert build(mail(), "just words")["Message-ID"] == message_id("k", "outspoken.invalid")


def test_a_mail_without_html_is_plain() -> None:
    assert build(mail(html=""), SENDER).get_content_type() == "text/plain"
