"""Mastodon and servers that speak as it does: hashtags and search of one instance, by Mastodon.py."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collectors.base import Batch, Collector, CollectRequest, Option, Outcome, Recheck
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.masking import AUTHOR
from collectors.mastodon_api import Instance, Page
from collectors.mastodon_posts import (
    STATUS_ID,
    created_of,
    earlier,
    id_of,
    is_known,
    is_plausible,
    post_of,
    withheld,
)
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from config.settings import get_settings

MAX_REQUESTS = 60  # of one run; 300 in five minutes are allowed
OVERLAP = timedelta(hours=1)  # looked at again: posts of other servers come late, under the id of their own time
MAX_TAGS = 50
ASKED_AT_ONCE = 20
# Others concern the whole server. A fault may come from one question; two of them do not.
_OF_ONE_TIMELINE = frozenset(("gone", "bad_answer", "unreachable"))
_HOST = re.compile(r"(?=.{4,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one timeline has been read: all up to the id `since`; a walk cut off goes on below `below`.

    `turn` is when its turn last ended, in seconds since 1970.
    """

    since: str | None = None
    top: str | None = None  # the newest id of the walk in progress
    below: str | None = None
    turn: float = 0.0

    def as_json(self) -> dict[str, Json]:
        return {"since": self.since, "top": self.top, "below": self.below, "turn": self.turn}


class MastodonCollector(Collector):
    """Public posts that carry a hashtag, and what the server's own search finds. One source per instance."""

    kind = "mastodon"
    label = "Mastodon"
    redistribution = WHOLE
    summary = "Hashtags, and with a token full-text search, of one server; add one source for each server."
    options: tuple[Option, ...] = (
        Option("instance", "Server", "Its host name, like mastodon.social.", required=True),
        Option("hashtags", "Hashtags", "Separated by commas. Empty: the names of the company profile."),
        Option("search", "Search too", "Needs an access token; finds only authors who agreed to it.", default=False),
        Option("backfill_days", "Days to look back", "How far the first run of a hashtag goes back.", default=7),
    )
    credentials = (Option("access_token", "Access token", "Of an account there, with the right to read and search."),)
    interval = timedelta(minutes=10)
    needs_terms = True
    recheck = Recheck(pack=ASKED_AT_ONCE, then=timedelta(days=7))

    def __init__(self, base_url: str | None = None, max_requests: int = MAX_REQUESTS) -> None:
        self._base_url = base_url
        self._max_requests = max_requests

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        return {
            "instance": _instance(values["instance"]),
            "hashtags": ", ".join(_hashtags(values["hashtags"])),
            "search": yes_or_no(values, "search"),
            "backfill_days": whole_number(values, "backfill_days", 0, 365),
        }

    def host(self, options: Mapping[str, Json]) -> str | None:
        return _instance(options.get("instance"))

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        server = self._server(request, options, http)
        terms = tuple(dict.fromkeys(name for term in request.terms if (name := " ".join(term.split()).casefold())))
        tags = _hashtags(options["hashtags"]) or tuple(dict.fromkeys(filter(None, map(_tag, terms))))
        searched = terms if options["search"] and server.signed_in else ()
        if not tags and not searched:
            return Outcome(complete=True, reason="ok", detail="There are no names to search for yet.")
        run = _Run(server, request, options, self._max_requests)
        timelines: dict[str, Callable[[str | None, str | None], Page]] = {}
        for tag in tags:
            timelines[f"tag:{tag}"] = lambda below, since, tag=tag: server.tag(tag, below, since)  # type: ignore[misc]
        for term in searched:
            words = '"' + term.replace('"', " ") + '"'
            timelines[f"search:{term}"] = lambda below, _, words=words: server.search(words, below)  # type: ignore[misc]
        yield from run.read(timelines)
        return run.outcome(unsearched=bool(options["search"]) and not server.signed_in)

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        """Several at once where the server can; what it leaves out is asked for by itself before it counts as gone."""
        options = self.check_options(request.options)
        server, instance = self._server(request, options, http), str(options["instance"])
        asked = tuple(ref for ref in dict.fromkeys(refs) if STATUS_ID.fullmatch(ref))
        unread = 0
        for start in range(0, len(asked), ASKED_AT_ONCE):
            pack = asked[start : start + ASKED_AT_ONCE]
            found = {name: status for status in server.statuses(pack) or () if (name := id_of(status)) in pack}
            statuses = {name: found[name] if name in found else server.status(name) for name in pack}
            gone = tuple(name for name, status in statuses.items() if status is None or withheld(status))
            posts = {name: post_of(status, instance) for name, status in statuses.items() if name not in gone}
            read = tuple(post for name, post in posts.items() if post is not None and post.native_id == name)
            unread += len(posts) - len(read)
            yield Batch(read, None, deleted=gone)
        detail = f"{unread} posts could not be read." if unread else ""
        return Outcome(not unread, "bad_answer" if unread else "ok", detail)

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        instance = raw.get("instance")
        if not isinstance(instance, str) or withheld(dict(raw)):
            return None
        if AUTHOR in (raw.get("content"), raw.get("spoiler_text")):
            return None  # the text named its author and was not kept
        return post_of(dict(raw), instance)

    def _server(self, request: CollectRequest, options: Mapping[str, Json], http: HttpClient) -> Instance:
        host = str(options["instance"])
        base = self._base_url or get_settings().mastodon_url or f"https://{host}"
        return Instance(http, base, host, request.credentials.get("access_token", "").strip(), request.now)


@dataclass(slots=True)
class _Run:
    """One run over all timelines of a server."""

    server: Instance
    request: CollectRequest
    options: Mapping[str, Json]
    cap: int
    unread: int = 0
    skipped: int = 0
    cut_off: bool = False
    walked: int = 0
    failed: dict[str, CollectError] = field(default_factory=dict)  # by reason
    reaches: dict[str, Reach] = field(default_factory=dict)

    def read(self, timelines: Mapping[str, Callable[[str | None, str | None], Page]]) -> Iterator[Batch]:
        self.reaches = {key: _reach(self.request.cursor, key, self.request.now) for key in timelines}
        first = self.request.now - timedelta(days=whole_number(self.options, "backfill_days", 0, 365))
        # The one whose turn is longest ago comes first, so that the cap starves none.
        for key in sorted(timelines, key=lambda each: self.reaches[each].turn):
            try:
                if self.reaches[key].below:
                    yield from self._walk(key, timelines[key], first)
                yield from self._walk(key, timelines[key], first)
                self.walked += not self.cut_off
            except CollectError as error:
                twice = error.reason == "unreachable" and error.reason in self.failed
                if twice or error.reason not in _OF_ONE_TIMELINE:
                    raise
                self.failed.setdefault(error.reason, error)
                self.reaches[key] = replace(self.reaches[key], turn=self.request.now.timestamp())
                yield Batch((), self._cursor())
        if self.failed and not self.walked:
            raise next(iter(self.failed.values()))

    def _walk(self, key: str, page_of: Callable[[str | None, str | None], Page], first: datetime) -> Iterator[Batch]:
        """From the newest post, or where the last walk was cut off, down to what is known."""
        reach, seen = self.reaches[key], set[str]()
        floor = earlier(reach.since, OVERLAP) if reach.since else None
        while not self.cut_off:
            if self.server.requests >= self.cap:
                self.cut_off = True
                return
            page = page_of(reach.below, floor)
            ids = [each for status in page.statuses if (each := id_of(status))]
            fresh = [each for each in ids if is_plausible(each, self.request.now)]
            reach = replace(reach, top=reach.top or (fresh[0] if fresh else None), below=page.next_max)
            ended = page.next_max is None or seen.issuperset(ids) or page.next_max in seen
            if ended or _reaches(page, floor, first):
                reach = Reach(_newer(reach.top, reach.since), turn=self.request.now.timestamp())
            seen |= {*ids, page.next_max or ""}
            self.reaches[key] = reach
            yield self._batch(page)
            if reach.below is None:
                return

    def _batch(self, page: Page) -> Batch:
        instance, posts = str(self.options["instance"]), dict[str, RawPost]()
        for status in page.statuses:
            if withheld(status):
                self.skipped += 1
            elif (post := post_of(status, instance)) is not None:
                posts[post.native_id] = post
            else:
                self.unread += 1
        return Batch(tuple(posts.values()), self._cursor())

    def _cursor(self) -> dict[str, Json]:
        return {"walks": {key: reach.as_json() for key, reach in self.reaches.items()}}

    def outcome(self, *, unsearched: bool) -> Outcome:
        notes = []
        if self.cut_off:
            notes.append(f"Stopped after {self.server.requests} requests; the next run goes on from there.")
        if unsearched:
            notes.append("The search was left out: enter an access token.")
        if self.unread:
            notes.append(f"{self.unread} posts could not be read.")
        if self.skipped:
            notes.append(f"{self.skipped} were left alone: boosts, not public, or by authors who keep robots away.")
        notes += [error.detail for error in self.failed.values()]
        if self.cut_off:
            return Outcome(False, "limit_reached", " ".join(notes), next_check=timedelta(minutes=1))
        if self.failed:
            return Outcome(False, next(iter(self.failed)), " ".join(notes))
        reason = "needs_credentials" if unsearched else "ok"
        return Outcome(not unsearched, reason, " ".join(notes), unread=self.unread)


def _reaches(page: Page, floor: str | None, first: datetime) -> bool:
    """Whether the last post that can be read is one that is known, or older than a first run goes back."""
    if floor is not None:
        ids = [each for status in page.statuses if (each := id_of(status))]
        return bool(ids) and is_known(ids[-1], floor)
    moments = [moment for status in page.statuses if (moment := created_of(status))]
    return bool(moments) and moments[-1] < first


def _newer(top: str | None, since: str | None) -> str | None:
    """The overlap alone must not lead backwards."""
    if top is None or since is None:
        return top or since
    return since if is_known(top, since) else top


def _reach(cursor: Mapping[str, Json], key: str, now: datetime) -> Reach:
    """What the cursor says of a timeline; an old or damaged one starts anew."""
    walks = cursor.get("walks")
    known = walks.get(key) if isinstance(walks, dict) else None
    if not isinstance(known, dict):
        return Reach()
    turn = known.get("turn")
    at = float(turn) if isinstance(turn, int | float) and 0 <= turn <= now.timestamp() else 0.0
    ids = {name: id_of({"id": known.get(name)}) for name in ("since", "top", "below")}
    since, top = (each if each and is_plausible(each, now) else None for each in (ids["since"], ids["top"]))
    return Reach(since, top, ids["below"], at) if ids["below"] else Reach(since, turn=at)


def _instance(value: Json) -> str:
    """A host name; people paste addresses."""
    text = value.strip().lower() if isinstance(value, str) else ""
    host = re.sub(r"^https?://", "", text).split("/")[0].rstrip(".")
    if not _HOST.fullmatch(host) or host.rsplit(".", 1)[-1].isdecimal():
        raise ValueError("instance: must be the host name of a server, like mastodon.social")
    return host


def _hashtags(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, str):
        raise ValueError("hashtags: must be words separated by commas")  # noqa: TRY004 - one kind of error
    tags = tuple(dict.fromkeys(name.lstrip("#").casefold() for name in re.split(r"[,\s]+", value.strip()) if name))
    for tag in tags:
        if tag != _tag(tag):
            raise ValueError(f"hashtags: {tag[:40]!r} is no hashtag")
    if len(tags) > MAX_TAGS:
        raise ValueError(f"hashtags: at most {MAX_TAGS}")
    return tags


def _tag(term: str) -> str:
    """A name as people write it as a hashtag; "" when it makes none."""
    word = re.sub(r"[^\w]", "", term.casefold())
    return word if 2 <= len(word) <= 100 and not word.isdecimal() else ""
