"""Posts of X as we keep them: texts, links, counters, edits, reposts, and answers of any shape."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import CollectError
from collectors.post import Json, RawPost
from collectors.privacy import PrivacyDoor
from collectors.x import XCollector
from collectors.x_api import id_at, time_of
from collectors.x_posts import items_of, page_of, post_of
from collectors.x_query import Query, pack, phrase, suffix
from tests.collectors.conftest import NOW
from tests.collectors.x_platform import tweet, user

DOOR = PrivacyDoor(b"k" * 32, [])
NAMES = ("jane_10001", "Jane Number 10001", "10001")


def answer(*tweets: dict[str, Json], others: list[Json] | None = None, **more: Json) -> dict[str, Json]:
    users: list[Json] = [user(str(one["author_id"])) for one in tweets if "author_id" in one]
    return {"data": list(tweets), "includes": {"users": users, "tweets": others or []}, "meta": {}, **more}


def one(**more: Json) -> RawPost:
    page = page_of(answer(tweet(60, 1, **more)))
    assert len(page.posts) == 1
    return page.posts[0]


def test_long_posts_are_whole() -> None:
    note: Json = {"text": "All of it https://t.co/n", "entities": {"urls": [
        {"url": "https://t.co/n", "expanded_url": "https://acme.example/?a=1&copy=2"}
    ]}}  # fmt: skip
    assert one(text="All of…", note_tweet=note).text == "All of it https://acme.example/?a=1&copy=2"


def test_html_entities_are_read_once() -> None:
    assert one(text="a &amp;lt; b &gt; c", entities=None).text == "a &lt; b > c"


def test_links_lose_pictures_and_names() -> None:
    urls: list[Json] = [
        {"url": "https://t.co/p", "expanded_url": "https://twitter.com/jane_10001/status/5/photo/1"},
        {"url": "https://t.co/m", "expanded_url": "https://x.com/a/b", "media_key": "3_1"},
        {"url": "https://t.co/q", "expanded_url": "https://twitter.com/someone/status/123?s=20"},
        {"url": "https://t.co/w"},
        {"url": 5, "expanded_url": "https://acme.example"},
    ]
    post = one(text="Look https://t.co/q https://t.co/w https://t.co/p https://t.co/m", entities={"urls": urls})
    assert post.text == "Look https://x.com/i/status/123 https://t.co/w"


def test_a_repost_has_the_whole_original_and_no_counters() -> None:
    original = tweet(90, 2, text="The original, to its very end &amp; beyond", entities=None)
    refs: list[Json] = [{"type": "retweeted", "id": original["id"]}]
    post = page_of(answer(tweet(60, 1, text="RT @other: The orig…", referenced_tweets=refs), others=[original])).posts[
        0
    ]
    assert post.text == "RT @other: The original, to its very end & beyond"
    assert (post.counters, post.reply_to) == ({}, None)
    stored = DOOR.admit(post, NOW, 10_000)
    again = XCollector().map_item(stored.raw)
    assert again is not None
    assert again.text.endswith("to its very end & beyond")


def test_a_repost_without_its_original_stays_as_it_came() -> None:
    assert one(text="RT @other: cut…", referenced_tweets=[{"type": "retweeted", "id": "5"}]).text == "RT @other: cut…"


def test_replies_and_quotes() -> None:
    refs: list[Json] = [{"type": "quoted", "id": "7"}, {"type": "replied_to", "id": "8"}]
    post = one(referenced_tweets=refs, conversation_id="6")
    assert (post.kind, post.reply_to, post.raw["conversation_id"]) == ("comment", "8", "6")
    assert one(referenced_tweets=[{"type": "quoted", "id": "7"}]).kind == "post"


@pytest.mark.parametrize(
    ("metrics", "made", "counters"),
    [
        ({"like_count": 0, "impression_count": 0}, "2026-02-01T00:00:00.000Z", {"likes": 0, "impressions": 0}),
        ({"like_count": 1, "impression_count": 0}, "2021-02-01T00:00:00.000Z", {"likes": 1}),
        ({"impression_count": 5}, "2021-02-01T00:00:00.000Z", {"impressions": 5}),
        ({"like_count": None, "reply_count": "many", "quote_count": -1, "retweet_count": True}, None, {}),
        (None, None, {}),
        ([1], None, {}),
    ],
)
def test_unknown_is_not_zero(metrics: Json, made: Json, counters: dict[str, int]) -> None:
    assert one(public_metrics=metrics, created_at=made).counters == counters


@pytest.mark.parametrize(("given", "kept"), [("in", "id"), ("iw", "he"), ("und", None), ("qme", None), (5, None)])
def test_languages_are_named_as_everywhere(given: Json, kept: str | None) -> None:
    assert one(lang=given).lang == kept


def test_the_time_is_in_the_id() -> None:
    moment = datetime(2021, 6, 11, 19, 46, 50, tzinfo=UTC)
    assert time_of(id_at(moment)) == moment
    assert time_of("20") is None
    assert one(created_at="soon").published_at == time_of(str(tweet(60, 1)["id"]))


def test_edits_replace_older_versions() -> None:
    own = str(tweet(60, 1)["id"])
    page = page_of(answer(tweet(60, 1, edit_history_tweet_ids=["5", "7", own])))
    assert ([post.native_id for post in page.posts], page.deleted, page.newer) == ([own], ("5", "7"), ())
    later = str(int(own) + 5)
    page = page_of(answer(tweet(60, 1, edit_history_tweet_ids=["5", own, later])))
    assert (page.posts, set(page.deleted), page.newer) == ((), {"5", own}, (later,))
    odd = page_of(answer(tweet(60, 1, edit_history_tweet_ids=[None, "x", 9])))
    assert (len(odd.posts), odd.deleted) == (1, ("9",))


def test_errors_name_what_is_gone() -> None:
    errors: list[Json] = [
        {"title": "Not Found Error", "resource_id": "1", "resource_type": "tweet", "parameter": "ids"},
        {"title": "Authorization Error", "value": "2", "resource_type": "tweet"},
        {"title": "Forbidden", "resource_id": "3"},
        {"title": "Not Found Error", "resource_id": "4", "resource_type": "user"},
        {"title": "Field Authorization Error", "resource_id": "5", "resource_type": "tweet"},
        {"title": "Not Found Error", "resource_id": "jane"},
        "nonsense",
    ]
    assert page_of({"errors": errors}).deleted == ("1", "2", "3")


@pytest.mark.parametrize(
    ("withheld", "kept"),
    [
        ({"copyright": True, "country_codes": ["XY"]}, 0),
        ({"country_codes": ["XX"]}, 0),
        ({"country_codes": ["DE"]}, 1),
        ({"country_codes": None}, 1),
        ("everywhere", 1),
    ],
)
def test_withheld_posts_are_gone(withheld: Json, kept: int) -> None:
    page = page_of(answer(tweet(60, 1, withheld=withheld)))
    assert (len(page.posts), len(page.deleted)) == (kept, 1 - kept)


def test_what_is_paid_for_is_counted() -> None:
    page = page_of(answer(tweet(60, 1), tweet(61, 2), others=[tweet(90, 3), tweet(60, 1)]))
    assert (page.reads, page.users) == (3, 2)


BAD_ITEMS: list[Json] = [
    None, 5, "x", [], {}, {"id": None}, {"id": "1"}, {"id": "x", "text": "a"}, {"id": "1" * 30, "text": "a"},
    {"id": True, "text": "a"}, {"id": "1", "text": 5},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_ITEMS)
def test_one_unreadable_post_loses_no_others(bad: Json) -> None:
    page = page_of({"data": [tweet(60, 1), bad, tweet(61, 2)], "meta": {}})
    assert (len(page.posts), page.unread) == (2, 1)


@pytest.mark.parametrize("bad", [{}, {"data": 5}, {"data": "x", "meta": {}}, {"includes": {}}])
def test_other_answers_are_errors(bad: dict[str, Json]) -> None:
    with pytest.raises(CollectError):
        page_of(bad)


def test_a_name_is_an_id_or_a_handle() -> None:
    post = page_of(answer(tweet(60, 1))).posts[0]
    stored = DOOR.admit(post, NOW, 10_000)
    assert stored.author_key is not None
    bare = page_of({"data": [{key: value for key, value in tweet(60, 1).items() if key != "author_id"}]}).posts[0]
    assert bare.author is None
    only_id = page_of({"data": [tweet(60, 1)]}).posts[0]
    assert DOOR.admit(only_id, NOW, 10_000).author_key == stored.author_key


def test_no_author_passes_the_door() -> None:
    text = "I am Jane Number 10001, write to @jane_10001 &amp; see https://t.co/q"
    urls: list[Json] = [{"url": "https://t.co/q", "expanded_url": "https://x.com/jane_10001/status/12"}]
    mentions: list[Json] = [{"username": "jane_10001", "id": "10001"}]
    made = tweet(60, 1, text=text, entities={"urls": urls, "mentions": mentions})
    stored = DOOR.admit(page_of(answer(made)).posts[0], NOW, 10_000)
    assert not [name for name in NAMES if name in repr(stored).replace(stored.native_id, "")]


def test_a_stored_item_gives_the_same_post_again() -> None:
    post = one(conversation_id="6", referenced_tweets=[{"type": "replied_to", "id": "8"}])
    stored = DOOR.admit(post, NOW, 10_000)
    again = XCollector().map_item(json.loads(json.dumps(stored.raw)))
    assert again is not None
    assert (again.native_id, again.text, again.published_at, again.followers, again.lang, again.reply_to) == (
        post.native_id, post.text, post.published_at, post.followers, post.lang, post.reply_to
    )  # fmt: skip
    assert again.counters == post.counters
    assert again.author is None


def test_an_own_account_is_recognised() -> None:
    door = PrivacyDoor(b"k" * 32, [("x", "@Jane_10001")])
    stored = door.admit(page_of(answer(tweet(60, 1))).posts[0], NOW, 10_000)
    assert stored.own_account
    assert stored.url == f"https://x.com/jane_10001/status/{stored.native_id}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [*tweet(1, 1), "note_tweet", "referenced_tweets", "withheld", "non_public_metrics", "conversation_id"]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), JSON)
def test_swapped_types_are_posts_or_counted(spoiled: dict[str, Json], includes: Json) -> None:
    page = page_of({"data": [{**tweet(60, 1), **spoiled}, tweet(61, 2)], "includes": includes, "meta": {}})
    assert str(tweet(61, 2)["id"]) in {*(post.native_id for post in page.posts), *page.deleted}
    for post in page.posts:
        DOOR.admit(post, NOW, 1_000)


@given(JSON)
def test_any_item_is_a_post_or_none(item: Json) -> None:
    assert post_of(item) is None or isinstance(item, dict)
    assert isinstance(items_of({"data": [item]}), tuple)


# Queries


@pytest.mark.parametrize(
    ("term", "written"),
    [("Acme  Bank", '"Acme Bank"'), ('say "hi"', '"say hi"'), ("#acme", "#acme"), ("@acme_bank", "@acme_bank"),
     ("$ACME", "$ACME"), ("# acme", '"# acme"'), ("#", '"#"'), (" ", ""), ('""', "")],
)  # fmt: skip
def test_terms_are_quoted(term: str, written: str) -> None:
    assert phrase(term) == written


def test_queries_hold_every_term_within_the_length() -> None:
    ending = suffix(retweets=False, language="en")
    terms = [f"company number {number}" for number in range(60)]
    queries = pack(terms, ending, 512)
    assert [term for query in queries for term in query.terms] == terms
    assert all(len(query.text) <= 512 and query.text.endswith(" -is:retweet lang:en") for query in queries)
    assert pack([], ending, 512) == ()
    assert pack(["Acme", "ACME ", "acme"], "", 512) == (Query('"acme"', ("acme",)),)
