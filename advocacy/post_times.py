"""When a post was published, read from its id where the platform's ids carry their time.

X: milliseconds since 4 November 2010 in the bits above 22 (Twitter Snowflake, 2010). LinkedIn: milliseconds since 1970
above 22 (as seen in its activity ids). Mastodon: milliseconds since 1970 above 16 (its `Mastodon::Snowflake`). Bluesky:
microseconds since 1970 above 10, in base 32 (atproto, TID).
"""

from datetime import UTC, datetime

_X_EPOCH_MS = 1_288_834_974_657
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_TID_LENGTH = 13
_EARLIEST = datetime(2006, 1, 1, tzinfo=UTC)


def published_at(platform: str, native_id: str, now: datetime) -> datetime | None:
    """The time in the id; None where there is none, or none that can be (before 2006, after now)."""
    try:
        milliseconds = _milliseconds(platform, native_id)
        at = None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at is not None and _EARLIEST <= at <= now else None


def _milliseconds(platform: str, native_id: str) -> float | None:
    if platform == "x":
        shifted = int(native_id) >> 22
        return shifted + _X_EPOCH_MS if shifted else None  # the ids before it were counted one by one
    if platform == "linkedin":
        return int(native_id.rpartition(":")[2]) >> 22
    if platform == "mastodon":
        return int(native_id.rpartition("/")[2]) >> 16
    if platform == "bluesky":
        return _tid(native_id.rpartition("/")[2])
    return None


def _tid(text: str) -> float | None:
    if len(text) != _TID_LENGTH:
        return None
    number = 0
    for letter in text:
        number = number * 32 + _BASE32.index(letter)
    return (number >> 10) / 1000
