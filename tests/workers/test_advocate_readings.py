"""Counters of advocates' posts over their accounts: at set ages, through renewals, failures, deletions and leaving."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from collectors.own_posts.shapes import Identity, Token
from config.settings import Settings
from storage import advocacy, advocate_accounts, db, users
from storage.viewer import NotAllowed, Viewer, viewer_for
from tests import factories as make
from tests.collectors.platforms import X_ME, Platforms, x_id
from tests.wire.replay import Answer, replay_server
from tests.workers.conftest import count
from workers.advocate_readings import give_back_tokens, read_shares

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA = Identity(X_ME, "ada", 321)
POST = x_id(NOW.timestamp())


@pytest.fixture
def platforms(clean_database: object, settings: Callable[..., Settings]) -> Iterator[Platforms]:
    with replay_server() as replay:
        base = replay.base_url
        settings(
            x_url=base, x_client_id="us", x_client_secret="s", linkedin_client_id="us", linkedin_url=base,
            linkedin_oauth_url=base, bluesky_url=base, mastodon_url=base, smtp_host="mail.acme.example",
        )  # fmt: skip
        made = Platforms(replay, NOW.timestamp(), accepted={"good"}, renewals={"renew"})
        shown: dict[str, object] = {"id": POST, "text": "x", "author_id": X_ME}
        made.posts[POST] = {**shown, "public_metrics": {"like_count": 5, "reply_count": 1}}
        yield made


def connect(who: Viewer, token: Token, platform: str = "x", account: Identity = ADA, at: datetime = NOW) -> None:
    with db.transaction() as session:
        me = who.advocate_id or 0
        advocate_accounts.give_consent(session, who, me, platform, "1", "Read my posts' numbers.", at)
        advocate_accounts.connect(session, who, me, platform, account, token, at)


def share(who: Viewer, native_id: str = POST, platform: str = "x", at: datetime = NOW) -> int:
    with db.transaction() as session:
        return advocacy.add_share(
            session, who, who.advocate_id or 0, platform=platform, native_id=native_id, url="https://x.com/1",
            title=None, own_words=True, published_at=at, followers=None, now=at,
        )  # fmt: skip


@pytest.fixture
def ada(platforms: Platforms) -> Viewer:
    with db.transaction() as session:
        user = make.a_user(session, "advocate", "ada@acme.example")
        advocate_id = advocacy.join(session, user.user_id or 0, "employee", "1", "I agree.", NOW)
    return viewer_for("advocate", user.user_id, advocate_id)


def likes() -> list[int]:
    query = "SELECT value FROM share_readings WHERE counter = 'likes' ORDER BY observed_at"
    with db.reading() as session:
        return list(session.scalars(text(query)))


def account(column: str) -> object:
    with db.reading() as session:
        return session.scalar(text(f"SELECT {column} FROM advocate_accounts"))


def set_likes(platforms: Platforms, value: int) -> None:
    platforms.posts[POST]["public_metrics"] = {"like_count": value}


def test_a_post_is_read_at_five_ages_and_falling_counters_are_kept(platforms: Platforms, ada: Viewer) -> None:
    connect(ada, Token("good"))
    share(ada)
    for hours, value in ((0, 1), (1, 5), (2, 6), (6, 9), (30, 7), (72, 8), (200, 8), (400, 9)):
        set_likes(platforms, value)
        read_shares(NOW + hours * HOUR)
        read_shares(NOW + hours * HOUR)
    assert likes() == [5, 9, 7, 8, 8]
    assert count("share_readings", "counter = 'replies'") == 0  # not told any more, so there is no row and no zero
    assert count("shares", "followers = 321") == 1


def test_a_renewed_token_is_kept_and_the_run_goes_on(platforms: Platforms, ada: Viewer) -> None:
    connect(ada, Token("stale", "renew"))
    share(ada)
    read_shares(NOW + HOUR)
    assert likes() == [5]
    assert (account("state"), platforms.renewals) == ("connected", {"refresh-1"})
    set_likes(platforms, 6)
    read_shares(NOW + 6 * HOUR)  # the one that lasts two hours is over by the clock
    assert (likes(), platforms.renewals) == ([5, 6], {"refresh-2"})


def test_a_token_that_ends_in_the_middle_is_told_once_and_loses_nothing(platforms: Platforms, ada: Viewer) -> None:
    connect(ada, Token("good", "spent"), "linkedin", Identity("urn-ada", ""))
    for number in ("71", "72"):
        share(ada, f"urn:li:share:{number}", "linkedin")
        platforms.posts[f"urn:li:share:{number}"] = {"REACTION": int(number)}
    platforms.down = lambda r: Answer.json({}, 401) if "%3A72" in r.target else None
    for hours in (1, 2, 7):
        read_shares(NOW + hours * HOUR)
    assert likes() == [71]
    assert (account("state"), account("token")) == ("reconnect", None)
    assert count("outbox", "facet = 'personal' AND subject = 'Connect LinkedIn again'") == 1
    platforms.down = lambda _: None
    connect(ada, Token("good"), "linkedin", Identity("urn-ada", ""), NOW + 8 * HOUR)
    read_shares(NOW + 8 * HOUR)
    assert sorted(likes()) == [71, 71, 72]
    connect(ada, Token("over"), "linkedin", Identity("urn-ada", ""), NOW + 9 * HOUR)
    read_shares(NOW + 25 * HOUR)
    assert count("outbox", "subject = 'Connect LinkedIn again'") == 2  # another connection, another mail


def test_a_permission_that_ends_by_the_clock_is_told_also_when_nothing_is_due(
    platforms: Platforms, ada: Viewer
) -> None:
    connect(ada, Token("good", None, NOW + timedelta(days=60)))
    read_shares(NOW + timedelta(days=59))
    assert account("state") == "connected"
    read_shares(NOW + timedelta(days=60))
    assert (account("state"), platforms.asked) == ("reconnect", [])
    assert count("outbox") == 1


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer(429, {"x-rate-limit-reset": str(int((NOW + 3 * HOUR).timestamp()))}), 3 * HOUR),
        (Answer(503, {"retry-after": "7200"}), 3 * HOUR),
        (Answer(403), 2 * HOUR),  # the app's fault and not the advocate's
        (Answer(200, {}, b"[1"), HOUR + timedelta(minutes=5)),
    ],
)
def test_what_passes_is_tried_again_and_troubles_nobody(
    answer: Answer, wait: timedelta, platforms: Platforms, ada: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.http.retry_at", lambda value, now: NOW + 3 * HOUR if value else None)
    connect(ada, Token("good"))
    share(ada)
    platforms.down = lambda _: answer
    read_shares(NOW + HOUR)
    assert (account("state"), account("next_try_at"), count("outbox")) == ("connected", NOW + wait, 0)
    platforms.down = lambda _: None
    read_shares(NOW + wait - timedelta(minutes=1))
    assert likes() == []
    read_shares(NOW + wait)
    assert likes() == [5]


def test_deleted_edited_and_foreign_posts(platforms: Platforms, ada: Viewer) -> None:
    connect(ada, Token("good"))
    foreign, deleted, ahead = (x_id(NOW.timestamp(), number) for number in (1, 2, 3))
    for native_id in (POST, foreign, deleted, ahead):
        share(ada, native_id)
    newest = x_id(NOW.timestamp() + 600)
    history = {"edit_history_tweet_ids": [POST, newest]}
    platforms.posts[POST] |= history
    platforms.posts[newest] = {**platforms.posts[POST], "id": newest}
    platforms.posts[foreign] = {**platforms.posts[POST], "id": foreign, "author_id": "1", "edit_history_tweet_ids": []}
    platforms.posts[ahead] = {"id": ahead, "text": "x", "author_id": X_ME, "created_at": "2031-01-01T00:00:00Z"}
    platforms.gone = {deleted}
    read_shares(NOW + HOUR)
    before = len(platforms.asked)
    assert likes() == [5]
    assert count("shares", "edited_at IS NOT NULL") == 1
    assert count("shares", f"deleted_at IS NOT NULL AND native_id = '{deleted}'") == 1
    assert count("shares", f"published_at > '{NOW + HOUR:%Y-%m-%d %H:%M}+00'") == 0
    platforms.gone = set()
    read_shares(NOW + 6 * HOUR)
    assert all(deleted not in request.target for request in platforms.replay.requests[before:])


def test_whoever_leaves_or_withdraws_is_read_no_more_and_the_token_is_given_back(
    platforms: Platforms, ada: Viewer
) -> None:
    connect(ada, Token("good", "renew"))
    share(ada)
    platforms.down = lambda _: Answer(503)
    with db.transaction() as session:
        receipt = advocacy.leave(session, ada, ada.advocate_id or 0, NOW)
    assert [platform for platform, _ in receipt.accounts] == ["x"]
    read_shares(NOW + HOUR)
    assert (count("advocate_accounts"), count("advocate_consents"), likes()) == (0, 0, [])
    give_back_tokens(NOW)
    assert (platforms.ended, count("token_revocations")) == ([], 1)
    platforms.down = lambda _: None
    give_back_tokens(NOW + 2 * HOUR)
    assert (platforms.ended, count("token_revocations")) == (["renew", "good"], 0)


def test_nothing_is_read_for_a_closed_account_nor_with_another_key(
    platforms: Platforms, ada: Viewer, settings: Callable[..., Settings]
) -> None:
    connect(ada, Token("good"))
    share(ada)
    with db.transaction() as session:
        users.deactivate(session, ada.user_id or 0, NOW)
    read_shares(NOW + HOUR)
    assert (likes(), platforms.asked) == ([], [])
    with db.transaction() as session:
        users.activate(session, ada.user_id or 0)
    settings(secret_key="another")
    read_shares(NOW + HOUR)
    assert (account("state"), platforms.asked) == ("reconnect", [])


def test_a_post_that_came_by_two_addresses_is_one(platforms: Platforms, ada: Viewer) -> None:
    first = share(ada, "at://ada.bsky.social/app.bsky.feed.post/aaaaa", "bluesky")
    share(ada, "at://did:plc:ada/app.bsky.feed.post/aaaaa", "bluesky")
    connect(ada, Token("good"), "bluesky", Identity("did:plc:ada", "ada.bsky.social", None, "bsky.social"))
    assert count("shares") == 1
    assert count("shares", f"id = {first}") == 0


def test_two_advocates_do_not_share_an_account_and_nobody_sees_anothers(platforms: Platforms, ada: Viewer) -> None:
    connect(ada, Token("good"))
    with db.transaction() as session:
        user = make.a_user(session, "advocate", "bo@acme.example")
        bo = viewer_for(
            "advocate", user.user_id, advocacy.join(session, user.user_id or 0, "alumnus", "1", "Yes.", NOW)
        )
    with pytest.raises(ValueError, match="somebody else"):
        connect(bo, Token("good"))
    with pytest.raises(ValueError, match="consent"), db.transaction() as session:
        advocate_accounts.connect(session, bo, bo.advocate_id or 0, "mastodon", ADA, Token("good"), NOW)
    for stranger in (bo, make.ADMINISTRATOR):
        with pytest.raises(NotAllowed), db.reading() as session:
            advocate_accounts.accounts(session, stranger, ada.advocate_id or 0)
    assert "good" not in str(account("token"))
