"""Does a text say by itself that its author works for the company?

Endorsement rules (FTC 16 CFR 255 and its questions and answers; similar in the EU and the UK) ask an employee who
praises the employer to say so in the post: clearly, near the claim, in the language of the post. A line in the profile
is not enough, nor is a hashtag that outsiders can't read such as #ee or #spon. This check finds the usual wordings of
six languages; it can't understand a text, so that its "not found" is a question to the author and no verdict.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from advocacy.disclosure_rules import ALUMNUS, EMPLOYEE, LANGUAGES, openings

__all__ = ["LANGUAGES", "Disclosure", "check_disclosure"]

EARLY_CHARS = 210  # about what networks show before "more"
UNCLEAR = ("#ee", "#emp", "#spon", "#sp", "#collab", "#partner", "#ambassador", "#thanks", "#team")
_NAME = "@NAME@"
_ROLE = r"(?:[\w-]+ ){0,5}?"
_WORDINGS: dict[str, tuple[str, ...]] = {
    "en": (
        rf"\b(?:i|we) (?:currently |proudly )?work (?:at|for|with) (?:the )?{_NAME}",
        rf"\bworking (?:at|for) {_NAME}",
        rf"\bi(?: am|'m|m) (?:an? |the )?{_ROLE}(?:at|with|from|of) {_NAME}",
        rf"\bas an? {_ROLE}(?:at|of|with|for) {_NAME}",
        rf"\b(?:an?|as|proud|fellow|current) {_NAME} (?:employee|colleague|team ?member|staff|engineer|insider)",
        rf"\b(?:employee|team ?member) (?:of|at) {_NAME}",
        rf"\bmy (?:own )?(?:employer|company|workplace)(?:,? (?:is )?{_NAME}|\b)",
        rf"\b(?:my|our) (?:team|colleagues|job|work|role) (?:here )?(?:at|with) {_NAME}",
        rf"\b(?:we|us|all of us|here) at {_NAME}",
        rf"\b{_NAME} (?:is my employer|employs me|pays my salary)",
    ),
    "de": (
        rf"\bich (?:arbeite|bin) {_ROLE}(?:bei|für|fuer) (?:der |dem )?{_NAME}",
        rf"\barbeite (?:ich )?(?:bei|für|fuer) {_NAME}",
        rf"\bals (?:[\w-]+ ){{0,4}}?(?:bei|von) {_NAME}",
        r"\b(?:mein(?:em|en|es)?|unser(?:em|en|es)?) (?:arbeitgeber|unternehmen|firma)\b",
        r"\bmeine firma\b",
        rf"\bwir (?:alle )?bei {_NAME}",
        rf"\b{_NAME}[- ](?:mitarbeiter|mitarbeiterin|kollege|kollegin|team)\b",
    ),
    "fr": (
        rf"\bje (?:travaille|suis) {_ROLE}(?:chez|pour|à) {_NAME}",
        r"\bmon (?:employeur|entreprise)\b",
        rf"\b(?:salariée?|employée?|collaborat(?:eur|rice)) (?:de |d'|chez ){_NAME}",
        rf"\bnous,? chez {_NAME}",
    ),
    "es": (
        rf"\b(?:trabajo|trabajamos) (?:en|para) {_NAME}",
        rf"\bsoy {_ROLE}(?:en|de) {_NAME}",
        r"\bmi (?:empresa|empleador)\b",
        rf"\bemplead[oa] (?:de|en) {_NAME}",
    ),
    "it": (
        rf"\b(?:lavoro|lavoriamo) (?:in|per|presso|da|a) {_NAME}",
        r"\b(?:il mio datore di lavoro|la mia azienda)\b",
        rf"\bsono {_ROLE}(?:in|di|da|presso) {_NAME}",
        rf"\bdipendente (?:di|in|presso) {_NAME}",
    ),
    "nl": (
        rf"\bik (?:werk|ben) {_ROLE}(?:bij|voor) {_NAME}",
        r"\bmijn (?:werkgever|bedrijf)\b",
        rf"\bwij bij {_NAME}",
        rf"\bmedewerker (?:van|bij) {_NAME}",
    ),
}
# Who left is asked for the same: what they say of a former employer is no outsider's word either.
_FORMER = (
    rf"\b(?:i|we) (?:used to work|worked|have worked|'ve worked) {_ROLE}(?:at|for) (?:the )?{_NAME}",
    rf"\b(?:former|ex)[ -]{_NAME}\b",
    rf"\b(?:former|ex-?) ?{_ROLE}(?:at|of|with) {_NAME}",
    r"\bmy (?:former|previous|old|last) (?:employer|company|workplace)\b",
    rf"\bmy (?:time|years|days) (?:at|with) {_NAME}",
    rf"\bich (?:habe|war) {_ROLE}(?:bei|für) {_NAME}",
    r"\b(?:mein(?:em|en)?) (?:früherer|ehemaliger|alter|früheren|ehemaligen|alten) arbeitgeber\b",
    rf"\bj'ai travaillé {_ROLE}(?:chez|pour) {_NAME}",
    r"\bmon (?:ancien employeur|ancienne entreprise)\b",
    rf"\btrabajé {_ROLE}(?:en|para) {_NAME}",
    rf"\bho lavorato {_ROLE}(?:in|per|da) {_NAME}",
    rf"\bik (?:werkte|heb) {_ROLE}(?:bij|voor) {_NAME}",
)
_TAGS = (rf"#{_NAME}(?:employee|emp(?:loyee)?advocate|insider|mitarbeiter)", r"#(?:employee|myemployer|iworkhere)\b")
_DENIED = re.compile(r"\b(?:not|n't|never|no longer|used to|nicht|nie|ne|pas|no|non|niet|kein|keine) (?:[\w']+ ){0,2}$")
_DENIED_AFTER = re.compile(r"^ (?:nicht|pas|niet|not)\b")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What was found. `found` are the words of the text (None: nothing), `unclear` hashtags that do not count,
    `late` says that the words stand where readers may not see them, `suggestions` are openings to choose from."""

    disclosed: bool
    found: str | None
    late: bool
    unclear: tuple[str, ...]
    advice: str
    suggestions: tuple[str, ...]


def check_disclosure(
    text: str, names: Sequence[str], language: str = "en", *, standing: str = EMPLOYEE, room: int | None = None
) -> Disclosure:
    """Whether `text` discloses the employment by one of the company's `names`; all languages are tried.

    `standing` alumnus takes words about a former employer too. `language` only chooses the suggestions (unknown ones
    get English), `room` leaves out those that are longer than what the platform still takes. Raises ValueError without
    a name.
    """
    wanted = [name for name in names if name.strip()]
    if not wanted:
        raise ValueError("a disclosure needs at least one name of the company")
    plain = _plain(text)
    place = _find(plain, wanted, standing)
    unclear = tuple(tag for tag in UNCLEAR if re.search(rf"{re.escape(tag)}(?!\w)", plain))
    late = place is not None and place[0] > EARLY_CHARS
    fitting = [line for line in openings(wanted[0], language, standing) if room is None or len(line) <= room]
    return Disclosure(
        disclosed=place is not None,
        found=plain[place[0] : place[1]] if place else None,
        late=late,
        unclear=unclear,
        advice=_advice(place is not None, late, unclear, standing),
        suggestions=() if place else tuple(fitting),
    )


def _plain(text: str) -> str:
    """Lower case, one space between words, straight apostrophes."""
    folded = unicodedata.normalize("NFKC", text[:100_000]).replace("’", "'").lower()
    return re.sub(r"\s+", " ", folded)


def _find(plain: str, names: Sequence[str], standing: str) -> tuple[int, int] | None:
    """Start and end of the first wording that is not denied."""
    known = sorted((_plain(name).strip() for name in names), key=len, reverse=True)
    name = rf"[@#]?(?:{'|'.join(re.escape(one) for one in known)})(?!\w)"
    glued = "|".join(re.escape(re.sub(r"\W", "", one)) for one in known)
    patterns = [wording.replace(_NAME, name) for wordings in _WORDINGS.values() for wording in wordings]
    patterns += [wording.replace(_NAME, name) for wording in (_FORMER if standing == ALUMNUS else ())]
    patterns += [tag.replace(_NAME, f"(?:{glued})") for tag in _TAGS]
    found = [match.span() for pattern in patterns for match in re.finditer(pattern, plain) if not _denied(plain, match)]
    return min(found, default=None)


def _denied(plain: str, match: re.Match[str]) -> bool:
    """`I don't work at`, `ich arbeite nicht bei`: the wording stands, but says the opposite."""
    inside = re.search(r"\b(?:not|never|nicht|pas|niet|nie|kein|keine)\b", match[0])
    before = plain[max(0, match.start() - 40) : match.start()]
    return bool(inside or _DENIED.search(before) or _DENIED_AFTER.search(plain[match.end() : match.end() + 10]))


def _advice(disclosed: bool, late: bool, unclear: Sequence[str], standing: str) -> str:
    tie = "worked there" if standing == ALUMNUS else "work there"
    if disclosed and late:
        return f"The text says that you {tie}, but late: move it to the beginning, before networks cut the text."
    if disclosed:
        return f"The text says that you {tie}."
    if unclear:
        return f"{', '.join(unclear)} is not clear to readers outside: say in words that you {tie}."
    return f"Say in the text that you {tie}; a line in your profile is not enough."
