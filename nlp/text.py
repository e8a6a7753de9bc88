"""Public text as the model reads it: cleaned, masked and cut, the same way in training and in service."""

import html
import re
import unicodedata
from functools import lru_cache

# A post longer than this is cut before anything else looks at it, so that a 5 MB text costs no more than a long article.
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
_SPACE = re.compile(r"\s+")
_LETTER = re.compile(r"[^\W\d_]")


def cut(text: str) -> str:
    """Head and tail of a huge text (at most `HEAD_CHARS + TAIL_CHARS` characters), a shorter one unchanged."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]} {text[-TAIL_CHARS:]}"


def clean(text: str) -> str:
    """Readable plain text: entities and simple markup undone, NFC, control and zero-width characters dropped."""
    text = html.unescape(cut(text))
    text = unicodedata.normalize("NFC", _MARKUP.sub(" ", text))
    text = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return _SPACE.sub(" ", "".join(char for char in text if _is_kept(char))).strip()


def mask(text: str) -> str:
    """Cleaned text without addresses of people: mail, handles, Reddit names and long numbers become plain words."""
    text = _MAIL.sub("email", _URL.sub("http", text))
    text = _REDDIT_USER.sub("u/user", _HANDLE.sub("@user", text))
    return _PHONE.sub("number", text)


def model_text(text: str) -> str:
    """What the tokenizer gets: clean and masked, hashtags split into words, emoji spelled out, repeats shortened."""
    text = unicodedata.normalize("NFKC", mask(clean(text)))
    text = _HASHTAG.sub(lambda match: f"# {_CAMEL.sub(' ', match[1])}", text)
    text = _REPEAT.sub(r"\1\1\1", text)
    return _SPACE.sub(" ", "".join(_spelled(char) for char in text)).strip()


def has_words(text: str) -> bool:
    """Whether a text holds any letter at all (an emoji, a number or a link alone holds none)."""
    return _LETTER.search(_URL.sub(" ", text)) is not None


def _is_kept(char: str) -> bool:
    # Zero-width joiners, direction marks, soft hyphens (Cf) and lone surrogates (Cs) carry no word and can hide one.
    return unicodedata.category(char) not in ("Cf", "Cs")


@lru_cache(maxsize=4_096)
def _spelled(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Mn" and "\ufe00" <= char <= "\ufe0f" or category == "Sk" and char > "\U0001f000":
        return ""  # variation selectors and skin tones
    if category == "So" and char > "\u2190":
        return f" {unicodedata.name(char, 'symbol').lower()} "
    return char
