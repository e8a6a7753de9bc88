"""Google Play's reviews in the documented shape, from a server that checks the signature of the sign-in."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.google_play import GooglePlayCollector, post_of
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay, Request

PACKAGE = "com.example.app"
REVIEWS = f"/androidpublisher/v3/applications/{PACKAGE}/reviews"
TOKEN = "/token"
PRESENT = int(NOW.timestamp())


@pytest.fixture(scope="module")
def secret() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.fixture
def key_file(secret: rsa.RSAPrivateKey) -> str:
    pem = secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {"client_email": "reader@x.example", "private_key": pem.decode(), "token_uri": "http://evil.example/"}
    )


def review(number: int, days: float = 1, **more: Json) -> dict[str, Json]:
    """A review as the documentation shows it."""
    said: dict[str, Json] = {
        "text": f"Number {number}.", "starRating": 2, "thumbsUpCount": 3, "reviewerLanguage": "de",
        "lastModified": {"seconds": str(int(PRESENT - days * 86_400)), "nanos": 5}, "device": "pixel",
        "deviceMetadata": {"productName": "p"}, "appVersionName": "1.2",
    }  # fmt: skip
    reply: Json = {"developerComment": {"text": "Sorry", "lastModified": {"seconds": str(PRESENT)}}}
    return {
        "reviewId": f"gp:{number}",
        "authorName": "Anna Example",
        "comments": [{"userComment": said | more}, reply],
    }


def page(*reviews: Json, token: str | None = None) -> Answer:
    return Answer.json(
        ({"reviews": list(reviews)} if reviews else {})
        | ({"tokenPagination": {"nextPageToken": token}} if token else {})
    )


def collected(server: Replay, http: HttpClient, key: str, pages: int = 100, **more: object) -> Run:
    collector = GooglePlayCollector(server.base_url, server.url(TOKEN), pages)
    if TOKEN not in {request.path for request in server.requests}:
        server.add(TOKEN, Answer.json({"access_token": "secret-token", "expires_in": 3599}))
    given: dict[str, object] = {"credentials": {"service_account": key}, **more}
    return run(collector, http, {"package": PACKAGE}, **given)  # type: ignore[arg-type]


def test_reviews_are_read_with_a_signed_sign_in(
    server: Replay, http: HttpClient, key_file: str, secret: rsa.RSAPrivateKey
) -> None:
    server.add(REVIEWS, page(review(1), review(2, text="Good\tBut slow")))
    result = collected(server, http, key_file)
    first, second = result.posts
    assert (first.native_id, first.text, first.rating, first.kind) == ("gp:1", "Number 1.", 2.0, "review")
    assert (first.counters, first.published_at) == ({"likes": 3}, NOW - timedelta(days=1))
    assert (second.title, second.text) == ("Good", "But slow")
    assert (result.outcome.complete, result.cursor) == (True, {"read": PRESENT})
    asked, listed = server.requests
    assert listed.headers["authorization"] == "Bearer secret-token"
    form = parse_qs(asked.body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    signed, _, signature = form["assertion"][0].rpartition(".")
    secret.public_key().verify(decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    claims = json.loads(decoded(signed.split(".")[1]))
    assert claims == {
        "iss": "reader@x.example", "scope": "https://www.googleapis.com/auth/androidpublisher",
        "aud": server.url(TOKEN), "iat": PRESENT, "exp": PRESENT + 3_600,
    }  # fmt: skip


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_no_author_and_no_device_pass_the_door() -> None:
    raw = post_of(review(1, text="Anna Example says hello"), PACKAGE)
    assert raw is not None
    stored = PrivacyDoor(b"k" * 32, []).admit(raw, NOW, 1_000)
    assert "Anna" not in repr(stored)
    assert "pixel" not in repr(stored)
    plain = post_of(review(2), PACKAGE)
    assert plain is not None
    again = GooglePlayCollector().map_item(PrivacyDoor(b"k" * 32, []).admit(plain, NOW, 1_000).raw)
    assert again is not None
    assert (again.text, again.rating, again.url) == (plain.text, plain.rating, plain.url)
    hidden = review(3) | {"authorName": "A Google user"}
    nobody = post_of(hidden, PACKAGE)
    assert nobody is not None
    assert nobody.author is None


def test_pages_are_followed_down_to_what_is_known(server: Replay, http: HttpClient, key_file: str) -> None:
    def answer(request: Request) -> Answer:
        place = int(request.query.get("token", "0"))
        return page(review(place, days=place), token=str(place + 1) if place < 6 else None)

    server.rule(REVIEWS, answer)
    first = collected(server, http, key_file)
    assert len(first.posts) == 7
    second = collected(server, http, key_file, cursor={"read": PRESENT - 3_600})
    assert [post.native_id for post in second.posts] == ["gp:0", "gp:1", "gp:2"]
    capped = collected(server, http, key_file, pages=2)
    assert (capped.outcome.reason, capped.cursor) == ("limit_reached", {})


def test_a_repeated_token_ends_the_walk(server: Replay, http: HttpClient, key_file: str) -> None:
    server.add(REVIEWS, page(review(1), token="same"))
    assert len(collected(server, http, key_file).batches) == 2


def test_no_reviews_this_week_is_normal(server: Replay, http: HttpClient, key_file: str) -> None:
    server.add(REVIEWS, page())
    result = collected(server, http, key_file)
    assert (result.posts, result.outcome.complete) == ([], True)


def test_a_week_without_a_run_is_a_gap(server: Replay, http: HttpClient, key_file: str) -> None:
    server.add(REVIEWS, page(review(1)))
    result = collected(server, http, key_file, cursor={"read": PRESENT - 9 * 86_400})
    assert (result.outcome.complete, result.outcome.reason) == (False, "gap")
    assert "from 20 Feb 12:00 to 22 Feb 12:00 UTC" in result.outcome.detail


def test_bad_items_are_counted_and_good_ones_kept(server: Replay, http: HttpClient, key_file: str) -> None:
    bad: list[Json] = [None, "x", {}, review(4, starRating="many"), review(5) | {"comments": None}]
    undated = review(6, lastModified=5, text=None, thumbsUpCount=None)
    server.add(REVIEWS, page(*bad, undated, review(1)))
    result = collected(server, http, key_file)
    assert [post.native_id for post in result.posts] == ["gp:6", "gp:1"]
    assert (result.posts[0].published_at, result.posts[0].counters) == (None, {})
    assert "5 reviews could not be read" in result.outcome.detail


@pytest.mark.parametrize(
    ("answer", "reason", "permanent", "word"),
    [
        (
            Answer.json({"error": {"errors": [{"reason": "permissionDenied"}]}}, 403),
            "unauthorized",
            True,
            "Play Console",
        ),
        (Answer.json({"error": {"errors": [{"reason": "quotaExceeded"}]}}, 403), "rate_limited", False, "asks to wait"),
        (Answer(401), "unauthorized", True, "Play Console"),
        (Answer(404), "gone", False, "does not know"),
        (Answer(429, {"retry-after": "60"}), "rate_limited", False, "asks to wait"),
        (Answer(500), "unreachable", False, "fault of its own"),
        (Answer(200, {}, b"<html>"), "bad_answer", False, "HTML page"),
        (Answer.json({"reviews": {}}), "bad_answer", False, "list of reviews"),
        (Answer.json([]), "bad_answer", False, "list of reviews"),
    ],
)
def test_refusals_are_said_in_words(
    server: Replay, http: HttpClient, key_file: str, answer: Answer, reason: str, permanent: bool, word: str
) -> None:
    server.add(REVIEWS, answer)
    with pytest.raises(CollectError, match=word) as caught:
        collected(server, http, key_file)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)


@pytest.mark.parametrize(
    ("answer", "reason", "word"),
    [
        (Answer.json({"error": "invalid_grant"}, 400), "unauthorized", "make a new key"),
        (Answer(400, {}, b"<html>"), "bad_answer", "did not accept"),
        (Answer(200, {}, b"<html>"), "bad_answer", "without a token"),
        (Answer.json({"access_token": 5}), "bad_answer", "without a token"),
        (Answer(503), "unreachable", "fault of its own"),
    ],
)
def test_a_sign_in_that_fails_is_said(
    server: Replay, http: HttpClient, key_file: str, answer: Answer, reason: str, word: str
) -> None:
    server.add(TOKEN, answer)
    with pytest.raises(CollectError, match=word) as caught:
        run(GooglePlayCollector(server.base_url, server.url(TOKEN)), http, {"package": PACKAGE},
            credentials={"service_account": key_file})  # fmt: skip
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "key", ["", "no json", "[]", "{}", '{"client_email": "a", "private_key": "x"}', '{"client_email": 5}']
)
def test_keys_that_cannot_be_used_are_said(http: HttpClient, key: str) -> None:
    with pytest.raises(CollectError) as caught:
        run(GooglePlayCollector("http://127.0.0.1:1", "http://127.0.0.1:1"), http, {"package": PACKAGE},
            credentials={"service_account": key})  # fmt: skip
    assert (caught.value.reason, caught.value.permanent, http.requests) == ("needs_credentials", True, 0)


def test_connection_test_cursors_and_options(server: Replay, http: HttpClient, key_file: str) -> None:
    server.add(TOKEN, Answer.json({"access_token": "t"}))
    server.add(REVIEWS, page(review(1)))
    request = CollectRequest(1, {"package": PACKAGE}, (), {}, NOW, {"service_account": key_file})
    assert "lets the service account" in GooglePlayCollector(server.base_url, server.url(TOKEN)).test(request, http)
    for read in ("x", -5, PRESENT * 9, [1], None):
        assert collected(server, http, key_file, cursor={"read": read}).outcome.complete
    assert GooglePlayCollector().check_options({"package": " com.x.y "}) == {"package": "com.x.y"}
    for bad in ("", "app", "com..x", "com.x/../y", 5, "com." + "x" * 300):
        with pytest.raises(ValueError, match="package"):
            GooglePlayCollector().check_options({"package": bad})
