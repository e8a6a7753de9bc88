"""Advocates' own accounts against the platforms as documented: consent screens, tokens, readings, failures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.own_posts import bluesky, mastodon
from collectors.own_posts.bluesky import BlueskyOwnPosts
from collectors.own_posts.linkedin import LinkedInOwnPosts
from collectors.own_posts.mastodon import MastodonOwnPosts
from collectors.own_posts.shapes import FOREIGN, GONE, READ, UNREADABLE, App, Identity, OwnPosts, Token, challenge_of
from collectors.own_posts.x import XOwnPosts
from tests.collectors.platforms import DID, MASTODON_ME, MEMBER, X_ME, Platforms, x_id
from tests.wire.replay import Answer, replay_server

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
APP = App("client", "s:cret")
GOOD = Token("good")
X = Identity(X_ME, "ada")


@pytest.fixture(scope="module")
def http() -> Iterator[HttpClient]:
    with HttpClient(user_agent="tests", allow_private=True, clock=lambda: NOW) as client:
        yield client


@pytest.fixture
def platforms() -> Iterator[Platforms]:
    with replay_server() as replay:
        yield Platforms(replay, NOW.timestamp(), accepted={"good"}, renewals={"renew"})


def on_x(http: HttpClient, platforms: Platforms) -> XOwnPosts:
    return XOwnPosts(http, platforms.replay.base_url, "https://x.com/i/oauth2/authorize", APP, NOW)


def on_linkedin(http: HttpClient, platforms: Platforms) -> LinkedInOwnPosts:
    base = platforms.replay.base_url
    return LinkedInOwnPosts(http, base, base, "202510", APP, NOW)


def on_bluesky(http: HttpClient, platforms: Platforms) -> BlueskyOwnPosts:
    return BlueskyOwnPosts(http, platforms.replay.base_url, "bsky.social", NOW)


def on_mastodon(http: HttpClient, platforms: Platforms) -> MastodonOwnPosts:
    return MastodonOwnPosts(http, platforms.replay.base_url, "town.example", APP, NOW)


def read(way: OwnPosts, who: Identity, *refs: str) -> dict[str, tuple[str, dict[str, int]]]:
    return {each.ref: (each.state, dict(each.counters)) for each in way.read(GOOD, who, refs)}


def test_the_consent_screen_is_asked_for_reading_only_with_pkce(http: HttpClient, platforms: Platforms) -> None:
    url = on_x(http, platforms).authorize("https://o.example/back", "state-1", challenge_of("v" * 43))
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["scope"] == "tweet.read users.read offline.access"
    assert (asked["code_challenge_method"], asked["state"]) == ("S256", "state-1")
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert "write" not in on_mastodon(http, platforms).authorize("https://o.example/back", "s", "c")


def test_a_code_becomes_a_token_and_a_token_a_newer_one(http: HttpClient, platforms: Platforms) -> None:
    for way in (on_x(http, platforms), on_linkedin(http, platforms), on_mastodon(http, platforms)):
        token = way.exchange("good", "verifier", "https://o.example/back")
        assert token.expires_at == NOW + timedelta(hours=2)
        with pytest.raises(CollectError, match="no longer accepts") as refused:
            way.exchange("forged", "verifier", "https://o.example/back")
        assert refused.value.reason == "unauthorized"
    renewed = on_x(http, platforms).refresh(Token("old", "renew"))
    assert renewed.refresh not in (None, "renew")


def test_an_app_that_is_not_known_is_the_administrators_matter(http: HttpClient, platforms: Platforms) -> None:
    platforms.down = lambda _: Answer.json({"error": "invalid_client"}, 401)
    with pytest.raises(CollectError) as refused:
        on_x(http, platforms).refresh(Token("old", "renew"))
    assert refused.value.reason == "needs_credentials"
    assert "s:cret" not in refused.value.detail


def test_whose_account_it_is(http: HttpClient, platforms: Platforms) -> None:
    assert on_x(http, platforms).identity(GOOD) == Identity(X_ME, "ada", 321)
    assert on_linkedin(http, platforms).identity(GOOD) == Identity(MEMBER, "")
    assert on_mastodon(http, platforms).identity(GOOD) == Identity(MASTODON_ME, "ada@town.example", 12, "town.example")
    token, who = on_bluesky(http, platforms).sign_in("@Ada.bsky.social", "abcd-efgh-ijkl-mnop")
    assert who == Identity(DID, "ada.bsky.social", 55, "bsky.social")
    assert token.expires_at == NOW + timedelta(hours=2)


def test_x_tells_private_figures_of_young_posts_and_nothing_of_others(http: HttpClient, platforms: Platforms) -> None:
    at = NOW.timestamp()
    young, edited, newest, foreign, gone, old = (x_id(at - age, age) for age in (3600, 7200, 7100, 50, 60, 40 * 86400))
    public = {"like_count": 3, "reply_count": 0, "impression_count": 90}
    private = {"impression_count": 100, "url_link_clicks": 4}
    shown: dict[str, object] = {"text": "x", "author_id": X_ME, "public_metrics": public}
    platforms.posts = {
        young: {"id": young, **shown, "non_public_metrics": private},
        edited: {"id": edited, **shown, "edit_history_tweet_ids": [edited, newest]},
        newest: {"id": newest, **shown, "edit_history_tweet_ids": [edited, newest]},
        foreign: {"id": foreign, "text": "x", "author_id": "1", "public_metrics": public},
        old: {"id": old, **shown},
    }
    platforms.gone = {gone}
    found = read(on_x(http, platforms), X, young, edited, foreign, gone, old, "no number")
    assert found[young] == (READ, {"likes": 3, "replies": 0, "impressions": 100, "link_clicks": 4})
    assert found[old] == (READ, {"likes": 3, "replies": 0, "impressions": 90})
    assert (found[foreign], found[gone], found["no number"]) == ((FOREIGN, {}), (GONE, {}), (UNREADABLE, {}))
    (again,) = on_x(http, platforms).read(GOOD, X, [edited])
    assert again.edited_at is not None
    assert abs(again.edited_at.timestamp() - (at - 7100)) < 1


def test_linkedin_leaves_out_what_it_does_not_tell(http: HttpClient, platforms: Platforms) -> None:
    share, post, gone = (f"urn:li:{kind}" for kind in ("share:7100000000000000001", "ugcPost:72", "share:73"))
    platforms.posts = {
        share: {"IMPRESSION": 400, "MEMBERS_REACHED": 210, "REACTION": 0, "COMMENT": -1},
        post: dict.fromkeys(("IMPRESSION", "MEMBERS_REACHED", "RESHARE"), "refused") | {"REACTION": 5},
    }
    platforms.gone = {gone}
    found = read(on_linkedin(http, platforms), Identity(MEMBER, ""), share, post, gone, "urn:li:activity:74")
    assert found[share] == (READ, {"impressions": 400, "unique_viewers": 210, "likes": 0})
    assert found[post] == (READ, {"likes": 5})
    assert (found[gone][0], found["urn:li:activity:74"][0]) == (GONE, UNREADABLE)
    platforms.down = lambda _: Answer.json({}, 429)
    with pytest.raises(CollectError) as limited:
        read(on_linkedin(http, platforms), Identity(MEMBER, ""), share)
    assert limited.value.retry_at == datetime(2026, 3, 5, tzinfo=UTC)


def test_bluesky_knows_deleted_posts_from_late_ones_and_own_from_foreign(
    http: HttpClient, platforms: Platforms
) -> None:
    way = on_bluesky(http, platforms)
    post = f"at://{DID}/app.bsky.feed.post/aaaaa"
    platforms.posts = {
        post: {"uri": post, "likeCount": 2, "record": {"text": "x", "createdAt": "2026-03-04T09:00:00Z"}}
    }
    by_handle = "at://ada.bsky.social/app.bsky.feed.post/aaaaa"
    foreign, deleted = "at://bo.example/app.bsky.feed.post/bbbbb", f"at://{DID}/app.bsky.feed.post/ccccc"
    found = read(way, Identity(DID, "ada.bsky.social"), by_handle, foreign, deleted)
    assert found == {by_handle: (READ, {"likes": 2}), foreign: (FOREIGN, {}), deleted: (GONE, {})}
    assert bluesky.canonical(by_handle, "Ada.bsky.social", DID) == post
    platforms.down = lambda r: Answer.json({"error": "InternalServerError"}, 500) if "getRecord" in r.path else None
    with pytest.raises(CollectError, match="fault"):  # a fault of the server is no word about the post
        read(way, Identity(DID, "ada.bsky.social"), deleted)


def test_a_password_of_ones_own_is_not_taken(http: HttpClient, platforms: Platforms) -> None:
    for handle, password, field in (("ada", "abcd-efgh-ijkl-mnop", "handle"), ("ada.example", "hunter2!", "app_pass")):
        with pytest.raises(ValueError, match=field):
            on_bluesky(http, platforms).sign_in(handle, password)
    assert platforms.asked == []


def test_mastodon_reads_posts_of_its_own_server_only(http: HttpClient, platforms: Platforms) -> None:
    mine: dict[str, object] = {
        "id": "11111",
        "account": {"id": MASTODON_ME},
        "favourites_count": 4,
        "edited_at": "2026-03-04T10:00:00Z",
    }
    platforms.posts = {"11111": mine, "22222": {"id": "22222", "account": {"id": "2"}, "favourites_count": 9}}
    refs = ("town.example/11111", "town.example/22222", "town.example/33333", "else.example/11111")
    who = Identity(MASTODON_ME, "ada@town.example", None, "town.example")
    found = read(on_mastodon(http, platforms), who, *refs)
    assert list(found.values()) == [(READ, {"likes": 4}), (FOREIGN, {}), (GONE, {}), (UNREADABLE, {})]
    platforms.down = lambda _: Answer(404, {"content-type": "text/html"}, b"<html>maintenance</html>")
    with pytest.raises(CollectError):  # a page instead of an answer deletes nothing
        read(on_mastodon(http, platforms), who, refs[0])


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("mastodon.social", "mastodon.social"),
        ("https://Town.example/@ada", "town.example"),
        ("@ada@town.example", "town.example"),
    ],
)
def test_a_server_is_found_in_what_people_type(typed: str, host: str) -> None:
    assert mastodon.checked_host(typed) == host


@pytest.mark.parametrize("typed", ["", "localhost", "127.0.0.1", "[::1]", "http://10.0.0.1:80/", "a b.example"])
def test_what_is_no_server_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="host"):
        mastodon.checked_host(typed)
    if typed:
        with pytest.raises(ValueError, match="host"):
            bluesky.checked_host(typed)


def test_tokens_are_given_back(http: HttpClient, platforms: Platforms) -> None:
    token = Token("good", "renew")
    ways = (on_x, on_linkedin, on_bluesky, on_mastodon)
    assert [way(http, platforms).revoke(token) for way in ways] == [True] * 4
    assert platforms.ended == ["renew", "good", "good", "renew", "good"]
