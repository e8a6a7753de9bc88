"""The one door for privacy: raw posts go in, posts without their authors come out."""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from collectors.masking import (
    Markers,
    markers_of,
    mask_author,
    mask_handles,
    mask_persons,
    mentions,
    mentions_in_address,
    squash,
)
from collectors.post import HIDE, Json, Post, RawAuthor, RawPost
from collectors.pseudonyms import HASHED, SURVEY, Keychain

MAX_URL_CHARS = 2_000
MAX_NATIVE_ID_CHARS = 500
MAX_TITLE_CHARS = 1_000
RAW_DEPTH = 20
_MAX_COUNT = 2**63 - 1
_DID = re.compile(r"did:[a-z]{1,20}:")  # the account of a person, in the ids of Bluesky
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses both
_PERSON_KEY = re.compile(
    r"(?i)^_?(?:dc_?|itunes_?|media_?)?(?:authors?|by|creators?|contributors?|publishers?|managingeditor|webmaster|owners?"
    r"|users?|accounts?|actor|poster|submitter|reviewer|respondent|employee|person|profile|avatar|handle|nick(?:name)?"
    r"|screen_?name|display_?name|user_?name|full_?name|first_?name|last_?name|e-?mail|phone|did|highlight_?result)"
    r"(?:[_.-].*|_?id|_?url|_?name|_?link|_?uri|_?detail|image|photo)?$"
)
_STATUS = re.compile(r"(?i)^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/([^/]+)/status(?:es)?/(\d{1,20})")
_LINKEDIN = re.compile(r"(?i)^https?://(?:[a-z]+\.)?linkedin\.com/posts/.*?-(activity|ugcPost|share)-(\d{5,25})")


class PrivacyDoor:
    """Turns raw authors into keyed pseudonyms and masks persons; nothing reads a raw author but this class.

    `own_accounts` are (platform, handle) pairs of the company, `public_names` further names of organisations (the
    company's and its rivals'): both stay readable. Host names stay in links even where they resemble the author's
    display name, since they name the publication. `keys` is the chain of keys, or the only one.
    """

    def __init__(
        self, keys: Keychain | bytes, own_accounts: Collection[tuple[str, str]], public_names: Collection[str] = ()
    ) -> None:
        self._keys = keys if isinstance(keys, Keychain) else Keychain((keys,))
        self._own = {(platform.casefold(), squash(handle)) for platform, handle in own_accounts}
        self._kept = {handle for _, handle in self._own} | {squash(name) for name in public_names} - {""}

    def admit(self, raw: RawPost, now: datetime, max_chars: int) -> Post:
        """The post as it may be stored, collected at `now`; raise `ValueError` on a date without a time zone."""
        own = self._is_own(raw.author)
        markers = Markers() if own or raw.author is None else self._markers(raw.author)
        published, date_from = _dated(raw.published_at, now)
        native_id = self._identifier(raw.native_id, markers)
        return Post(
            native_id=native_id,
            text=_cut(self._masked(raw.text[: max_chars * 8], markers), max_chars),
            published_at=published,
            date_from=date_from,
            url=self._address(raw.url, markers, own=own),
            title=None if raw.title is None else _cut(self._masked(raw.title[:10_000], markers), MAX_TITLE_CHARS),
            author_key=self._pseudonym(raw.author),
            followers=_count(raw.followers),
            own_account=own,
            kind=raw.kind,
            lang=raw.lang if raw.lang and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?", raw.lang) else None,
            reply_to=None if raw.reply_to is None else self._identifier(raw.reply_to, markers),
            rating=raw.rating,
            counters={name: count for name, value in raw.counters.items() if (count := _count(value)) is not None},
            stated={name: self._value(value, markers, max_chars) for name, value in raw.stated.items()},
            raw=self._object(raw.raw, markers, max_chars, RAW_DEPTH),
            sealed_ref=self._keys.seal(raw.native_id) if native_id.startswith(HASHED) else None,
        )

    def keys_of(self, native_id: str) -> tuple[str, ...]:
        """Both keys under which a post of this id may be stored: as it is, and hashed because it names its author."""
        if native_id.startswith(HIDE):
            return (self._survey_id(native_id),)
        return _storable(native_id), f"{HASHED}{self._digest(native_id)}"

    def pseudonyms_of(self, author: RawAuthor) -> tuple[str, ...]:
        """Every pseudonym under which posts of this author may be stored.

        One for each identifier that is given, and each handle also as an id, since some platforms' ids are handles.
        """
        found = set(_identifiers(author))
        for name in (author.native_id, author.handle and author.handle.strip().lstrip("@")):
            found |= {("id", name), ("id", name.casefold()), ("handle", name.casefold())} if name else set()
        return tuple(sorted(self._digest(f"{author.platform}\0{kind}\0{value}") for kind, value in found))

    def shown_id(self, native_id: str) -> str:
        """An id of which only itself is known, as posts show theirs: hashed where it names somebody."""
        if _DID.search(native_id):
            return f"{HASHED}{self._digest(native_id)}"
        return self._identifier(native_id, Markers())

    def unseal(self, sealed_ref: str) -> str | None:
        """The native id behind `Post.sealed_ref`, for asking the platform again; None: its key was lost."""
        return self._keys.unseal(sealed_ref)

    def _is_own(self, author: RawAuthor | None) -> bool:
        if author is None or not author.handle:
            return False
        return (author.platform.casefold(), squash(author.handle)) in self._own

    def _markers(self, author: RawAuthor) -> Markers:
        names = [author.display_name]
        handles = [author.handle, author.native_id]
        if squash(author.display_name or "") in self._kept:
            names = []  # an organisation signs with the name everybody may read
        handles = [handle for handle in handles if squash(handle or "") not in self._kept]
        names += [name for name in author.others if squash(name) not in self._kept]
        return markers_of(handles, names, author.profile_url)

    def _pseudonym(self, author: RawAuthor | None) -> str | None:
        """HMAC-SHA256 over platform and the steadiest identifier, 128 bits as hex."""
        if author is None:
            return None
        found = next(_identifiers(author), None)
        return None if found is None else self._digest(f"{author.platform}\0{found[0]}\0{found[1]}")

    def _digest(self, text: str) -> str:
        return self._keys.digest(text)

    def _survey_id(self, native_id: str) -> str:
        return f"{SURVEY}{self._keys.survey_digest(native_id.removeprefix(HIDE))}"

    def _identifier(self, native_id: str, markers: Markers) -> str:
        """The platform's id, replaced by a steady pseudonym where it holds the author or is too long to index."""
        if native_id.startswith(HIDE):
            return self._survey_id(native_id)
        clean = _storable(native_id)
        if len(clean) > MAX_NATIVE_ID_CHARS or mentions(clean, markers) or mentions_in_address(clean, markers):
            return f"{HASHED}{self._digest(native_id)}"
        masked = mask_handles(clean, self._kept)
        return clean if masked == clean else f"{HASHED}{self._digest(native_id)}"

    def _masked(self, text: str, markers: Markers) -> str:
        return mask_persons(mask_author(_storable(text), markers), self._kept)

    def _address(self, url: str | None, markers: Markers, *, own: bool) -> str | None:
        """The link of the post if it may be shown: without the author, or in the platform's form that names nobody."""
        clean = _storable(url or "").strip()
        if not clean or len(clean) > MAX_URL_CHARS or not _is_web_address(clean):
            return None
        if own:
            return clean
        status, linkedin = _STATUS.match(clean), _LINKEDIN.match(clean)
        if status and squash(status[1]) not in self._kept:
            return f"https://x.com/i/status/{status[2]}"
        if linkedin:
            return f"https://www.linkedin.com/feed/update/urn:li:{linkedin[1]}:{linkedin[2]}"
        if mentions_in_address(clean, markers) or mask_handles(clean, self._kept) != clean:
            return None
        return clean

    def _value(self, value: str, markers: Markers, max_chars: int) -> str:
        """A value of the raw item: words keep their place around the author's name, so that it can be mapped anew."""
        clean = _cut(_storable(value), max_chars)
        if _hides_author(clean, markers):
            return "[author]"
        if not mentions(clean, markers):
            return mask_persons(clean, self._kept)
        masked = self._masked(clean, markers) if any(letter.isspace() for letter in clean) else "[author]"
        return "[author]" if mentions(masked, markers) else masked

    def _object(self, values: Mapping[str, Json], markers: Markers, max_chars: int, depth: int) -> dict[str, Json]:
        return {
            _storable(key): self._stripped(value, markers, max_chars, depth - 1)
            for key, value in values.items()
            if not _PERSON_KEY.match(key) and self._value(key, markers, 500) == key
        }

    def _stripped(self, value: Json, markers: Markers, max_chars: int, depth: int) -> Json:
        """A raw value without persons; what is nested too deep to be looked at is dropped."""
        if isinstance(value, str):
            return self._value(value, markers, max_chars)
        if isinstance(value, int) and not isinstance(value, bool):
            return "[author]" if str(value) in {*markers.words, *markers.brief} else value
        if isinstance(value, dict):
            return self._object(value, markers, max_chars, depth) if depth > 0 else None
        if isinstance(value, list):
            return [self._stripped(item, markers, max_chars, depth - 1) for item in value] if depth > 0 else None
        return None if isinstance(value, float) and value - value != 0 else value  # JSON knows no infinity


def _identifiers(author: RawAuthor) -> Iterator[tuple[str, str]]:
    """What tells an author from others, the steadiest first, as (kind, value)."""
    candidates = (
        ("id", author.native_id),
        ("handle", author.handle and author.handle.strip().lstrip("@").casefold()),
        ("url", author.profile_url),
        ("name", author.display_name and " ".join(author.display_name.split()).casefold()),
    )
    return ((kind, value) for kind, value in candidates if value)


def _hides_author(text: str, markers: Markers) -> bool:
    """Addresses write names with dashes and dots; only values that are one long word can be addresses."""
    return len(text) <= MAX_URL_CHARS and "/" in text and not text.count(" ") and mentions_in_address(text, markers)


def _dated(published: datetime | None, now: datetime) -> tuple[datetime, str]:
    if published is None:
        return now, "collected"
    if published.tzinfo is None:
        raise ValueError("published_at has no time zone")
    try:
        moment = published.astimezone(UTC)
    except OverflowError:  # in the first or last hours that a datetime can hold
        return now, "collected"
    return (now, "clamped") if moment > now else (moment, "source")


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("", text)


def _cut(text: str, max_chars: int) -> str:
    """At most `max_chars`, cut at white space where some is near, so that no half name or mask stays at the end."""
    if len(text) <= max_chars:
        return text
    space = max(text.rfind(gap, max(0, max_chars - 200), max_chars + 1) for gap in " \n\t")
    return text[: space if space > 0 else max_chars].rstrip()


def _count(value: int | None) -> int | None:
    """A counter as given; one that no platform can mean is unknown."""
    return value if value is not None and 0 <= value <= _MAX_COUNT else None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


__all__ = ["PrivacyDoor"]
