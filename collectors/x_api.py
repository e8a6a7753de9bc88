"""The X API by tweepy on our own HTTP client, and what its refusals mean.

tweepy has no time-out, waits without end when asked to wait, breaks on error bodies of a shape it does not know, and
writes bearer tokens into its debug log. So the client underneath is ours, waiting is off, refusals are judged from
the answer itself instead of from tweepy's exception, and its log is kept from the debug level.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from collectors.errors import CollectError
from collectors.fields import record_in, records
from collectors.http import RETRY_WITHOUT_WORD, HttpAnswer, HttpClient, status_error
from collectors.post import Json

if TYPE_CHECKING:
    from requests import Response

_HOSTS = ("api.twitter.com", "api.x.com")
_EPOCH_MS = 1_288_834_974_657  # of X's ids: milliseconds since then, shifted by 22 bits
_FIRST_TIMED_ID = 29_700_859_247  # ids below were plain counters
_BROKEN = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)  # OSError: all of requests' own
_LONGEST_RESET = timedelta(days=1)
_CONNECTION_PAUSE = timedelta(minutes=1)  # what X asks for after too many connections


class InvalidRequestError(CollectError):
    """HTTP 400: the platform does not accept a parameter; `about` is all that it said, for finding out which."""

    def __init__(self, message: str, about: str) -> None:
        super().__init__("bad_answer", f"X refused the request: {message}", permanent=True)
        self.message = message
        self.about = about


class XApi:
    """One tweepy client per run. `keys` of OAuth 1.0a are consumer key, its secret, access token, its secret."""

    def __init__(
        self,
        http: HttpClient,
        base: str,
        now: datetime,
        *,
        bearer: str | None = None,
        keys: Sequence[str] = (),
        streaming: bool = False,
    ) -> None:
        import tweepy

        from collectors.library import cause_of
        from collectors.library_requests import session

        for name in ("tweepy", "oauthlib", "requests_oauthlib"):
            logging.getLogger(name).setLevel(logging.WARNING)
        made: Any
        if streaming:
            made = tweepy.StreamingClient(bearer, return_type=dict)
        else:
            made = tweepy.Client(bearer, *keys, return_type=dict, wait_on_rate_limit=False)
        made.session = session(http, dict.fromkeys(_HOSTS, base))
        made.session.hooks["response"].append(self._note)
        self._client = made
        self._cause_of = cause_of
        self._broken = (tweepy.TweepyException, *_BROKEN)
        self._now = now
        self._last: Response | None = None

    def ask(self, method: str, *args: object, **params: object) -> Mapping[str, Json]:
        """The answer of one method of tweepy's client as JSON; raise `CollectError`."""
        self._last = None
        try:
            answer = getattr(self._client, method)(*args, **params)
        except self._broken as error:
            raise self._cause_of(error) or self._judged() from error
        if not isinstance(answer, dict):
            raise CollectError("bad_answer", "X answered with JSON of an unknown form.")
        return cast(Mapping[str, Json], answer)

    def _note(self, response: "Response", *args: object, **kwargs: object) -> None:
        self._last = response

    def _judged(self) -> CollectError:
        last = self._last
        if last is None or last.ok:
            return CollectError("bad_answer", "X answered with something that is not JSON.")
        headers = {name.lower(): value for name, value in last.headers.items()}
        return refusal(HttpAnswer(last.status_code, headers, last.content, last.url), self._now)


def refusal(answer: HttpAnswer, now: datetime) -> CollectError:
    """What a refused request means; the status alone tells too little."""
    problem = record_in(answer.body)
    said = " ".join(str(problem.get(key) or "") for key in ("title", "type", "reason", "connection_issue")).casefold()
    if spent := _spent(answer.status, said, problem, now):
        return spent
    match answer.status:
        case 400:
            return InvalidRequestError(_message(problem), _text(json.dumps(problem)))
        case 401:
            words = "X does not accept the key (HTTP 401). Enter a valid one or reconnect the account."
            return CollectError("unauthorized", words, permanent=True)
        case 403:
            return _forbidden(said, problem)
        case 404:
            return CollectError("gone", "X knows no such address (HTTP 404): is its base address right?")
        case 429:
            return _rate_limited(said, answer.headers, now)
    return status_error(answer.status, answer.headers, answer.url, now)


def _spent(status: int, said: str, problem: Mapping[str, Json], now: datetime) -> CollectError | None:
    """A cap on money or reads: waiting for the next quarter of an hour does not help."""
    if "usagecapexceeded" in said or "usage-capped" in said:
        daily = str(problem.get("period") or "").casefold() == "daily"
        until = _next_day(now) if daily else _next_month(now)
        words = f"X's own cap on reads of this project is used up until {until:%Y-%m-%d}."
        return CollectError("budget_spent", words, retry_at=until)
    if status == 402 or "creditsdepleted" in said or "spendcapreached" in said or "problems/credits" in said:
        until = _date(problem.get("reset_date"), now) or _next_day(now)
        words = "The credits of this X account are used up or capped; add some in X's developer console."
        return CollectError("budget_spent", words, retry_at=until)
    return None


def _forbidden(said: str, problem: Mapping[str, Json]) -> CollectError:
    if "client-not-enrolled" in said or "client forbidden" in said or "client-forbidden" in said:
        words = "X has not let this app in: attach it to a project with access to this endpoint, in X's console."
        return CollectError("needs_approval", words, permanent=True)
    return CollectError("unauthorized", f"X refuses access (HTTP 403): {_message(problem)}", permanent=True)


def _rate_limited(said: str, headers: Mapping[str, str], now: datetime) -> CollectError:
    if "connectionexception" in said or "toomanyconnections" in said:
        words = "X counts a connection to the stream already: it allows one per app."
        return CollectError("rate_limited", words, retry_at=now + _CONNECTION_PAUSE)
    until = reset_of(headers, now)
    return CollectError("rate_limited", f"X asks to wait until {until:%Y-%m-%d %H:%M} UTC.", retry_at=until)


def reset_of(headers: Mapping[str, str], now: datetime) -> datetime:
    """When `x-rate-limit-reset` (Unix seconds) lets us go on; by the server's own clock where ours disagrees."""
    text = headers.get("x-rate-limit-reset", "")
    if not (text.isdecimal() and text.isascii() and len(text) < 12):
        return now + RETRY_WITHOUT_WORD
    reset = datetime.fromtimestamp(int(text), UTC)
    if now < reset <= now + _LONGEST_RESET:
        return reset
    try:
        wait = reset - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return now + RETRY_WITHOUT_WORD
    return now + (wait if timedelta(0) < wait <= _LONGEST_RESET else RETRY_WITHOUT_WORD)


def id_at(moment: datetime) -> str:
    """The smallest id that a post of this instant can have: ids of X hold their time."""
    return str((int(moment.timestamp() * 1_000) - _EPOCH_MS) << 22)


def time_of(native_id: str) -> datetime | None:
    """When a post was made by its id; None for ids from before November 2010."""
    number = int(native_id)
    if not _FIRST_TIMED_ID <= number < 2**63:
        return None
    return datetime.fromtimestamp(((number >> 22) + _EPOCH_MS) / 1_000, UTC)


def _message(problem: Mapping[str, Json]) -> str:
    """What the platform says is wrong, in one line."""
    each = [error.get("message") or error.get("detail") for error in records(problem.get("errors"))]
    words = [word for word in each if isinstance(word, str)]
    return _text(" ".join(words) or problem.get("detail") or problem.get("title") or "it does not say why.", 300)


def _text(value: Json, most: int = 4_000) -> str:
    return " ".join(str(value).split())[:most]


def _date(value: Json, now: datetime) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment and now < moment < now + timedelta(days=62) else None


def _next_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
