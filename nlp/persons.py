"""Persons who are named in a text: where they stand, and the text without them.

On the employer side people write of colleagues and managers who never published anything themselves. Whoever reads
there needs what happened and not to whom, so names give way to `[name]` before a text leaves `storage`. Handles, mail
addresses and phone numbers never get as far: `collectors/masking.py` takes them out at the door.

Found are names behind titles, listed first names with the words after them, and what follows words of work ("my manager
Drossel"). The rules are quick enough for every read and need no model in the web process; `docs/privacy.md` says what
they find and miss. Where the setting `NAMES_MODEL` names a trained pipeline (`nlp.persons_model`), what it takes for
persons is masked, too, as far as it is written like a name.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from config.settings import get_settings
from nlp.names import is_company_word, is_first_name
from nlp.result import Span

NAME = "[name]"
RULES = "rules"  # of the setting NAMES_MODEL: no trained pipeline beside them

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-ſ]"
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*\.?")


def _words(text: str) -> list[str]:
    return text.split()


TITLES = frozenset(
    _words("""
    mr mrs ms miss mx dr prof herr herrn frau monsieur madame mme mlle señor señora sr sra signor signora sig senhor
    senhora dott doña med sgt lt capt auntie aunt uncle
    """)
)
# What stands before a name at work: "our supervisor Drossel", "HR manager, Tamsin Okell", "reporting to Halvard".
_AT_WORK = frozenset(
    [
        *_words("""
    manager boss supervisor lead leader foreman director ceo cfo cto coo founder owner colleague coworker co-worker
    teammate recruiter interviewer hr mentor trainer named called chef chefin vorgesetzte vorgesetzter kollege
    kollegin teamleiter teamleiterin abteilungsleiter abteilungsleiterin filialleiter filialleiterin schichtleiter
    schichtleiterin geschäftsführer geschäftsführerin responsable directeur directrice gérant gérante recruteur
    recruteuse jefe jefa gerente encargado encargada directora supervisora capo collega direttore direttrice
    responsabile chefe diretor diretora patron patronne collègue mentorin ausbilder ausbilderin
    """),
        "report to",
        "reports to",
        "reported to",
        "reporting to",
        "worked for",
        "worked with",
        "worked under",
        "thanks to",
        "kudos to",
        "out to",  # shout out to
        "shoutout to",
        "trained by",
        "interviewed by",
        "danke an",
        "dank an",
        "merci à",
        "gracias a",
        "trabajé con",
        "trabajé para",
        "travaillé avec",
        "grazie a",
        "obrigado a",
    ]
)
_GOES_ON = re.compile(r"[:,]?\s+")
_ENDS = frozenset('!?:…\n"“.')  # between two words: the second begins a sentence
_INITIAL = re.compile(rf"{_CAPITAL}\.?$")
_PARTICLES = frozenset(("de", "da", "di", "van", "von", "der", "den", "del", "la", "le", "bin", "al", "dos", "ten"))
# Capitalised words that follow a name or a word of work and are no name.
_NO_NAME = frozenset(
    _words("""
    i a the and but or so if in on at to is was are were he she they we you it my our his her their who what when why
    how no not never always still just then there this that these those of for from with by as an be been has have had
    do does did will would can could should manager boss director team lead hr ceo cfo cto ok monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september october november
    december english german french spanish italian american british european us uk eu usa und oder aber die der das
    ist war et ou mais les est y o pero el los es e ma il pm am covid excel linkedin glassdoor indeed kununu twitter
    reddit facebook instagram slack teams zoom christmas easter god
    dios dieu gott dio deus général générale general regional commercial comercial hr rh rrhh
    sir madam store street road hospital university
    airport
    """)
)

# After a first name: a company is named so.
_COMPANY_ENDS = frozenset(
    _words(
        "foods bank banking group inc ltd llc plc corp gmbh ag motors stores airlines partners insurance brothers bros"
    )
)


# What a trained pipeline takes for persons in posts about work: trades, tools, places of reviews.
_NO_PERSON = frozenset(
    _words("""
    teller cashier associate supervisor recruiter specialist analyst representative clerk attendant ambassador intern
    developer engineer resume java javascript python linux sql api hackerrank leetcode anonymous karma anon team
    management leadership training benefits pay salary career growth work job company people place environment culture
    pros cons overall average good great nice best excellent
    """)
)
_BEGINS = re.compile(r"(?:^|[.!?:…\n])[\s\"“'(*•-]*\Z")  # what stands before the first word of a sentence


_BEFORE = 12  # characters


class NamesError(RuntimeError):
    """The pipeline that `NAMES_MODEL` names cannot be used, so texts with names cannot be shown; begins with it."""


def how_found(chosen: str) -> str:
    """What finds names by this value of `NAMES_MODEL`, in words; raises `NamesError` where that is not there."""
    if chosen.strip() in ("", RULES):
        return "rules alone"
    from nlp.persons_model import described

    return f"rules and {described(chosen.strip())}"


def person_spans(text: str, kept: Collection[str] = ()) -> tuple[Span, ...]:
    """Where persons are named, in order and apart; `kept` are names that everybody may read (companies, brands).

    Raises `NamesError` where the settings name a pipeline that cannot be used.
    """
    return tuple(merged([*_found(text, kept), *_by_model(text, kept)], text))


def rule_spans(text: str, kept: Collection[str] = ()) -> tuple[Span, ...]:
    """The same by the rules alone."""
    return tuple(merged(_found(text, kept), text))


def likely(spans: Iterable[Span], text: str, kept: Collection[str] = ()) -> tuple[Span, ...]:
    """Of what a trained pipeline takes for persons, what is written like a name: every word with a capital, none known
    as something else, no abbreviation, and no single word that begins a sentence and would have a capital anyhow."""
    known, shout = _folded(kept) | _NO_NAME | _NO_PERSON, text.isupper()
    found = []
    for start, end in spans:
        words = list(_WORD.finditer(text, start, end))
        bare = [_bare(word[0].rstrip(".")) for word in words]
        names = [word for word in bare if word.casefold() not in _PARTICLES]
        if not names or any(character.isdigit() or character == "\n" for character in text[start:end]):
            continue
        wrong = any(
            not word[:1].isupper() or word.casefold() in known or is_company_word(word)
            or (word.isupper() and len(word) > 1 and not shout)
            for word in names
        )  # fmt: skip
        if not wrong and not (len(bare) == 1 and _BEGINS.search(text[max(0, start - _BEFORE) : start])):
            found.append((start, start + len(_bare(text[start:end].rstrip(".")))))
    return tuple(found)


def _by_model(text: str, kept: Collection[str]) -> tuple[Span, ...]:
    if get_settings().names_model.strip() in ("", RULES):
        return ()  # nothing of the model's module is loaded
    from nlp.persons_model import names_model

    return likely(names_model().spans(text), text, kept)


def _folded(kept: Collection[str]) -> frozenset[str]:
    return frozenset(part for name in kept for part in re.findall(r"[^\W_]+", name.casefold()))


def without_persons(text: str, kept: Collection[str] = ()) -> str:
    """The text with every name of a person as `[name]`."""
    pieces, done = list[str](), 0
    for start, end in person_spans(text, kept):
        pieces += [text[done:start], NAME]
        done = end
    return "".join([*pieces, text[done:]])


def _found(text: str, kept: Collection[str]) -> Iterator[Span]:
    words = list(_WORD.finditer(text))
    folded = _folded(kept)
    at = 0
    while at < len(words):
        if _begins_name(text, words, at, folded):
            last = _end_of_name(text, words, at, folded)
            yield words[at].start(), _end(words[last])
            at = last
        at += 1


def _begins_name(text: str, words: list[re.Match[str]], at: int, kept: frozenset[str]) -> bool:
    bare = _bare(words[at][0].rstrip("."))
    folded = bare.casefold()
    if folded in kept or folded in _NO_NAME or folded in TITLES:
        return False
    follows = at + 1 < len(words) and _is_surname(text, words, at, kept)
    before = _words_before(text, words, at)
    if bare[:1].isupper() and _introduced(before, company=is_company_word(bare)):
        return True
    if bare in _PARTICLES and before and before[-1] in TITLES:
        return follows or (at + 1 < len(words) and words[at + 1][0] in _PARTICLES)
    if follows and _bare(words[at + 1][0].rstrip(".")).casefold() in _COMPANY_ENDS:
        return False
    first = re.split(r"['’-]", bare)[0] if bare[:1].isupper() else bare  # Anna-Lena
    return is_first_name(first, begins=_sentence_begins(text, words, at), followed=follows)


def _introduced(before: list[str], *, company: bool) -> bool:
    """Whether a name follows these words: a title, or who somebody is at work."""
    if not before or before[-1] in TITLES:
        return bool(before)
    return not company and not _AT_WORK.isdisjoint((before[-1], " ".join(before)))


def _words_before(text: str, words: list[re.Match[str]], at: int) -> list[str]:
    """The word before, with the one before that where both go on to this one; none across the end of a sentence."""
    found: list[str] = []
    for place in range(at - 1, max(at - 3, -1), -1):
        word = words[place]
        if not _GOES_ON.fullmatch(text, word.end(), words[place + 1].start()):
            break
        bare = word[0].rstrip(".").casefold()
        if word[0].endswith(".") and bare not in TITLES:
            break
        found.insert(0, bare)
    return found


def _end_of_name(text: str, words: list[re.Match[str]], at: int, kept: frozenset[str]) -> int:
    """The last word of the name that begins at `at`: at most three more, capitalised, initials and particles."""
    last = at
    for step in range(at, min(at + 3, len(words) - 1)):
        further = step + 2 < len(words) and words[step + 1][0].casefold() in _PARTICLES
        if further and (words[step + 2][0] in _PARTICLES or _is_surname(text, words, step + 1, kept)):
            continue
        if not _is_surname(text, words, step, kept):
            break
        last = step + 1
    return last


def _is_surname(text: str, words: list[re.Match[str]], at: int, kept: frozenset[str]) -> bool:
    """Whether the word after `at` goes on with a name: next to it and capitalised or an initial."""
    word, after = words[at], words[at + 1]
    bare = _bare(after[0].rstrip("."))
    next_to = text[_end(word) : after.start()] in (" ", ". ", ' "')
    ended = word[0].endswith(".") and not _INITIAL.match(word[0])
    if not next_to or ended or bare.casefold() in kept or bare.casefold() in _NO_NAME:
        return False
    shout = bare.isupper() and len(bare) > 1 and not word[0].isupper()
    return bare[:1].isupper() and not shout


def _bare(word: str) -> str:
    """Without the ending of an owner."""
    return re.sub(r"['’]s?$", "", word)


def _end(word: re.Match[str]) -> int:
    """Where the name in a word ends: before the owner's ending and before a full stop that ends the sentence."""
    bare = _bare(word[0] if _INITIAL.match(word[0]) else word[0].rstrip("."))
    return word.start() + len(bare)


def _sentence_begins(text: str, words: list[re.Match[str]], at: int) -> bool:
    if at == 0:
        return True
    between = text[words[at - 1].end() : words[at].start()]
    return words[at - 1][0].endswith(".") or not _ENDS.isdisjoint(between)


def merged(spans: Iterable[Span], text: str) -> Iterator[Span]:
    """Spans in order; those that touch or have only a space between them are one."""
    current: Span | None = None
    for span in sorted(spans):
        if current is not None and (span[0] <= current[1] or text[current[1] : span[0]] == " "):
            current = (current[0], max(current[1], span[1]))
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current
