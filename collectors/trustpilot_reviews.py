"""A review of Trustpilot as a post, from the API or from a webhook."""

import re
from collections.abc import Mapping

from collectors.fields import counted, moment
from collectors.post import Json, RawAuthor, RawPost

REVIEW_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
_KEPT = (
    "id", "stars", "title", "text", "language", "createdAt", "updatedAt", "experiencedAt", "numberOfLikes", "status",
    "isVerified", "reviewVerificationLevel", "countsTowardsTrustScore", "reportData", "source",
)  # fmt: skip


def post_of(item: Mapping[str, Json]) -> RawPost | None:
    """A review of the API or of a webhook's `eventData`; None for what is none. The company's answer is not taken."""
    native_id, stars = item.get("id"), item.get("stars")
    title, text = _words(item.get("title")), _words(item.get("text"))
    if not isinstance(native_id, str) or not REVIEW_ID.fullmatch(native_id) or not (title or text):
        return None
    rated = isinstance(stars, int | float) and not isinstance(stars, bool) and 1 <= stars <= 5
    rating = float(stars) if rated and isinstance(stars, int | float) else None
    stated = {"kind": "review", "author_status": "customer"}
    return RawPost(
        native_id=native_id,
        text=text,
        published_at=moment(item.get("createdAt")),
        url=f"https://www.trustpilot.com/reviews/{native_id}",
        title=title or None,
        author=_author(item.get("consumer")),
        kind="review",
        lang=language if isinstance(language := item.get("language"), str) and len(language) <= 20 else None,
        rating=rating,
        counters=counted({"likes": item.get("numberOfLikes")}),
        stated=stated if rating is None else stated | {"stars": f"{rating:g}"},
        raw={name: item[name] for name in _KEPT if item.get(name) is not None},
    )


def _author(consumer: Json) -> RawAuthor | None:
    if not isinstance(consumer, dict):
        return None
    native_id = consumer.get("id")
    names = [name for key in ("displayName", "name") if isinstance(name := consumer.get(key), str) and name]
    identifier = native_id if isinstance(native_id, str) and native_id else None
    if not identifier and not names:
        return None
    return RawAuthor("trustpilot", identifier, display_name=names[0] if names else None, others=tuple(names[1:]))


def _words(value: Json) -> str:
    return value.strip() if isinstance(value, str) else ""


__all__ = ["REVIEW_ID", "moment", "post_of"]
