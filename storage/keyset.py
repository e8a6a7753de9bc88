"""Cursors of lists that go by time and id, newest first: what arrives at the head shifts no page."""

import base64
import binascii
import json
from datetime import UTC, datetime

_BIGGEST = 2**63


def encode(moment: datetime, row_id: int) -> str:
    """The cursor after a row."""
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), row_id]).encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, int]:
    """Time (UTC) and id of the row that the page before ended with; raises `ValueError` for anything else."""
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        parsed = datetime.fromisoformat(moment)
        good = parsed.tzinfo is not None and isinstance(row_id, int) and 0 <= row_id < _BIGGEST
        utc = parsed.astimezone(UTC)
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError) as error:
        raise ValueError("after: this is not a cursor of this list.") from error
    if not good:
        raise ValueError("after: this is not a cursor of this list.")
    return utc, row_id
