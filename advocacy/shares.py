"""The address of a public post → platform, the platform's own id, and one canonical address per post."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

MAX_CHARS = 2000


class ShareError(Exception):
    """The address is no public post that is known here; the message says what to paste instead."""


@dataclass(frozen=True, slots=True)
class PublicPost:
    """A post: the same post gives the same `platform` and `native_id`, whichever of its addresses was pasted."""

    platform: str
    native_id: str
    url: str


_Reader = Callable[[SplitResult], PublicPost | None]


def read_share(address: str) -> PublicPost:
    """The post that an address leads to; nothing is fetched. Raises ShareError with words for the person who pasted it.

    Known: X, LinkedIn, Bluesky, Mastodon (any server), Reddit, Hacker News, YouTube, Instagram, Threads, Facebook,
    TikTok. Short links are refused, since only the platform knows where they lead.
    """
    parts = _split(address)
    host = _bare(parts.hostname or "")
    if host in _SHORT:
        raise ShareError(f"{host} is a short link: open it and paste the address that the browser then shows")
    reader = _READERS.get(host)
    if reader is None:
        post = _mastodon(parts)
        if post is None:
            raise ShareError(f"{host} is not a platform that is known here, or the address is not that of one post")
        return post
    post = reader(parts)
    if post is None:
        raise ShareError(f"this is an address of {host}, but not that of one public post: {_HINT}")
    return post


def author_of(address: str) -> str | None:
    """The account that an address of a post names, without @ and in lower case; None: it names none."""
    path = _path(_split(address))
    found = re.search(
        r"^/(?:profile/)?@?([A-Za-z0-9._:-]+)(?:@[A-Za-z0-9.-]+)?/(?:status(?:es)?|post|video|photo)/", path
    )
    found = found or re.search(r"^/@([A-Za-z0-9_.-]+)(?:@[A-Za-z0-9.-]+)?/[0-9]+$", path)
    return found[1].lower() if found and found[1] not in {"i", "web"} else None


_HINT = "open the post by itself and paste the address that the browser then shows"
_SHORT = frozenset({"t.co", "lnkd.in", "bit.ly", "fb.watch", "fb.me", "vm.tiktok.com", "vt.tiktok.com"})
_REGIONAL = ("linkedin.com", "facebook.com")  # de.linkedin.com, de-de.facebook.com
_PREFIXES = ("www.", "m.", "mobile.", "old.", "new.", "np.", "web.", "mbasic.", "music.")


def _split(address: str) -> SplitResult:
    text = address.strip()
    if len(text) > MAX_CHARS:
        raise ShareError(f"the address is longer than {MAX_CHARS} characters")
    if not text.isprintable() or " " in text or "\\" in text:
        raise ShareError("paste one address only, without spaces")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ShareError("this can't be read as an address") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ShareError("the address must begin with https://")
    if "@" in parts.netloc or port not in {None, 80, 443}:
        raise ShareError("the address carries a user name or a port; paste it as the browser shows it")
    return parts


def _bare(host: str) -> str:
    host = host.lower().rstrip(".")
    regional = next((base for base in _REGIONAL if host.endswith(f".{base}")), None)
    if regional:
        return regional
    prefix = next((prefix for prefix in _PREFIXES if host.startswith(prefix)), "")
    return host[len(prefix) :]


def _path(parts: SplitResult) -> str:
    return unquote(parts.path).rstrip("/")


def _first(parts: SplitResult, name: str) -> str:
    return parse_qs(parts.query).get(name, [""])[0]


def _x(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/(?:i/web|i|[A-Za-z0-9_]{1,20})/status(?:es)?/([0-9]{1,20})(?:/.*)?", _path(parts))
    return PublicPost("x", found[1], f"https://x.com/i/status/{found[1]}") if found else None


def _linkedin(parts: SplitResult) -> PublicPost | None:
    path = _path(parts)
    found = re.fullmatch(r"/feed/update/urn:li:(activity|share|ugcPost):([0-9]{10,25})", path) or re.fullmatch(
        r"/posts/[^/]*-(activity|share|ugcPost)-([0-9]{10,25})(?:-[^/]*)?", path
    )
    if not found:
        return None
    urn = f"urn:li:{found[1]}:{found[2]}"
    return PublicPost("linkedin", urn, f"https://www.linkedin.com/feed/update/{urn}")


def _bluesky(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/profile/([A-Za-z0-9.:_-]{3,253})/post/([a-z0-9]{5,20})", _path(parts))
    if not found:
        return None
    author = found[1] if found[1].startswith("did:") else found[1].lower()
    return PublicPost(
        "bluesky", f"at://{author}/app.bsky.feed.post/{found[2]}", f"https://bsky.app/profile/{author}/post/{found[2]}"
    )


def _mastodon(parts: SplitResult) -> PublicPost | None:
    """Any host may be a server; an id counts only together with it."""
    host = (parts.hostname or "").lower().rstrip(".")
    if not re.fullmatch(r"(?=.{4,253}$)(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}", host):
        return None
    found = re.fullmatch(r"/@([A-Za-z0-9_.-]{1,64}(?:@[A-Za-z0-9.-]{3,253})?)/([0-9]{5,25})", _path(parts))
    found = found or re.fullmatch(r"/users/([A-Za-z0-9_.-]{1,64})/statuses/([0-9]{5,25})", _path(parts))
    if not found:
        return None
    return PublicPost("mastodon", f"{host}/{found[2]}", f"https://{host}/@{found[1]}/{found[2]}")


def _reddit(parts: SplitResult) -> PublicPost | None:
    path = _path(parts)
    found = re.fullmatch(
        r"(?:/(?:r|user|u)/[A-Za-z0-9_-]{1,30})?/comments/([a-z0-9]{3,12})(?:/[^/]*(?:/([a-z0-9]{3,12}))?)?", path
    )
    if not found:
        return None
    post, comment = found[1], found[2]
    if comment:
        return PublicPost("reddit", f"t1_{comment}", f"https://www.reddit.com/comments/{post}/_/{comment}/")
    return PublicPost("reddit", f"t3_{post}", f"https://www.reddit.com/comments/{post}/")


def _redd_it(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/([a-z0-9]{3,12})", _path(parts))
    return PublicPost("reddit", f"t3_{found[1]}", f"https://www.reddit.com/comments/{found[1]}/") if found else None


def _hackernews(parts: SplitResult) -> PublicPost | None:
    number = _first(parts, "id")
    if _path(parts) != "/item" or not re.fullmatch(r"[0-9]{1,12}", number):
        return None
    return PublicPost("hackernews", number, f"https://news.ycombinator.com/item?id={number}")


def _youtube(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/(?:shorts|live|embed|v)/([A-Za-z0-9_-]{11})", _path(parts))
    return _video(found[1] if found else _first(parts, "v") if _path(parts) == "/watch" else "")


def _youtu_be(parts: SplitResult) -> PublicPost | None:
    return _video(_path(parts).removeprefix("/"))


def _video(code: str) -> PublicPost | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{11}", code):
        return None
    return PublicPost("youtube", code, f"https://www.youtube.com/watch?v={code}")


def _instagram(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"(?:/[A-Za-z0-9_.]{1,30})?/(?:p|reel|reels|tv)/([A-Za-z0-9_-]{5,40})", _path(parts))
    return PublicPost("instagram", found[1], f"https://www.instagram.com/p/{found[1]}/") if found else None


def _threads(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/(@[A-Za-z0-9_.]{1,30})/post/([A-Za-z0-9_-]{5,40})", _path(parts))
    return PublicPost("threads", found[2], f"https://www.threads.com/{found[1]}/post/{found[2]}") if found else None


_FACEBOOK_POST = re.compile(
    r"(?:/groups/[A-Za-z0-9.]{1,80}/(?:posts|permalink)|/[A-Za-z0-9.-]{1,80}/(?:posts|videos)(?:/[^/]{1,200})?|/reel)"
    r"/([0-9]{5,25}|pfbid[A-Za-z0-9]{10,120})"
)


def _facebook(parts: SplitResult) -> PublicPost | None:
    path = _path(parts)
    found = _FACEBOOK_POST.fullmatch(path)
    if found:
        return PublicPost("facebook", found[1], f"https://www.facebook.com{path}")
    if path in {"/permalink.php", "/story.php"}:
        story, page = _first(parts, "story_fbid"), _first(parts, "id")
        if re.fullmatch(r"[0-9]{5,25}|pfbid[A-Za-z0-9]{10,120}", story) and re.fullmatch(r"[0-9]{3,25}", page):
            url = f"https://www.facebook.com/permalink.php?story_fbid={story}&id={page}"
            return PublicPost("facebook", story, url)
    for place, name in (("/watch", "v"), ("/photo", "fbid"), ("/photo.php", "fbid")):
        number = _first(parts, name)
        if path == place and re.fullmatch(r"[0-9]{5,25}", number):
            return PublicPost("facebook", number, f"https://www.facebook.com{place}?{name}={number}")
    return None


def _tiktok(parts: SplitResult) -> PublicPost | None:
    found = re.fullmatch(r"/(@[A-Za-z0-9_.-]{1,40})/(video|photo)/([0-9]{10,25})", _path(parts))
    return PublicPost("tiktok", found[3], f"https://www.tiktok.com/{found[1]}/{found[2]}/{found[3]}") if found else None


_READERS: dict[str, _Reader] = {
    "x.com": _x,
    "twitter.com": _x,
    "linkedin.com": _linkedin,
    "bsky.app": _bluesky,
    "reddit.com": _reddit,
    "redd.it": _redd_it,
    "news.ycombinator.com": _hackernews,
    "youtube.com": _youtube,
    "youtu.be": _youtu_be,
    "instagram.com": _instagram,
    "threads.net": _threads,
    "threads.com": _threads,
    "facebook.com": _facebook,
    "tiktok.com": _tiktok,
}
