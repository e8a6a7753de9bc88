"""Fold text into tokens so that queries and posts are compared in one form.

The folding works character by character (so that every token knows where it stood in the original):

- compatibility forms and letter case are evened out (NFKC, case folding), Latin, Greek, Cyrillic, Hebrew and Arabic
  marks are dropped: `Café`, `CAFE` and `ｃａｆｅ` are the same word;
- letters, digits and the vowel signs of Indic scripts make words; everything else separates them, `#`, `@`, `_`, `-`,
  `&`, the apostrophe and emoji too: `#Acme`, `@acme` and `Acme's` all contain the word `acme`;
- scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Myanmar) and Korean, whose particles cling to the word,
  give one token per character, so a word of these scripts is found as a run of characters;
- invisible characters (zero-width joiners, soft hyphens, direction marks) vanish.
"""

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

_MARKS = ((0x0300, 0x036F), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F), (0x0670, 0x0670), (0xFE00, 0xFE0F))
_ONE_BY_ONE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),  # ideographic iteration mark and zero
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x31F0, 0x31FF),
    (0x3400, 0x9FFF),  # Han
    (0xAC00, 0xD7A3),  # Hangul syllables
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
_LONGEST_FOLD = 4  # U+FDFA would unfold into 18 characters; a hostile text must not grow


class _Folding(dict[int, str]):
    """Code point → folded text, filled as characters are met: at most one entry per assigned character."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if unicodedata.category(chr(code)) not in {"Cn", "Co", "Cs"}:
            self[code] = folded
        return folded


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _fold(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf" or _within(ord(char), _MARKS):
        return ""
    plain = unicodedata.normalize("NFKC", char).casefold()
    if len(plain) > _LONGEST_FOLD:
        plain = char
    decomposed = unicodedata.normalize("NFD", plain)
    bare = unicodedata.normalize("NFC", "".join(c for c in decomposed if not _within(ord(c), _MARKS)))
    return "".join(_place(_LETTERS.get(c, c)) for c in bare)


def _place(folded: str) -> str:
    """A folded character as it goes into the text: part of a word, a token of its own, or a separator."""
    if _within(ord(folded[0]), _ONE_BY_ONE):
        return f" {folded} " if unicodedata.category(folded)[0] in "LMN" else " "
    return folded if unicodedata.category(folded[0])[0] in "LMN" else " "


FOLDING = _Folding()


def tokens_of(text: str) -> list[str]:
    """The folded tokens of a text, in order. Time is linear in its length."""
    return text.translate(FOLDING).split()


def line_of(tokens: list[str]) -> str:
    """Tokens joined by one space, with a space at both ends, so that ` token ` is always a whole one."""
    return f" {' '.join(tokens)} "


@dataclass(frozen=True, slots=True)
class TokenMap:
    """A folded line that knows where in the original each of its tokens stood."""

    line: str
    starts: tuple[int, ...]  # of each token in `line`
    spans: tuple[tuple[int, int], ...]  # of each token in the original text

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span in the original of all tokens that `line[start:end]` touches with a letter."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        return self.spans[first][0], self.spans[last][1]


def map_tokens(text: str) -> TokenMap:
    """Fold a text and keep the way back; slower than `tokens_of`, for previews only."""
    pieces = [FOLDING[ord(char)] for char in text]
    ends = list(accumulate(len(piece) for piece in pieces))
    folded = "".join(pieces)
    tokens = folded.split()
    starts: list[int] = []
    spans: list[tuple[int, int]] = []
    position = 0
    at = 1
    for token in tokens:
        position = folded.index(token, position)
        end = position + len(token)
        # bisect_right skips the invisible characters before a token, so that a highlight starts at its first letter.
        spans.append((bisect_right(ends, position), bisect_right(ends, end - 1) + 1))
        starts.append(at)
        at += len(token) + 1
        position = end
    return TokenMap(line_of(tokens), tuple(starts), tuple(spans))
