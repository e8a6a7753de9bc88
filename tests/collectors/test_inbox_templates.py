"""Review alerts, Google Alerts and newsletters: what is read out of them, and what is kept for a person."""

import random
import re
import time
from email.message import EmailMessage

import pytest

from collectors.inbox import InboxCollector
from collectors.inbox_reading import Rules, Verdict, _judge, judge
from collectors.privacy import PrivacyDoor
from tests.collectors import mails
from tests.collectors.conftest import NOW
from tests.collectors.mails import AUTHSERV, mail, proof

RULES = Rules(True, AUTHSERV, forwarders=("acme.example",), newsletters=("branche.example",))
DOOR = PrivacyDoor(b"k" * 32, ())


def read(message: EmailMessage | bytes, rules: Rules = RULES) -> Verdict:
    return judge(message if isinstance(message, bytes) else message.as_bytes(), rules)


def why(verdict: Verdict) -> str:
    """Why it is held; posts there are none then."""
    assert verdict.posts == ()
    assert verdict.held is not None
    return verdict.held.stated["held"]


def test_glassdoor() -> None:
    good, bad = read(mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML)).posts
    assert good.native_id == "glassdoor:90210001"
    assert (good.title, good.rating, good.kind, good.published_at) == (
        "Good people, slow decisions",
        4.0,
        "review",
        NOW,
    )
    assert good.text == "Pros: Kind colleagues\nand fair pay\nCons: Decisions take months.\nAdvice: Decide."
    assert good.stated == {
        "kind": "review", "author_status": "current employee", "stars": "4", "job": "Data Analyst",
        "location": "Berlin",
    }  # fmt: skip
    assert good.url == "https://www.glassdoor.com/Reviews/Employee-Review-Acme-RVW90210001.htm"
    assert (bad.native_id, bad.title, bad.rating) == ("glassdoor:90210002", "Run", 1.0)
    assert bad.text == "Pros: The canteen was fine.\nCons: Shifts change overnight."
    assert (bad.stated["author_status"], bad.stated["job"], bad.stated["location"]) == (
        "former employee",
        "Warehouse Worker",
        "Leipzig",
    )


def test_indeed_in_plain_text() -> None:
    (post,) = read(mail(mails.INDEED, text=mails.INDEED_TEXT)).posts
    assert (post.native_id, post.title, post.rating) == ("indeed:0a1b2c3d4e5f6071", "Chaotic scheduling", 2.0)
    assert post.text == (
        "You never know when you work next week, and nobody answers the phone.\n"
        "Pros: Free coffee\nCons: No breaks, no plan"
    )
    assert post.stated["author_status"] == "former employee"
    assert post.url == "https://www.indeed.com/cmp/Acme/reviews?id=0a1b2c3d4e5f6071"


def test_kununu() -> None:
    (post,) = read(mail(mails.KUNUNU, mails.KUNUNU_HTML)).posts
    assert (post.native_id, post.rating) == ("kununu:7f3c2a10-1b2c-4d5e-8f90-aabbccddeeff", 3.4)
    assert post.title == "Solide, aber ohne Richtung"
    assert post.text == (
        "Pros: Pünktliches Gehalt und nette Kollegen.\nCons: Die Führung wechselt jedes halbe Jahr.\nAdvice: Zuhören."
    )
    assert post.stated["author_status"] == "former employee"


def test_trustpilot_and_its_author() -> None:
    (post,) = read(mail(mails.TRUSTPILOT, mails.TRUSTPILOT_HTML)).posts
    assert (post.native_id, post.rating, post.title) == ("trustpilot:5e3de1b45fb06f0001790b51", 2.0, "Late and broken")
    assert post.stated["author_status"] == "customer"
    admitted = DOOR.admit(post, NOW, 1000)
    assert admitted.author_key
    assert "Rosamunde" not in repr(admitted)


@pytest.mark.parametrize("form", ["html", "text"])
def test_google_alerts(form: str) -> None:
    made = mail(mails.GOOGLE, mails.GOOGLE_HTML if form == "html" else None, mails.GOOGLE_TEXT)
    plant, strike = read(made).posts
    assert (plant.title, plant.kind) == ("Acme opens a plant in Gera", "article")
    assert (plant.url or "").startswith("https://news.example/2026/acme-opens-plant")
    assert "utm" not in (plant.url or "")
    assert plant.text.startswith("Daily Example\nThe company Acme hires 300 people")
    assert (strike.title, strike.url) == ("Strike at Acme feared", "https://blog.example/strike")
    assert "irrelevant" not in plant.text
    assert "Unsubscribe" not in strike.text


def test_a_newsletter() -> None:
    gera, globex = read(mail(mails.NEWSLETTER, mails.NEWSLETTER_HTML)).posts
    assert gera.title == "Acme baut ein neues Werk in Gera"
    assert gera.text == "Dreihundert Menschen sollen dort arbeiten."
    assert gera.url == "https://branche.example/2026/02/acme-baut-in-gera"
    assert globex.url is None  # a counter of clicks: the address would tell who was sent it
    assert globex.title == "Globex verliert einen grossen Kunden"


@pytest.mark.parametrize(
    ("sender", "html", "text"),
    [
        (mails.GLASSDOOR, mails.GLASSDOOR_HTML, None),
        (mails.INDEED, None, mails.INDEED_TEXT),
        (mails.KUNUNU, mails.KUNUNU_HTML, None),
        (mails.TRUSTPILOT, mails.TRUSTPILOT_HTML, None),
        (mails.GOOGLE, mails.GOOGLE_HTML, None),
        (mails.NEWSLETTER, mails.NEWSLETTER_HTML, None),
    ],
)
def test_nothing_of_the_recipient_stays_and_items_can_be_mapped_again(
    sender: str, html: str | None, text: str | None
) -> None:
    collector = InboxCollector()
    for post in read(mail(sender, html, text)).posts:
        assert "SECRET" not in repr(post)
        assert "SECRET" not in repr(post.raw)
        again = collector.map_item(DOOR.admit(post, NOW, 10_000).raw)
        if post.author is None:
            assert again == post


@pytest.mark.parametrize(
    ("sender", "html"),
    [
        (mails.GLASSDOOR, "<p>Your password was changed</p>"),
        (mails.GLASSDOOR, "<p>Your weekly report: 4.2 of 5 stars on average</p>"),
        (mails.KUNUNU, ""),
        (mails.GOOGLE, "<p>Confirm your alert</p>"),
        (mails.NEWSLETTER, "<p>Bitte bestätigen</p>"),
        (mails.INDEED, "<p>5 applicants for Data Analyst in Berlin</p><p><a href='https://indeed.com/x'>See</a></p>"),
    ],
)
def test_an_unknown_form_waits_for_a_person(sender: str, html: str) -> None:
    verdict = read(mail(sender, html, subject="Hello"))
    assert "form of the mail is not known" in why(verdict)
    assert verdict.held is not None
    assert verdict.held.title == "Hello"


@pytest.mark.parametrize(
    "results",
    [
        None,
        proof("glassdoor.com", result="fail"),
        proof("glassdoor.com", result="none"),
        proof("evil.example"),
        proof("glassdoor.com.evil.example"),
        proof("notglassdoor.com"),
        proof("glassdoor.com", authserv="mx.evil.example"),
        proof("glassdoor.com", authserv=f"evil.example ({AUTHSERV})"),
        f"{AUTHSERV}; spf=pass smtp.mailfrom=glassdoor.com",
        f"{AUTHSERV}; none (dkim=pass header.d=glassdoor.com)",
        f"{AUTHSERV}; dkim=fail header.d=evil.example; x=dkim=pass",
    ],
)
def test_a_sender_that_is_not_proven_waits_for_a_person(results: str | None) -> None:
    verdict = read(mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML, results=results))
    assert "sender is not proven" in why(verdict)


def test_the_server_s_own_word_stands_on_top() -> None:
    forged = mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML).as_bytes()
    honest = f"Authentication-Results: {proof('glassdoor.com', result='fail')}\n".encode()
    assert "not proven" in why(read(honest + forged))
    other = b"Authentication-Results: elsewhere.example; dkim=fail header.d=glassdoor.com\n"
    assert len(read(other + forged).posts) == 2


@pytest.mark.parametrize("domain", ["mail.glassdoor.com", "glassdoor.com"])
def test_the_signature_may_be_the_organisation_s(domain: str) -> None:
    made = mail("Glassdoor <noreply@mail.glassdoor.com>", mails.GLASSDOOR_HTML, results=proof(domain))
    assert len(read(made).posts) == 2


def test_proving_can_be_switched_off() -> None:
    made = mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML, results=None)
    assert len(read(made, Rules(prove=False)).posts) == 2


@pytest.mark.parametrize("sender", ["Ann <ann@stranger.example>", "glassdoor.com <x@evil.example>", "", "a@b@c"])
def test_mails_of_others_are_passed_over(sender: str) -> None:
    verdict = read(mail("x@y.example", mails.GLASSDOOR_HTML).as_bytes().replace(b"x@y.example", sender.encode(), 5))
    assert verdict == Verdict(stranger=True)


FORWARD = """
<div>FYI</div><div>---------- Forwarded message ---------<br>From: Glassdoor &lt;noreply@glassdoor.com&gt;<br>
Date: Sat, 28 Feb 2026<br>Subject: New reviews<br>To: Ann &lt;ann@acme.example&gt;</div>
"""


def test_an_alert_forwarded_by_a_colleague() -> None:
    made = mail("Ann <ann@acme.example>", FORWARD + mails.GLASSDOOR_HTML)
    assert [post.native_id for post in read(made).posts] == ["glassdoor:90210001", "glassdoor:90210002"]
    assert "not proven" in why(read(mail("Ann <ann@acme.example>", FORWARD + mails.GLASSDOOR_HTML, results=None)))
    stranger = mail("Ann <ann@stranger.example>", FORWARD + mails.GLASSDOOR_HTML)
    assert read(stranger).stranger


def test_a_german_forward_in_plain_text() -> None:
    head = (
        "Zur Info\n\n-------- Weitergeleitete Nachricht --------\nBetreff: Neu\nVon: Indeed <no-reply@indeed.com>\n\n"
    )
    made = mail("Ann <ann@acme.example>", text=head + "".join(f"> {line}\n" for line in mails.INDEED_TEXT.splitlines()))
    assert [post.native_id for post in read(made).posts] == ["indeed:0a1b2c3d4e5f6071"]


def test_an_alert_forwarded_as_an_attachment() -> None:
    made = mail("Ann <ann@acme.example>", text="see attached")
    made.add_attachment(mail(mails.KUNUNU, mails.KUNUNU_HTML, results=None))
    assert [post.native_id for post in read(made).posts] == ["kununu:7f3c2a10-1b2c-4d5e-8f90-aabbccddeeff"]


def test_a_review_cannot_pass_as_a_forward() -> None:
    trick = mails.GLASSDOOR_HTML.replace(
        "Decide.", "Decide.<br>---------- Forwarded message ---------<br>From: x@stranger.example"
    )
    assert len(read(mail(mails.GLASSDOOR, trick)).posts) == 2


def test_a_review_without_a_link_has_a_steady_id() -> None:
    html = re.sub(r"<a [^>]*>", "<a>", mails.GLASSDOOR_HTML)
    first = read(mail(mails.GLASSDOOR, html)).posts
    second = read(mail(mails.GLASSDOOR, html, message_id="<2@mail.example>")).posts
    assert [post.native_id for post in first] == [post.native_id for post in second]
    assert len({post.native_id for post in first}) == 2
    assert all(re.fullmatch(r"glassdoor:[0-9a-f]{32}", post.native_id) and post.url is None for post in first)


@pytest.mark.parametrize(
    ("line", "rating"),
    [
        ("★★★★★", 5.0),
        ("⭐⭐⭐", 3.0),
        ("★★★☆☆ 3.2", 3.2),
        ("4 out of 5", 4.0),
        ("4,5 von 5 Sternen", 4.5),
        ("Rating: 2", 2.0),
        ("Overall rating 3.0/5", 3.0),
        ("5 stars", 5.0),
        ("2.0 ★ · Former Employee", 2.0),
    ],
)
def test_ratings_in_many_hands(line: str, rating: float) -> None:
    html = f"<p>{line}</p><p>Pros</p><p>Something that is good here</p><p>Cons</p><p>None</p>"
    assert read(mail(mails.GLASSDOOR, html)).posts[0].rating == rating


@pytest.mark.parametrize("line", ["6 stars", "4", "10 out of 10", "40 out of 5", "2026", "4 people", "★★★★★★★"])
def test_what_is_no_rating(line: str) -> None:
    html = f"<p>{line}</p><p>Current Employee</p><p>Pros</p><p>Something that is good here</p>"
    assert read(mail(mails.GLASSDOOR, html)).posts[0].rating is None


def test_charsets_that_lie() -> None:
    head = b"From: kununu <x@kununu.com>\r\nAuthentication-Results: " + proof("kununu.com").encode() + b"\r\n"
    for charset, encoding in (("us-ascii", "utf-8"), ("no-such-thing", "utf-8"), ("utf-8", "cp1252"), ("", "cp1252")):
        kind = f"Content-Type: text/html; charset={charset}\r\n\r\n".encode()
        (post,) = read(head + kind + mails.KUNUNU_HTML.replace("„", '"').replace("“", '"').encode(encoding)).posts
        assert "Pünktliches" in post.text


HEAD = (
    b"From: x@glassdoor.com\nMessage-ID: <9@x.example>\nAuthentication-Results: "
    + proof("glassdoor.com").encode()
    + b"\n"
)


def nested(depth: int) -> bytes:
    parts = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return HEAD + parts + b"Content-Type: text/plain\n\nhello\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff" * 1000,
        HEAD,
        nested(30),
        nested(3000),
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500,
        HEAD + b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n!!!!not base64!!!!",
        HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<a href='" * 100_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<a " * 300_000,
        HEAD + b"Content-Type: text/plain\n\n" + b"-" * 900_000,
        HEAD + b"Content-Type: text/plain\n\n" + b"4.0 " * 200_000,
        HEAD + b"Content-Type: text/plain\n\n" + b"Pros: " * 150_000,
        HEAD + b"Content-Type: text/plain\n\n" + b"\n".join([b"4/5", b"Current Employee"] * 20_000),
        HEAD + b"Subject: =?x?q?" + b"=FF" * 50_000 + b"?=\nContent-Type: text/plain\n\nx",
    ],
    ids=range(15),
)
def test_hostile_mails_are_held_or_read_soon(data: bytes) -> None:
    started = time.monotonic()
    verdict = _judge(data, RULES)
    assert verdict.stranger or verdict.held is not None or verdict.posts
    assert time.monotonic() - started < 20  # a bound against runaway patterns, far above what it takes


def test_a_fault_of_ours_holds_the_mail_and_not_the_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("collectors.inbox_reading.reviews.read_reviews", fail)
    assert why(read(mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML))) == "The mail cannot be read: KeyError."


def test_spoilt_mails_never_raise() -> None:
    chance = random.Random(7)
    whole = mail(mails.GLASSDOOR, mails.GLASSDOOR_HTML).as_bytes()
    for _ in range(150):
        spoilt = bytearray(whole)
        for _ in range(chance.randrange(1, 30)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        start = chance.randrange(len(spoilt))
        verdict = _judge(bytes(spoilt[: start if chance.random() < 0.3 else None]), RULES)  # without the safety net
        for post in verdict.posts:
            DOOR.admit(post, NOW, 1000)


def test_of_many_reviews_the_first_fifty_are_read_and_told() -> None:
    one = "<p>4/5</p><p>Current Employee</p><p>Pros</p><p>Number {} is good</p><p>Cons</p><p>Nothing at all</p>"
    verdict = read(mail(mails.GLASSDOOR, "".join(one.format(number) for number in range(60))))
    assert len(verdict.posts) == 50
    assert verdict.note == "10 more reviews than are read of one mail"
