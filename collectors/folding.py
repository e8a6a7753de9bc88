"""Text made comparable: decoded, without case, accents and invisible characters, with the way back to the original."""

import html
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

_ENCODED = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});?|(?:%[0-9a-fA-F]{2})+")
_UNIT = re.compile(_ENCODED.pattern + "|.", re.DOTALL)
_DROPPED = {"Mn", "Cf"}  # combining marks, and the invisible characters that only shape or join
_UNSEGMENTED = ((0x0E00, 0x109F), (0x1780, 0x17FF), (0x2E80, 0xD7FF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


class _Letters(dict[int, str]):
    """Folding of one character, remembered; the folding of a text is that of its characters in a row."""

    def __missing__(self, code: int) -> str:
        lower = unicodedata.normalize("NFKD", chr(code)).casefold()
        plain = unicodedata.normalize("NFKD", lower)
        folded = "".join(" " if letter.isspace() else letter for letter in plain if _kept(letter))
        if len(self) < 50_000:
            self[code] = folded
        return folded


def _kept(letter: str) -> bool:
    return unicodedata.category(letter) not in _DROPPED


_letters = _Letters()


def fold(text: str) -> str:
    """`text` decoded once (HTML entities, percent-encoding) and folded; runs of white space are one space."""
    if "%" in text or "&" in text:
        text = _ENCODED.sub(lambda unit: _decoded(unit[0]), text)
    folded = text.lower() if text.isascii() else text.translate(_letters)
    return " ".join(folded.split())


def _decoded(unit: str) -> str:
    if len(unit) == 1:
        return unit
    return html.unescape(unit) if unit[0] == "&" else unquote(unit, errors="replace")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text and, for each of its characters, the stretch of the original that it came from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


def fold_with_places(text: str) -> Folded:
    """Like `fold`, except that a space at either end stays."""
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for unit in _UNIT.finditer(text):
        for letter in _decoded(unit[0]).translate(_letters):
            if letter == " " and letters and letters[-1] == " ":
                continue
            letters.append(letter)
            starts.append(unit.start())
            ends.append(unit.end())
    return Folded("".join(letters), tuple(starts), tuple(ends))


def find_words(folded: str, wanted: str) -> list[tuple[int, int]]:
    """Where `wanted` (folded) stands as whole words. Scripts without spaces have no word ends to ask for."""
    places, start = [], folded.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        if not (_joined(folded, start) or _joined(folded, end)):
            places.append((start, end))
            start = folded.find(wanted, end)
        else:
            start = folded.find(wanted, start + 1)
    return places


def _joined(text: str, place: int) -> bool:
    """Whether the characters before and at `place` belong to one word."""
    return 0 < place < len(text) and _in_word(text[place - 1]) and _in_word(text[place])


def _in_word(letter: str) -> bool:
    code = ord(letter)
    return letter.isalnum() and not any(low <= code <= high for low, high in _UNSEGMENTED)


__all__ = ["Folded", "find_words", "fold", "fold_with_places"]
