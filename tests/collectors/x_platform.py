"""A platform that behaves as X does where collectors touch it: bounds, pages, counts, lookups, refusals."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from collectors.post import Json
from collectors.x_api import id_at, time_of
from tests.collectors.conftest import NOW
from tests.wire.replay import Answer, Replay, Request

KEYS = {"bearer_token": "AAAA-secret"}
SEARCH, SEARCH_ALL, LOOKUP = "/2/tweets/search/recent", "/2/tweets/search/all", "/2/tweets"
COUNTS, COUNTS_ALL = "/2/tweets/counts/recent", "/2/tweets/counts/all"


def tweet(minutes: float, number: int = 0, **more: Json) -> dict[str, Json]:
    """A post made so many minutes before NOW, by one of ten authors."""
    made = NOW - timedelta(minutes=minutes)
    author = 10_000 + number % 10
    return {
        "id": str(int(id_at(made)) + number),
        "text": f"Acme Bank, number {number} &amp; more https://t.co/l{number}",
        "author_id": str(author),
        "created_at": made.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "lang": "en",
        "edit_history_tweet_ids": [str(int(id_at(made)) + number)],
        "entities": {"urls": [{"url": f"https://t.co/l{number}", "expanded_url": f"https://acme.example/{number}"}]},
        "public_metrics": {
            "like_count": 3, "retweet_count": 2, "reply_count": 1, "quote_count": 0, "bookmark_count": 4,
            "impression_count": 500,
        },
        **more,
    }  # fmt: skip


def user(native_id: str) -> dict[str, Json]:
    """The author of that id."""
    return {
        "id": native_id,
        "username": f"jane_{native_id}",
        "name": f"Jane Number {native_id}",
        "public_metrics": {"followers_count": 77, "tweet_count": 1},
    }


def problem(status: int, title: str, headers: Mapping[str, str] | None = None, **more: Json) -> Answer:
    """A refusal in X's own form."""
    made = Answer.json({"title": title, "status": status, "type": "about:blank", **more}, status)
    return Answer(made.status, {**made.headers, **(headers or {})}, made.body)


class Platform:
    """Rules for a `Replay`: what is in `tweets` is served as X would serve it."""

    def __init__(self, server: Replay, tweets: list[dict[str, Json]]) -> None:
        self.tweets = tweets
        self.now = NOW
        self.server = server
        self.read: list[str] = []  # ids handed out by searches and lookups: what X would bill
        for path, rule in {SEARCH: self.search, SEARCH_ALL: self.search, COUNTS: self.counts, COUNTS_ALL: self.counts,
                           LOOKUP: self.lookup}.items():  # fmt: skip
            server.rule(path, rule)

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """The queries of all requests to `path` so far."""
        return [request.query for request in self.server.requests if request.path == path]

    def search(self, request: Request) -> Answer:
        query = request.query
        found = self._within(request)
        if isinstance(found, Answer):
            return found
        size, first = int(query.get("max_results", "10")), int(query.get("next_token", "t0")[1:])
        if not 10 <= size <= (500 if request.path == SEARCH_ALL else 100):
            return problem(400, "Invalid Request", errors=[{"parameters": {"max_results": [size]}, "message": "size"}])
        page = found[first : first + size]
        if not page:
            return Answer.json({"meta": {"result_count": 0}})
        more = {"next_token": f"t{first + size}"} if first + size < len(found) else {}
        meta = {"result_count": len(page), "newest_id": page[0]["id"], "oldest_id": page[-1]["id"], **more}
        return Answer.json({"data": self._sold(page), "meta": meta, **self._includes(page, query)})

    def counts(self, request: Request) -> Answer:
        found = self._within(request)
        if isinstance(found, Answer):
            return found
        hours: dict[str, int] = {}
        for one in found:
            hour = str(one["created_at"])[:13] + ":00:00.000Z"
            hours[hour] = hours.get(hour, 0) + 1
        data = [{"start": hour, "end": hour, "tweet_count": count} for hour, count in sorted(hours.items())]
        return Answer.json({"data": data, "meta": {"total_tweet_count": len(found)}})

    def lookup(self, request: Request) -> Answer:
        known = {str(one["id"]): one for one in self.tweets}
        ids = request.query["ids"].split(",")
        found = [known[one] for one in ids if one in known]
        missing = [
            {"resource_id": one, "value": one, "parameter": "ids", "resource_type": "tweet", "title": "Not Found Error"}
            for one in ids
            if one not in known
        ]
        answer: dict[str, Any] = {"data": self._sold(found), **self._includes(found, request.query)} if found else {}
        return Answer.json(answer | ({"errors": missing} if missing else {}))

    def _sold(self, page: list[dict[str, Json]]) -> list[dict[str, Json]]:
        self.read += [str(one["id"]) for one in page]
        return page

    def _includes(self, page: list[dict[str, Json]], query: Mapping[str, str]) -> dict[str, Any]:
        if "author_id" not in query.get("expansions", ""):
            return {}
        authors = dict.fromkeys(str(one["author_id"]) for one in page)
        return {"includes": {"users": [user(author) for author in authors]}}

    def _within(self, request: Request) -> list[dict[str, Json]] | Answer:
        """The posts inside the bounds, newest first; X's refusals of bounds that it does not take."""
        query, found = request.query, sorted(self.tweets, key=lambda one: -int(str(one["id"])))
        if {"since_id", "until_id"} & set(query) and {"start_time", "end_time"} & set(query):
            return problem(400, "Invalid Request", errors=[{"message": "since_id or until_id with start_time"}])
        oldest = self.now - timedelta(days=7)
        start = datetime.fromisoformat(query["start_time"]) if "start_time" in query else None
        since = time_of(query["since_id"]) if "since_id" in query else None
        if not request.path.endswith("/all") and "since_id" in query and (since is None or since < oldest):
            said = f"'since_id' must be a tweet id created after [{oldest}]."
            about: dict[str, Json] = {"since_id": [query["since_id"]]}
            return problem(400, "Invalid Request", errors=[{"parameters": about, "message": said}])
        if not request.path.endswith("/all") and start and start < oldest:
            about = {"start_time": [query["start_time"]]}
            return problem(400, "Invalid Request", errors=[{"parameters": about, "message": "'start_time' is old"}])
        return [
            one
            for one in found
            if int(str(one["id"])) > int(query.get("since_id", "0"))
            and int(str(one["id"])) < int(query.get("until_id", str(2**63)))
            and (start is None or (time_of(str(one["id"])) or datetime.min.replace(tzinfo=UTC)) >= start)
        ]
