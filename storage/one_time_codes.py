"""Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, 6 digits, steps of 30 seconds."""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

STEP = 30  # seconds
DIGITS = 6
_SKEW = (0, -1, 1)  # steps that a phone's clock may be off


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226 §5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def step_of(now: datetime) -> int:
    """The time step of a moment."""
    return int(now.timestamp()) // STEP


def matching_step(secret: bytes, code: str, now: datetime, after: int | None) -> int | None:
    """The step whose code was typed; None for a wrong one, and for one of a step that is not later than `after`."""
    typed = code.replace(" ", "").encode("utf-8", "replace")
    found = None
    for skew in _SKEW:
        step = step_of(now) + skew
        if hmac.compare_digest(code_at(secret, step).encode(), typed) and (after is None or step > after):
            found = step
    return found


def base32(secret: bytes) -> str:
    """The secret as people type it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def address(secret: bytes, account: str, issuer: str = "Outspoken") -> str:
    """The `otpauth:` address that an app reads from a QR picture."""
    query = urlencode({"secret": base32(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{query}"
