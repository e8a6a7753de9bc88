"""X, LinkedIn, Bluesky and a Mastodon server as their documents describe them, for advocates' own accounts.

All four on one loopback server: tokens that can be renewed and ended, a post each, and switches for what goes wrong.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.wire.replay import Answer, Replay, Request

EPOCH = 1_288_834_974_657
X_ME, DID, MASTODON_ME, MEMBER = "777", "did:plc:ada", "109", "urn-ada"


def x_id(at: float, number: int = 0) -> str:
    """An id of X for an instant (Unix seconds)."""
    return str((int(at * 1000) - EPOCH << 22) + number)


def jwt(subject: str, ends: float, number: int) -> str:
    """A token of Bluesky with its claims; nobody signs it here."""
    claims = base64.urlsafe_b64encode(json.dumps({"sub": subject, "exp": int(ends)}).encode()).decode().rstrip("=")
    return f"h{number}.{claims}.s"


@dataclass
class Platforms:
    """The state of the platforms. `accepted`: access tokens that are good; `renewals`: refresh tokens that are."""

    replay: Replay
    now: float
    accepted: set[str] = field(default_factory=set)
    renewals: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)
    posts: dict[str, dict[str, object]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    down: Callable[[Request], Answer | None] = lambda _: None
    made: int = 0

    def __post_init__(self) -> None:
        self.replay.before = self._answer

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self.replay.requests]

    def _answer(self, request: Request) -> Answer:
        failing = self.down(request)
        if failing is not None:
            return failing
        for start, answer in (("/2/", self._x), ("/xrpc/", self._bluesky), ("/rest/", self._linkedin)):
            if request.path.startswith(start):
                return answer(request)
        return self._others(request)

    def _token(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form["grant_type"] == "refresh_token" and form["refresh_token"] not in self.renewals:
            return Answer.json({"error": "invalid_grant"}, 400)
        if form["grant_type"] == "authorization_code" and form["code"] != "good":
            return Answer.json({"error": "invalid_grant"}, 400)
        self.renewals.discard(form.get("refresh_token", ""))
        self.made += 1
        access, refresh = f"access-{self.made}", f"refresh-{self.made}"
        self.accepted.add(access)
        self.renewals.add(refresh)
        return Answer.json({"access_token": access, "refresh_token": refresh, "expires_in": 7200})

    def _end(self, request: Request) -> Answer:
        self.ended += parse_qs(request.body.decode())["token"]
        return Answer.json({"revoked": True})

    def _known(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.accepted

    def _x(self, request: Request) -> Answer:
        if request.path == "/2/oauth2/token":
            return self._token(request)
        if request.path == "/2/oauth2/revoke":
            return self._end(request)
        if not self._known(request):
            return Answer.json({"title": "Unauthorized"}, 401)
        if request.path == "/2/users/me":
            me = {"id": X_ME, "username": "ada", "public_metrics": {"followers_count": 321}}
            return Answer.json({"data": me})
        asked = request.query["ids"].split(",")
        private = "non_public_metrics" in request.query["tweet.fields"]
        mine = [id_ for id_ in asked if id_ in self.posts and (not private or self.posts[id_]["author_id"] == X_ME)]
        errors = [
            {"resource_id": id_, "resource_type": "tweet", "title": "Not Found Error"}
            for id_ in asked
            if id_ in self.gone
        ]
        return Answer.json({"data": [self.posts[id_] for id_ in mine], "errors": errors})

    def _bluesky(self, request: Request) -> Answer:
        name = request.path.removeprefix("/xrpc/")
        if name == "com.atproto.server.createSession":
            given = json.loads(request.body)
            if given != {"identifier": "ada.bsky.social", "password": "abcd-efgh-ijkl-mnop"}:
                return Answer.json({"error": "AuthenticationRequired"}, 401)
            return self._session()
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if name == "com.atproto.server.refreshSession":
            return self._session() if bearer in self.renewals else Answer.json({"error": "ExpiredToken"}, 400)
        if name == "com.atproto.server.deleteSession":
            self.ended.append(bearer)
            return Answer(200)
        if bearer not in self.accepted:
            return Answer.json({"error": "ExpiredToken"}, 400)
        if name == "app.bsky.actor.getProfile":
            return Answer.json({"did": DID, "handle": "ada.bsky.social", "followersCount": 55})
        if name == "app.bsky.feed.getPosts":
            uris = parse_qs(request.target.partition("?")[2])["uris"]
            return Answer.json({"posts": [self.posts[uri] for uri in uris if uri in self.posts]})
        if name == "com.atproto.repo.getRecord":
            return Answer.json({"error": "RecordNotFound"}, 400)
        return Answer.json({"did": "did:plc:somebody"})

    def _session(self) -> Answer:
        self.made += 1
        access, refresh = jwt(DID, self.now + 7200, self.made), f"refresh-{self.made}"
        self.accepted.add(access)
        self.renewals.add(refresh)
        return Answer.json({"did": DID, "handle": "ada.bsky.social", "accessJwt": access, "refreshJwt": refresh})

    def _linkedin(self, request: Request) -> Answer:
        if not self._known(request):
            return Answer.json({"status": 401}, 401)
        urn = request.query["entity"].partition(":")[2].removesuffix(")")
        if urn in self.gone:
            return Answer.json({"status": 404}, 404)
        value = self.posts[urn].get(request.query["queryType"])
        if value == "refused":
            return Answer.json({"status": 403, "code": "ACCESS_DENIED"}, 403)
        elements = [] if value is None else [{"count": value, "metricType": {"x": request.query["queryType"]}}]
        return Answer.json({"paging": {"start": 0, "count": 10}, "elements": elements})

    def _others(self, request: Request) -> Answer:
        if request.path == "/api/v1/apps":
            return Answer.json({"client_id": "made-for-us", "client_secret": "s3cret"})
        if request.path in {"/oauth/token", "/accessToken"}:
            return self._token(request)
        if request.path in {"/oauth/revoke", "/revoke"}:
            return self._end(request)
        if not self._known(request):
            return Answer.json({"error": "The access token is invalid"}, 401)
        if request.path == "/v2/userinfo":
            return Answer.json({"sub": MEMBER})
        if request.path == "/api/v1/accounts/verify_credentials":
            return Answer.json({"id": MASTODON_ME, "username": "ada", "acct": "ada", "followers_count": 12})
        status = self.posts.get(request.path.removeprefix("/api/v1/statuses/"))
        return Answer.json({"error": "Record not found"}, 404) if status is None else Answer.json(status)
