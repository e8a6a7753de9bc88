"""Deliveries that sign themselves: find the source, check, pass the privacy door, store once, enqueue."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from api.errors import ApiError
from api.ingest import analyze_after_commit
from api.schemas.hooks import HookOut
from api.schemas.mentions import ItemResult
from api.throttle import Throttle
from collectors import registry
from collectors.base import Batch, Collector, CollectRequest, Delivery
from collectors.deliveries import Delivered
from collectors.errors import CollectError
from collectors.post import HIDE
from collectors.privacy import PrivacyDoor
from collectors.sent_items import FIELDS
from config.settings import get_settings
from storage import batches, db, sources
from storage.door import privacy_door
from storage.sources import SourceSetup

log = logging.getLogger(__name__)

# Counted in this process. Bad ones count per client, so that nobody can use up the turns of a source's own sender.
GOOD_CALLS = Throttle(limit=120, window=timedelta(minutes=1))
BAD_CALLS = Throttle(limit=30, window=timedelta(minutes=1))
_PAUSED_FOR = 3_600  # seconds until a sender should try again


def take(source_id: int, headers: Mapping[str, str], body: bytes, client: str, now: datetime) -> HookOut:
    """Store one delivery; `headers` in lower case. Raise `ApiError` for what is refused."""
    with db.reading() as session:
        setup = sources.setup_of(session, source_id)
    collector = None if setup is None else _collector(setup)
    if setup is None or collector is None:
        raise ApiError(404, "There is no hook at this address.")
    key = f"{client} {source_id}"
    if wait := BAD_CALLS.take(key, now):
        raise _too_many(wait)
    delivered = _read(setup, collector, Delivery(headers, body), now)
    BAD_CALLS.give_back(key)
    if not setup.enabled:
        raise ApiError(503, "This source is paused.", code="paused", headers={"Retry-After": str(_PAUSED_FOR)})
    if wait := GOOD_CALLS.take(str(source_id), now):
        raise _too_many(wait)
    return _store(setup, delivered, now)


def _collector(setup: SourceSetup) -> Collector | None:
    """The collector of a source that takes hooks."""
    try:
        found = registry.get(setup.kind)
    except ValueError:
        return None
    return found if found.takes_hooks else None


def _read(setup: SourceSetup, collector: Collector, delivery: Delivery, now: datetime) -> Batch:
    try:
        credentials = sources.open_credentials(setup.credentials)
        return collector.receive(CollectRequest(setup.id, setup.options, (), {}, now, credentials), delivery)
    except CollectError as error:
        if error.reason == "unauthorized":
            log.warning("A delivery to source %d was refused: %s", setup.id, error.detail)
            raise ApiError(401, error.detail, code="bad_signature") from error
        if error.reason == "needs_credentials":
            detail = "This source has no secret yet, so no delivery can be checked."
            raise ApiError(503, detail, code="no_secret", headers={"Retry-After": str(_PAUSED_FOR)}) from error
        raise ApiError(400, error.detail) from error


def _store(setup: SourceSetup, batch: Batch, now: datetime) -> HookOut:
    """One transaction: either all of it is stored and the delivery is known, or neither."""
    settings = get_settings()
    told = batch if isinstance(batch, Delivered) else Delivered(batch.posts, None, batch.deleted, batch.held)
    with db.reading() as session:
        door = privacy_door(session, settings)
    admitted = batches.admit(door, batch, now, settings.max_text_chars)
    with db.transaction() as session:
        if told.digest is not None and sources.seen_delivery(session, setup.id, told.digest, now):
            return HookOut(status="known")
        added = batches.take_delivery(session, setup.id, admitted, now, _detail(told))
        analyze_after_commit(session, added.mention_ids_pending)
    fates = dict.fromkeys(added.native_ids_added, "added") | dict.fromkeys(added.native_ids_changed, "changed")
    return _answer(told, fates, door, added.mentions_added)


def _answer(told: Delivered, fates: Mapping[str, str], door: PrivacyDoor, found: int) -> HookOut:
    items = []
    for index, post in zip(told.indexes, told.posts, strict=False):
        result = next((fates[key] for key in door.keys_of(post.native_id) if key in fates), "unchanged")
        items.append({"index": index, "native_id": _plain(post.native_id.removeprefix(HIDE)), "result": result})
    for each in told.rejected:
        shown = None if each.native_id is None else _plain(each.native_id)
        field = None if each.field is None else _plain(each.field)
        items.append(
            {"index": each.index, "native_id": shown, "result": "rejected", "field": field, "reason": each.reason}
        )
    results = sorted((ItemResult.model_validate(item) for item in items), key=lambda item: item.index)
    counts = {
        name: sum(item.result == name for item in results) for name in ("added", "changed", "unchanged", "rejected")
    }
    return HookOut.model_validate(
        {
            "status": "stored",
            **counts,
            "deleted": told.gone,
            "ignored": told.ignored,
            "mentions": found,
            "items": results,
        }
    )


def _detail(told: Delivered) -> str:
    """What the Sources page says of the delivery; the sender may not look at its answers.

    Fields of ours are named; of others the name may be a person's.
    """
    if not told.rejected:
        return ""
    first = told.rejected[0]
    named = f"{field}: " if (field := (first.field or "").partition(".")[0]) in FIELDS else ""
    total = len(told.posts) + len(told.rejected)
    return f"{len(told.rejected)} of {total} items were refused; item {first.index}: {named}{first.reason}."[:500]


def _too_many(wait: timedelta) -> ApiError:
    seconds = max(1, round(wait.total_seconds()))
    return ApiError(429, "Too many deliveries. Send several items in one.", headers={"Retry-After": str(seconds)})


def _plain(text: str) -> str:
    """What is echoed must be writable as UTF-8 and short."""
    return text[:300].encode("utf-8", "replace").decode()
