"""One run over Reddit's listings and comment trees, and what it has to say at the end."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from collectors.base import Batch, CollectRequest, Outcome
from collectors.errors import CollectError
from collectors.options import whole_number
from collectors.post import Json, RawPost
from collectors.reddit_api import RedditApi
from collectors.reddit_posts import (
    Listing,
    branches_of,
    created_of,
    fullname_of,
    head_of,
    listing_of,
    sorted_items,
    told_of,
)
from collectors.reddit_walk import Reach, Trees, reach_of, walk

MAX_SUBREDDITS = 50
TREE_REQUESTS = 12  # of one comment tree
ASKED_AT_ONCE = 100  # comments in one request
_PAGE = "100"
_OVERLAP = {"search": 3_600.0, "new": 900.0, "comments": 600.0}  # seconds: the search index is late, so are approvals
_SUBREDDIT = re.compile(r"[a-z0-9][a-z0-9_]{1,20}")
# Others concern the whole application. A fault of Reddit may come from one question; two of them do not.
_OF_ONE_PLACE = frozenset(("gone", "not_allowed", "bad_answer", "unreachable"))


@dataclass(frozen=True, slots=True)
class Place:
    """One listing that is walked: of a community, or of a search in it or everywhere."""

    kind: str  # search, new, comments
    subreddit: str  # "all": everywhere
    term: str = ""

    @property
    def key(self) -> str:
        return ":".join(filter(None, (self.kind, self.subreddit, self.term)))

    @property
    def path(self) -> str:
        """As praw asks for it."""
        return f"r/{self.subreddit}/{self.kind}" + ("" if self.kind == "new" else "/")

    def params(self, after: str | None) -> dict[str, str]:
        asked = {"limit": _PAGE} | ({"after": after} if after else {})
        if self.kind != "search":
            return asked
        quoted = '"' + self.term.replace('"', " ") + '"'
        everywhere = "False" if self.subreddit == "all" else "True"
        return asked | {"q": quoted, "sort": "new", "t": "all", "type": "link", "restrict_sr": everywhere}


@dataclass(slots=True)
class Run:
    """One run over all places, with what it has to say at the end."""

    api: RedditApi
    request: CollectRequest
    options: Mapping[str, Json]
    places: tuple[Place, ...]
    cut_off: bool = False
    unread: int = 0
    walked: int = 0
    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    reaches: dict[str, Reach] = field(init=False)
    trees: Trees = field(init=False)
    now: float = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.request.now.timestamp()
        self.reaches = {place.key: reach_of(self.request.cursor, place.key, self.now) for place in self.places}
        self.trees = Trees.of(self.request.cursor, self.now)

    def cursor(self) -> dict[str, Json]:
        reaches: dict[str, Json] = {key: reach.as_json() for key, reach in self.reaches.items()}
        return {"listings": reaches, "trees": self.trees.as_json()}

    def listings(self) -> Iterator[Batch]:
        """The listing whose turn is longest ago comes first, so that a cap starves none."""
        first: CollectError | None = None
        for place in sorted(self.places, key=lambda each: self.reaches[each.key].walked_at):
            try:
                yield from self._walk(place)
                self.walked += 1
            except CollectError as error:
                if self._ends_by(error):
                    raise
                first = first or error
                self.notes.append(f"r/{place.subreddit}: {error.detail}")
                self.reasons.append(error.reason)
                self.reaches[place.key] = replace(self.reaches[place.key], walked_at=self.now)  # its turn is over
                yield Batch((), self.cursor())
        if first is not None and not self.walked:
            permanent = all(reason in {"gone", "not_allowed"} for reason in self.reasons)
            raise CollectError(first.reason, " ".join(dict.fromkeys(self.notes)), permanent=permanent) from first

    def _ends_by(self, error: CollectError) -> bool:
        """Whether no other place need be asked: a refusal of all of them, or the second fault of Reddit."""
        again = error.reason == "unreachable" and "unreachable" in self.reasons
        return again or error.reason not in _OF_ONE_PLACE

    def _walk(self, place: Place) -> Iterator[Batch]:
        days = whole_number(self.options, "backfill_days", 0, 365)
        known = self.reaches[place.key]

        def fetch(after: str | None) -> Listing:
            return listing_of(self.api.get(place.path, place.params(after)))

        for step in walk(fetch, known, self.now - days * 86_400.0, _OVERLAP[place.kind]):
            found = sorted_items(step.items)
            self.unread += found.unread
            self.reaches[place.key] = step.reach.until(self.now)
            if self.options["trees"]:
                self._expect_comments(place, step.items, found.posts)
            if step.lost:
                self._lost(place, known)
            yield Batch(found.posts, self.cursor(), deleted=found.gone)

    def _lost(self, place: Place, known: Reach) -> None:
        self.reasons.append("limit_reached" if known.reached is None else "gap")
        end = "the days to look back" if known.reached is None else "what was read before"
        self.notes.append(f"{place.key}: the listing ended above {end}; what lies between is not served.")

    def _expect_comments(self, place: Place, items: tuple[Json, ...], posts: tuple[RawPost, ...]) -> None:
        """Queue the trees of the posts that name a term; what a search found does."""
        matching = {post.native_id for post in posts if place.kind == "search" or self._names_a_term(post)}
        for item in items:
            name, made = fullname_of(item), created_of(item)
            if isinstance(item, dict) and name in matching and name.startswith("t3_") and made is not None:
                self.trees.add(name, made, self.now, has_comments=item.get("num_comments") != 0)

    def _names_a_term(self, post: RawPost) -> bool:
        text = " ".join(f"{post.title or ''} {post.text}".casefold().split())
        return any(term in text for term in plain_terms(self.request.terms))

    def comment_trees(self) -> Iterator[Batch]:
        """The comments of posts whose time has come; a tree that fails stops no other."""
        while (name := self.trees.next(self.now)) is not None:
            try:
                for items in self._tree(name):
                    found = sorted_items(items)
                    self.unread += found.unread
                    yield Batch(found.posts, None, deleted=found.gone)
                self.trees.read(name, self.now)
            except CollectError as error:
                if self._ends_by(error):
                    raise
                self._failed(name, error)
            yield Batch((), self.cursor())

    def _failed(self, name: str, error: CollectError) -> None:
        if error.reason not in {"bad_answer", "unreachable"}:  # gone, or no longer public
            self.trees.forget(name)
            return
        self.trees.put_off(name, self.now)
        self.notes.append(f"The comments of a post could not be read: {error.detail}")
        self.reasons.append(error.reason)

    def _tree(self, name: str) -> Iterator[tuple[Json, ...]]:
        """A post with all its comments, the newest first, up to the cap."""
        room, asked = whole_number(self.options, "tree_comments", 1, 10_000), 1
        answer = self.api.get(f"comments/{name[3:]}/", {"limit": "500", "sort": "new"})
        branches = branches_of(answer)
        head = head_of(answer)
        yield head + told_of(branches.comments[:room], head)
        room -= len(branches.comments)
        more, deeper, seen = list(branches.more), list(branches.deeper), set(branches.more)
        while room > 0 and (more or deeper) and asked < TREE_REQUESTS:
            asked += 1
            if more:
                pack, more = more[:ASKED_AT_ONCE], more[ASKED_AT_ONCE:]
                form = {"link_id": name, "children": ",".join(pack), "sort": "new"}
                branches = branches_of(self.api.post("api/morechildren/", form))
            else:
                path = f"comments/{name[3:]}/_/{deeper.pop(0)}"
                branches = branches_of(self.api.get(path, {"limit": "500", "sort": "new"}))
            yield told_of(branches.comments[:room], head)
            room -= len(branches.comments)
            more += [each for each in dict.fromkeys(branches.more) if each not in seen]
            deeper += [each for each in branches.deeper if each not in seen]
            seen |= {*branches.more, *branches.deeper}
        if room < 0 or more or deeper:
            self.notes.append(f"A post has more comments than are read at one look ({asked} requests).")

    def outcome(self) -> Outcome:
        notes = [f"{self.unread} items could not be read."] if self.unread else []
        if self.trees.dropped:
            notes.append(f"The comments of {self.trees.dropped} older posts are no longer waited for.")
        notes += dict.fromkeys(self.notes)
        if self.cut_off:
            notes.insert(0, f"Stopped after {self.api.requests} requests; the next run goes on from there.")
        serious = [each for each in ("gap", "bad_answer", "limit_reached") if each in self.reasons]
        usual = ["limit_reached"] if self.cut_off else self.reasons
        reason = (serious or usual or ["ok"])[0]
        again = timedelta(minutes=1) if self.cut_off else None
        return Outcome(reason == "ok", reason, " ".join(notes)[:1_000], next_check=again, unread=self.unread)


def places_of(options: Mapping[str, Json], terms: tuple[str, ...]) -> tuple[Place, ...]:
    """The listings that the options ask for."""
    chosen = subreddits_of(options["subreddits"])
    wanted = plain_terms(terms) if options["search"] else ()
    searches = [Place("search", subreddit, term) for subreddit in chosen or ("all",) for term in wanted]
    streams = [Place(kind, subreddit) for kind in ("new", "comments") if options[kind] for subreddit in chosen]
    return (*streams, *searches)


def plain_terms(terms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for term in terms if (name := " ".join(term.split()).casefold())))


def subreddits_of(value: Json) -> tuple[str, ...]:
    """Names of communities, in lower case; pages of persons (u_…) are none."""
    if value is None:
        return ()
    if not isinstance(value, str):
        raise ValueError("subreddits: must be names separated by commas")  # noqa: TRY004 - one kind of error
    names = [re.sub(r"^/?r/", "", name.lower()).strip("/") for name in re.split(r"[,\s]+", value.strip()) if name]
    for name in names:
        if not _SUBREDDIT.fullmatch(name) or name.startswith("u_"):
            raise ValueError(f"subreddits: {name[:40]!r} is no name of a community")
    if len(set(names)) > MAX_SUBREDDITS:
        raise ValueError(f"subreddits: at most {MAX_SUBREDDITS}")
    return tuple(dict.fromkeys(names))
