"""Masking of persons in text: the author wherever the name occurs, and everybody's handles, mails, phones, profiles."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.folding import find_words, fold, fold_with_places

AUTHOR, PROFILE, EMAIL, PHONE = "[author]", "[profile]", "[email]", "[phone]"

_NAME = r"(?:\[author\]|[A-Za-z0-9_\u00C0-\u024F\u0400-\u04FF](?:[\w.-]{0,60}[A-Za-z0-9_\u00C0-\u024F\u0400-\u04FF])?)"
_EMAIL = re.compile(
    r"(?<![\w.%+'@-])[\w.%+'\[\]-]{1,254}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    r"|(?<![\w.+-])[\w.+-]{1,64}\s?[\[(](?:at|AT)[\])]\s?[\w-]{1,63}(?:\s?(?:\.|[\[(](?:dot|DOT)[\])])\s?[\w-]{1,63})+"
)
_HANDLE = re.compile(
    rf"(?<![A-Za-z0-9_@/.])[@＠](?:<[^<>]{{0,200}}>){{0,2}}({_NAME})(?:@[\w-]{{1,63}}(?:\.[\w-]{{1,63}})+)?"
)
_REDDIT_USER = re.compile(r"(?<![\w/])/?u/(\[author\]|[A-Za-z0-9_-]{2,40})")
_PHONE = re.compile(
    r"(?<![\w+.,-])(?:(?:\+|00)[1-9](?:[0-9 ().\u00a0-]|/(?=[0-9])){6,20}[0-9]"
    r"|\(0?[0-9]{2,5}\)[ -]?[0-9][0-9 ./-]{4,12}[0-9]|0[1-9][0-9]{1,4}[ /-][0-9][0-9 -]{4,12}[0-9]"
    r"|[2-9][0-9]{2}[-. ][0-9]{3}[-. ][0-9]{4})(?![\w])"
)
_PROFILE = re.compile(
    r"(?<![\w.@/-])(?:https?://)?(?:(?:www|m|old|mobile|[a-z]{2})\.)?(?:"
    rf"(?:x|twitter)\.com/(?P<x>{_NAME})(?:/status(?:es)?/(?P<status>\d{{1,20}}))?"
    rf"|reddit\.com/u(?:ser)?/(?P<reddit>{_NAME})"
    rf"|linkedin\.com/(?:in|pub)/(?P<linkedin>[\w%.\[\]-]{{1,120}})"
    rf"|(?:instagram|facebook)\.com/(?P<meta>profile\.php\?id=\d{{1,20}}|{_NAME})"
    rf"|news\.ycombinator\.com/(?:user|threads|submitted)\?id=(?P<hn>{_NAME})"
    rf"|youtube\.com/(?:@|user/|channel/|c/)(?P<youtube>{_NAME})"
    r"|bsky\.app/profile/(?P<bluesky>[\w.:\[\]-]{1,120})"
    rf"|t\.me/(?P<telegram>{_NAME})"
    rf"|[a-z0-9-]{{1,63}}(?:\.[a-z0-9-]{{1,63}}){{1,4}}/@(?P<other>{_NAME})(?:@[\w.-]{{1,100}})?"
    r")(?:/[^\s<>\"']{0,300})?",
    re.IGNORECASE,
)
# fmt: off
_PAGES = frozenset((
    "i", "home", "search", "hashtag", "hashtags", "intent", "explore", "share", "sharer", "sharer.php", "p",
    "reel", "tv", "groups", "events", "watch", "pages", "stories", "help", "about", "privacy", "story.php",
    "photo.php",
))
# Where the page of a person has its name behind such a word, or behind an @.
_PEOPLE = re.compile(
    r"/(?:@|(?:u|users?|people|persons?|profiles?|members?|authors?|by|channel|c)/@?)([^/?#]{4,100})(?:[/?#]|$)"
)
# Words that sources put where a name is due. They tell of nobody, and masking them would ruin texts and links.
IMPERSONAL = frozenset((
    "admin", "administrator", "anonymous", "anonym", "author", "[author]", "deleted", "[deleted]", "editor",
    "editors", "editorial", "guest", "news", "newsroom", "nobody", "noreply", "no-reply", "phone", "press",
    "profile", "redaktion", "root", "staff", "system", "team", "unknown", "user", "username", "webmaster",
    "email", "e-mail", "removed", "[removed]", "n/a", "none", "null",
))
# fmt: on


def squash(name: str) -> str:
    """Letters and digits of a name, folded: "@Acme_Corp" and "Acme Corp" are the same."""
    return "".join(letter for letter in fold(name) if letter.isalnum())


@dataclass(frozen=True, slots=True)
class Markers:
    """What gives one author away, folded. `words` are looked for everywhere, `brief` only where a name stands alone."""

    words: tuple[str, ...] = ()
    brief: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()  # of the words, those that also count in host names
    sites: tuple[str, ...] = ()  # profile addresses that are whole sites

    @property
    def empty(self) -> bool:
        return not (self.words or self.brief or self.sites)


def markers_of(handles: Iterable[str | None], names: Iterable[str | None], profile: str | None) -> Markers:
    """Sort an author's identifiers by how safely they can be looked for. Impersonal words are none."""
    folded_handles = [name for handle in handles if (name := fold(handle or "").lstrip("@").removeprefix("u/"))]
    given = tuple(names)
    folded_handles += _profile_name(profile, given)
    folded_names = [name for raw in given if (name := fold(raw or "").lstrip("@").removeprefix("/").removeprefix("u/"))]
    known = [name for name in dict.fromkeys(folded_handles + folded_names) if name not in IMPERSONAL]
    address, site = _profile_address(profile)
    words = [name for name in known if _long_enough(name)] + ([address] if address else [])
    return Markers(
        words=tuple(sorted(words, key=len, reverse=True)),
        brief=tuple(name for name in known if not _long_enough(name)),
        handles=tuple(name for name in folded_handles if _long_enough(name) and name not in IMPERSONAL),
        sites=(site,) if site else (),
    )


def _long_enough(name: str) -> bool:
    return len(name) > (2 if name.isascii() else 1)


def _profile_address(url: str | None) -> tuple[str, str]:
    """The address without scheme, and whether it is a page of a site or (second place) a whole site."""
    bare = fold(url or "").partition("://")[2].removeprefix("www.").rstrip("/")
    return (bare, "") if "/" in bare or "?" in bare else ("", bare)


def _profile_name(url: str | None, names: Iterable[str | None]) -> list[str]:
    """The name by which a profile's address calls its owner, unless it may be a word like any other ("about")."""
    found = _PEOPLE.search(fold(url or "").partition("://")[2])
    if found is None:
        return []
    own = {word for name in names for word in re.split(r"[\W_]+", fold(name or "")) if len(word) > 3}
    known = any(word in found[1] for word in own)
    odd = not found[1].isalpha() and not (found[1].isdecimal() and len(found[1]) < 6)
    return [found[1]] if known or odd else []


def mentions(text: str, markers: Markers) -> bool:
    """Whether a value from outside, in any usual disguise, gives the author away."""
    if markers.empty or not text:
        return False
    folded = fold(text)
    if any(find_words(folded, word) for word in (*markers.words, *markers.sites)):
        return True
    if len(folded) > 200 or " " in folded:
        return False
    return not set(re.split(r"[\W_]+", folded)).isdisjoint(markers.brief) or folded in markers.brief


def mentions_in_address(url: str, markers: Markers) -> bool:
    """Whether an address gives the author away. In the host only a handle counts: a host names the publication."""
    host = _spaced(fold(_host(url)))
    path = _spaced(fold(url.split("://", 1)[-1].partition("/")[2]))
    if any(find_words(path, spaced) for word in markers.words if (spaced := _spaced(word))):
        return True
    if any(find_words(host, spaced) for word in markers.handles if (spaced := _spaced(word))):
        return True
    return not set(re.split(r"[\W_]+", path)).isdisjoint(markers.brief)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _spaced(folded: str) -> str:
    return " ".join(re.split(r"[\W_]+", folded)).strip()


def mask_author(text: str, markers: Markers) -> str:
    """Replace every whole-word occurrence of the author's markers, in any case or escaping, by `[author]`."""
    wanted = (*markers.words, *markers.sites)
    plain = fold(text) if wanted else ""
    present = [word for word in wanted if find_words(plain, word)]
    if not present:
        return text
    folded = fold_with_places(text)
    spans = [span for word in present for span in find_words(folded.text, word)]
    pieces, done = [], 0
    for first, last in sorted(spans):
        start, end = folded.starts[first], folded.ends[last - 1]
        if end > done:
            pieces += [text[done : max(start, done)], AUTHOR if start >= done else ""]
            done = end
    return "".join(pieces) + text[done:]


def mask_persons(text: str, kept: Collection[str]) -> str:
    """Replace handles, mail addresses, phone numbers and profile links; names in `kept` (squashed) stay."""
    return _PHONE.sub(_phone, mask_handles(text, kept))


def mask_handles(text: str, kept: Collection[str]) -> str:
    """Like `mask_persons` without phone numbers, which addresses and ids of articles resemble."""
    text = _PROFILE.sub(lambda found: _profile(found, kept), text)
    text = _EMAIL.sub(EMAIL, text)
    text = _HANDLE.sub(lambda found: found[0] if squash(found[1]) in kept else "@user", text)
    return _REDDIT_USER.sub(lambda found: found[0] if squash(found[1]) in kept else "u/user", text)


def _profile(found: re.Match[str], kept: Collection[str]) -> str:
    name = next(value for key, value in found.groupdict().items() if value and key != "status")
    if name.lower() in _PAGES or squash(name) in kept:
        return found[0]
    return f"https://x.com/i/status/{found['status']}" if found["status"] else PROFILE


def _phone(found: re.Match[str]) -> str:
    digits = sum(letter.isdigit() for letter in found[0])
    return PHONE if 8 <= digits <= 16 else found[0]


__all__ = [
    "IMPERSONAL",
    "Markers",
    "markers_of",
    "mask_author",
    "mask_handles",
    "mask_persons",
    "mentions",
    "mentions_in_address",
    "squash",
]
