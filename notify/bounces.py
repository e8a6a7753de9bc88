"""Delivery reports read: which of our mails came back, from whom, and whether for good. Anybody may have sent one.

Known are reports by RFC 3464 (`multipart/report; report-type=delivery-status`) and the plain ones of older servers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr

from notify.cleaning import clean_text

MOST_BYTES = 500_000
_MOST_PARTS = 60
_MOST_RECIPIENTS = 50
_OURS = re.compile(r"<([0-9a-f]{40})@[A-Za-z0-9.-]{1,255}>")
_ADDRESS = re.compile(r"[^\s@,;:<>\"()\[\]\\]{1,64}@[A-Za-z0-9.-]{1,190}")
_ENHANCED = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45])[0-5]\d(?=[\s-])")
_DAEMONS = {"mailer-daemon", "postmaster", "mail-daemon"}
_FULL = "5.2.2"  # a full mailbox is a passing trouble, whatever its server says


@dataclass(frozen=True, slots=True)
class Bounce:
    """One recipient of one mail. `message` is the first part of our Message-ID; None where the report names none."""

    recipient: str | None
    message: str | None
    permanent: bool
    detail: str


def read_report(data: bytes) -> tuple[Bounce, ...]:
    """What a mail reports as undelivered; nothing for any other mail, delays and wrecks included."""
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(data[:MOST_BYTES])
        parts = _parts(message)
        found = tuple(_standard(message, parts)) or tuple(_plain(message, parts))
    except (MessageError, RecursionError, ValueError, LookupError, AssertionError, TypeError, AttributeError):
        return ()
    return found[:_MOST_RECIPIENTS]


def _standard(message: Message, parts: list[Message]) -> Iterator[Bounce]:
    """A report by RFC 3464: a block of fields per recipient, and the mail it is about, or its header."""
    if message.get_content_type() != "multipart/report":
        return
    ours = _our_id(parts)
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message) or _field(block, "Action").lower() != "failed":
                continue
            status = _field(block, "Status").partition(" ")[0]
            words = f"{status} {_field(block, 'Diagnostic-Code').partition(';')[2]}"
            named = _field(block, "Original-Recipient") or _field(block, "Final-Recipient")
            yield Bounce(_address(named), ours, _lasting(status), clean_text(words, 300))


def _plain(message: Message, parts: list[Message]) -> Iterator[Bounce]:
    """What servers wrote before the standard: a mail of the daemon with a code somewhere in its words."""
    sender = parseaddr(_field(message, "From"))[1].partition("@")[0].lower()
    failed = _field(message, "X-Failed-Recipients")
    if (sender not in _DAEMONS and not failed) or message.get_content_type() == "multipart/report":
        return
    words = "\n".join(_words(part) for part in parts if part.get_content_maintype() == "text")
    code = _ENHANCED.search(words) or _BASIC.search(words)
    if code is None:
        return
    recipient = _address(failed) or _address(words[max(0, code.start() - 2_000) : code.end() + 500])
    line = words[words.rfind("\n", 0, code.start()) + 1 :].partition("\n")[0]
    yield Bounce(recipient, _our_id(parts), _lasting(code[0]), clean_text(line, 300))


def _lasting(status: str) -> bool:
    return status.startswith("5") and not status.startswith(_FULL)


def _parts(message: Message) -> list[Message]:
    found: list[Message] = []
    for part in message.walk():
        found.append(part)
        if len(found) >= _MOST_PARTS:
            break
    return found


def _our_id(parts: list[Message]) -> str | None:
    """The Message-ID of the mail that came back: in the copy inside, in its header as text, or in the words."""
    for part in parts[1:]:
        if found := _OURS.search(_field(part, "Message-ID")):
            return found[1]
    for part in parts:
        if part.get_content_maintype() == "text" and (found := _OURS.search(_words(part))):
            return found[1]
    return None


def _words(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _field(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:2_000]
    try:
        return str(make_header(decode_header(text))).strip()
    except (ValueError, LookupError, UnicodeError):
        return text.strip()


def _address(text: str) -> str | None:
    """The first mail address in `rfc822; ada@acme.example` and the like."""
    found = _ADDRESS.search(text.partition(";")[2] or text)
    return found[0].rstrip(".") if found else None
