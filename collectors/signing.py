"""Signatures of deliveries: HMAC-SHA256 over the time of sending and the body, in one header.

`X-Outspoken-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>`. Several `v1` may stand in it,
and two secrets may be valid at a time, so that a secret is changed without losing a delivery.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.errors import CollectError

HEADER = "x-outspoken-signature"
TOLERANCE = timedelta(minutes=5)  # either side: clocks differ, and what is older may be a recorded delivery
_LONGEST_HEADER = 2_000
_MOST_SIGNATURES = 10


@dataclass(frozen=True, slots=True)
class Signature:
    """What the header says. `t` stays text, because it is signed as it was written."""

    t: str
    v1: tuple[str, ...]


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header for a body that is sent now."""
    t = str(int(now.timestamp()))
    return f"t={t},v1={_hex(secret, t, body)}"


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> bytes:
    """Check a delivery's signature; header names in lower case, `secrets` those valid now (at least one).

    Return the digest (32 bytes) by which the same delivery is recognised: of time and body, whichever secret signed
    it. Raise `CollectError("unauthorized", …)` with a sentence for the sender's log that tells nothing of the secret.
    """
    signature = read(headers.get(HEADER, ""))
    moment = int(signature.t)
    if abs(moment - now.timestamp()) > TOLERANCE.total_seconds():
        minutes = int(TOLERANCE.total_seconds() // 60)
        raise _refused(f"The signature's time is more than {minutes} minutes from ours; is the sender's clock right?")
    expected = [_hex(secret, signature.t, body) for secret in secrets]
    # Every pair is compared, so that the time it takes does not tell which one came near.
    fits = [hmac.compare_digest(given.encode(), wanted.encode()) for given in signature.v1 for wanted in expected]
    if not any(fits):
        raise _refused("The signature does not fit the body and the secret of this source.")
    return hashlib.sha256(signature.t.encode() + b"." + body).digest()


def read(value: str) -> Signature:
    """Take the header apart; unknown parts are passed over. Raise `CollectError("unauthorized", …)`."""
    if not value:
        raise _refused("The header X-Outspoken-Signature is missing.")
    parts = [part.strip().partition("=") for part in value[:_LONGEST_HEADER].split(",")]
    times = [text for name, _, text in parts if name == "t"]
    signatures = tuple(text.lower() for name, _, text in parts if name == "v1")[:_MOST_SIGNATURES]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdecimal() and len(times[0]) <= 12) or not signatures:
        raise _refused("The header X-Outspoken-Signature must read t=<unix seconds>,v1=<hex>.")
    return Signature(times[0], signatures)


def _hex(secret: str, t: str, body: bytes) -> str:
    return hmac.new(secret.encode("utf-8", "surrogatepass"), t.encode() + b"." + body, hashlib.sha256).hexdigest()


def _refused(detail: str) -> CollectError:
    return CollectError("unauthorized", detail)


__all__ = ["HEADER", "TOLERANCE", "Signature", "read", "sign", "verify"]
