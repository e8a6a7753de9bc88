"""Mastodon through real Mastodon.py, against a server that behaves as one does, and against faults."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import BufferedIOBase
from typing import Any

import pytest

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.mastodon import OVERLAP, MastodonCollector
from collectors.mastodon_posts import earlier, post_of, withheld
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, look_again, run
from tests.wire.replay import Answer, Replay, Request

TAG = "/api/v1/timelines/tag/acme"
HOST = "social.example"
DOOR = PrivacyDoor(b"k" * 32, [])
OPTIONS: dict[str, Json] = {"instance": HOST, "hashtags": "acme"}


def id_at(age: float, number: int = 0) -> str:
    """A snowflake of so many seconds ago."""
    return str((int((NOW.timestamp() - age) * 1000) << 16) + number)


def status(age: float = 60.0, **more: Json) -> dict[str, Any]:
    """A public status of a remote author, as a server gives it."""
    name = f"writer{int(age)}"
    made: dict[str, Any] = {
        "id": id_at(age), "created_at": (NOW - timedelta(seconds=age)).isoformat().replace("+00:00", "Z"),
        "edited_at": None, "in_reply_to_id": None, "spoiler_text": "", "visibility": "public", "language": "en",
        "uri": f"https://far.example/users/{name}/statuses/1", "url": f"https://far.example/@{name}/1",
        "content": f'<p>Acme, says <span class="h-card"><a href="https://far.example/@{name}" class="u-url mention">'
        f"@<span>{name}</span></a></span></p>",
        "reblogs_count": 2, "favourites_count": 0, "replies_count": 1, "reblog": None,
        "account": {
            "id": "7", "username": name, "acct": f"{name}@far.example", "display_name": f"Dr. {name.title()}",
            "url": f"https://far.example/@{name}", "uri": f"https://far.example/users/{name}", "note": "<p>Hi</p>",
            "followers_count": 40, "noindex": False, "fields": [],
        },
        **more,
    }  # fmt: skip
    return made


class Timeline:
    """Newest first; obeys max_id, since_id and limit, and names the next page in a Link header."""

    def __init__(self, statuses: list[dict[str, Any]], size: int = 40) -> None:
        self.statuses = sorted(statuses, key=lambda each: -int(each["id"]))
        self.size = size

    def __call__(self, request: Request) -> Answer:
        below = int(request.query.get("max_id", 2**63))
        above = int(request.query.get("since_id", 0))
        found = [each for each in self.statuses if above < int(each["id"]) < below]
        page = found[: min(self.size, int(request.query["limit"]))]
        link = f'<https://{HOST}{TAG}?max_id={page[-1]["id"]}>; rel="next"' if page else ""
        return Answer(200, {"link": link} if link else {}, json.dumps(page).encode())


def collect(server: Replay, http: HttpClient, options: dict[str, Json] | None = None, **more: Any) -> Run:
    limits = {"max_requests": more.pop("max_requests")} if "max_requests" in more else {}
    return run(MastodonCollector(server.base_url, **limits), http, options or OPTIONS, **more)


def test_status_becomes_a_post_without_its_author(server: Replay, http: HttpClient) -> None:
    server.rule(TAG, Timeline([status(60)]))
    post = collect(server, http).posts[0]
    assert (post.native_id, post.kind, post.lang) == (id_at(60), "post", "en")
    assert post.url == f"https://{HOST}/web/statuses/{id_at(60)}"
    assert post.published_at == NOW - timedelta(seconds=60)
    assert (post.counters, post.followers) == ({"likes": 0, "reposts": 2, "replies": 1}, 40)
    assert post.stated == {"instance": HOST, "counts": "partial"}
    stored = DOOR.admit(post, NOW, 10_000)
    assert stored.text in {"Acme, says @[author]", "Acme, says [author]", "Acme, says @user"}
    assert stored.url == post.url
    assert "writer60" not in repr(stored).lower()
    assert "far.example" not in repr(stored.raw)


def test_server_is_not_asked_what_it_can_do(server: Replay, http: HttpClient) -> None:
    server.rule(TAG, Timeline([]))
    collect(server, http, credentials={"access_token": "tok"})
    assert [request.path for request in server.requests] == [TAG]
    assert server.requests[0].headers["authorization"] == "Bearer tok"
    assert server.requests[0].headers["user-agent"] == "Outspoken/test"


def test_text_keeps_warnings_polls_and_links() -> None:
    content = (
        '<p>Read <a href="https://acme.example/jobs?x=1&amp;y=2">this</a>, '
        '<a href="https://acme.example/a"><span class="invisible">https://</span>acme.example/a</a> '
        '<a href="https://far.example/tags/acme" class="mention hashtag" rel="tag">#<span>acme</span></a></p>'
    )
    poll: Json = {"options": [{"title": "Stay", "votes_count": 1}, {"title": "Leave"}, 5]}
    post = post_of(status(spoiler_text="Work talk", content=content, poll=poll), HOST)
    assert post is not None
    assert post.text.split("\n") == [
        "Work talk", "Read this, https://acme.example/a #acme", "- Stay", "- Leave", "https://acme.example/jobs?x=1&y=2",
    ]  # fmt: skip


def test_author_is_the_same_on_every_server() -> None:
    account = status()["account"] | {"acct": "writer60"}  # at home the server's name is left out
    home, away = post_of(status(account=account), "far.example"), post_of(status(), HOST)
    assert home is not None
    assert away is not None
    assert DOOR.admit(home, NOW, 99).author_key == DOOR.admit(away, NOW, 99).author_key
    assert home.stated == {"instance": "far.example"}


def test_stored_raw_gives_the_same_post_again() -> None:
    post = post_of(status(content="<p>Hello</p>", in_reply_to_id="5"), HOST)
    assert post is not None
    again = MastodonCollector().map_item(DOOR.admit(post, NOW, 1_000).raw)
    assert again is not None
    assert again.author is None
    for name in ("native_id", "url", "published_at", "counters", "stated", "reply_to", "lang", "text"):
        assert getattr(again, name) == getattr(post, name)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"visibility": "unlisted"}, None),
        ({"visibility": "private"}, "not public"),
        ({"visibility": "direct"}, "not public"),
        ({"visibility": None}, "not public"),
        ({"reblog": {"id": "1"}}, "boost"),
        ({"account": {"acct": "a", "noindex": True}}, "opted out"),
        (
            {"account": {"acct": "a", "note": '<p><a href="/tags/nobot">#<span>NoBot</span></a></p>'}},
            "opted out",
        ),
        ({"account": {"acct": "a", "fields": [{"name": "Search", "value": "#noindex"}, 3]}}, "opted out"),
    ],
)
def test_what_people_keep_to_themselves_is_left_alone(
    server: Replay, http: HttpClient, change: dict[str, Any], reason: str | None
) -> None:
    given = status(**change)
    assert withheld(given) == reason
    server.rule(TAG, Timeline([given, status(99)]))
    result = collect(server, http)
    assert len(result.posts) == (2 if reason is None else 1)
    assert result.outcome.complete
    assert ("left alone" in result.outcome.detail) is (reason is not None)


def test_pages_are_followed_and_the_next_run_looks_back_by_the_overlap(server: Replay, http: HttpClient) -> None:
    statuses = [status(float(age)) for age in range(3_600 * 2, 3_600 * 5, 100)]
    server.rule(TAG, Timeline(statuses))
    first = collect(server, http)
    assert len({post.native_id for post in first.posts}) == len(statuses)
    assert first.outcome.complete
    late = status(3_600 * 2 + 55.0)  # another server's post that came late, under the id of its own time
    server.rule(TAG, Timeline([*statuses, late, status(10)]))
    cursor = json.loads(json.dumps(dict(first.cursor)))
    second = collect(server, http, cursor=cursor)
    assert server.requests[-1].query["since_id"] == earlier(id_at(7_200), OVERLAP)
    assert {late["id"], id_at(10)} <= {post.native_id for post in second.posts}
    assert len(second.posts) < 60


def test_cut_off_run_goes_on_and_loses_nothing(server: Replay, http: HttpClient) -> None:
    statuses = [status(float(age)) for age in range(100, 15_100, 100)]
    server.rule(TAG, Timeline(statuses))
    first = collect(server, http, max_requests=2)
    assert (first.outcome.reason, len(first.posts)) == ("limit_reached", 80)
    server.rule(TAG, Timeline([*statuses, status(5)]))
    second = collect(server, http, cursor=first.cursor)
    assert {post.native_id for post in first.posts + second.posts} == {each["id"] for each in [*statuses, status(5)]}


def test_first_run_stops_where_it_should(server: Replay, http: HttpClient) -> None:
    server.rule(TAG, Timeline([status(86_400.0 * day) for day in range(1, 20)], size=5))
    result = collect(server, http, OPTIONS | {"backfill_days": 7})
    assert len(result.posts) == 10


def test_page_that_repeats_itself_ends_the_walk(server: Replay, http: HttpClient) -> None:
    page = json.dumps([status(60)]).encode()
    server.add(TAG, Answer(200, {"link": f'<https://x.example/?max_id=5>; rel="next", <{HOST}>; rel="prev"'}, page))
    assert collect(server, http).outcome.complete
    assert len(server.requests) == 2


def test_other_servers_ids_are_fine(server: Replay, http: HttpClient) -> None:
    flakes = [status(60, id="9rT3zQyKbyzT5KbFZA"), status(70, id="01FQYJ3XV7K2JHRQ8WJYB7QZ9P")]
    server.add(TAG, Answer.json(flakes), Answer.json([]))
    first = collect(server, http)
    assert [post.native_id for post in first.posts] == [each["id"] for each in flakes]
    collect(server, http, cursor=first.cursor)
    assert server.requests[-1].query["since_id"] == "9rT3zQyKbyzT5KbFZA"


def test_id_of_the_far_future_silences_nothing(server: Replay, http: HttpClient) -> None:
    server.add(TAG, Answer.json([status(60, id=10**19), status(70)]), Answer.json([]))
    first = collect(server, http)
    known = {"since": id_at(70), "top": None, "below": None, "turn": NOW.timestamp()}
    assert first.cursor["walks"] == {"tag:acme": known}


def test_names_become_hashtags_and_search_needs_a_token(server: Replay, http: HttpClient) -> None:
    for tag in ("acmebank", "rival"):
        server.rule(f"/api/v1/timelines/tag/{tag}", Timeline([]))
    options: dict[str, Json] = {"instance": HOST, "search": True}
    result = collect(server, http, options, terms=("Acme Bank", "Rival!", "7"))
    assert [request.path.rsplit("/", 1)[-1] for request in server.requests] == ["acmebank", "rival"]
    assert (result.outcome.complete, result.outcome.reason) == (False, "needs_credentials")


def test_search_pages_by_id(server: Replay, http: HttpClient) -> None:
    found = [status(60.0 * number) for number in range(1, 60)]
    timeline = Timeline(found)
    server.rule("/api/v2/search", lambda request: Answer.json(
        {"accounts": [], "hashtags": [], "statuses": json.loads(bytes(timeline(request).body))}))  # type: ignore[arg-type]  # fmt: skip
    server.rule("/api/v1/timelines/tag/acmebank", Timeline([]))
    options: dict[str, Json] = {"instance": HOST, "search": True}
    result = collect(server, http, options, terms=("Acme Bank",), credentials={"access_token": "tok"})
    assert len({post.native_id for post in result.posts}) == 59
    asked = server.requests[-1].query
    assert (asked["q"], asked["type"], asked["limit"]) == ('"acme bank"', "statuses", "40")
    assert "resolve" not in asked


def test_second_look_tells_edits_and_deletions(server: Replay, http: HttpClient) -> None:
    edited = status(
        60, content="<p>Changed</p>", edited_at="2026-03-01T11:59:30.000Z", favourites_count=9, quotes_count=1
    )
    hidden = status(70, visibility="private")
    server.add("/api/v1/statuses", Answer.json([edited, hidden]))
    server.add("/api/v1/statuses/55", Answer.json({"error": "Record not found"}, 404))
    refs = (id_at(60), id_at(70), "55", "../x")
    result = look_again(MastodonCollector(server.base_url), http, OPTIONS, refs)
    assert [(post.text, post.counters["likes"], post.counters["quotes"]) for post in result.posts] == [
        ("Changed", 9, 1)
    ]
    assert set(result.deleted) == {id_at(70), "55"}
    assert result.batches[0].cursor is None


def test_second_look_asks_one_by_one_where_the_server_is_older(server: Replay, http: HttpClient) -> None:
    server.add("/api/v1/statuses", Answer(404, {}, b"<html>"))
    server.add(f"/api/v1/statuses/{id_at(60)}", Answer.json(status(60)))
    server.add("/api/v1/statuses/55", Answer(404, {}, b"<html>front door"))
    with pytest.raises(CollectError):  # a page of a front door is no deletion
        look_again(MastodonCollector(server.base_url), http, OPTIONS, (id_at(60), "55"))
    server.add("/api/v1/statuses/55", Answer.json({"error": "Gone"}, 410))
    result = look_again(MastodonCollector(server.base_url), http, OPTIONS, (id_at(60), "55"))
    assert (len(result.posts), result.deleted) == (1, ["55"])


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "2026-03-01T12:04:00.842445Z"}, 240.842445),
        ({"x-ratelimit-reset": "1772366640"}, 240),
        ({"x-ratelimit-reset": "2027-01-01T00:04:00Z", "date": "Fri, 01 Jan 2027 00:00:00 GMT"}, 240),
        ({"x-ratelimit-reset": "2026-03-01T12:04:00Z", "date": "Sun, 01 Mar 2026 12:00:00 GMT, Sun, 01 Mar 2026"}, 240),
        ({"retry-after": "7", "x-ratelimit-reset": "2026-03-01T12:04:00Z"}, 7),
        ({"x-ratelimit-reset": "soon"}, 900),
        ({}, 900),
    ],
)
def test_429_says_when_to_come_back(server: Replay, http: HttpClient, headers: dict[str, str], wait: float) -> None:
    server.add(TAG, Answer(429, headers, b'{"error":"Too many requests"}'))
    with pytest.raises(CollectError) as caught:
        collect(server, http)
    assert (caught.value.reason, caught.value.retry_at) == ("rate_limited", NOW + timedelta(seconds=wait))
    assert len(server.requests) == 1


def test_used_up_allowance_is_seen_before_the_next_request(server: Replay, http: HttpClient) -> None:
    timeline = Timeline([status(60)])
    used_up = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-03-01T12:03:00Z"}

    def answer(request: Request) -> Answer:
        page = timeline(request)
        return Answer(200, {**page.headers, **used_up}, page.body)

    server.rule(TAG, answer)
    with pytest.raises(CollectError) as caught:
        collect(server, http)
    assert caught.value.retry_at == NOW + timedelta(minutes=3)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "token", "reason", "permanent"),
    [
        (Answer.json({"error": "This method requires an authenticated user"}, 422), "", "needs_credentials", True),
        (Answer.json({"error": "The access token is invalid"}, 401), "", "needs_credentials", True),
        (Answer.json({"error": "The access token is invalid"}, 401), "tok", "unauthorized", True),
        (Answer.json({"error": "outside the authorized scopes"}, 403), "tok", "unauthorized", True),
        (Answer(403, {}, b"<html>Attention Required"), "", "unauthorized", True),
        (Answer(404, {}, b"<html>"), "", "gone", False),
        (Answer(410), "", "gone", True),
        (Answer(500, {}, b"<html>"), "", "unreachable", False),
        (Answer(503), "", "unreachable", False),
        (Answer(200, {}, b"<!DOCTYPE html><p>hello"), "", "bad_answer", False),
        (Answer(200, {}, b""), "", "bad_answer", False),
        (Answer.json({"error": "x"}), "", "bad_answer", False),
        (Answer.json(None), "", "bad_answer", False),
    ],
)
def test_refusals_are_told_apart(
    server: Replay, http: HttpClient, answer: Answer, token: str, reason: str, permanent: bool
) -> None:
    server.add(TAG, answer)
    with pytest.raises(CollectError) as caught:
        collect(server, http, credentials={"access_token": token})
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    assert len(server.requests) == 1
    assert "tok" not in caught.value.detail.replace("access token", "")


def test_one_hashtag_does_not_stop_the_others(server: Replay, http: HttpClient) -> None:
    server.add("/api/v1/timelines/tag/bad", Answer(500))
    server.rule(TAG, Timeline([status(60)]))
    options = OPTIONS | {"hashtags": "bad, acme"}
    result = collect(server, http, options)
    assert (len(result.posts), result.outcome.complete, result.outcome.reason) == (1, False, "unreachable")
    server.add(TAG, Answer(500))
    with pytest.raises(CollectError, match="fault of its own"):
        collect(server, http, options)


def test_hashtags_take_turns_under_the_cap(server: Replay, http: HttpClient) -> None:
    for tag in ("aa", "bb", "cc"):
        server.rule(f"/api/v1/timelines/tag/{tag}", Timeline([]))
    options = OPTIONS | {"hashtags": "aa bb cc"}
    first = collect(server, http, options, max_requests=2)
    collect(server, http, options, max_requests=2, cursor=first.cursor, now=NOW + timedelta(minutes=1))
    assert [request.path[-2:] for request in server.requests] == ["aa", "bb", "cc", "aa"]


def broken(body: bytes) -> Callable[[BufferedIOBase], None]:
    def send(wire: BufferedIOBase) -> None:
        wire.write(body)

    return send


@pytest.mark.parametrize("sent", [b"", b'HTTP/1.0 200 OK\r\ncontent-length: 900\r\n\r\n[{"id": "1'])
def test_dropped_and_half_answers_are_unreachable(server: Replay, http: HttpClient, sent: bytes) -> None:
    server.add(TAG, Answer(body=broken(sent)))
    with pytest.raises(CollectError) as caught:
        collect(server, http)
    assert (caught.value.reason, http.requests) == ("unreachable", 1)


def test_bad_items_are_counted_and_good_ones_kept(server: Replay, http: HttpClient) -> None:
    strange: list[Any] = [None, 5, [], status(50, id=None), status(51, content=None), status(52, id="../x")]
    odd = status(60, created_at="x", account=[], favourites_count="9", language=5, poll=[1], spoiler_text=None, url=3)
    server.add(
        TAG, Answer(200, {"deprecation": "@1", "link": "<>; rel"}, json.dumps([*strange, odd, status(61)]).encode())
    )
    result = collect(server, http)
    assert [post.native_id for post in result.posts] == [id_at(60), id_at(61)]
    assert "6 posts could not be read" in result.outcome.detail
    for post in result.posts:
        DOOR.admit(post, NOW, 1_000)


def test_hostile_content_is_read_in_time() -> None:
    for content in ("<a " * 100_000, "<a href='https://a.example/" * 20_000, "<p>" * 100_000 + "Acme"):
        assert post_of(status(content=content), HOST) is not None


@pytest.mark.parametrize(
    "cursor",
    [
        {"walks": {"tag:acme": {"since": "9" * 19, "below": ["x"], "top": 3}}},
        {"walks": {"tag:acme": {"since": {}, "below": None}}},
        {"walks": [1]},
        {"since_id": 5},
    ],
)
def test_strange_cursors_do_not_silence_a_timeline(server: Replay, http: HttpClient, cursor: dict[str, Json]) -> None:
    server.rule(TAG, Timeline([status(60)]))
    assert len(collect(server, http, cursor=cursor).posts) == 1


def test_options_are_checked_by_name() -> None:
    checked = MastodonCollector().check_options({"instance": "https://Social.Example/@x", "hashtags": "#Acme, Jobs"})
    assert (checked["instance"], checked["hashtags"]) == (HOST, "acme, jobs")
    assert MastodonCollector().host(checked) == HOST
    bad: list[dict[str, Json]] = [
        {"instance": "localhost"}, {"instance": "127.0.0.1"}, {"instance": "a b.example"}, {"instance": "x@y.example"},
        {"instance": "social.example:8080"}, {"instance": 5},
        {"hashtags": "a-b", "instance": HOST}, {"hashtags": 5, "instance": HOST},
        {"hashtags": " ".join(f"tag{number}" for number in range(51)), "instance": HOST},
        {"search": "maybe", "instance": HOST}, {"backfill_days": -1, "instance": HOST},
    ]  # fmt: skip
    for options in bad:
        with pytest.raises(ValueError, match=next(iter(options))):
            MastodonCollector().check_options(options)
    with pytest.raises(ValueError, match="instance"):
        MastodonCollector().check_options({})


def test_server_setting_leads_to_loopback(server: Replay, settings: Callable[..., Any]) -> None:
    server.rule(TAG, Timeline([status(60)]))
    with HttpClient.from_settings(settings(mastodon_url=server.base_url)) as guarded:
        post = run(MastodonCollector(), guarded, OPTIONS).posts[0]
    assert post.url == f"https://{HOST}/web/statuses/{id_at(60)}"


def test_no_terms_is_said(http: HttpClient) -> None:
    result = run(MastodonCollector("http://127.0.0.1:1"), http, {"instance": HOST}, terms=(" ", "!"))
    assert "no names" in result.outcome.detail
