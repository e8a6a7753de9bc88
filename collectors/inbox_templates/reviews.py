"""Alerts about new reviews: Glassdoor, Indeed, kununu, Trustpilot.

These mails change their looks often, so nothing here counts on their layout. A review is found by signs that its
content cannot do without: a rating, "Current Employee", "Pros", "Nachteile", a link that holds the review's id. One
sign alone makes no review: a text needs two at least, else the mail is kept for a person.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from collectors.inbox_lines import Line
from collectors.inbox_mail import Mail
from collectors.inbox_proof import under
from collectors.inbox_templates.entry import FormatError, Found, clean_address, content_id
from collectors.post import Json

_COUNTERS = ("click", "clicks", "links", "email", "track", "engage")  # first names of hosts that count clicks
MOST_REVIEWS = 50  # of one mail
SHORTEST_TEXT = 15
_LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Platform:
    """One review site: where its mails come from and how its links name a review."""

    name: str
    label: str
    domains: tuple[str, ...]
    review_id: re.Pattern[str]
    kept: tuple[str, ...] = ()  # query fields that belong to the review's address
    status: str | None = None  # of everybody who reviews there


PLATFORMS = (
    Platform(
        "glassdoor",
        "Glassdoor",
        ("glassdoor.com", "glassdoor.co.uk", "glassdoor.de", "glassdoor.fr", "glassdoor.ca", "glassdoor.co.in"),
        re.compile(r"RVW(\d{4,12})|[?&]reviewId=(\d{4,12})"),
    ),
    Platform(
        "indeed",
        "Indeed",
        ("indeed.com", "indeedemail.com"),
        re.compile(r"/cmp/[^?#]{1,200}/reviews/?\?(?:[^#]{0,500}&)?id=([0-9a-f]{8,32})|/reviews/([0-9a-f]{16,32})\b"),
        kept=("id",),
    ),
    Platform(
        "kununu",
        "kununu",
        ("kununu.com",),
        re.compile(r"/(?:kommentare|bewertung|review|reviews|comments)/([0-9a-f-]{8,36}|\d{4,12})\b"),
    ),
    Platform(
        "trustpilot",
        "Trustpilot",
        ("trustpilot.com", "trustpilotmail.com"),
        re.compile(r"/reviews/([0-9a-f]{24})\b"),
        status="customer",
    ),
)

_RATING = re.compile(
    r"(?i)^(?:(?:overall )?(?:rating|score|bewertung|gesamtbewertung|note|stars?|sterne)\s*[:=]?\s*)?"
    r"(?:(?P<stars>[★⭐]{1,5})[☆✩]{0,4}(?:\s*\(?\s*(?P<beside>[1-5](?:[.,]\d{1,2})?)\s*(?:/\s*5)?\)?)?"
    r"|(?P<number>[1-5](?:[.,]\d{1,2})?)\s*(?P<sign>[★⭐]"
    r"|(?:/|out of|von|of|sur)\s*5(?:[.,]0)?(?:\s*(?:stars?|sternen?|★))?"
    r"|(?:-| )?stars?|(?:-| )?sterne?)?)(?P<rest>\s*(?:[·|,–-].{0,120})?)$"
)
_STATUS = re.compile(
    r"(?i)\b(?:(current|aktuelle[rn]?|derzeitige[rn]?)|(former|ex-?|ehemalige[rn]?|previous))[ -]?"
    r"(?:employee|intern|contractor|freelancer|worker|staff|mitarbeiter(?:in|/in|\*in|:in)?|angestellte[rn]?"
    r"|arbeitnehmer(?:in)?|praktikant(?:in)?|werkstudent(?:in)?)\b"
)
_APPLICANT = re.compile(r"(?i)\b(?:job applicant|applicant|interview candidate|bewerber(?:in|/in)?)\b")
_LABELS = {
    "pros": "pros|vorteile|positives|gut am arbeitgeber finde ich|was l\u00e4uft gut|what was good|avantages",
    "cons": "cons|nachteile|negatives|schlecht am arbeitgeber finde ich|was l\u00e4uft schlecht|inconv\u00e9nients",
    "advice": "advice to management|advice|verbesserungsvorschl\u00e4ge|rat an das management|conseils",
}
_LABEL = re.compile(
    r"(?i)^[\s•*+-]{0,5}(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items())
    + r")\s*(?::|–|-|$)\s*(?P<words>.*)$"
)
_QUOTED = re.compile(r"^[\"“„«'](.{2,300})[\"”“»']$")
_FOOTER = re.compile(
    r"(?i)unsubscribe|abmelden|abbestellen|privacy|datenschutz|©|\(c\) \d{4}|manage (?:your )?(?:alerts?|email)"
    r"|email preferences|impressum|you (?:are )?receiv(?:e|ed|ing) this|diese e-?mail|all rights reserved|help center"
)
_BUTTON = re.compile(
    r"(?i)^(?:read|see|view|show|reply|respond|antworten|zur|ganze|vollst\u00e4ndige|jetzt|mehr|more|continue)\b.{0,60}$"
)
_BUTTON_ALONE = re.compile(
    r"(?i)^(?:read|see|view|show|zur|ganze|vollst\u00e4ndige|mehr)\b.{0,30}\b(?:reviews?|bewertung(?:en)?|lesen|ansehen)\W*$"
)  # in plain text, where the link stands in the line below
_REVIEWER = re.compile(r"(?i)^(.{2,60}?) (?:has )?(?:left|wrote|posted|hat)\b.{0,40}\b(?:review|bewertung)\b")


@dataclass(slots=True)
class _Draft:
    """A review while its lines are read."""

    rating: float | None = None
    status: str = ""
    job: str = ""
    place: str = ""
    title: str = ""
    by: str = ""
    parts: dict[str, list[str]] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    open_part: str = ""

    @property
    def signs(self) -> int:
        return sum((self.rating is not None, bool(self.status), *(name in self.parts for name in ("pros", "cons"))))


def platform_of(address: str) -> Platform | None:
    """The review site that a mail address belongs to."""
    domain = address.rpartition("@")[2]
    return next((each for each in PLATFORMS if any(under(domain, own) for own in each.domains)), None)


def read_reviews(mail: Mail, platform: Platform) -> Found:
    """The reviews of an alert; raise `FormatError` where none is recognised."""
    for lines in (mail.lines, tuple(line for line in mail.plain if line.text or line.links)):
        drafts = [draft for draft in _drafts(lines) if _is_review(draft, platform)]
        if drafts:
            items = tuple(_item(draft, platform, mail) for draft in drafts[:MOST_REVIEWS])
            note = f"{len(drafts) - MOST_REVIEWS} more reviews than are read of one mail" * (len(drafts) > MOST_REVIEWS)
            return Found(items, note)
    raise FormatError(f"no review was recognised in this mail of {platform.label}")


def _drafts(lines: Sequence[Line]) -> Iterator[_Draft]:
    """Cut the lines at each rating, or, in mails without ratings, at each line that says who reviews."""
    draft, before = _Draft(), ""
    for line in lines:
        text = line.text[:_LONGEST_LINE].strip()
        if not text:
            draft.links.extend(line.links)
            continue
        if _FOOTER.search(text[:300]) and len(text) < 300:
            if draft.signs:
                yield draft
                return
            continue
        rating = _rating(text) if draft.open_part or len(text) <= 160 else None
        status = _status(text)
        if (rating is not None and (draft.rating is not None or draft.parts or draft.text)) or (
            status and draft.status and draft.parts
        ):
            if draft.signs:
                yield draft
            draft = _Draft(title=_taken_back(draft, before))
        before = text
        _read_line(draft, line, text, rating, status)
    if draft.signs:
        yield draft


def _read_line(draft: _Draft, line: Line, text: str, rating: float | None, status: str) -> None:
    draft.links.extend(line.links)
    label, quoted, reviewer = _LABEL.match(text), _QUOTED.match(text), _REVIEWER.match(text)
    if not draft.signs and (label or status):
        draft.text = []  # what stood above was the mail's greeting
    if reviewer and not draft.by:
        draft.by = reviewer[1]
    elif rating is not None:
        draft.rating, draft.open_part = rating, ""
        _read_status(draft, text)
    elif label:
        draft.open_part = next(each for each in _LABELS if label[each])
        words = label["words"].strip()
        draft.parts.setdefault(draft.open_part, []).extend([words] if words else [])
    elif status and len(text) <= 200:
        draft.open_part = ""
        _read_status(draft, text)
    elif quoted and not draft.title:
        draft.title = quoted[1].strip()
    else:
        _read_words(draft, line, text)


def _read_words(draft: _Draft, line: Line, text: str) -> None:
    """A line that is no sign: what was said, a heading, or a button."""
    if (_BUTTON.match(text) and line.links) or _BUTTON_ALONE.match(text):
        draft.open_part = ""
    elif draft.open_part:
        draft.parts[draft.open_part].append(text)
    elif not draft.signs:
        draft.text = [text]  # the line above the first sign may be the title
    elif not draft.title and line.links and len(text) <= 150:
        draft.title = text.strip("\"“”„«»' ")
    else:
        draft.text.append(text)


def _taken_back(draft: _Draft, before: str) -> str:
    """The title of the next review stands above its rating, as the last line of the one before."""
    pile = draft.parts.get(draft.open_part) if draft.open_part else draft.text
    quoted = _QUOTED.match(before)
    if quoted and pile and pile[-1] == before:
        pile.pop()
        return quoted[1].strip()
    return ""


def _is_review(draft: _Draft, platform: Platform) -> bool:
    said = sum(len(words) for part in draft.parts.values() for words in part) + sum(len(words) for words in draft.text)
    linked = any(platform.review_id.search(link) for link in draft.links)
    return said + len(draft.title) >= SHORTEST_TEXT and draft.signs + linked + bool(draft.by) >= 2


def _item(draft: _Draft, platform: Platform, mail: Mail) -> dict[str, Json]:
    parts = {name: "\n".join(words) for name, words in draft.parts.items() if words}
    text = "\n".join(draft.text)
    own = [link for link in draft.links if platform.review_id.search(link)]
    found = platform.review_id.search(own[0]) if own else None
    known = next((part for part in found.groups() if part), "") if found else ""
    said = (draft.title, text, *parts.values(), str(draft.rating))
    return {
        "template": "review",
        "platform": platform.name,
        "id": f"{platform.name}:{known}" if known else content_id(platform.name, *said),
        "kind": "review",
        "title": draft.title,
        "text": text,
        **parts,
        "rating": draft.rating,
        "status": draft.status or platform.status,
        "job": draft.job,
        "place": draft.place,
        "by": draft.by,
        "url": _shown(own[0], platform) if own else None,
        "date": mail.sent_at.isoformat() if mail.sent_at else None,
    }


def _shown(link: str, platform: Platform) -> str | None:
    """The review's address; links over a counter of clicks lead to a recipient and are not kept."""
    host = urlsplit(link).hostname or ""
    if not any(under(host, own) for own in platform.domains) or host.split(".")[0] in (
        "click",
        "links",
        "email",
        "track",
    ):
        return None
    return clean_address(link, platform.kept)


def _rating(text: str) -> float | None:
    """Stars of a line that is a rating and nothing else; a bare figure only with a sign that it means stars."""
    found = _RATING.match(text)
    if not found:
        return None
    if found["stars"]:
        return float((found["beside"] or str(len(found["stars"]))).replace(",", "."))
    worded = found["sign"] or re.match(r"(?i)[a-z]", text)
    return float(found["number"].replace(",", ".")) if worded else None


def _status(text: str) -> str:
    found = _STATUS.search(text[:200])
    if found:
        return "current employee" if found[1] else "former employee"
    return "candidate" if len(text) <= 120 and _APPLICANT.search(text) else ""


def _read_status(draft: _Draft, text: str) -> None:
    """ "Former Employee - Data Analyst in Berlin", in any order, parted by dashes, dots or bars."""
    status = _status(text)
    if not status:
        return
    draft.status = draft.status or status
    pieces = [piece.strip() for piece in re.split(r"\s[-–·|•]\s|,\s", text) if piece.strip()]
    for piece in pieces:
        if _status(piece) or _rating(piece) is not None or len(piece) > 80 or any(letter.isdigit() for letter in piece):
            continue
        job, _, place = piece.partition(" in ")
        draft.job = draft.job or job.strip()
        draft.place = draft.place or place.strip() or (piece if draft.job and piece != draft.job else "")


__all__ = ["PLATFORMS", "Platform", "platform_of", "read_reviews"]
