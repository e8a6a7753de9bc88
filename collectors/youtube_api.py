"""Calls of the YouTube Data API v3: what each costs, and what its errors mean."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.errors import CollectError
from collectors.fields import record, several, text
from collectors.http import RETRY_WITHOUT_WORD, HttpAnswer, HttpClient, retry_at, status_error
from collectors.meter import Meter
from collectors.post import Json

ZONE = "America/Los_Angeles"  # quotas begin anew at midnight there
PAGE = 50
_REFUSED = (400, 401, 403, 404, 429)
_SPENT = frozenset(("quotaExceeded", "dailyLimitExceeded"))
_TOO_FAST = frozenset(("rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"))
_BAD_KEY = frozenset(("keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED"))
_SWITCHED_OFF = frozenset(("accessNotConfigured", "SERVICE_DISABLED"))
_NO_COMMENTS = frozenset(("commentsDisabled", "videoNotFound", "forbidden", "processingFailure"))


class BudgetSpentError(Exception):
    """The units of the day that this source may use are used."""


class NoCommentsError(Exception):
    """This video shows no comments: switched off, private or gone."""


class YouTubeApi:
    """The calls of one run. A search counts in a bucket of its own, every other call costs one unit of the meter."""

    def __init__(self, http: HttpClient, base: str, key: str, meter: Meter, now: datetime) -> None:
        self._http = http
        self._base = base
        self._key = key.strip()
        self._meter = meter
        self._now = now
        if not self._key:
            raise CollectError("needs_credentials", "Enter an API key of a Google project.", permanent=True)

    def search(self, term: str, after: str, before: str, token: str | None, more: Mapping[str, str]) -> dict[str, Json]:
        """One page of videos that were published in a window, newest first."""
        params = {
            "part": "snippet", "type": "video", "order": "date", "q": '"' + term.replace('"', " ") + '"',
            "maxResults": str(PAGE), "publishedAfter": after, "publishedBefore": before, **more,
        }  # fmt: skip
        return self._call("search", params | ({"pageToken": token} if token else {}))

    def videos(self, ids: Sequence[str]) -> dict[str, Json]:
        """Up to 50 videos with full description and counters; those that are gone are left out silently."""
        return self._paid("videos", {"part": "snippet,statistics", "id": ",".join(ids), "maxResults": str(PAGE)})

    def threads(self, video: str, token: str | None) -> dict[str, Json]:
        """Up to 100 comment threads of a video, newest first; raise `NoCommentsError`."""
        params = {"part": "snippet,replies", "videoId": video, "order": "time", "maxResults": "100"}
        return self._paid("commentThreads", self._plain(params, token))

    def replies(self, parent: str, token: str | None) -> dict[str, Json]:
        """Up to 100 replies to a comment; raise `NoCommentsError`."""
        return self._paid("comments", self._plain({"part": "snippet", "parentId": parent, "maxResults": "100"}, token))

    def comments(self, ids: Sequence[str]) -> dict[str, Json]:
        """Up to 50 comments by id; those that are gone are left out silently."""
        return self._paid("comments", self._plain({"part": "snippet", "id": ",".join(ids)}, None))

    def try_key(self) -> None:
        """The cheapest call there is."""
        self._paid("videos", {"part": "id", "chart": "mostPopular", "maxResults": "1"})

    @staticmethod
    def _plain(params: Mapping[str, str], token: str | None) -> dict[str, str]:
        return {**params, "textFormat": "plainText"} | ({"pageToken": token} if token else {})

    def _paid(self, name: str, params: Mapping[str, str]) -> dict[str, Json]:
        if not self._meter.affords(1):
            raise BudgetSpentError
        self._meter.charge(1)
        return self._call(name, params)

    def _call(self, name: str, params: Mapping[str, str]) -> dict[str, Json]:
        """The key goes into a header: addresses end up in logs."""
        url = f"{self._base}/youtube/v3/{name}"
        answer = self._http.get(url, params, {"x-goog-api-key": self._key}, accept=_REFUSED)
        if answer.status in _REFUSED:
            raise self._refusal(answer)
        found = answer.json()
        if not isinstance(found, dict) or not isinstance(found.get("items"), list):
            raise CollectError("bad_answer", f"YouTube answered to {name} without its list of items.")
        return found

    def _refusal(self, answer: HttpAnswer) -> Exception:
        reasons = _reasons(answer.body)
        if reasons & _SPENT:
            detail = "YouTube's quota of this project is used up; it begins anew at midnight in California."
            return CollectError("rate_limited", detail, retry_at=next_midnight(self._now))
        if reasons & _TOO_FAST or answer.status == 429:
            until = retry_at(answer.headers.get("retry-after"), self._now) or self._now + RETRY_WITHOUT_WORD
            return CollectError("rate_limited", f"YouTube asks to wait until {until:%H:%M} UTC.", retry_at=until)
        if reasons & _BAD_KEY:
            return CollectError(
                "unauthorized", "YouTube does not know this API key; enter a valid one.", permanent=True
            )
        if reasons & _SWITCHED_OFF:
            detail = "Switch on the YouTube Data API v3 in the Google project of this key."
            return CollectError("unauthorized", detail, permanent=True)
        path = answer.url.partition("?")[0]
        if reasons & _NO_COMMENTS and path.endswith(("/commentThreads", "/comments")):
            return NoCommentsError()
        return status_error(answer.status, answer.headers, answer.url, self._now)


def next_midnight(now: datetime) -> datetime:
    """When the next day of quotas begins."""
    day = now.astimezone(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day.astimezone(now.tzinfo)


def _reasons(body: bytes) -> frozenset[str]:
    """The machine-readable words of an error: the classic list and the newer details."""
    try:
        answer: Json = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    error = record(record(answer).get("error"))
    listed = [*several(error.get("errors")), *several(error.get("details"))]
    return frozenset(word for one in listed if (word := text(record(one).get("reason"))))


__all__ = ["PAGE", "ZONE", "BudgetSpentError", "NoCommentsError", "YouTubeApi", "next_midnight"]
