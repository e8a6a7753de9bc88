"""One mail as it is read: sender, date, words; bounded, since anybody may send one."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime

from collectors.inbox_lines import Line, lines_of_html, lines_of_text

MOST_PARTS = 100
DEEPEST = 8
_LONGEST_HEADER = 20_000
_LONGEST_MARK = 200
_FORWARDED = re.compile(
    r"(?i)^[\s>*_-]*(?:forwarded message|begin forwarded message|original message|weitergeleitete nachricht"
    r"|anfang der weitergeleiteten (?:nachricht|e-?mail)|urspr\u00fcngliche nachricht"
    r"|message transf\u00e9r\u00e9|mensaje reenviado)[\s:_-]*$"
)
_FIELD = re.compile(
    r"(?i)^[\s>*]*(from|von|de|date|datum|sent|gesendet|envoy\u00e9|subject|betreff|objet|asunto|to|an|\u00e0|para|cc"
    r"|reply-to)\s*\*?\s*:\*?\s*(.*)$"
)
_SENDERS = {"from", "von", "de"}
_SUBJECTS = {"subject", "betreff", "objet", "asunto"}
_ADDRESS = re.compile(r"[\w.+%'-]{1,64}@[\w.-]{1,255}")


class MailError(Exception):
    """Why a mail cannot be read, as a sentence."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What templates see. `sender` is the address in From, `origin` the one of a forwarded mail inside (else the same).

    `lines` are those of the HTML part, `plain` those of the text part; either may be empty.
    """

    message_id: str
    sender: str
    origin: str
    subject: str
    sent_at: datetime | None
    lines: tuple[Line, ...]
    plain: tuple[Line, ...]
    results: tuple[str, ...]  # Authentication-Results, the topmost first
    sender_name: str = ""  # beside the address in From


def read_mail(data: bytes, *, forwarded: bool = False) -> Mail:
    """Parse one mail; attachments are passed over. Raise `MailError`.

    `forwarded`: read the mail that was forwarded in it, inline or attached. Only for people who are known to forward:
    else a review that quotes "Forwarded message" could hide itself.
    """
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(data)
        mail = _read(message, data)
        return _inside(mail, message, data) if forwarded else mail
    except (MessageError, RecursionError, ValueError, LookupError, AssertionError, IndexError, TypeError) as error:
        raise MailError(f"its structure cannot be read ({type(error).__name__})") from error


def _read(message: Message, data: bytes) -> Mail:
    shown = _header(message, "From")
    sender = _address(shown)
    parts = list(_texts(message))
    marked = "\n".join(text for kind, text in parts if kind == "html")
    plain = "\n".join(text for kind, text in parts if kind == "plain")
    given = _header(message, "Message-ID").strip()[:300]
    return Mail(
        message_id=given or "none:" + hashlib.sha256(data).hexdigest()[:32],
        sender=sender,
        origin=sender,
        subject=" ".join(_header(message, "Subject").split())[:500],
        sent_at=_date(_header(message, "Date")),
        lines=lines_of_html(marked) if marked else (),
        plain=lines_of_text(plain) if plain else (),
        results=tuple(str(value)[:_LONGEST_HEADER] for value in message.get_all("Authentication-Results", [])[:20]),
        sender_name=parseaddr(shown)[0][:200],
    )


def _inside(mail: Mail, message: Message, data: bytes) -> Mail:
    """The forwarded mail, under the outer one's id and signature; the outer one itself where none is found."""
    inner = next(_attached(message), None)
    if inner is None:
        return _without_forwarding(mail)
    sub = _read(inner, data)
    return replace(
        mail,
        origin=sub.sender,
        subject=sub.subject,
        lines=sub.lines,
        plain=sub.plain,
        sent_at=sub.sent_at or mail.sent_at,
    )


def _texts(message: Message) -> Iterator[tuple[str, str]]:
    """The text parts that are no attachments, as ("html" or "plain", words)."""
    for part in _walk(message, 0):
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            yield kind.removeprefix("text/"), _decoded(payload, part.get_content_charset())


def _walk(message: Message, depth: int, inner: bool = False) -> Iterator[Message]:
    """Parts in order, mails inside a mail left out, at most so many and so deep."""
    stack = [(message, depth)]
    seen = 0
    while stack:
        part, level = stack.pop()
        seen += 1
        if seen > MOST_PARTS or level > DEEPEST:
            raise MailError("it has too many parts inside each other")
        if part.get_content_type() == "message/rfc822":
            if inner:
                yield part
            continue
        if part.is_multipart():
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            stack += [(child, level + 1) for child in reversed(children)]
        elif not inner:
            yield part


def _attached(message: Message) -> Iterator[Message]:
    """Mails that are attached whole."""
    for part in _walk(message, 0, inner=True):
        content = part.get_payload()
        if isinstance(content, list) and content and isinstance(content[0], Message):
            yield content[0]


def _without_forwarding(mail: Mail) -> Mail:
    """A mail that was forwarded inline is read from where the first one begins."""
    lines, fields = _inner(mail.lines)
    plain, more = _inner(mail.plain)
    fields = more | fields
    origin = next((found[0] for name in _SENDERS if (found := _ADDRESS.search(fields.get(name, "")))), "")
    if not origin:
        return mail
    subject = next((fields[name] for name in _SUBJECTS if fields.get(name)), mail.subject)
    return replace(mail, origin=origin.lower(), subject=subject[:500], lines=lines, plain=plain)


def _inner(lines: tuple[Line, ...]) -> tuple[tuple[Line, ...], dict[str, str]]:
    """What follows the mark of forwarding, and the header fields that stand first there."""
    for place, line in enumerate(lines[:200]):
        if len(line.text) > _LONGEST_MARK or not _FORWARDED.match(line.text):
            continue
        fields: dict[str, str] = {}
        start = place + 1
        for text in (each.text for each in lines[place + 1 : place + 15]):
            found = _FIELD.match(text[:1_000])
            if not found and text.strip(" >"):
                break
            if found:
                fields.setdefault(found[1].lower(), found[2].strip())
            start += 1
        return tuple(replace(each, text=each.text.lstrip("> ")) for each in lines[start:]), fields
    return lines, {}


def _header(message: Message, name: str) -> str:
    """A header in plain words; one in an unknown encoding as far as it can be read."""
    value = str(message.get(name, ""))[:_LONGEST_HEADER]
    try:
        pieces = decode_header(value)
    except (MessageError, ValueError):
        return value
    return "".join(_decoded(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)


def _decoded(data: bytes, charset: str | None) -> str:
    """What the charset says, or, where that is a lie, UTF-8 and at last Western."""
    for name in (charset, "utf-8"):
        try:
            return data.decode(name or "utf-8")
        except (LookupError, UnicodeError, ValueError):
            continue
    return data.decode("cp1252", "replace")


def _address(value: str) -> str:
    """The one address of a From line in lower case; "" for several or none."""
    found = parseaddr(value)[1].strip().lower()
    return found if _ADDRESS.fullmatch(found) and value.count("@") - value.partition("<")[0].count("@") <= 1 else ""


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


__all__ = ["Mail", "MailError", "read_mail"]
