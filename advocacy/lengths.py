"""How long a post may be, counted as each platform counts.

| platform | limit | how it counts |
|---|---|---|
| X | 280 | NFC; code points 0–4351, 8192–8205, 8208–8223, 8242–8247 weigh 1, others 2; an emoji 2; a link 23 |
| Bluesky | 300 | graphemes, at most 3,000 bytes |
| Mastodon | 500 | graphemes; a link 23; of @name@server only @name; servers may allow more |
| LinkedIn | 3,000 | UTF-16 units |
| Threads | 500 | graphemes; an emoji as its UTF-8 bytes |
| Instagram | 2,200 | UTF-16 units |
| Reddit | 40,000 | code points; the first line is the title, 300 at most |

Sources: X docs.x.com/fundamentals/counting-characters and the configuration v3 of twitter-text; Bluesky the lexicon
app.bsky.feed.post (maxGraphemes, maxLength); Mastodon docs.joinmastodon.org/user/posting; Threads and Instagram
developers.facebook.com (docs/threads/posts; IG User media, `caption`). LinkedIn's 3,000 and Reddit's numbers are those
of their own forms; how LinkedIn counts an emoji is not documented, and UTF-16 units are the larger count.

Where a rule leaves room (links that Bluesky's app shortens), the count is the larger one.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import regex

LINK_LENGTH = 23  # of X and Mastodon, whatever the link's own length
TITLE_LENGTH = 300  # of Reddit
MAX_CHARS = 50_000  # a longer draft is counted by its length alone
_BLUESKY_BYTES = 3_000
_X_SINGLE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_GRAPHEME = regex.compile(r"\X")
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|\p{Regional_Indicator}|\u20E3")
_SCHEME_LINK = regex.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'’”…]", regex.IGNORECASE)
# X makes links of bare host names too, but of a country's only with more labels or a path (twitter-text,
# invalidShortDomain). Of the endings without a country only the frequent ones are known here.
_GENERIC = r"(?:com|org|net|edu|gov|info|biz|dev|app|jobs|co|tv|example)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\."
_PATH = r"/[^\s<>\"]*[^\s<>\".,;:!?)\]'’”…]"
_BARE_LINK = regex.compile(
    rf"(?<![@\w./-])(?:(?:{_LABEL})+{_GENERIC}(?![\w-])(?:{_PATH})?|(?:{_LABEL})+[a-z]{{2}}{_PATH}"
    rf"|(?:{_LABEL}){{2,}}[a-z]{{2}}(?![\w.-]))",
    regex.IGNORECASE,
)
_REMOTE_NAME = regex.compile(r"(?<![\w/])(@\w+(?:[\w.-]*\w)?)@[\w.-]+\w")


@dataclass(frozen=True, slots=True)
class Rule:
    """A platform's limit: at most `limit` of what `unit` names in words for people."""

    limit: int
    unit: str
    count: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is there. `remaining` is negative when it is too long."""

    used: int
    limit: int
    unit: str

    @property
    def remaining(self) -> int:
        """What is left."""
        return self.limit - self.used

    @property
    def fits(self) -> bool:
        """Whether the platform takes it."""
        return self.used <= self.limit


def measure(platform: str, text: str) -> Length:
    """The length of a post as the platform counts it; raises KeyError for one without a rule."""
    rule = RULES[platform]
    used = rule.count(text) if len(text) <= MAX_CHARS else len(text)
    return Length(used, rule.limit, rule.unit)


def links(text: str) -> tuple[str, ...]:
    """The links with a scheme that stand in a text."""
    return tuple(match[0] for match in _SCHEME_LINK.finditer(text[:MAX_CHARS]))


def _x(text: str) -> int:
    plain = unicodedata.normalize("NFC", text).replace(_CUT, " ")
    rest, found = _without(_SCHEME_LINK, plain)
    rest, bare = _without(_BARE_LINK, rest)
    return LINK_LENGTH * (found + bare) + sum(
        2 if _EMOJI.search(cluster) else sum(map(_x_weight, cluster)) for cluster in _GRAPHEME.findall(rest)
    )


def _x_weight(letter: str) -> int:
    point = ord(letter)
    return 0 if letter == _CUT else 1 if any(first <= point <= last for first, last in _X_SINGLE) else 2


def _bluesky(text: str) -> int:
    """Graphemes; a text of few graphemes but too many bytes counts as one too long."""
    graphemes = _graphemes(text)
    return graphemes if len(text.encode("utf-8", "replace")) <= _BLUESKY_BYTES else max(graphemes, 301)


def _mastodon(text: str) -> int:
    rest, found = _without(_SCHEME_LINK, _REMOTE_NAME.sub(r"\1", text.replace(_CUT, " ")))
    return LINK_LENGTH * found + _graphemes(rest) - rest.count(_CUT)


def _threads(text: str) -> int:
    return sum(
        len(cluster.encode("utf-8", "replace")) if _EMOJI.search(cluster) else 1 for cluster in _GRAPHEME.findall(text)
    )


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def _graphemes(text: str) -> int:
    return len(_GRAPHEME.findall(text))


_CUT = "\x1f"  # stands where a link was, so that what is around it does not grow together


def _without(pattern: regex.Pattern[str], text: str) -> tuple[str, int]:
    rest, found = pattern.subn(_CUT, text)
    return rest, found


RULES: dict[str, Rule] = {
    "linkedin": Rule(3_000, "characters", _units),
    "x": Rule(280, "weighted characters", _x),
    "bluesky": Rule(300, "characters", _bluesky),
    "mastodon": Rule(500, "characters", _mastodon),
    "threads": Rule(500, "characters", _threads),
    "instagram": Rule(2_200, "characters", _units),
    "reddit": Rule(40_000, "characters", len),
}
PLATFORMS = tuple(RULES)
