"""Mails that list articles: Google Alerts, and newsletters whose senders the source names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from collectors.inbox_lines import Line
from collectors.inbox_mail import Mail
from collectors.inbox_proof import under
from collectors.inbox_templates.entry import FormatError, Found, clean_address, content_id, readable_address
from collectors.post import Json

GOOGLE = ("google.com",)
_GOOGLE_SENDER = re.compile(r"googlealerts[\w.+-]*@google\.com")
MOST_ENTRIES = 100  # of one mail
_SHORTEST_TITLE = 20
_LONGEST_TEXT = 2_000
_TRACKING = re.compile(
    r"(?i)^(?:utm_|mc_|mkt_|fbclid|gclid|cid$|ref$|sid$|token|email|recipient|subscriber|uid$|s$|e$|u$)"
)
_SERVICE = re.compile(
    r"(?i)unsubscribe|abmelden|abbestellen|view (?:this|it|in)|im browser|browser|privacy|datenschutz|impressum"
    r"|preferences|einstellungen|forward|weiterleiten|subscribe|abonnieren|facebook|twitter|linkedin|instagram|advertis|anzeige"
    r"|flag as irrelevant|irrelevant|see more results|weitere ergebnisse|edit this alert|create another alert"
    r"|receive this alert|terms|contact us|kontakt|log ?in|sign in|click here|hier klicken|manage"
)


@dataclass(slots=True)
class _Entry:
    title: str
    link: str
    text: list[str] = field(default_factory=list)


def is_google_alert(mail: Mail) -> bool:
    """Whether the mail says that it is one of Google's."""
    return bool(_GOOGLE_SENDER.fullmatch(mail.origin))


def read_google_alert(mail: Mail) -> Found:
    """The pages that a Google Alert found; raise `FormatError` where there is none."""
    entries = list(_google_entries(mail.lines)) or list(_google_entries(_titled(mail.plain)))
    if not entries:
        raise FormatError("no found page was recognised in this Google Alert")
    return _found(entries, "google_alerts", mail, by_link=True)


def read_newsletter(mail: Mail) -> Found:
    """The linked articles of a newsletter; raise `FormatError` where there is none."""
    entries = list(_newsletter_entries(mail.lines)) or list(_newsletter_entries(_titled(mail.plain)))
    if not entries:
        raise FormatError("no article with a link was recognised in this newsletter")
    return _found(entries, "newsletter", mail, by_link=False)


def _found(entries: list[_Entry], template: str, mail: Mail, *, by_link: bool) -> Found:
    items: dict[str, dict[str, Json]] = {}
    for entry in entries[:MOST_ENTRIES]:
        url = entry.link if by_link else _shown(entry.link)
        native_id = content_id(template, url or "") if by_link else content_id("mail", mail.message_id, entry.title)
        items.setdefault(
            native_id,
            {
                "template": template,
                "platform": "mail",
                "id": native_id,
                "kind": "article",
                "title": entry.title[:1_000],
                "text": "\n".join(entry.text)[:_LONGEST_TEXT],
                "url": url,
                "date": mail.sent_at.isoformat() if mail.sent_at else None,
            },
        )
    return Found(tuple(items.values()))


def _google_entries(lines: tuple[Line, ...]) -> Iterator[_Entry]:
    entry: _Entry | None = None
    for line in lines:
        targets = [target for link in line.links if (target := _google_target(link))]
        if targets and len(line.text) >= 8 and not (len(line.text) < 60 and _SERVICE.search(line.text)):
            if entry is not None and entry.link == targets[0]:
                entry.text.append(line.text)  # the picture or the snippet leads to the same page
                continue
            if entry is not None:
                yield entry
            entry = _Entry(line.text, targets[0])
        elif entry is not None and line.text and not (line.links and _SERVICE.search(line.text)):
            if _SERVICE.search(line.text) and len(line.text) < 80:
                continue
            entry.text.append(line.text)
    if entry is not None:
        yield entry


def _google_target(link: str) -> str | None:
    """The page behind Google's redirect, without what counts visits; None for links of the alert itself."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if not under(host, "google.com"):
        return None
    if parts.path != "/url":
        return None
    query = parse_qs(parts.query)
    target = next((value for name in ("url", "q") for value in query.get(name, [])), "")
    try:
        there = urlsplit(target)
        if there.scheme not in {"http", "https"} or not there.hostname or under(there.hostname, "google.com"):
            return None
    except ValueError:
        return None
    return _without_tracking(target)


def _newsletter_entries(lines: tuple[Line, ...]) -> Iterator[_Entry]:
    entry: _Entry | None = None
    for line in lines:
        service = _SERVICE.search(line.text) is not None and len(line.text) < 120
        if line.links and len(line.text) >= _SHORTEST_TITLE and not service:
            if entry is not None and line.links[0] == entry.link:
                entry.text.append(line.text)
                continue
            if entry is not None:
                yield entry
            entry = _Entry(line.text, line.links[0])
        elif entry is not None and line.text and not service and not line.links:
            entry.text.append(line.text)
    if entry is not None:
        yield entry


def _titled(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Plain text names a page by a block of lines that ends with its link: the link belongs to the block's first."""
    made: list[Line] = []
    block: list[Line] = []
    for line in (*lines, Line("")):
        if line.text:
            block.append(line)
        if line.links and block:
            made += [Line(block[0].text, line.links), *block[1:]]
            block = []
        elif not line.text and not line.links:
            made += block
            block = []
    return tuple(made)


def _shown(link: str) -> str | None:
    """The address of an article, if it is one: links over a counter of clicks hold a code for the recipient."""
    return _without_tracking(link) if readable_address(link) else None


def _without_tracking(link: str) -> str:
    names = parse_qs(urlsplit(link).query)
    return clean_address(link, tuple(name for name in names if not _TRACKING.match(name)))


__all__ = ["GOOGLE", "is_google_alert", "read_google_alert", "read_newsletter"]
