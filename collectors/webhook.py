"""Posts from the company's own tools, by signed calls to `POST /hooks/{source}`."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime, timedelta

from collectors import payload_mapping, survey_answers
from collectors.base import Batch, Collector, CollectRequest, Delivery, Option, Outcome
from collectors.deliveries import MAX_ITEMS, Delivered, Rejected, read_json, secrets_of
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.options import complete
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from collectors.sent_items import ItemError, kept_post, native_id, sent_post
from collectors.signing import verify

_PLATFORM = re.compile(r"[a-z][a-z0-9_]{0,29}")
MAPPING_HELP = (
    "For a tool that sends a shape of its own, a line for each field, such as: text = ticket.comments[0].body. "
    'A text in quotes is the same for all: kind = "review". items = path of the list. Empty: our own shape.'
)


class WebhookCollector(Collector):
    """Nothing is fetched; `receive` checks the signature and reads what was sent."""

    kind = "webhook"
    about = "own"
    label = "Webhook (own tools)"
    redistribution = WHOLE
    access = "outside"
    summary = "Signed calls of your own tools, in their own shape."
    options: tuple[Option, ...] = (
        Option("platform", "Platform of the authors", "The same person has one pseudonym per platform.",
               default="webhook"),
        Option("mapping", "Mapping", MAPPING_HELP, default="", many_lines=True),
    )  # fmt: skip
    credentials = (
        Option("secret", "Secret", "At least 16 characters. The tool signs each delivery with it.", required=True),
        Option("secret_previous", "Previous secret", "Still accepted while the tool changes to the new one."),
    )
    interval = timedelta(days=1)
    needs_terms = False
    polled = False
    takes_hooks = True

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        platform, mapping = values["platform"], values["mapping"] or ""
        if not isinstance(platform, str) or not _PLATFORM.fullmatch(platform):
            raise ValueError("platform: must begin with a small letter and have small letters, digits and _ only")
        if isinstance(mapping, list):
            mapping = "\n".join(line for line in mapping if isinstance(line, str))
        if not isinstance(mapping, str):
            raise ValueError("mapping: must be lines of text")  # noqa: TRY004 - callers catch one kind of error
        payload_mapping.read_mapping(mapping)
        return {"platform": platform, "mapping": mapping.strip()}

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        yield Batch((), None)
        return Outcome(True, "ok", "This source is filled by deliveries; nothing is fetched.")

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        known = secrets_of(request.credentials)
        return f"Deliveries to /hooks/{request.source_id} are checked with {_secrets(len(known))}."

    def receive(self, request: CollectRequest, delivery: Delivery) -> Delivered:
        digest = verify(delivery.headers, delivery.body, secrets_of(request.credentials), request.now)
        options = self.check_options(request.options)
        mapping = payload_mapping.read_mapping(str(options["mapping"]))
        payload = read_json(delivery.body)
        if mapping is None:
            items, deleted = _own_shape(payload)
        else:
            items = payload_mapping.mapped_items(payload, mapping)
            deleted = payload_mapping.mapped_deleted(payload, mapping)
        if len(items) + len(deleted) > MAX_ITEMS:
            raise CollectError("bad_answer", f"A delivery has at most {MAX_ITEMS:,} items.")
        posts, indexes, bad = _judged(items, lambda item: self.post_of(item, options, request.now))
        gone, worse = _gone(deleted, len(items))
        rejected = tuple(sorted((*bad, *worse), key=lambda each: each.index))
        return Delivered(
            posts, None, deleted=gone, indexes=indexes, rejected=rejected, gone=len(gone) // 2, digest=digest
        )

    def post_of(self, item: Json, options: Mapping[str, Json], now: datetime) -> RawPost:
        """One item as a post; raise `ItemError`."""
        post = sent_post(item, str(options["platform"]))
        return survey_answers.anonymous_sent(post, now) if post.kind == "survey" else post

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        if "[author]" in (raw.get("text"), raw.get("title")):
            return None  # the door took the words, because the author's name stood in them
        try:
            return kept_post(raw, self.kind)
        except ItemError:
            return None


def _own_shape(payload: Json) -> tuple[list[Json], list[Json]]:
    """Items and ids of deleted ones of an object, a list, or `{"posts": […], "deleted": […]}`."""
    if isinstance(payload, list):
        return payload, []
    if not isinstance(payload, dict):
        raise CollectError("bad_answer", "The body must be an object or a list of objects.")
    if "posts" not in payload and "deleted" not in payload:
        return [payload], []
    if unknown := sorted(set(payload) - {"posts", "deleted"}):
        raise CollectError("bad_answer", f"{unknown[0][:50]}: no such field beside posts and deleted.")
    posts, deleted = payload.get("posts") or [], payload.get("deleted") or []
    if not isinstance(posts, list) or not isinstance(deleted, list):
        raise CollectError("bad_answer", "posts and deleted must be lists.")
    return posts, deleted


def _judged(
    items: Sequence[Json], post_of: Callable[[Json], RawPost]
) -> tuple[tuple[RawPost, ...], tuple[int, ...], list[Rejected]]:
    """The good items with their places, and what is wrong with the others."""
    posts: dict[str, tuple[int, RawPost]] = {}
    rejected: list[Rejected] = []
    for index, item in enumerate(items):
        try:
            post = post_of(item)
        except ItemError as error:
            rejected.append(Rejected(index, _shown_id(item), error.field, error.reason))
            continue
        if post.native_id in posts:
            rejected.append(_repeated(posts[post.native_id][0], _shown_id(item), index))
        posts[post.native_id] = (index, post)
    kept = sorted(posts.values(), key=lambda each: each[0])
    return tuple(post for _, post in kept), tuple(index for index, _ in kept), rejected


def _gone(deleted: Sequence[Json], first: int) -> tuple[tuple[str, ...], list[Rejected]]:
    """Ids of deleted items, each also as a survey answer would be stored; they are counted on from `first`."""
    gone: list[str] = []
    rejected: list[Rejected] = []
    for place, value in enumerate(deleted, start=first):
        try:
            wanted = native_id(value)
        except ItemError as error:
            rejected.append(Rejected(place, None, "deleted", error.reason))
            continue
        gone += [wanted, survey_answers.hidden_id(wanted)]
    return tuple(gone), rejected


def _repeated(index: int, shown: str | None, later: int) -> Rejected:
    """Of items with the same id in one delivery the last counts."""
    return Rejected(index, shown, "native_id", f"is sent again in this delivery; number {later} counts")


def _shown_id(item: Json) -> str | None:
    """The id for the answer, where it can be told."""
    value = item.get("native_id") if isinstance(item, dict) else None
    return str(value)[:300] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _secrets(number: int) -> str:
    return "one secret" if number == 1 else f"{number} secrets"
