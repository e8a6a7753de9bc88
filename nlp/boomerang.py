"""Whether somebody who left says that they would come back: a rule of phrases, precision first.

It reads texts that are known to be by alumni. The wish must be the author's own ("I would", or a clause that begins
with "would"), and after "go back" the company must follow, or nothing that can be gone back to: school and the office
are not meant. A negation before the phrase and a question take it away. `docs/employer.md` says how well it does.
"""

import re
from collections.abc import Collection


def _any(*words: str) -> str:
    return "(?:" + "|".join(words) + ")"


_OWN = _any(r"^", r"[,;:–-] ", r"\b(?:i|and|but|so|honestly|probably|definitely) ")
_WILL = _any(rf"{_OWN}(?:would|will|could see myself|can see myself|might|may)", r"\b(?:i'd|i'll)")
_SURELY = _any(
    *("definitely", "certainly", "gladly", "happily", "seriously", "really", "honestly", "absolutely", "always"),
    *("still", "also", "even", "one day", "love to", "like to", "consider", "be happy to", "be glad to", "be open to"),
    *("jump at the chance to", "in a heartbeat"),
)
_WISH = _any(
    r"thinking (?:of|about)", "considering", "hoping to", r"planning (?:on|to)", "tempted to", "open to",
    r"want(?:ing)? to", "keen to", r"i (?:love|like|hope|plan) to",
)  # fmt: skip
_BACK = _any(
    r"go(?:ing)? back", r"com(?:e|ing) back", r"return(?:ing)?", r"re-?join(?:ing)?",
    r"work(?:ing)? (?:there|here|for (?:them|you)) again",
)  # fmt: skip
_EMPLOYER = _any(
    r"work (?:there|here|for)", r"them\b", r"you\b", r"(?:this|the|that) (?:company|place|firm|team)",
    r"(?:my|our) old (?:job|team|employer|company)",
)  # fmt: skip
_ELSEWHERE = r"(?!\s+(?:and forth|on\b|in time|over\b|then\b|when they|to (?!%s))|\s+(?:the|my|a|an|his|her|their|it|this|that|your) (?!company|place|firm|team|employer))"  # noqa: E501
_CALLED = _any(
    r"\b(?:i am|i'm|i'd be|as) an? (?:proud |happy |future )?boomerang\b",
    r"\b(?:i'd|i would|i will|i'll|going to|just) (?:re-?apply|apply again)\b",
    r"\b(?:re-?applied|applied again)\b",
)
_GERMAN = (
    r"\b(?:würde|möchte|könnte mir vorstellen,?)(?: [\wäöüß]+){0,3}? "
    r"(?:zurückzu|zurück|wieder (?:hier|dort|da) (?:zu )?)(?:kommen|kehren|gehen|arbeiten|anfangen)\b"
)
_NOT = re.compile(
    r"\b(?:not|never|no way|nobody|no one|nothing|cannot|hardly|doubt|refuse\w*|unlikely|afraid of|why would|who would"
    r"|nie|niemals|nicht|kein\w*)\b|n't\b"
)
_CLAUSE = re.compile(r"[^.!?;\n]+[.!?;\n]?")
_BEFORE = 40  # characters before the phrase in which a negation counts
_LONGEST = 6_000  # characters that are read


def wants_back(text: str, names: Collection[str] = ()) -> bool:
    """Whether a text by an alumnus says that its author would return; `names` are those of the company."""
    pattern = _pattern(tuple(sorted(names)))
    folded = text[:_LONGEST].casefold().replace("\u2019", "'")
    return any(_says(pattern, " ".join(clause[0].split())) for clause in _CLAUSE.finditer(folded))


def _says(pattern: re.Pattern[str], clause: str) -> bool:
    found = pattern.search(clause)
    if found is None or clause.endswith("?"):
        return False
    return not _NOT.search(clause[max(0, found.start() - _BEFORE) : found.end()])


_made: dict[tuple[str, ...], re.Pattern[str]] = {}


def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """Made once for the names of the profile in force."""
    found = _made.get(names)
    if found is None:
        own = [re.escape(" ".join(name.casefold().split())) + r"\b" for name in names if name.strip()]
        back = rf"(?:{_WILL} (?:{_SURELY},? )*|\b{_WISH} )(?:to )?{_BACK}\b{_ELSEWHERE % _any(_EMPLOYER, *own)}"
        _made.clear()
        found = _made[names] = re.compile(f"{back}|{_CALLED}|{_GERMAN}")
    return found
