"""What a machine can tell about the draft of an answer to a review. It warns; people decide.

The rules follow one idea: thank, do not argue, say nothing by which anybody could be recognised, offer a way to talk.
They know English and the usual German words; a draft in another language passes more of them unseen.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from nlp.persons import person_spans

SHORTEST = 40  # characters, below which an answer reads like a stamp
LONGEST = 1_200  # our advice where no limit is known: longer answers argue
# What platforms take themselves: Google Play's and App Store Connect's help on replies to reviews.
LIMITS = {"google_play": 350, "app_store": 5_970}
_REPEATED = 5  # words in a row that are the review's own

_THANKS = re.compile(r"\b(?:thank\w*|appreciat\w*|grateful|dank\w*|merci|gracias|grazie|obrigad\w+)\b")
_ARGUES = re.compile(
    r"\b(?:not true|untrue|false|inaccurate|misleading|lies?|lying|you(?:'re| are) wrong|incorrect|"
    r"we (?:disagree|dispute|reject)|contrary to|never happened|exaggerat\w*|actually|in fact|to be fair|"
    r"you should have|you failed|stimmt nicht|unwahr|falsch|gelogen|wir widersprechen)\b"
)
_LEGAL = re.compile(
    r"\b(?:lawyers?|attorneys?|solicitors?|legal (?:action|steps|department|team)|lawsuit|sue|sued|suing|court|"
    r"libel\w*|defam\w*|slander\w*|cease and desist|anw[aä]lt\w*|rechtliche\w* schritte|verklag\w*|klage|verleumd\w*)\b"
)
_EMPLOYMENT = re.compile(
    r"\b(?:your (?:manager|supervisor|boss|team ?lead|position|role|job|department|shift|salary|contract|resignation|"
    r"termination|dismissal|sick leave|absences?|performance|probation|personnel file|time (?:as|in|at|with))|"
    r"(?:when|since|while|after|before|because) you (?:worked|work|left|joined|started|resigned|quit|"
    r"were (?:hired|fired|let go|dismissed))|as (?:a|an|our) (?:former )?\w+ (?:in|at|of) (?:our|the)|"
    r"you (?:were|are) (?:an? |our |the )?"
    r"(?:former )?(?:intern|contractor|cashier|engineer|analyst|driver|nurse|trainee|manager)|"
    r"we (?:know|recall|remember) (?:who )?you(?:r case)?|our records|"
    r"ihre (?:stelle|position|kündigung|krankmeldung|vorgesetzte\w*)|"
    r"ihr (?:vorgesetzter|vertrag|gehalt|team))\b"
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|märz|mai|juni|"
    "juli|oktober|dezember"
)
_DATES = re.compile(
    rf"\b(?:(?:in|since|until|from|im|seit|bis) (?:(?:{_MONTHS})\b|(?:19|20)\d\d\b)|(?:{_MONTHS}) (?:19|20)\d\d|"
    r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|(?:for|after|nach) (?:\w+|\d+) (?:weeks?|months?|years?|wochen|monaten|jahren))"
)
_CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|\b(?:contact (?:us|our)|reach (?:out|us)|get in touch|write to us|talk to us|email us|"
    r"call us|hear more|kontaktier\w*|melden sie sich|schreiben sie uns)\b"
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist. `passed` False: look again at `found` (words of the draft, or a number)."""

    name: str
    passed: bool
    advice: str
    found: tuple[str, ...] = ()


def check_answer(draft: str, review: str, platform: str, names: Collection[str] = ()) -> tuple[Check, ...]:
    """All checks on a draft, in the order of the checklist; `names` are public ones, such as the company's."""
    folded = " ".join(draft.casefold().replace("’", "'").split())
    people = tuple(draft[start:end] for start, end in person_spans(draft, names))
    return (
        Check("thanks", bool(_THANKS.search(folded)), "Thank the person for writing."),
        _absent("no arguing", _ARGUES, folded, "Do not argue: others read how you take criticism, not who is right."),
        _absent("no legal threat", _LEGAL, folded, "Take legal words out; they belong into no public answer."),
        Check("names nobody", not people, "Take names of persons out, of the author as of others.", people),
        _absent("no details of employment", _EMPLOYMENT, folded, "Say nothing that shows you know who wrote this."),
        _absent("no dates and spans", _DATES, folded, "A date or a length of service can tell who it was."),
        _repeats(draft, review),
        Check("contact offered", bool(_CONTACT.search(folded)), "Offer a shared address, not a person's."),
        _tone(draft),
        _length(draft, platform),
    )


def _absent(name: str, pattern: re.Pattern[str], folded: str, advice: str) -> Check:
    found = tuple(dict.fromkeys(match[0] for match in pattern.finditer(folded)))[:5]
    return Check(name, not found, advice, found)


def _repeats(draft: str, review: str) -> Check:
    said = [word.casefold() for word in _WORD.findall(review)]
    theirs = {tuple(said[at : at + _REPEATED]) for at in range(len(said) - _REPEATED + 1)}
    words = [word.casefold() for word in _WORD.findall(draft)]
    runs = [tuple(words[at : at + _REPEATED]) for at in range(len(words) - _REPEATED + 1)]
    found = tuple(" ".join(run) for run in runs if run in theirs)[:3]
    return Check("accusation not repeated", not found, "Repeating a reproach makes it found more often.", found)


def _tone(draft: str) -> Check:
    shouted = [word for word in _WORD.findall(draft) if len(word) > 4 and word.isupper()]
    marks = re.findall(r"[!?]{2,}", draft) + (["!"] if draft.count("!") > 2 else [])
    found = tuple([*shouted, *marks][:5])
    return Check("calm tone", not found, "No capitals, no rows of marks, no irony.", found)


def _length(draft: str, platform: str) -> Check:
    size, limit = len(draft), LIMITS.get(platform)
    most = min(LONGEST, limit) if limit else LONGEST
    source = (
        f"{platform} takes at most {limit:,} characters" if limit else "the platform's own limit is not known to us"
    )
    advice = f"{SHORTEST} to {most:,} characters are advised; {source}."
    return Check("length", SHORTEST <= size <= most, advice, (f"{size:,} characters",))
