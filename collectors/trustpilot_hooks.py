"""Deliveries of Trustpilot's webhooks: whether they may be read, and what they tell."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from collectors.base import CollectRequest, Delivery
from collectors.deliveries import KEY_OF_ADDRESS, MAX_ITEMS, Delivered, Rejected, read_json, secrets_of
from collectors.errors import CollectError
from collectors.post import Json, RawPost
from collectors.signing import HEADER, verify
from collectors.trustpilot_reviews import REVIEW_ID, post_of

_CREATED, _UPDATED, _DELETED = "service-review-created", "service-review-updated", "service-review-deleted"


def read_delivery(request: CollectRequest, delivery: Delivery) -> Delivered:
    """The reviews and deletions of a delivery; raise `CollectError` (unauthorized, bad_answer)."""
    digest = _checked(request, delivery)
    payload = read_json(delivery.body)
    events = payload.get("events") if isinstance(payload, dict) else None
    if not isinstance(events, list):
        raise CollectError("bad_answer", "The body must be an object with a list of events.")
    if len(events) > MAX_ITEMS:
        raise CollectError("bad_answer", f"A delivery has at most {MAX_ITEMS:,} events.")
    return _told(events, digest)


def _checked(request: CollectRequest, delivery: Delivery) -> bytes | None:
    """Whether a delivery may be read: by our signature, Trustpilot's (as some describe it), or the address's secret.

    Trustpilot documents no signature; what is sure is that only who knows the address can call it. A digest is given
    where the signature holds a time; others are harmless to take twice.
    """
    secrets = secrets_of(request.credentials)
    if HEADER in delivery.headers:
        return verify(delivery.headers, delivery.body, secrets, request.now)
    given = delivery.headers.get("x-trustpilot-signature", "")
    token = delivery.headers.get(KEY_OF_ADDRESS, "")
    wanted = [form for secret in secrets for form in _signatures(secret, delivery.body)]
    fits = [hmac.compare_digest(given.encode(), form.encode()) for form in wanted]
    fits += [hmac.compare_digest(token.encode("utf-8", "replace"), secret.encode()) for secret in secrets]
    if not any(fits):
        raise CollectError("unauthorized", "The address lacks the secret of this source, or it is another one.")
    return None


def _signatures(secret: str, body: bytes) -> tuple[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256)
    return digest.hexdigest(), base64.b64encode(digest.digest()).decode()


def _told(events: Sequence[Json], digest: bytes | None) -> Delivered:
    """The events in their order: of one review the last one counts."""
    posts: dict[str, tuple[int, RawPost]] = {}
    gone: dict[str, None] = {}
    rejected: list[Rejected] = []
    ignored = 0
    for index, event in enumerate(events):
        name = event.get("eventName") if isinstance(event, dict) else None
        data = event.get("eventData") if isinstance(event, dict) else None
        if isinstance(name, str) and name not in (_CREATED, _UPDATED, _DELETED):
            ignored += 1  # of products, or a kind that came later
            continue
        native_id = data.get("id") if isinstance(data, dict) else None
        if not isinstance(native_id, str) or not REVIEW_ID.fullmatch(native_id) or not isinstance(data, dict):
            rejected.append(Rejected(index, None, "eventData.id", "is missing or no id of a review"))
        elif name == _DELETED:
            posts.pop(native_id, None)
            gone[native_id] = None
        elif (post := post_of(data)) is None:
            rejected.append(Rejected(index, native_id, "eventData", "holds no review with words"))
        else:
            posts[native_id] = (index, post)
    kept = sorted(posts.values(), key=lambda each: each[0])
    return Delivered(
        tuple(post for _, post in kept),
        None,
        deleted=tuple(gone),
        indexes=tuple(index for index, _ in kept),
        rejected=tuple(rejected),
        gone=len(gone),
        ignored=ignored,
        digest=digest,
    )


__all__ = ["read_delivery"]
