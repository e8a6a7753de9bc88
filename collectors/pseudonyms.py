"""The chain of keys under which authors have their pseudonyms, and how a pseudonym moves on to the next key.

The first pseudonym of an author is an HMAC over who they are, each later one an HMAC under the next key over the one
before: so what is stored is moved on without knowing anybody, and who is known is found by going the whole way. A
pseudonym says which key it stands under: 32 hexadecimal digits are the first, `k01` and 32 digits the next.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, replace

from config.sealing import Seal, SealError

HASHED = "hmac:"  # before ids that name their author
SURVEY = "survey:"  # before ids of survey answers
LAST = 99  # generations that the two digits can say
_MARKED = re.compile(r"k(\d\d)[0-9a-f]{32}")
_ID = re.compile(f"({HASHED}|{SURVEY})(k?[0-9a-f]{{32,34}})")
_SURVEY_KEY = b"ids of survey answers"
_REFERENCES = "addresses of posts that name their author"


@dataclass(frozen=True, slots=True)
class Keychain:
    """Keys, the oldest first; the first one belongs to generation `first` (above 0 only after a key was lost).

    `upto`: pseudonyms are made for this generation, where the newest is not in force yet; None: for the newest.
    """

    keys: tuple[bytes, ...]
    first: int = 0
    upto: int | None = None

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) < 16 for key in self.keys):
            raise ValueError("the key of the pseudonyms must have at least 16 bytes")

    @property
    def generation(self) -> int:
        """Of the pseudonyms that are made."""
        return self.first + len(self.keys) - 1 if self.upto is None else self.upto

    @property
    def whole(self) -> "Keychain":
        """The same chain up to its newest key."""
        return replace(self, upto=None)

    def digest(self, text: str) -> str:
        """The pseudonym of what `text` says, 128 bits."""
        return self.forward(marked(self.first, _hmac(self.keys[0], text)))

    def survey_digest(self, native_id: str) -> str:
        """The same for the id of a survey answer, under a key of its own at the beginning."""
        key = hmac.new(self.keys[0], _SURVEY_KEY, hashlib.sha256).digest()
        return self.forward(marked(self.first, _hmac(key, native_id)))

    def forward(self, pseudonym: str) -> str:
        """A pseudonym of an earlier generation as it is now; one from before a lost key is everybody's."""
        at = generation_of(pseudonym)
        if at < self.first:
            return marked(self.generation, "0" * 32)
        for number in range(at + 1, self.generation + 1):
            pseudonym = marked(number, _hmac(self.keys[number - self.first], pseudonym))
        return pseudonym

    def forward_id(self, native_id: str) -> str:
        """A native id with its pseudonym moved on; others, and those from before a lost key, as they are."""
        found = _ID.fullmatch(native_id)
        if found is None or generation_of(found[2]) < self.first:
            return native_id
        return found[1] + self.forward(found[2])

    def seal(self, native_id: str) -> str:
        """An id for second looks, under the newest key."""
        return Seal(self.keys[-1], _REFERENCES).close(native_id)

    def unseal(self, sealed: str) -> str | None:
        """What was sealed under any of the keys; None: under none of them."""
        for key in reversed(self.keys):
            try:
                return Seal(key, _REFERENCES).open(sealed)
            except SealError:
                continue
        return None


def generation_of(pseudonym: str) -> int:
    """The number of the key that a pseudonym stands under."""
    found = _MARKED.fullmatch(pseudonym)
    return int(found[1]) if found else 0


def generation_of_id(native_id: str) -> int | None:
    """The same of a native id; None where it holds no pseudonym."""
    found = _ID.fullmatch(native_id)
    return generation_of(found[2]) if found else None


def marked(generation: int, digest: str) -> str:
    """A pseudonym that says its generation; those of the first key are as they always were."""
    return f"k{generation:02d}{digest}" if generation else digest


def _hmac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
