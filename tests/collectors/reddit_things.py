"""Reddit's things made by hand, and a server that lists them as Reddit does."""

from typing import Any

from collectors.http import HttpClient
from collectors.post import Json
from collectors.privacy import PrivacyDoor
from collectors.reddit import RedditCollector
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.wire.replay import Answer, Replay, Request

KEYS = {"client_id": "id-of-app", "client_secret": "secret-of-app"}
TOKEN = "/api/v1/access_token"
PRESENT = NOW.timestamp()
DOOR = PrivacyDoor(b"k" * 32, [])
ONLY_NEW: dict[str, Json] = {"subreddits": "acme", "search": False, "trees": False}


def submission(number: int, age: float = 60.0, **more: Json) -> dict[str, Any]:
    """A submission as Reddit gives it; `number` is its id in base 36 too."""
    data: dict[str, Any] = {
        "id": f"p{number}", "name": f"t3_p{number}", "author": f"Writer_{number}", "author_fullname": f"t2_w{number}",
        "subreddit": "Acme", "title": f"Acme &amp; I, {number}", "selftext": "Ask u/Some_Body or me.\n\n&#x200B;",
        "permalink": f"/r/Acme/comments/p{number}/acme_i/", "url": "https://a.example/x", "created_utc": PRESENT - age,
        "edited": False, "score": 7, "upvote_ratio": 0.9, "num_comments": 0, "num_crossposts": 1,
        "removed_by_category": None, "view_count": None, **more,
    }  # fmt: skip
    return {"kind": "t3", "data": data}


def comment(number: int, parent: str = "t3_p1", age: float = 30.0, **more: Json) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": f"c{number}", "name": f"t1_c{number}", "author": f"Writer_{number}", "subreddit": "Acme",
        "body": f"Thought {number}.", "parent_id": parent, "link_id": "t3_p1", "link_title": "Acme and I",
        "created_utc": PRESENT - age, "score": 1, "score_hidden": True, "replies": "", **more,
    }  # fmt: skip
    return {"kind": "t1", "data": data}


def listing(*children: Any, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(children), "after": after, "before": None}}


class Things:
    """A listing, newest first; an `after` that is not in it any more gives nothing, as with Reddit."""

    def __init__(self, things: list[dict[str, Any]]) -> None:
        self.things = things

    def __call__(self, request: Request) -> Answer:
        names = [thing["data"]["name"] for thing in self.things]
        after, size = request.query.get("after"), int(request.query["limit"])
        if after is not None and after not in names:
            return Answer.json(listing())
        start = 0 if after is None else names.index(after) + 1
        page = self.things[start : start + size]
        more = start + size < len(self.things)
        return Answer.json(listing(*page, after=page[-1]["data"]["name"] if page and more else None))


def sign_in(server: Replay) -> Replay:
    """Let the server give out tokens."""
    token = {"access_token": "tok", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
    server.add(TOKEN, Answer.json(token))
    return server


def collector(server: Replay, **limits: int) -> RedditCollector:
    return RedditCollector(server.base_url, server.base_url, **limits)


def collect(server: Replay, http: HttpClient, options: dict[str, Json] | None = None, **more: Any) -> Run:
    limits = {"max_requests": more.pop("max_requests")} if "max_requests" in more else {}
    given = {"terms": ("Acme Bank",), "credentials": KEYS, **more}
    return run(collector(server, **limits), http, options or ONLY_NEW, **given)


def paths(server: Replay) -> list[str]:
    return [request.path for request in server.requests if request.path != TOKEN]


def tree_server(reddit: Replay) -> None:
    """A post whose answer leaves out two comments and one deep branch."""
    deep = {"kind": "more", "data": {"count": 0, "children": [], "id": "_", "parent_id": "t1_c2"}}
    more = {"kind": "more", "data": {"count": 2, "children": ["c5", "c6"], "id": "c5", "parent_id": "t3_p1"}}
    inner = comment(2, "t1_c1", replies=listing(deep))
    del inner["data"]["link_title"]
    outer = comment(1, replies=listing(inner))
    post = submission(1, num_comments=6, title="Acme Bank")
    reddit.rule("/r/acme/new", Things([post]))
    reddit.add("/comments/p1/", Answer.json([listing(post), listing(outer, more)]))
    reddit.add("/comments/p1/_/c2", Answer.json([listing(post), listing(inner, comment(3, "t1_c2"))]))
    things = [comment(5), comment(6, body="[deleted]", author=None)]
    reddit.add("/api/morechildren/", Answer.json({"json": {"errors": [], "data": {"things": things}}}))
