"""Reviews of Trustpilot, by its API and its webhooks, in the documented shapes: no real answer was at hand."""

import base64
import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase

import pytest

from collectors import trustpilot
from collectors.base import CollectRequest, Delivery
from collectors.deliveries import KEY_OF_ADDRESS, Delivered
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.signing import HEADER, sign
from collectors.trustpilot import TrustpilotCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay, Request

UNIT = "46d6a890ffa235a75b00021d"
FIND, REVIEWS = "/v1/business-units/find", f"/v1/business-units/{UNIT}/reviews"
SECRET = "a secret of the address"
KEYS = {"api_key": "KEY-9f2", "secret": SECRET}
OPTIONS: dict[str, Json] = {"domain": "acme.example", "language": ""}
DOOR = PrivacyDoor(b"k" * 32, ())


def review(number: int, **more: object) -> dict[str, object]:
    return {
        "id": f"5e3de1b45fb06f00017{number:05d}",
        "stars": 2,
        "title": f"Late {number}",
        "text": "The parcel came late. Rosamunde Lux",
        "language": "en",
        "createdAt": (NOW - timedelta(hours=number)).isoformat().replace("+00:00", "Z"),
        "updatedAt": None,
        "consumer": {"id": "5e3de1b45fb06f0001790b50", "displayName": "Rosamunde Lux", "displayLocation": "Gera"},
        "businessUnit": {"id": UNIT},
        "companyReply": {"text": "We are sorry, says Acme."},
        "numberOfLikes": 3,
        "isVerified": True,
        "status": "active",
        "reportData": None,
        **more,
    }


@pytest.fixture
def collector(server: Replay) -> TrustpilotCollector:
    server.add(FIND, Answer.json({"id": UNIT, "numberOfReviews": {"total": 1205}}))
    return TrustpilotCollector(server.base_url)


def serve(server: Replay, *items: object) -> None:
    """All reviews, by pages of a hundred."""

    def page(request: Request) -> Answer:
        start = (int(request.query["page"]) - 1) * int(request.query["perPage"])
        return Answer.json({"reviews": items[start : start + int(request.query["perPage"])]})

    server.rule(REVIEWS, page)


def collected(collector: TrustpilotCollector, http: HttpClient, cursor: dict[str, Json] | None = None) -> Run:
    return run(collector, http, OPTIONS, cursor=cursor, credentials=KEYS)


def test_reviews_arrive_with_stars_and_without_their_author(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    serve(server, review(1))
    found = collected(collector, http)
    post = found.posts[0]
    assert (post.native_id, post.title, post.rating, post.kind, post.lang) == (
        "5e3de1b45fb06f0001700001", "Late 1", 2.0, "review", "en",
    )  # fmt: skip
    assert post.stated == {"kind": "review", "author_status": "customer", "stars": "2"}
    assert post.counters == {"likes": 3}
    assert "sorry" not in repr(post) + repr(post.raw)
    admitted = DOOR.admit(post, NOW, 1000)
    assert admitted.author_key
    assert "Rosamunde" not in repr(admitted)
    assert "0b50" not in repr(admitted)
    assert all(
        request.headers["apikey"] == "KEY-9f2" and "KEY" not in str(request.query) for request in server.requests
    )


def test_the_same_post_from_what_was_stored(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    serve(server, {**review(1), "text": "Late.", "consumer": None})
    post = collected(collector, http).posts[0]
    assert collector.map_item(DOOR.admit(post, NOW, 1000).raw) == post
    assert collector.map_item({"id": "x"}) is None
    assert collector.map_item({**post.raw, "text": "[author]"}) is None


def test_pages_to_the_end_and_only_news_after_it(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    items: list[object] = [review(number) for number in range(1, 251)]
    serve(server, *items)
    first = collected(collector, http)
    assert (len(first.posts), len(first.batches), first.outcome.complete) == (250, 3, True)
    items[:0] = [review(0)]
    serve(server, *items)
    before = http.requests
    second = collected(collector, http, dict(first.cursor))
    assert http.requests - before == 1  # one page reaches back far enough, and the business unit is known
    assert second.posts[0].native_id.endswith("00000")
    assert second.cursor["until"] == (NOW - timedelta(hours=0)).isoformat()


def test_a_run_ends_at_its_cap_and_the_next_goes_on(
    collector: TrustpilotCollector, server: Replay, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trustpilot, "MOST_PAGES", 2)
    serve(server, *(review(number) for number in range(1, 351)))
    first = collected(collector, http)
    assert (first.outcome.complete, first.outcome.reason, len(first.posts)) == (False, "limit_reached", 200)
    second = collected(collector, http, dict(first.cursor))
    assert (second.outcome.complete, len(second.posts)) == (True, 150)
    assert second.cursor["until"] == (NOW - timedelta(hours=1)).isoformat()


def test_a_run_cut_off_leaves_the_page_to_go_on_from(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    page = Answer.json({"reviews": [review(number) for number in range(100)]})
    server.add(REVIEWS, page, Answer(429, {"Retry-After": "120"}))
    request = CollectRequest(1, OPTIONS, (), {}, NOW, KEYS)
    steps = collector.collect(request, http)
    batch = next(steps)
    with pytest.raises(CollectError) as caught:
        next(steps)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(minutes=2))
    assert batch.cursor is not None
    assert (batch.cursor["page"], batch.cursor["until"]) == (2, "")


def test_a_repeated_page_ends_the_run(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    server.add(REVIEWS, Answer.json({"reviews": [review(number) for number in range(100)]}))
    found = collected(collector, http)
    assert (found.outcome.complete, len(found.batches)) == (False, 2)
    assert "repeats a page" in found.outcome.detail


def test_the_language_is_asked_for(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    serve(server)
    run(collector, http, {"domain": "acme.example", "language": "de"}, credentials=KEYS)
    assert server.requests[-1].query["language"] == "de"
    assert server.requests[0].query == {"name": "acme.example"}


@pytest.mark.parametrize(
    "cursor",
    [
        {"until": "yesterday"},
        {"until": 5, "page": "x"},
        {"unit": "../../etc", "page": -1},
        {"domain": "acme.example", "language": "", "unit": "../x", "until": [], "page": True, "newest": {}},
        {"domain": "other.example", "language": "", "unit": UNIT, "until": NOW.isoformat(), "page": 7},
    ],
)
def test_a_damaged_cursor_reads_from_the_beginning(
    collector: TrustpilotCollector, server: Replay, http: HttpClient, cursor: dict[str, Json]
) -> None:
    serve(server, review(1))
    assert len(collected(collector, http, cursor).posts) == 1
    assert server.requests[0].path == FIND


def test_an_empty_answer_is_no_fault(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    serve(server)
    found = collected(collector, http)
    assert (found.posts, found.outcome.complete) == ([], True)


@pytest.mark.parametrize(
    ("answer", "reason", "permanent"),
    [
        (Answer(401), "unauthorized", True),
        (Answer(403), "unauthorized", True),
        (Answer(500), "unreachable", False),
        (Answer(429), "rate_limited", False),
        (Answer(200, {}, b"<html>maintenance</html>"), "bad_answer", False),
        (Answer(200, {}, b'{"reviews": [{"id"'), "bad_answer", False),
        (Answer.json([]), "bad_answer", False),
        (Answer.json({"reviews": {}}), "bad_answer", False),
        (Answer(200, {"content-length": "500"}, b'{"reviews": ['), "unreachable", False),
    ],
)
def test_faults(
    collector: TrustpilotCollector, server: Replay, http: HttpClient, answer: Answer, reason: str, permanent: bool
) -> None:
    server.add(REVIEWS, answer)
    with pytest.raises(CollectError) as caught:
        collected(collector, http)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert "KEY-9f2" not in caught.value.detail


def test_a_connection_that_drops(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    def drop(file: BufferedIOBase) -> None:
        file.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")

    server.add(REVIEWS, Answer(body=drop))
    with pytest.raises(CollectError) as caught:
        collected(collector, http)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)


def test_without_a_key(collector: TrustpilotCollector, http: HttpClient) -> None:
    with pytest.raises(CollectError) as caught:
        run(collector, http, OPTIONS)
    assert (caught.value.reason, caught.value.permanent, http.requests) == ("needs_credentials", True, 0)


@pytest.mark.parametrize("unit", [Answer(404), Answer.json({"id": "../x"}), Answer.json([]), Answer.json({})])
def test_a_business_that_is_not_there(server: Replay, http: HttpClient, unit: Answer) -> None:
    server.add(FIND, unit)
    with pytest.raises(CollectError) as caught:
        collected(TrustpilotCollector(server.base_url), http)
    assert caught.value.reason in {"gone", "bad_answer"}


def test_the_connection_test_names_the_business(collector: TrustpilotCollector, http: HttpClient) -> None:
    request = CollectRequest(1, OPTIONS, (), {}, NOW, KEYS)
    assert "acme.example with 1,205 reviews" in collector.test(request, http)
    assert http.requests == 1


def test_spoilt_reviews_never_lose_the_good_ones(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    spoilt: list[object] = [None, 1, "x", [], {}, {"id": 5}, {"id": "a/../b", "text": "x"}]
    values: list[object] = [None, 1, -1, "x" * 300_000, [], {}, True, 1e300, "\ud800\x00"]
    for name in review(1):
        spoilt += [{**review(2), name: value} for value in values]
        short = copy.deepcopy(review(2))
        short.pop(name)
        spoilt.append(short)
    good = review(3)
    for start in range(0, len(spoilt), 90):
        serve(server, *spoilt[start : start + 90], good)
        found = collected(collector, http)
        assert good["id"] in [post.native_id for post in found.posts]
        for post in found.posts:
            assert "Rosamunde" not in DOOR.admit(post, NOW, 1000).text or "Rosamunde" not in repr(post.author)
        assert found.outcome.complete


def test_unreadable_reviews_are_counted(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    serve(server, review(1), {"id": None}, "x")
    assert collected(collector, http).outcome.detail == "2 reviews could not be read."


def test_second_looks_find_changes_and_deletions(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    kept, gone, hidden = (f"5e3de1b45fb06f000170000{number}" for number in (1, 2, 3))
    server.add(f"/v1/reviews/{kept}", Answer.json(review(1, text="It came after all.", stars=4)))
    server.add(f"/v1/reviews/{gone}", Answer(404))
    server.add(f"/v1/reviews/{hidden}", Answer(410))
    found = look_again(collector, http, OPTIONS, (kept, gone, hidden, "../x"), credentials=KEYS)
    assert [(post.text, post.rating) for post in found.posts] == [("It came after all.", 4.0)]
    assert found.deleted == [gone, hidden]
    assert all(batch.cursor is None for batch in found.batches)
    assert len(server.requests) == 3


def test_an_answer_about_another_review_is_not_taken(
    collector: TrustpilotCollector, server: Replay, http: HttpClient
) -> None:
    server.add("/v1/reviews/5e3de1b45fb06f0001700009", Answer.json(review(1)))
    assert look_again(collector, http, OPTIONS, ("5e3de1b45fb06f0001700009",), credentials=KEYS).posts == []


def delivered(*events: object, headers: dict[str, str] | None = None, body: bytes | None = None) -> Delivered:
    data = json.dumps({"events": events}).encode() if body is None else body
    request = CollectRequest(1, OPTIONS, (), {}, NOW, KEYS)
    return TrustpilotCollector("http://unused").receive(
        request, Delivery({KEY_OF_ADDRESS: SECRET} if headers is None else headers, data)
    )


def event(name: str, number: int, **more: object) -> dict[str, object]:
    data = {
        **review(number, **more), "referenceId": "ABC-123", "locationId": "43f5",
        "consumer": {"id": "53bffc3900006400017e5db8", "name": "Rosamunde Lux", "link": "https://x.example"},
        "tags": [{"group": "Generic", "value": "Tag"}],
    }  # fmt: skip
    return {"eventName": f"service-review-{name}", "version": "1", "eventData": data}


def test_a_hook_tells_of_new_changed_and_deleted_reviews() -> None:
    gone = {"eventName": "service-review-deleted", "eventData": {"id": "5e3de1b45fb06f0001700003"}}
    found = delivered(event("created", 1), event("updated", 2, text="Changed."), gone)
    assert [(post.native_id[-1], post.text) for post in found.posts] == [
        ("1", "The parcel came late. Rosamunde Lux"),
        ("2", "Changed."),
    ]
    assert found.deleted == ("5e3de1b45fb06f0001700003",)
    assert found.cursor is None
    assert "Rosamunde" not in repr(DOOR.admit(found.posts[0], NOW, 1000))


def test_poll_and_hook_give_the_same_post(collector: TrustpilotCollector, server: Replay, http: HttpClient) -> None:
    serve(server, review(1))
    polled, told = collected(collector, http).posts[0], delivered(event("created", 1)).posts[0]
    assert polled.native_id == told.native_id
    assert (polled.text, polled.title, polled.rating, polled.published_at) == (
        told.text, told.title, told.rating, told.published_at,
    )  # fmt: skip
    keys = [DOOR.admit(post, NOW, 1000).native_id for post in (polled, told)]
    assert keys[0] == keys[1]


def test_of_one_review_the_last_event_counts() -> None:
    gone = {"eventName": "service-review-deleted", "eventData": {"id": "5e3de1b45fb06f0001700001"}}
    found = delivered(event("created", 1), event("updated", 1, text="Second."), event("updated", 1, text="Third."))
    assert [post.text for post in found.posts] == ["Third."]
    assert delivered(event("created", 1), gone).posts == ()


def test_other_events_are_ignored_and_broken_ones_told() -> None:
    other = {"eventName": "product-review-created", "eventData": {"id": "x"}}
    found = delivered(other, event("created", 1), None, 5, {}, {"eventName": "service-review-created", "eventData": {}})
    assert (found.ignored, len(found.posts)) == (1, 1)
    assert [each.index for each in found.rejected] == [2, 3, 4, 5]


BODY = json.dumps({"events": [event("created", 1)]}).encode()
DIGEST = hmac.new(SECRET.encode(), BODY, hashlib.sha256)


@pytest.mark.parametrize(
    "headers",
    [
        {KEY_OF_ADDRESS: SECRET},
        {HEADER: sign(SECRET, BODY, NOW)},
        {"x-trustpilot-signature": DIGEST.hexdigest()},
        {"x-trustpilot-signature": base64.b64encode(DIGEST.digest()).decode()},
    ],
)
def test_the_ways_to_prove_a_delivery(headers: dict[str, str]) -> None:
    assert len(delivered(headers=headers, body=BODY).posts) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {KEY_OF_ADDRESS: ""},
        {KEY_OF_ADDRESS: "another secret"},
        {KEY_OF_ADDRESS: "\udcff"},
        {"x-trustpilot-signature": "0" * 64},
        {HEADER: sign("another secret", BODY, NOW), KEY_OF_ADDRESS: SECRET},
        {HEADER: sign(SECRET, BODY, datetime(2020, 1, 1, tzinfo=UTC))},
    ],
)
def test_a_delivery_without_proof_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(CollectError) as caught:
        delivered(headers=headers, body=BODY)
    assert caught.value.reason == "unauthorized"
    assert SECRET not in caught.value.detail


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"events": {}}', b"[" * 100_000])
def test_bodies_that_are_none(body: bytes) -> None:
    with pytest.raises(CollectError) as caught:
        delivered(body=body)
    assert caught.value.reason == "bad_answer"


def test_options_are_checked() -> None:
    collector = TrustpilotCollector()
    assert collector.check_options({"domain": " Acme.COM "}) == {"domain": "acme.com", "language": ""}
    for pasted in ("https://acme.com/", "https://de.trustpilot.com/review/acme.com", "http://acme.com"):
        assert collector.check_options({"domain": pasted})["domain"] == "acme.com"
    for given, word in (({}, "domain"), ({"domain": "acme"}, "domain"), ({"domain": "a/b"}, "domain"),
                        ({"domain": "acme.com", "language": "english"}, "language")):  # fmt: skip
        with pytest.raises(ValueError, match=f"^{word}: "):
            collector.check_options(given)
