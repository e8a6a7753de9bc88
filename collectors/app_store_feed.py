"""The App Store's public feed of customer reviews, as JSON and as Atom: pure reading."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from collectors.errors import CollectError
from collectors.fields import moment, number, record, several, text, web_link
from collectors.post import Json, RawAuthor, RawPost

_ATOM = "{http://www.w3.org/2005/Atom}"
_IM = "{http://itunes.apple.com/rss}"
_PAGE = re.compile(r"/page=(\d{1,3})/")
_KEPT = ("id", "title", "content", "updated", "im:rating", "im:version", "im:voteSum", "im:voteCount", "country")
_MASK = "[author]"  # what the privacy door leaves of a text that holds its author's name


@dataclass(frozen=True, slots=True)
class Page:
    """One page: reviews as the feed gives them, and how many pages it says that there are."""

    entries: tuple[Json, ...]
    last: int | None

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(_label(record(entry), "id") for entry in self.entries)


def json_page(body: bytes) -> Page:
    """Read a JSON page; raise `CollectError` when it is none. One review comes as an object, none as nothing."""
    try:
        feed = record(record(json.loads(body)).get("feed"))
    except (ValueError, RecursionError) as error:
        what = "an HTML page" if body.lstrip()[:1] == b"<" else "something that is not JSON"
        raise CollectError("bad_answer", f"The App Store answered with {what} where reviews were due.") from error
    if not feed:
        raise CollectError("bad_answer", "The App Store answered without its feed.")
    given = feed.get("entry")
    entries: list[Json] = [given] if isinstance(given, dict) else several(given)
    links = [record(record(link).get("attributes")) for link in several(feed.get("link"))]
    return Page(_reviews(entries), _last({text(link.get("rel")): text(link.get("href")) for link in links}))


def xml_page(body: bytes) -> Page:
    """Read an Atom page into the shape of the JSON one; raise `CollectError` when it is none.

    Declarations of types and entities have no place in these feeds, so a page with one is refused unread.
    """
    words = body.decode("utf-8-sig", "replace")
    if "<!DOCTYPE" in words or "<!ENTITY" in words:
        raise CollectError("bad_answer", "The App Store answered with a page where reviews were due.")
    try:
        root = ET.fromstring(words)  # noqa: S314 - without declarations there is nothing to expand
    except (ET.ParseError, ValueError) as error:
        raise CollectError("bad_answer", "The App Store answered with XML that cannot be read.") from error
    links = {link.get("rel", ""): link.get("href", "") for link in root.findall(f"{_ATOM}link")}
    return Page(_reviews([_entry_of(node) for node in root.findall(f"{_ATOM}entry")]), _last(links))


def post_of(entry: Json) -> RawPost | None:
    """A review as a post; None when it has no usable id or no stars. `country` is the store it is from."""
    shape = record(entry)
    native_id = _label(shape, "id")
    stars = number(_label(shape, "im:rating"))
    words = _label(shape, "content")
    title = " ".join(_label(shape, "title").split())
    if not re.fullmatch(r"[0-9]{1,20}", native_id) or stars is None or not 1 <= stars <= 5 or words == _MASK:
        return None
    return RawPost(
        native_id=native_id,
        text=words,
        published_at=moment(_label(shape, "updated")),
        url=web_link(record(record(shape.get("link")).get("attributes")).get("href")),
        title=title or None,
        author=_author(record(shape.get("author"))),
        kind="review",
        rating=float(stars),
        stated={"kind": "review", "stars": str(stars), "author_status": "customer"},
        raw={name: shape[name] for name in _KEPT if shape.get(name) is not None},
    )


def dated(page: Page, other: Page) -> Page:
    """The reviews of `page` with the dates that `other` has for them."""
    known = {_label(record(entry), "id"): record(entry).get("updated") for entry in other.entries}
    entries = tuple(
        record(entry) | {"updated": date} if (date := known.get(_label(record(entry), "id"))) else entry
        for entry in page.entries
    )
    return Page(entries, page.last)


def undated(page: Page) -> int:
    """How many reviews of a page have no date that can be read."""
    return sum(moment(_label(record(entry), "updated")) is None for entry in page.entries)


def _reviews(entries: list[Json]) -> tuple[Json, ...]:
    """All that is no app: older feeds put the app itself first, which has a name and no stars."""
    return tuple(one for one in entries if not (isinstance(one, dict) and "im:name" in one and "im:rating" not in one))


def _last(links: Mapping[str, str]) -> int | None:
    found = _PAGE.search(links.get("last", ""))
    return int(found[1]) if found else None


def _label(shape: Mapping[str, Json], name: str) -> str:
    """`{"label": "5"}` is how the feed writes 5."""
    value = shape.get(name)
    inner = record(value).get("label") if isinstance(value, dict) else value
    return str(inner) if isinstance(inner, int) and not isinstance(inner, bool) else text(inner).strip()


def _author(shape: Mapping[str, Json]) -> RawAuthor | None:
    name, profile = _label(shape, "name"), _label(shape, "uri")
    if not name and not profile:
        return None
    account = re.search(r"/id(\d{1,20})$", profile)
    return RawAuthor(
        "app_store", native_id=account[1] if account else None, display_name=name or None, profile_url=profile or None
    )


def _entry_of(node: ET.Element) -> dict[str, Json]:
    """An Atom entry in the shape of a JSON one; of its two contents the plain one."""
    entry: dict[str, Json] = {}
    for name in ("id", "title", "updated"):
        entry[name] = {"label": node.findtext(f"{_ATOM}{name}", "")}
    for name in ("rating", "version", "voteSum", "voteCount", "name"):
        if (value := node.findtext(f"{_IM}{name}")) is not None:
            entry[f"im:{name}"] = {"label": value}
    contents = node.findall(f"{_ATOM}content")
    plain = next((one for one in contents if one.get("type") == "text"), None)
    entry["content"] = {"label": (plain.text or "") if plain is not None else ""}
    author = node.find(f"{_ATOM}author")
    if author is not None:
        entry["author"] = {name: {"label": author.findtext(f"{_ATOM}{name}", "")} for name in ("name", "uri")}
    link = node.find(f"{_ATOM}link")
    if link is not None:
        entry["link"] = {"attributes": {"href": link.get("href", "")}}
    return entry


__all__ = ["Page", "dated", "json_page", "post_of", "undated", "xml_page"]
