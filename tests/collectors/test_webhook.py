"""Posts by webhook: signature, shape, mapping, and an answer for each item."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.base import CollectRequest, Delivery
from collectors.deliveries import MAX_ITEMS, Delivered
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.payload_mapping import read_mapping
from collectors.privacy import PrivacyDoor
from collectors.signing import HEADER, sign
from collectors.webhook import WebhookCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import run

SECRET = "correct horse battery staple"
COLLECTOR = WebhookCollector()
DOOR = PrivacyDoor(b"k" * 32, ())


def request(mapping: str = "", credentials: dict[str, str] | None = None) -> CollectRequest:
    options = COLLECTOR.check_options({"platform": "desk", "mapping": mapping})
    return CollectRequest(7, options, (), {}, NOW, {"secret": SECRET} if credentials is None else credentials)


def received(body: object, mapping: str = "") -> Delivered:
    """What becomes of a well signed delivery."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return COLLECTOR.receive(request(mapping), Delivery({HEADER: sign(SECRET, data, NOW)}, data))


def told(delivered: Delivered) -> list[tuple[int, str | None, str | None]]:
    return [(each.index, each.native_id, each.field) for each in delivered.rejected]


ITEM = {
    "native_id": "t-1",
    "text": "Acme keeps signing me out, says rosa_lux_77",
    "title": "Login",
    "published_at": "2026-02-20T09:31:00+01:00",
    "url": "https://desk.example/t/1",
    "author": {"id": "u-8171", "handle": "rosa_lux_77", "name": "Rosamunde Lux", "url": "https://desk.example/u/rosa"},
    "followers": 12,
    "kind": "review",
    "lang": "en",
    "reply_to": "t-0",
    "rating": 2.5,
    "counters": {"likes": 4},
    "stated": {"author_status": "customer"},
}


def test_all_fields_arrive() -> None:
    post = received(ITEM).posts[0]
    assert (post.native_id, post.title, post.kind, post.rating, post.reply_to) == ("t-1", "Login", "review", 2.5, "t-0")
    assert post.published_at == datetime(2026, 2, 20, 8, 31, tzinfo=UTC)
    assert (post.counters, post.stated, post.followers) == ({"likes": 4}, {"author_status": "customer"}, 12)


def test_no_author_is_left_behind_the_door() -> None:
    raw = received(ITEM).posts[0]
    post = DOOR.admit(raw, NOW, 100_000)
    shown = repr(post).casefold()
    assert post.author_key
    assert not any(word in shown for word in ("8171", "rosa_lux", "rosamunde", "/u/rosa"))


def test_the_same_post_again_from_what_was_stored() -> None:
    item = {name: value for name, value in ITEM.items() if name != "author"} | {"text": "Acme is down"}
    post = received(item).posts[0]
    stored = DOOR.admit(post, NOW, 100_000).raw
    again = COLLECTOR.map_item(stored)
    assert again == post
    assert COLLECTOR.map_item({"text": "no id"}) is None
    named = DOOR.admit(received(ITEM).posts[0], NOW, 100_000)  # with the author's name in its words
    again = COLLECTOR.map_item(named.raw)
    assert again is not None
    assert again.text == named.text
    assert "[author]" in named.text


@pytest.mark.parametrize("body", [ITEM, [ITEM], {"posts": [ITEM]}, {"posts": [ITEM], "deleted": None}])
def test_object_list_and_envelope(body: object) -> None:
    delivered = received(body)
    assert [post.native_id for post in delivered.posts] == ["t-1"]
    assert (delivered.cursor, delivered.deleted, delivered.indexes) == (None, (), (0,))


def test_deleted_ids() -> None:
    delivered = received({"deleted": ["t-1", 7, None, {"id": 1}]})
    assert delivered.posts == ()
    assert {"t-1", "7"} < set(delivered.deleted)
    assert told(delivered) == [(2, None, "deleted"), (3, None, "deleted")]


def test_each_item_is_judged_by_itself() -> None:
    items: list[object] = [
        {"native_id": "1", "text": "one"},
        {"text": "no id"},
        {"native_id": "3", "published_at": "2026-01-01T00:00:00"},
        "no object",
        None,
        {"native_id": "6", "texd": "misspelt"},
        {"native_id": "7", "rating": 11},
        {"native_id": "8", "counters": {"likes": -1}},
        {"native_id": "9", "author": {"mail": "a@b.example"}},
        {"native_id": True},
        {"native_id": "11", "kind": "tweet"},
        {"native_id": "12", "stated": {"a": 1}},
        {"native_id": "13", "published_at": 1772366400},
        {"native_id": 14, "text": "a number is an id, too"},
    ]
    delivered = received({"posts": items})
    assert [post.native_id for post in delivered.posts] == ["1", "14"]
    assert delivered.indexes == (0, 13)
    fields = [field for _, _, field in told(delivered)]
    assert fields == [
        "native_id", "published_at", None, None, "texd", "rating", "counters.likes", "author", "native_id", "kind",
        "stated.a", "published_at",
    ]  # fmt: skip
    assert all(each.reason for each in delivered.rejected)


def test_of_the_same_id_in_one_delivery_the_last_counts() -> None:
    delivered = received([{"native_id": "1", "text": "old"}, {"native_id": "1", "text": "new"}])
    assert [post.text for post in delivered.posts] == ["new"]
    assert told(delivered) == [(0, "1", "native_id")]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"not json", "not JSON"),
        (b"", "not JSON"),
        (b'{"native_id": NaN}', "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b'"text"', "object or a list"),
        (b"\xff\xfe", "not JSON"),
        (b'{"posts": 1}', "must be lists"),
        (b'{"posts": [], "deleted": [], "surplus": 1}', "surplus: no such field"),
        (json.dumps([{"native_id": str(number)} for number in range(MAX_ITEMS + 1)]).encode(), "at most 1,000 items"),
    ],
)
def test_what_is_no_delivery(body: bytes, words: str) -> None:
    with pytest.raises(CollectError, match=words) as caught:
        received(body)
    assert caught.value.reason == "bad_answer"


def test_a_delivery_that_is_not_signed_well() -> None:
    data = json.dumps(ITEM).encode()
    with pytest.raises(CollectError) as caught:
        COLLECTOR.receive(request(), Delivery({HEADER: sign("another secret altogether", data, NOW)}, data))
    assert caught.value.reason == "unauthorized"


@pytest.mark.parametrize("credentials", [{}, {"secret": ""}, {"secret": "short"}])
def test_without_a_secret_nothing_is_taken(credentials: dict[str, str], http: HttpClient) -> None:
    data = json.dumps(ITEM).encode()
    delivery = Delivery({HEADER: sign("short", data, NOW)}, data)
    with pytest.raises(CollectError) as caught:
        COLLECTOR.receive(request(credentials=credentials), delivery)
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    with pytest.raises(CollectError):
        COLLECTOR.test(request(credentials=credentials), http)


def test_test_says_where_deliveries_go(http: HttpClient) -> None:
    both = {"secret": SECRET, "secret_previous": "x" * 16}
    assert COLLECTOR.test(request(credentials=both), http) == "Deliveries to /hooks/7 are checked with 2 secrets."


def test_nothing_is_fetched(http: HttpClient) -> None:
    assert run(COLLECTOR, http, {}).posts == []
    assert http.requests == 0


TICKET = {
    "event": "ticket.closed",
    "data": {
        "tickets": [
            {
                "id": 4711,
                "subject": "Late",
                "comments": [{"body": "The parcel is late, Acme!"}],
                "requester": {"id": "u-1", "name": "Rosa Lux"},
                "created": 1772280000000,
                "satisfaction": "2",
                "votes": "17",
                "vip": True,
            },
            {"subject": "no id"},
            "nonsense",
        ],
        "removed": [4700],
    },
}
MAPPING = """
# tickets of the desk
items = data.tickets
deleted = data.removed
native_id = id
title = subject
text = comments[0].body
published_at = created
author.id = requester.id
author.name = requester.name
rating = satisfaction
counters.likes = votes
stated.vip = vip
stated.author_status = "customer"
kind = "review"
"""


def test_a_payload_of_its_own_shape_is_mapped() -> None:
    delivered = received(TICKET, MAPPING)
    post = delivered.posts[0]
    assert (post.native_id, post.title, post.text) == ("4711", "Late", "The parcel is late, Acme!")
    assert post.published_at == datetime(2026, 2, 28, 12, 0, tzinfo=UTC)
    assert (post.rating, post.counters, post.kind) == (2.0, {"likes": 17}, "review")
    assert post.stated == {"vip": "yes", "author_status": "customer"}
    assert "4700" in delivered.deleted
    assert told(delivered) == [(1, None, "native_id"), (2, None, None)]
    assert "Rosa" not in repr(DOOR.admit(post, NOW, 1000))


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("2026-02-28 12:00:00", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (1772280000, datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("1772280000.5", datetime(2026, 2, 28, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-02-28T13:00:00+01:00", datetime(2026, 2, 28, 12, tzinfo=UTC)),
    ],
)
def test_times_of_foreign_payloads(given: object, wanted: datetime) -> None:
    post = received({"id": "1", "at": given}, "native_id = id\npublished_at = at").posts[0]
    assert post.published_at == wanted


@pytest.mark.parametrize("given", ["yesterday", 10**30, [], {"a": 1}, True])
def test_times_that_are_none_are_told(given: object) -> None:
    delivered = received({"id": "1", "at": given}, "native_id = id\npublished_at = at")
    assert told(delivered) == [(0, "1", "published_at")] or told(delivered) == [(0, None, "published_at")]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ("text = a", "native_id is missing"),
        ("native_id a", "line 1 must read"),
        ("native_id = a\nname = b", "line 2 must read"),
        ("native_id = a\nnative_id = b", "line 2 names native_id again"),
        ("native_id = a..b", "line 1: the path"),
        ("native_id = a[x]", "line 1: the path"),
        ("author = a\nnative_id = b", "line 1 must read"),
        ("\n".join(["native_id = a"] * 61), "at most 60 lines"),
        ("author.mail = a\nnative_id = b", "line 1 must read"),
    ],
)
def test_mappings_that_cannot_be_read_name_the_line(mapping: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^mapping: .*{words}"):
        COLLECTOR.check_options({"mapping": mapping})


def test_options_are_checked() -> None:
    assert COLLECTOR.check_options({}) == {"platform": "webhook", "mapping": ""}
    assert COLLECTOR.check_options({"mapping": ["native_id = a", "text = b"]})["mapping"] == "native_id = a\ntext = b"
    with pytest.raises(ValueError, match=r"^platform: "):
        COLLECTOR.check_options({"platform": "X Y"})
    with pytest.raises(ValueError, match=r"^mapping: "):
        COLLECTOR.check_options({"mapping": 5})
    assert read_mapping("# nothing but words\n\n") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys([*ITEM, "surplus"], JSON))


@given(st.lists(FIELDS | JSON, max_size=4) | FIELDS)
def test_whatever_comes_is_taken_or_told(body: object) -> None:
    delivered = Delivered((), None)
    with contextlib.suppress(CollectError):  # any other exception is a fault
        delivered = received(body)
    for post in delivered.posts:
        DOOR.admit(post, NOW, 1000)
    assert len(delivered.posts) == len(delivered.indexes)


@given(JSON)
def test_whatever_comes_is_mapped_or_told(body: object) -> None:
    delivered = received(body, "native_id = id\ntext = a.b[0]\npublished_at = c\nrating = d\nitems = a")
    assert len(delivered.posts) == len(delivered.indexes)
