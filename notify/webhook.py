"""Our own webhook: documented JSON, signed in the manner of Standard Webhooks, safe against replay.

    Outspoken-Id: msg_…              the same at every try: who has seen it has the message already
    Outspoken-Timestamp: 1774880400  of this try, in seconds
    Outspoken-Signature: v1=<hex>    HMAC-SHA256 with the secret over "<id>.<timestamp>.<body>"

A receiver refuses timestamps more than `TOLERANCE` away from its own clock and remembers ids for as long.
"""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from notify.chat import JsonValue, lines_of
from notify.cleaning import clean_text
from notify.facts import AlertFacts
from notify.wording import headline

VERSION = 1
TOLERANCE = timedelta(minutes=5)
_SECONDS = re.compile(r"[0-9]{1,12}")


def message_id(dedupe_key: str) -> str:
    """The id of a message, the same at every try."""
    return f"msg_{sha256(dedupe_key.encode()).hexdigest()[:32]}"


def webhook(facts: AlertFacts, message: str, now: datetime) -> dict[str, JsonValue]:
    """The body: figures and sentences, no text of a mention. `docs/telling.md` describes each field."""
    return {
        "version": VERSION,
        "id": message,
        "type": f"incident.{facts.action}",
        "created_at": _iso(now),
        "demo": facts.demo,
        "company": clean_text(facts.company, 200),
        "headline": headline(facts),
        "lines": list(lines_of(facts)),
        "link": facts.link,
        "incident": {
            "id": facts.incident_id,
            "kind": facts.kind,
            "facet": facts.facet,
            "audience": facts.audience,
            "severity": facts.severity,
            "opened_at": _iso(facts.opened_at),
            "observed": facts.observed,
            "expected_low": facts.expected_low,
            "expected_high": facts.expected_high,
            "n": facts.n,
            "authors": facts.authors,
            "rounded": facts.rounded,
            "times_usual": facts.times,
            "window_start": _iso(facts.window_start),
            "window_minutes": round(facts.window / timedelta(minutes=1)),
            "coverage": facts.coverage,
            "as_of": _iso(facts.as_of),
        },
    }


def encoded(body: Mapping[str, JsonValue]) -> bytes:
    """The bytes that are sent and signed: the same at every try, however the body was stored meanwhile."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def signed_headers(secret: str, message: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of one try."""
    seconds = str(int(now.timestamp()))
    return {
        "Outspoken-Id": message,
        "Outspoken-Timestamp": seconds,
        "Outspoken-Signature": f"v1={signature(secret, message, seconds, body)}",
    }


def signature(secret: str, message: str, seconds: str, body: bytes) -> str:
    """HMAC-SHA256 over id, timestamp and body, as hexadecimal digits."""
    return hmac.new(secret.encode(), f"{message}.{seconds}.".encode() + body, sha256).hexdigest()


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether a delivery is ours and fresh; header names in lower case. This is what a receiver does."""
    seconds = headers.get("outspoken-timestamp", "")
    if not _SECONDS.fullmatch(seconds):
        return False
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        return False
    expected = f"v1={signature(secret, headers.get('outspoken-id', ''), seconds, body)}"
    given = headers.get("outspoken-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode("utf-8", "replace"), expected.encode()) for each in given)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
