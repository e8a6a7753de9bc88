"""Reddit through real praw, against a server that behaves as Reddit does."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.base import CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import Json
from collectors.reddit import STAYS, RedditCollector
from collectors.reddit_posts import is_gone, post_of
from config.settings import Settings
from tests.collectors.conftest import NOW
from tests.collectors.reddit_things import (
    DOOR,
    KEYS,
    ONLY_NEW,
    PRESENT,
    Things,
    collect,
    collector,
    comment,
    listing,
    paths,
    sign_in,
    submission,
    tree_server,
)
from tests.collectors.run import look_again, run
from tests.wire.replay import Answer, Replay, Rule


@pytest.fixture
def reddit(server: Replay) -> Replay:
    return sign_in(server)


def test_submission_becomes_a_post_without_its_author(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/acme/new", Things([submission(1)]))
    post = collect(reddit, http).posts[0]
    assert (post.native_id, post.kind, post.title) == ("t3_p1", "post", "Acme & I, 1")
    assert post.text == "Ask u/Some_Body or me."
    assert post.url == "https://www.reddit.com/r/Acme/comments/p1/acme_i/"
    assert post.published_at == NOW - timedelta(seconds=60)
    assert post.counters == {"points": 7, "comments": 0, "reposts": 1}
    assert (post.stated, post.followers, post.raw["upvote_ratio"]) == ({"community": "r/Acme"}, None, 0.9)
    stored = repr(DOOR.admit(post, NOW, 10_000))
    assert "u/user" in stored
    for name in ("Writer", "writer", "t2_w1", "Some_Body"):
        assert name not in stored


def test_sign_in_is_praws_and_headers_are_ours(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/acme/new", Things([]))
    collect(reddit, http)
    token, page = reddit.requests
    assert (token.method, token.body) == ("POST", b"grant_type=client_credentials")
    assert token.headers["authorization"].startswith("Basic ")
    assert page.headers["authorization"] == "bearer tok"
    assert page.headers["user-agent"] == "Outspoken/test"
    assert page.query == {"limit": "100", "raw_json": "1"}


def test_praw_reads_no_files(reddit: Replay, http: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from praw.config import Config

    monkeypatch.setattr(Config, "CONFIG", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "praw.ini").write_text("[DEFAULT]\noauth_url=http://elsewhere.example\nusername=x\npassword=y\n")
    monkeypatch.setenv("praw_username", "z")
    reddit.rule("/r/acme/new", Things([]))
    assert collect(reddit, http).outcome.complete
    assert reddit.requests[0].body == b"grant_type=client_credentials"
    assert os.listdir(tmp_path) == ["praw.ini"]


def test_comment_names_its_story_and_parent() -> None:
    post = post_of(comment(4, "t1_c3", score_hidden=False, permalink="/r/Acme/comments/p1/acme/c4/")["data"])
    assert post is not None
    assert (post.kind, post.reply_to, post.title) == ("comment", "t1_c3", None)
    assert post.stated == {"community": "r/Acme", "story_title": "Acme and I"}
    assert post.counters == {"points": 1}
    hidden = post_of(comment(5)["data"])
    assert hidden is not None
    assert (hidden.counters, hidden.url) == ({}, "https://www.reddit.com/comments/p1/_/c5/")


def test_page_of_a_person_is_not_named() -> None:
    given = submission(1, subreddit="u_Writer_1", permalink="/r/u_Writer_1/comments/p1/hello/")["data"]
    post = post_of(given)
    assert post is not None
    assert (post.url, post.stated) == ("https://www.reddit.com/comments/p1/", {})
    assert "writer" not in repr(DOOR.admit(post, NOW, 1_000)).lower()


def test_stored_raw_gives_the_same_post_again() -> None:
    for thing in (submission(1, author="Zoe_Q"), comment(2, author="Zoe_Q")):
        post = post_of(thing["data"])
        assert post is not None
        again = RedditCollector().map_item(DOOR.admit(post, NOW, 1_000).raw)
        assert again is not None
        assert again.author is None
        for name in ("native_id", "url", "published_at", "counters", "stated", "reply_to", "kind", "title"):
            assert getattr(again, name) == getattr(post, name)


@pytest.mark.parametrize(
    ("thing", "gone"),
    [
        (submission(1, selftext="[deleted]", author=None), True),
        (submission(1, selftext="[removed]", removed_by_category="moderator"), True),
        (submission(1, selftext="", removed_by_category="deleted"), True),
        (submission(1, author="[deleted]"), False),
        (comment(1, body="[deleted]", author=None), True),
        (comment(1, body="[ Removed by Reddit ]"), True),
        (comment(1, body="They [removed] it"), False),
    ],
)
def test_deleted_and_removed_are_told_by_what_is_left(thing: dict[str, Any], gone: bool) -> None:
    assert is_gone(thing["data"]) is gone


def test_listing_walks_to_what_is_known_and_deletions_are_told(reddit: Replay, http: HttpClient) -> None:
    things = [submission(number, age=number * 100.0) for number in range(1, 251)]
    things[3]["data"] |= {"selftext": "[removed]", "removed_by_category": "moderator"}
    reddit.rule("/r/acme/new", Things(things))
    first = collect(reddit, http)
    assert (len(first.posts), first.deleted, first.outcome.reason) == (249, ["t3_p4"], "ok")
    later = [submission(1000, age=-300.0), *things[5:]]  # the newest ones known are gone from the listing
    reddit.rule("/r/acme/new", Things(later))
    cursor = json.loads(json.dumps(dict(first.cursor)))
    second = collect(reddit, http, cursor=cursor, now=NOW + timedelta(minutes=10))
    assert "t3_p1000" in {post.native_id for post in second.posts}
    assert len(paths(reddit)) == 4
    assert second.outcome.complete


def test_cut_off_run_goes_on_and_loses_nothing(reddit: Replay, http: HttpClient) -> None:
    things = [submission(number, age=number * 100.0) for number in range(1, 451)]
    reddit.rule("/r/acme/new", Things(things))
    first = collect(reddit, http, max_requests=2)
    assert (first.outcome.complete, first.outcome.reason, len(first.posts)) == (False, "limit_reached", 200)
    newer = [submission(900 + number, age=-float(number)) for number in range(50, 0, -1)]
    reddit.rule("/r/acme/new", Things([*newer, *things]))
    second = collect(reddit, http, cursor=first.cursor, now=NOW + timedelta(minutes=5))
    got = {post.native_id for post in first.posts + second.posts}
    assert got == {thing["data"]["name"] for thing in [*newer, *things]}
    assert second.outcome.complete


def test_removed_anchor_begins_the_walk_anew(reddit: Replay, http: HttpClient) -> None:
    things = [submission(number, age=number * 100.0) for number in range(1, 251)]
    reddit.rule("/r/acme/new", Things(things))
    first = collect(reddit, http, max_requests=1)
    del things[99]
    second = collect(reddit, http, cursor=first.cursor)
    assert {post.native_id for post in first.posts + second.posts} == {f"t3_p{number}" for number in range(1, 251)}
    assert second.outcome.complete


def test_listing_that_ends_too_early_is_a_gap(reddit: Replay, http: HttpClient) -> None:
    things = [submission(number, age=number * 10.0) for number in range(1, 1001)]
    reddit.rule("/r/acme/new", Things(things))
    first = collect(reddit, http)
    assert (first.outcome.reason, len(first.posts)) == ("limit_reached", 1_000)
    known: dict[str, Json] = {"listings": {"new:acme": {"reached": PRESENT - 90_000}}}
    assert collect(reddit, http, cursor=known).outcome.reason == "gap"
    small = [submission(number, age=number * 10.0) for number in range(1, 20)]
    reddit.rule("/r/acme/new", Things(small))
    assert collect(reddit, http, cursor=known).outcome.complete


def test_search_asks_for_each_name_everywhere_or_in_communities(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/all/search/", Things([submission(1)]))
    collect(reddit, http, {"trees": False}, terms=('Acme "Bank"', "acme  bank", "Rival"))
    asked = [request.query for request in reddit.requests if request.path == "/r/all/search/"]
    assert {query["q"] for query in asked} == {'"acme  bank "', '"acme bank"', '"rival"'}
    assert {(query["sort"], query["type"], query["restrict_sr"]) for query in asked} == {("new", "link", "False")}
    reddit.rule("/r/acme/search/", Things([]))
    collect(reddit, http, {"subreddits": "r/Acme", "new": False, "trees": False}, terms=("Rival",))
    assert reddit.requests[-1].query["restrict_sr"] == "True"


def test_comments_of_communities(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/acme/comments/", Things([comment(number) for number in range(1, 4)]))
    result = collect(reddit, http, ONLY_NEW | {"new": False, "comments": True})
    assert [post.kind for post in result.posts] == ["comment"] * 3


def test_whole_tree_of_a_matching_post(reddit: Replay, http: HttpClient) -> None:
    tree_server(reddit)
    result = collect(reddit, http, ONLY_NEW | {"trees": True})
    assert {post.native_id for post in result.posts} == {"t3_p1", "t1_c1", "t1_c2", "t1_c3", "t1_c5"}
    assert result.deleted == ["t1_c6"]
    stories = {post.stated["story_title"] for post in result.posts if post.kind == "comment"}
    assert stories == {"Acme and I", "Acme Bank"}  # of the comment itself, or of the tree it stands in
    form = next(request for request in reddit.requests if request.path == "/api/morechildren/")
    assert form.body == b"api_type=json&children=c5%2Cc6&link_id=t3_p1&sort=new"
    trees = result.cursor["trees"]
    assert isinstance(trees, dict)
    assert trees["t3_p1"] == [PRESENT - 60, PRESENT - 60 + 3_600]


def test_tree_is_read_again_when_its_next_age_has_come(reddit: Replay, http: HttpClient) -> None:
    tree_server(reddit)
    options = ONLY_NEW | {"trees": True}
    first = collect(reddit, http, options)
    soon = collect(reddit, http, options, cursor=first.cursor, now=NOW + timedelta(minutes=30))
    late = collect(reddit, http, options, cursor=soon.cursor, now=NOW + timedelta(minutes=61))
    assert paths(reddit).count("/comments/p1/") == 2
    gone = collect(reddit, http, options, cursor=late.cursor, now=NOW + timedelta(days=20))
    assert gone.cursor["trees"] == {}


def test_tree_stops_at_its_cap(reddit: Replay, http: HttpClient) -> None:
    tree_server(reddit)
    result = collect(reddit, http, ONLY_NEW | {"trees": True, "tree_comments": 1})
    assert "more comments than are read" in result.outcome.detail
    assert [post.native_id for post in result.posts if post.kind == "comment"] == ["t1_c1"]


def test_second_look_brings_counters_edits_and_deletions(reddit: Replay, http: HttpClient) -> None:
    known = {
        "t3_p1": submission(1, score=99, edited=PRESENT, selftext="Changed"),
        "t1_c2": comment(2, body="[removed]", author=None),
    }
    reddit.rule("/api/info/", lambda request: Answer.json(
        listing(*[known[name] for name in request.query["id"].split(",") if name in known])))  # fmt: skip
    refs = ("t3_p1", "t1_c2", "t1_missing", "hmac:x")
    result = look_again(collector(reddit), http, {}, refs, credentials=KEYS)
    assert [(post.text, post.counters["points"]) for post in result.posts] == [("Changed", 99)]
    assert result.deleted == ["t1_c2", "t1_missing"]
    assert result.batches[0].cursor is None
    assert result.outcome.complete


def test_second_look_packs_and_does_not_believe_an_empty_answer(reddit: Replay, http: HttpClient) -> None:
    reddit.add("/api/info/", Answer.json(listing()))
    refs = tuple(f"t3_a{number}" for number in range(130))
    result = look_again(collector(reddit), http, {}, refs, credentials=KEYS)
    sizes = [len(request.query["id"].split(",")) for request in reddit.requests[1:]]
    assert sizes == [100, 1, 30, 1]  # after each empty one something that stays is asked for
    assert (result.deleted, result.outcome.reason) == ([], "bad_answer")
    answers = {STAYS: Answer.json(listing({"kind": "t5", "data": {"name": STAYS}}))}
    reddit.rule("/api/info/", lambda request: answers.get(request.query["id"], Answer.json(listing())))
    assert len(look_again(collector(reddit), http, {}, refs, credentials=KEYS).deleted) == 130


def test_listings_take_turns_under_the_cap(reddit: Replay, http: HttpClient) -> None:
    rules: dict[str, Rule] = {f"/r/{name}/new": Things([]) for name in ("aa", "bb", "cc")}
    for path, rule in rules.items():
        reddit.rule(path, rule)
    options = ONLY_NEW | {"subreddits": "aa bb cc"}
    first = collect(reddit, http, options, max_requests=2)
    assert first.outcome.next_check == timedelta(minutes=1)
    collect(reddit, http, options, max_requests=2, cursor=first.cursor, now=NOW + timedelta(minutes=1))
    assert paths(reddit) == ["/r/aa/new", "/r/bb/new", "/r/cc/new", "/r/aa/new"]


def test_connection_test_asks_each_community_once(reddit: Replay, http: HttpClient) -> None:
    reddit.rule("/r/acme/new", Things([submission(1)]))
    request = CollectRequest(1, ONLY_NEW, (), {}, NOW, KEYS)
    assert "lets this application in" in collector(reddit).test(request, http)
    reddit.add("/r/acme/new", Answer.json({"reason": "private"}, 403))
    with pytest.raises(CollectError, match="r/acme: The community is private"):
        collector(reddit).test(request, http)


def test_options_are_checked_by_name() -> None:
    checked = RedditCollector().check_options({"subreddits": "r/Acme, /r/Bank/  acme", "new": "no"})
    assert (checked["subreddits"], checked["new"], checked["search"]) == ("acme, bank", False, True)
    bad: list[dict[str, Json]] = [
        {"subreddits": "a/b"}, {"subreddits": "u_someone"}, {"subreddits": 5}, {"search": False},
        {"subreddits": " ".join(f"sub{number}" for number in range(51))}, {"tree_comments": 0}, {"backfill_days": "x"},
        {"trees": "maybe"}, {"sub": "x"},
    ]  # fmt: skip
    for options in bad:
        with pytest.raises(ValueError, match=next(iter(options))):
            RedditCollector().check_options(options)


def test_no_terms_is_said(http: HttpClient) -> None:
    result = run(RedditCollector("http://127.0.0.1:1"), http, {}, terms=(" ",), credentials=KEYS)
    assert "no names" in result.outcome.detail


def test_every_post_keeps_what_it_says(reddit: Replay, http: HttpClient) -> None:
    """The door takes nothing but persons."""
    post = post_of(submission(1)["data"])
    assert post is not None
    stored = DOOR.admit(post, NOW, 1_000)
    assert (stored.url, stored.stated, stored.native_id) == (post.url, {"community": "r/Acme"}, "t3_p1")


def test_addresses_come_from_the_settings(reddit: Replay, settings: Callable[..., Settings]) -> None:
    reddit.rule("/r/acme/new", Things([submission(1)]))
    chosen = settings(reddit_url=reddit.base_url, reddit_oauth_url=f"{reddit.base_url}/")
    with HttpClient.from_settings(chosen) as guarded:  # private addresses are refused, those of the settings are not
        result = run(RedditCollector(), guarded, ONLY_NEW, credentials=KEYS)
    assert len(result.posts) == 1
    assert RedditCollector().host({}) == "127.0.0.1"
