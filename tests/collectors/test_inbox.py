"""A mailbox over IMAP: a real server, and servers that misbehave."""

import base64
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from collectors.base import Batch
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.inbox import InboxCollector
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from config.settings import Settings
from tests.collectors import mails
from tests.collectors.conftest import NOW
from tests.collectors.mail_servers import PASSWORD, USER, MailServer, Talk, real_server, script, talking
from tests.collectors.mails import AUTHSERV, mail
from tests.collectors.run import Run, run
from tests.notify.reports import report

COLLECTOR = InboxCollector()
KEYS = {"user": USER, "password": PASSWORD}
DOOR = PrivacyDoor(b"k" * 32, ())


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    with real_server() as server:
        yield server


@pytest.fixture
def box(mail_server: MailServer) -> Iterator[MailServer]:
    yield mail_server
    mail_server.empty()


@pytest.fixture
def hasty() -> Iterator[HttpClient]:
    """A client that soon loses patience."""
    with HttpClient(user_agent="t", timeout=0.3, allow_private=True, clock=lambda: NOW) as client:
        yield client


def options(server: MailServer, **more: Json) -> dict[str, Json]:
    given: dict[str, Json] = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": server.security,
        "trusted_authserv": AUTHSERV,
    }
    return {**given, **more}


def read(
    server: MailServer,
    http: HttpClient,
    cursor: Mapping[str, Json] | None = None,
    keys: dict[str, str] = KEYS,
    **more: Json,
) -> Run:
    return run(COLLECTOR, http, options(server, **more), cursor=cursor, credentials=keys)


def held(batches: tuple[Batch, ...]) -> list[str]:
    return [post.stated["held"] for batch in batches for post in batch.held]


def glassdoor(number: int = 1) -> bytes:
    html = mails.GLASSDOOR_HTML.replace("RVW9021", f"RVW{number:04d}")
    return mail(mails.GLASSDOOR, html, message_id=f"<{number}@glassdoor.example>").as_bytes()


def test_a_delivery_report_is_handed_on_and_becomes_no_post(box: MailServer, http: HttpClient) -> None:
    box.deliver(report("a" * 40), glassdoor())
    found = read(box, http)
    (told,) = [each for batch in found.batches for each in batch.reports]
    assert b"delivery-status" in told
    assert len(found.posts) == 2  # of the alert beside it
    assert held(found.batches) == []


def test_alerts_are_read_once_and_nothing_in_the_mailbox_changes(box: MailServer, http: HttpClient) -> None:
    box.deliver(glassdoor(), mail(mails.GOOGLE, mails.GOOGLE_HTML), mail("x@stranger.example", "<p>Hello</p>"))
    first = read(box, http)
    assert [post.kind for post in first.posts] == ["review", "review", "article", "article"]
    assert (first.outcome.complete, first.outcome.reason) == (True, "ok")
    assert first.outcome.detail == "1 mails of other senders were passed over."
    assert all(b"Seen" not in line for line in box.flags())
    second = read(box, http, first.cursor)
    assert (second.posts, held(second.batches), second.outcome.complete) == ([], [], True)
    box.deliver(glassdoor(2))
    third = read(box, http, second.cursor)
    assert [post.native_id for post in third.posts] == ["glassdoor:00020001", "glassdoor:00020002"]
    for post in first.posts:
        assert "alerts@acme.example" not in repr(DOOR.admit(post, NOW, 10_000))


def test_what_is_not_known_waits_for_a_person(box: MailServer, http: HttpClient) -> None:
    broken = mail(mails.GLASSDOOR, "<p>Your password was changed</p>", message_id="<b@x>")
    unproven = mail(mails.KUNUNU, mails.KUNUNU_HTML, results=None, message_id="<c@x>")
    box.deliver(glassdoor(), broken, unproven)
    found = read(box, http)
    assert len(found.posts) == 2
    assert [reason.split(":")[0] for reason in held(found.batches)] == [
        "The form of the mail is not known",
        "The sender is not proven",
    ]
    assert found.outcome.detail == "2 mails wait for a person."
    unsure = read(box, http, prove_sender=False, trusted_authserv="")
    assert len(unsure.posts) == 3


def test_a_mail_that_is_too_large_is_not_fetched(
    box: MailServer, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.inbox.MOST_MAIL_BYTES", 50_000)
    box.deliver(mail(mails.GLASSDOOR, text="x\n" * 50_000), glassdoor())
    found = read(box, http)
    assert held(found.batches) == ["The mail has 0.2 MB, which is more than is read."]
    assert len(found.posts) == 2


def test_batches_carry_the_cursor_that_is_true_after_them(
    box: MailServer, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.inbox.BATCH", 2)
    monkeypatch.setattr("collectors.inbox.MOST_MAILS", 4)
    box.deliver(*(glassdoor(number) for number in range(1, 6)))
    first = read(box, http)
    assert len(first.batches) == 2
    assert (first.outcome.complete, first.outcome.reason) == (False, "limit_reached")
    assert "1 mails are left" in first.outcome.detail
    assert len(read(box, http, first.batches[0].cursor).posts) == 6
    assert len(read(box, http, first.cursor).posts) == 2


def test_a_folder_numbered_anew_is_read_again_without_doubles(box: MailServer, http: HttpClient) -> None:
    box.deliver(glassdoor(), mail(mails.NEWSLETTER, mails.NEWSLETTER_HTML, message_id="<n@x>"))
    first = read(box, http, newsletters="branche.example")
    stale = {**first.cursor, "uidvalidity": 1}
    again = read(box, http, stale, newsletters="branche.example")
    assert [post.native_id for post in again.posts] == [post.native_id for post in first.posts]
    assert again.cursor == first.cursor


@pytest.mark.parametrize(
    "cursor", [{}, {"last_uid": "x"}, {"last_uid": -3}, {"last_uid": True}, {"uidvalidity": None}, {"folder": "Other"}]
)
def test_a_damaged_cursor_reads_from_the_beginning(box: MailServer, http: HttpClient, cursor: dict[str, Json]) -> None:
    box.deliver(glassdoor())
    good = dict(read(box, http).cursor)
    assert len(read(box, http, {**good, **cursor} if cursor else {}).posts) == 2


def test_old_mails_are_not_looked_for_at_first(box: MailServer, http: HttpClient) -> None:
    box.deliver(glassdoor())  # taken in by the server today, long after this test's "now"
    late = run(COLLECTOR, http, options(box, days=1), now=NOW.replace(year=2099), credentials=KEYS)
    assert late.posts == []


def test_marking_as_read(box: MailServer, http: HttpClient) -> None:
    box.deliver(glassdoor(), mail(mails.GLASSDOOR, "<p>Unknown</p>"))
    assert len(read(box, http, after="seen").posts) == 2
    assert [b"Seen" in line for line in box.flags()] == [True, False]


def test_moving_to_a_folder(box: MailServer, http: HttpClient) -> None:
    box.make("Done")
    box.deliver(glassdoor(), mail(mails.GLASSDOOR, "<p>Unknown</p>"))
    assert len(read(box, http, after="move", processed_folder="Done").posts) == 2
    assert (len(box.flags()), len(box.flags("Done"))) == (1, 1)


def test_a_folder_that_is_missing(box: MailServer, http: HttpClient) -> None:
    with pytest.raises(CollectError, match="no folder Nope") as caught:
        read(box, http, folder="Nope")
    assert caught.value.permanent


def test_a_wrong_password(box: MailServer, http: HttpClient) -> None:
    with pytest.raises(CollectError) as caught:
        read(box, http, keys={"user": USER, "password": "wrong"})
    assert (caught.value.reason, caught.value.permanent) == ("unauthorized", True)
    assert "wrong" not in caught.value.detail


@pytest.mark.parametrize("keys", [{}, {"user": "a"}, {"user": "a\r\nb", "password": "c"}])
def test_without_keys(box: MailServer, http: HttpClient, keys: dict[str, str]) -> None:
    with pytest.raises(CollectError) as caught:
        read(box, http, keys=keys)
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    assert http.requests == 0


def test_the_connection_test_counts_mails(box: MailServer, http: HttpClient) -> None:
    from collectors.base import CollectRequest

    box.deliver(glassdoor(), glassdoor(2))
    request = CollectRequest(1, options(box), (), {}, NOW, KEYS)
    assert COLLECTOR.test(request, http) == "The mailbox answers; the folder INBOX has 2 mails."


def hang_up(connection: socket.socket) -> None:
    connection.close()


def say_nothing(connection: socket.socket) -> None:
    time.sleep(1)


def drip(connection: socket.socket) -> None:
    """One byte at a time, for ever: each read is quick, the whole never ends."""
    for _ in range(200):
        connection.sendall(b"*")
        time.sleep(0.05)


def http_server(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


FETCHABLE = {
    "LOGIN": b"{tag} OK in\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] \r\n{tag} OK [READ-ONLY] done\r\n",
    "UID_SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n",
}
SIZE = b"* 1 FETCH (UID 1 RFC822.SIZE 100)\r\n{tag} OK done\r\n"


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (hang_up, "unreachable"),
        (say_nothing, "unreachable"),
        (drip, "unreachable"),
        (http_server, "unreachable"),
        (script(greeting=b"* BYE too many connections\r\n"), "bad_answer"),
        (script(greeting=b"\xff" * 100 + b"\r\n"), "unreachable"),
        (script(greeting=b"x" * 1_100_000), "unreachable"),
        (script(LOGIN=b"{tag} NO [AUTHENTICATIONFAILED] go away\r\n"), "unauthorized"),
        (script(LOGIN=b"{tag} BAD what?\r\n"), "unauthorized"),
        (script(LOGIN=b"{tag} NO [UNAVAILABLE] Temporary problem\r\n"), "unreachable"),
        (script(LOGIN=b""), "unreachable"),
        (script(LOGIN=b"{tag} OK in\r\n", EXAMINE=b"{tag} OK done\r\n"), "bad_answer"),
        (script(LOGIN=b"{tag} OK in\r\n", EXAMINE=b"{tag} NO no\r\n"), "bad_answer"),
        (script(**FETCHABLE | {"UID_SEARCH": b"{tag} NO no\r\n"}), "bad_answer"),
        (script(**FETCHABLE | {"UID_SEARCH": b""}), "unreachable"),
        (script(**FETCHABLE, UID_FETCH=b""), "unreachable"),
        (script(**FETCHABLE, UID_FETCH=b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"), "bad_answer"),
        (script(**FETCHABLE, UID_FETCH=b"* 1 FETCH (UID 1 BODY[] {500}\r\nhalf"), "unreachable"),
    ],
)
def test_servers_that_misbehave(talk: Talk, reason: str, hasty: HttpClient) -> None:
    with talking(talk) as server, pytest.raises(CollectError) as caught:
        read(server, hasty)
    assert caught.value.reason == reason
    assert caught.value.permanent == (reason == "unauthorized" or "no folder" in caught.value.detail)
    assert PASSWORD not in caught.value.detail


@pytest.mark.parametrize("fetched", [b"{tag} OK nothing\r\n", b"* 1 FETCH ()\r\n{tag} OK done\r\n", SIZE])
def test_a_mail_that_is_gone_meanwhile_loses_nothing(fetched: bytes, hasty: HttpClient) -> None:
    with talking(script(**FETCHABLE, UID_FETCH=fetched)) as server:
        found = read(server, hasty)
    assert (found.posts, found.outcome.complete, found.cursor["last_uid"]) == ([], True, 1)


def test_numbers_that_are_none(hasty: HttpClient) -> None:
    search = {"UID_SEARCH": b"* SEARCH 3 x 0 99999999999999999999 \xc2\xb2\r\n{tag} OK done\r\n"}
    with talking(script(**FETCHABLE | search, UID_FETCH=b"{tag} OK done\r\n")) as server:
        assert read(server, hasty).outcome.complete


def test_nobody_listens(hasty: HttpClient) -> None:
    with talking(hang_up) as server:
        pass
    with pytest.raises(CollectError, match="cannot be reached"):
        read(server, hasty)


def test_private_addresses_are_refused_unless_the_operator_names_them(
    box: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HttpClient(user_agent="t", timeout=2.0) as strict:
        with pytest.raises(CollectError, match="private network") as caught:
            read(box, strict)
        assert caught.value.permanent
        assert strict.requests == 0
        named = Settings.model_validate({"smtp_host": "127.0.0.1"})
        monkeypatch.setattr("collectors.inbox_connection.get_settings", lambda: named)
        assert read(box, strict).outcome.complete


def test_without_encryption_only_this_machine_is_read(
    box: MailServer, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.inbox_connection.resolve", lambda host, port: ["192.0.2.1"])
    with pytest.raises(CollectError, match="Without encryption") as caught:
        read(box, http)
    assert caught.value.reason == "not_allowed"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of our own for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


def test_starttls_is_verified(certificate: Path, http: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with real_server("--cert", str(certificate / "cert.pem"), "--key", str(certificate / "key.pem")) as server:
        with pytest.raises(CollectError, match="does not hold"):
            read(server, http, security="starttls")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert read(server, http, security="starttls").outcome.complete


def test_tls_from_the_first_byte(certificate: Path, http: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def talk(connection: socket.socket) -> None:
        try:
            secured = context.wrap_socket(connection, server_side=True)
        except ssl.SSLError:
            return
        with secured:
            script(**FETCHABLE | {"UID_SEARCH": b"* SEARCH\r\n{tag} OK done\r\n"})(secured)

    with talking(talk) as server:
        with pytest.raises(CollectError, match="does not hold"):
            read(server, http, security="tls")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert read(server, http, security="tls").outcome.complete


def test_words_sent_before_the_encryption_are_forgotten(
    certificate: Path, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"* OK ready\r\n")
        while line := connection.recv(1000):
            tag = line.split(b" ")[0]
            if b"STARTTLS" in line:
                # An attacker in the line adds an answer of their own in clear.
                connection.sendall(tag + b" OK begin\r\n* BYE injected\r\n")
                break
            connection.sendall(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n" + tag + b" OK done\r\n")
        with context.wrap_socket(connection, server_side=True) as secured:
            quiet = script(**FETCHABLE | {"UID_SEARCH": b"* SEARCH\r\n{tag} OK done\r\n"}, greeting=b"")
            quiet(secured)

    with talking(talk) as server:
        assert read(server, http, security="starttls").outcome.complete


def test_oauth_signs_in_by_xoauth2(hasty: HttpClient) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"* OK ready\r\n")
        file = connection.makefile("rb")
        while line := file.readline():
            tag = line.split(b" ")[0]
            if b"AUTHENTICATE XOAUTH2" in line:
                connection.sendall(b"+ \r\n")
                seen.append(file.readline())
                connection.sendall(tag + b" NO refused\r\n")
            else:
                connection.sendall(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + tag + b" OK done\r\n")

    with talking(talk) as server, pytest.raises(CollectError) as caught:
        read(server, hasty, oauth=True)
    assert caught.value.reason == "unauthorized"
    assert base64.b64decode(seen[0]) == f"user={USER}\1auth=Bearer {PASSWORD}\1\1".encode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "host: is missing"),
        ({"host": "mail example"}, "host: "),
        ({"host": "https://mail.example"}, "host: "),
        ({"host": "m.example", "port": 0}, "port: "),
        ({"host": "m.example", "security": "ssl"}, "security: "),
        ({"host": "m.example"}, "trusted_authserv: "),
        ({"host": "m.example", "trusted_authserv": "x", "after": "delete"}, "after: "),
        ({"host": "m.example", "trusted_authserv": "x", "after": "move"}, "processed_folder: "),
        ({"host": "m.example", "trusted_authserv": "x", "folder": "a\nb"}, "folder: "),
        ({"host": "m.example", "trusted_authserv": "x", "folder": " "}, "folder: "),
        ({"host": "m.example", "trusted_authserv": "x", "newsletters": "not a domain"}, "newsletters: "),
        ({"host": "m.example", "trusted_authserv": "x", "days": 0}, "days: "),
        ({"host": "m.example", "trusted_authserv": "x", "hosts": 1}, "hosts: no such option"),
    ],
)
def test_options_are_checked(given: dict[str, Json], words: str) -> None:
    with pytest.raises(ValueError, match="^" + words):
        COLLECTOR.check_options(given)


def test_defaults_of_the_options() -> None:
    checked = COLLECTOR.check_options({"host": "m.example", "prove_sender": "off", "forwarders": "@Acme.example\n\n"})
    assert (checked["port"], checked["security"], checked["folder"], checked["after"]) == (993, "tls", "INBOX", "leave")
    assert checked["forwarders"] == "acme.example"
    assert COLLECTOR.check_options(checked) == checked
    assert COLLECTOR.host(checked) == "m.example"
