"""Choosing the recording that answers a request, as the real service would have answered it."""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import parse_qs, quote, unquote

from tests.wire.recordings import Recording
from tests.wire.replay import Answer, Request

# Parameters that name a page: another page is another answer, whatever else fits.
_PAGING = {
    "after", "before", "cursor", "max_id", "min_id", "next_token", "offset", "page", "pagetoken", "pagination_token",
    "since_id",
}  # fmt: skip
_KEPT_WINDOW = timedelta(minutes=5)  # of a reset whose time of recording is unknown


@dataclass(frozen=True, slots=True)
class Found:
    """The chosen recording, and whether the request was recorded exactly so."""

    recording: Recording
    answer: Answer
    exact: bool


class Tape:
    """Recordings by path. In a group, the same request again gets the next answer; the last one stays.

    A path that begins with a recorded host (`/oauth.reddit.com/r/all`) means that host alone. `aliases` let one path
    stand in for another. `rewrite` are hosts whose addresses in answers lead to `base` instead; "*" is every host.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        base: str = "",
        aliases: Mapping[str, str] | None = None,
        rewrite: Sequence[str] = (),
        shift: bool = False,
    ) -> None:
        self.hosts = sorted({each.host for each in recordings if each.host})
        self._base = base
        self._aliases = dict(aliases or {})
        self._shift = shift
        hosts = self.hosts if "*" in rewrite else list(rewrite)
        self._edit = _editor(hosts, base) if hosts else None
        self._sequences: dict[str, list[list[Recording]]] = {}
        self._given: dict[tuple[str, ...], int] = defaultdict(int)
        self._latest = ""  # the group that answered last: a client goes on with the recording it began
        self._lock = threading.Lock()
        self._sort(recordings)

    def _sort(self, recordings: Sequence[Recording]) -> None:
        grouped: dict[tuple[str, ...], list[Recording]] = {}
        for each in recordings:
            grouped.setdefault((each.group, *each.request), []).append(each)
        for sequence in grouped.values():
            sequence.sort(key=lambda each: each.step)
            self._sequences.setdefault(_plain(sequence[0].path), []).append(sequence)

    def find(self, request: Request, now: datetime) -> Found | None:
        """The answer to a request; None: nothing was recorded at this path."""
        host, path = self._address(request.path)
        sequences = self._sequences.get(_plain(self._aliases.get(path, path)), [])
        query = parse_qs(request.target.partition("?")[2], keep_blank_values=True)
        asked = _Asked(request.method, {key: tuple(values) for key, values in query.items()}, _body(request))
        with self._lock:
            fits = [each for each in sequences if host in ("", each[0].host)]
            if not fits:
                return None
            best = max(fits, key=lambda each: self._rank(asked, each))
            recording = self._next(best)
            self._latest = recording.group
        return Found(recording, self._served(recording, now), asked.is_exactly(recording))

    def paths(self) -> list[str]:
        """Every address that answers."""
        return sorted({sequence[0].path for sequences in self._sequences.values() for sequence in sequences})

    def _address(self, path: str) -> tuple[str, str]:
        first, _, rest = path[1:].partition("/")
        return (first, f"/{rest}") if first in self.hosts else ("", path)

    def _rank(self, asked: "_Asked", sequence: list[Recording]) -> tuple[int, int, bool, bool]:
        """Larger is better. Of equals an answer of success comes first, then the group that answered last."""
        upcoming = sequence[self._place(sequence)]
        likeness = asked.likeness(sequence[0])
        return (*likeness, upcoming.answer.status < 400, upcoming.group == self._latest)

    def _place(self, sequence: list[Recording]) -> int:
        key = (sequence[0].group, *sequence[0].request)
        return min(self._given[key], len(sequence) - 1)

    def _next(self, sequence: list[Recording]) -> Recording:
        recording = sequence[self._place(sequence)]
        self._given[(recording.group, *recording.request)] += 1
        return recording

    def _served(self, recording: Recording, now: datetime) -> Answer:
        answer = recording.answer
        if self._shift:
            answer = replace(answer, headers=shifted(answer.headers, recording.recorded_at, now))
        if self._edit is not None and isinstance(answer.body, bytes):
            headers = {name: self._edit(value) for name, value in answer.headers.items()}
            edited = self._edit(answer.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            answer = Answer(answer.status, headers, edited)
        return answer


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    query: Mapping[str, tuple[str, ...]]
    body: str

    def likeness(self, recording: Recording) -> tuple[int, int]:
        """How well a recording fits: the method and the page first, then the number of equal parameters."""
        keys = self.query.keys() | recording.query.keys()
        equal = {key for key in keys if self.query.get(key) == recording.query.get(key)}
        paging = sum(key not in equal for key in keys if key.lower() in _PAGING)
        rest = 2 * len(equal) - len(keys) + 2 * (self.body == recording.body)
        return -paging - 10 * (self.method != recording.method), rest

    def is_exactly(self, recording: Recording) -> bool:
        return (self.method, dict(self.query), self.body) == (recording.method, dict(recording.query), recording.body)


def shifted(headers: Mapping[str, str], recorded_at: str, now: datetime) -> dict[str, str]:
    """Headers whose times lie as far from `now` as they lay from the time of recording.

    Resets are Unix times (X, Bluesky) or ISO times (Mastodon); seconds to wait (Reddit, most `Retry-After`) stay. Where
    the time of recording is unknown, a reset is five minutes away.
    """
    then = _moment(next((value for name, value in headers.items() if name.lower() == "date"), recorded_at))
    found = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower == "date":
            value = format_datetime(now, usegmt=True)
        elif lower == "retry-after" or ("limit" in lower and lower.endswith("reset")):
            value = _reset(value, then, now)
        found[name] = value
    return found


def _reset(value: str, then: datetime | None, now: datetime) -> str:
    if re.fullmatch(r"\d{10}(\.\d+)?", value):
        moment = datetime.fromtimestamp(float(value), UTC)
        return str(int((now + (moment - then if then else _KEPT_WINDOW)).timestamp()))
    parsed = _moment(value)
    if parsed is None:
        return value
    later = now + (parsed - then if then else _KEPT_WINDOW)
    iso = later.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return iso if "T" in value and value[:4].isdecimal() else format_datetime(later, usegmt=True)


def _moment(value: str) -> datetime | None:
    """A time as headers write it (ISO 8601 or of HTTP); None: it is none."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value.removesuffix(" UTC"))
        except (ValueError, TypeError):
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _editor(hosts: Sequence[str], base: str) -> Callable[[str], str]:
    """A function that leads addresses of these hosts to `base`: as they are, in JSON and in queries."""
    named = (re.escape(host).replace(r"\*", r"[\w.-]*") for host in hosts)  # *.example.com is every host of it
    names = "|".join(sorted(named, key=len, reverse=True))
    end = r"(?![\w.-])(?::\d+)?"
    slashes = {"//": base, r"\/\/": base.replace("/", r"\/"), "%2F%2F": quote(base, safe="")}
    pattern = re.compile(rf"(?i)https?(?::|%3A)(//|\\/\\/|%2F%2F)(?:{names}){end}")

    def edit(text: str) -> str:
        return pattern.sub(lambda match: slashes[match[1].upper()], text)

    return edit


def _plain(path: str) -> str:
    return unquote(path).rstrip("/") or "/"


def _body(request: Request) -> str:
    """The body of a request as recordings hold it: form fields or JSON, sorted."""
    text = request.body.decode("utf-8", "replace")
    if not text:
        return ""
    if "json" in request.headers.get("content-type", ""):
        try:
            return json.dumps(json.loads(text), sort_keys=True)
        except ValueError:
            return text
    if "form-urlencoded" in request.headers.get("content-type", ""):
        fields = parse_qs(text, keep_blank_values=True)
        return json.dumps({key: each[0] if len(each) == 1 else each for key, each in fields.items()}, sort_keys=True)
    return text
