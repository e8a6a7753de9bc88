"""Public text as the model reads it: cleaned, masked and cut, the same way in training and in service."""

import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from nlp.names import without_names

# A longer post is cut before anything else looks at it, so that a 5 MB text costs no more than a long article.
HEAD_CHARS = 4_000
TAIL_CHARS = 2_000

_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_HANDLE = re.compile(r"(?<![\w@])@\w{1,64}(?:[.@][\w-]{1,64}){0,5}")
_REDDIT_USER = re.compile(r"(?<!\w)/?u/[\w-]{2,32}")
_PHONE = re.compile(r"(?<!\w)\+?\d[\d ()/-]{7,20}\d(?!\w)")
_MARKUP = re.compile(r"</?(?:a|b|i|p|br|em|strong|span|div|code|pre|blockquote|ul|ol|li)\b[^<>]{0,300}>", re.IGNORECASE)
_REPEAT = re.compile(r"([^\W\d_]|[!?.…])\1{3,}")
_HASHTAG = re.compile(r"#(\w{1,100})")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+")
_PLACEHOLDER = re.compile(r"@user|u/user|\b(?:http|email|number)\b")
_LETTER = re.compile(r"[^\W\d_]")

# Stands for the target's name between `mark_target` and `spelled`; clean text holds no character for private use.
TARGET_SIGN = "\ue000"
TARGET_WORD = "[unused1]"  # a word piece of the base model that no text has
_LONG_NAME = 4  # letters from which a name also counts as the beginning of a hashtag or handle: #AcmeFail, @acmecare
_BETWEEN_WORDS = r"[^\w@#]{0,3}"
_MAX_NAMES, _MAX_NAME_CHARS = 30, 80


def cut(text: str) -> str:
    """Head and tail of a huge text (at most `HEAD_CHARS + TAIL_CHARS` characters), a shorter one unchanged."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"


def clean(text: str) -> str:
    """Readable plain text: entities and simple markup undone, NFC, control and zero-width characters dropped."""
    text = html.unescape(cut(text))
    text = unicodedata.normalize("NFC", _MARKUP.sub(" ", text))
    return " ".join(text.translate(_PLAIN).split())


def mask(text: str) -> str:
    """Cleaned text without addresses of people: mail, handles, Reddit names and long numbers become plain words."""
    text = _MAIL.sub("email", _URL.sub("http", text))
    text = _REDDIT_USER.sub("u/user", _HANDLE.sub("@user", text))
    return _PHONE.sub("number", text)


def spelled(masked: str) -> str:
    """What the tokenizer gets of a clean and masked text: hashtags split, names as signs, emoji spelled out, repeats
    shortened."""
    text = unicodedata.normalize("NFKC", masked)
    text = _HASHTAG.sub(lambda match: f"# {_CAMEL.sub(' ', match[1])}", text)
    text = _REPEAT.sub(r"\1\1\1", without_names(text))
    return " ".join(text.translate(_SPELLED).split())


def mark_target(cleaned: str, names: Sequence[str]) -> str:
    """Clean text with every mention of the target by one of its names as `TARGET_SIGN`; unchanged where it has none.

    The model is asked about the sentiment towards whoever is marked. That the sign takes the place of the name also
    keeps it from judging a company by its name. Names match by whole words in any case, with or without the spaces
    inside ("Just Loaf", "#JustLoaf"). A hashtag may go on into another word ("#AcmeFail"), a handle that begins with
    the name ("@acmecare") is the target as a whole. Names inside web and mail addresses are left to `mask`.
    """
    pattern = _target_pattern(tuple(names))
    return cleaned if pattern is None else pattern.sub(_signed, cleaned)


def _signed(match: re.Match[str]) -> str:
    return match[0] if match["address"] else f" {TARGET_SIGN} "


@lru_cache(maxsize=512)
def _target_pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = []
    for name in sorted(set(names[:_MAX_NAMES]), key=len, reverse=True):
        words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name[:_MAX_NAME_CHARS]))
        if not words:
            continue
        parts.append(rf"(?<!\w)[#@]?{_BETWEEN_WORDS.join(words)}(?!\w)")
        if sum(map(len, words)) >= _LONG_NAME:
            parts.append(rf"(?<!\w)(?:#{'[_-]?'.join(words)}|@{'[_-]?'.join(words)}\w{{0,40}})")
    if not parts:
        return None
    address = f"(?P<address>{_URL.pattern}|{_MAIL.pattern})"
    return re.compile("|".join((address, *parts)), re.IGNORECASE)


def model_text(text: str, target: str | None = None) -> str:
    """All of it at once: cleaned, the target marked, masked, spelled out."""
    return spelled(mask(mark_target(clean(text), (target,) if target else ())))


def is_empty(text: str) -> bool:
    """Whether a model text says nothing: no letter beside masked addresses (a spelled-out emoji does say something)."""
    return _LETTER.search(_PLACEHOLDER.sub(" ", text)) is None


class _CharacterTable(dict[int, str]):
    """A table for `str.translate` that works each character out once."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code: int) -> str:
        self[code] = self._rule(chr(code))
        return self[code]


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    # Zero-width joiners, direction marks, soft hyphens (Cf) and lone surrogates (Cs) carry no word and can hide one;
    # characters for private use (Co) are no text.
    return "" if category in ("Cf", "Cs", "Co") else char


def _emoji_name(char: str) -> str:
    if char == TARGET_SIGN:
        return f" {TARGET_WORD} "
    category = unicodedata.category(char)
    if (category == "Mn" and "\ufe00" <= char <= "\ufe0f") or (category == "Sk" and char > "\U0001f000"):
        return ""  # variation selectors and skin tones
    if category == "So" and char > "\u2190":
        return f" {unicodedata.name(char, 'symbol').lower()} "
    return char


_PLAIN = _CharacterTable(_plain)
_SPELLED = _CharacterTable(_emoji_name)
