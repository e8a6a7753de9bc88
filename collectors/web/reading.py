"""A page as items: by what it states in the words of schema.org, by CSS fields, or as one article. No network."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from parsel import Selector

from collectors.article import extract
from collectors.dates import order_of
from collectors.errors import CollectError
from collectors.html_text import plain_text
from collectors.post import Json
from collectors.web.item import DATE_NAMES, TEXT_NAMES, body_of, post_of, status_in
from collectors.web.site import FieldRule, Site, host_of
from collectors.web.structured import stated_reviews
from collectors.web.values import MAX_TEXT, first_object, first_string, has_zone, moment, strings

MAX_ITEMS = 2_000  # of one page
MAX_LINKS = 2_000
_STEADY = re.compile(r"\d{4}|[0-9a-f]{8}|[0-9A-Za-z_-]{16}")  # what an id has and a running number has not
_OF_PAGE = ("bestRating", "worstRating", "ratingValue", "reviewCount", "ratingCount")  # of the rating over all reviews
_KEPT = (*TEXT_NAMES, *DATE_NAMES, "headline", "name", "url", "@id", "identifier", "inLanguage",
         "positiveNotes", "negativeNotes", "upvoteCount", "commentCount")  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageRead:
    """What one page gave. `items` are for `post_of`; the counts are for the words on the Sources page."""

    items: tuple[dict[str, Json], ...] = ()
    unreadable: int = 0
    repeated: int = 0
    undated: int = 0
    without_zone: int = 0
    rated_only: bool = False  # an average rating is there, single reviews are not
    next: str | None = None
    links: tuple[str, ...] = ()


def read_page(markup: str, url: str, site: Site, *, article: bool = True) -> PageRead:
    """Read one page. `article` False: an overview page of a press site, of which only the links count."""
    page = Selector(markup or "<html></html>", base_url=url)
    rated_only, unreadable, aggregate = False, 0, None
    if site.read == "forum":
        nodes = _by_fields(page, site)
    elif site.read == "article":
        nodes = _article(markup, url) if article else []
    else:
        found = stated_reviews(page, markup)
        nodes, unreadable, aggregate = list(found.reviews), found.unreadable, found.aggregate
        rated_only = aggregate is not None and not nodes
    following, links = links_of(page, url, site)
    read = items_of(nodes[:MAX_ITEMS], url, site, aggregate)
    return PageRead(
        read.items,
        read.unreadable + unreadable,
        read.repeated,
        read.undated,
        read.without_zone,
        rated_only,
        following,
        links,
    )


def items_of(
    nodes: Sequence[dict[str, Json]], url: str, site: Site, aggregate: Mapping[str, Json] | None = None
) -> PageRead:
    """Nodes as items with steady ids; what says nothing is counted as unreadable, what is there twice as repeated."""
    order = order_of(date for node in nodes if (date := first_string(node, *DATE_NAMES))).order
    scale: Json = {name: _short(aggregate.get(name)) for name in _OF_PAGE} if aggregate else None
    own_ids = Counter(_own_id(node, url) for node in nodes)
    seen: set[str] = set()
    same: Counter[str] = Counter()
    items: list[dict[str, Json]] = []
    unreadable = repeated = undated = without_zone = 0
    for node in nodes:
        trimmed = _trimmed(node)
        given = _own_id(node, url)
        content = _content_id(trimmed, url)
        whole = f"{given}\n{content}\n{'|'.join(strings(node.get('author')))}"
        if whole in seen and body_of(trimmed):
            repeated += 1
            continue
        seen.add(whole)
        same[content] += 1
        own = given if given and own_ids[given] == 1 else None
        item: dict[str, Json] = {
            "page": url,
            "id": own or (content if same[content] == 1 else f"{content}-{same[content]}"),
            "order": order,
            "scale": scale,
            "told": _told(node, site),
            "node": trimmed,
        }
        if post_of(item) is None:
            unreadable += 1
            continue
        date = first_string(node, *DATE_NAMES)
        readable = bool(date and moment(date, order))
        undated += not readable
        without_zone += bool(readable and date and not has_zone(date))
        items.append(item)
    return PageRead(tuple(items), unreadable, repeated, undated, without_zone)


def _short(value: Json) -> Json:
    return value[:100] if isinstance(value, str) else value if isinstance(value, int | float) else None


def _told(node: Mapping[str, Json], site: Site) -> dict[str, Json]:
    told: dict[str, Json] = {
        "language": site.language,
        "audience": site.audience,
        "status": status_in(node),
        "employer": site.employer,
    }
    return {name: value for name, value in told.items() if value}


def _trimmed(node: Mapping[str, Json]) -> dict[str, Json]:
    """The parts that the mapper reads, in bounded size."""
    kind = node.get("@type")
    kept: dict[str, Json] = {"type": kind if kind in ("Article", "Post") else "Review"}
    for name in _KEPT:
        if (value := node.get(name)) is not None:
            kept[name.lstrip("@")] = _bounded(value)  # the privacy door takes @words for handles
    author, about, rating = node.get("author"), first_object(node.get("itemReviewed")), node.get("reviewRating")
    names: list[Json] = [name[:500] for name in list(strings(author))[:6]]
    profile = first_string(first_object(author) or {}, "url", "@id", "sameAs")
    if names or profile:
        kept["author"] = [{"name": names[0] if names else None, "url": profile}, *names[1:]]
    if about is not None:
        kept["itemReviewed"] = {"name": first_string(about, "name"), "type": about.get("@type")}
    if rating is not None:
        kept["reviewRating"] = _rating(rating)
    return kept


def _rating(value: Json) -> Json:
    inner = first_object(value)
    if inner is None:
        return value if isinstance(value, str | int | float) else None
    return {name: inner[name] for name in ("ratingValue", "bestRating", "worstRating") if name in inner}


def _bounded(value: Json) -> Json:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, dict | list):
        return [text[:10_000] for text in list(_all_strings(value))[:50]]
    return value


def _all_strings(value: Json) -> Iterable[str]:
    listed = value.get("itemListElement", value) if isinstance(value, dict) else value
    return strings(listed)


def _own_id(node: Mapping[str, Json], page: str) -> str | None:
    """The id that the site itself gives: an identifier, a JSON-LD id, or an address that is not the page's own."""
    identifier = first_string(node, "identifier")
    if identifier:
        return identifier if identifier.startswith("http") else f"{host_of(page)}:{identifier}"
    for name in ("@id", "url"):
        given = first_string(node, name)
        if not given or given.startswith("_:"):
            continue
        try:
            absolute, fragment = urldefrag(urljoin(page, given))
        except ValueError:
            continue
        if fragment and _STEADY.search(fragment):
            return f"{host_of(absolute)}#{fragment}"
        if not fragment and urlsplit(absolute).path != urlsplit(page).path:
            return absolute
    return None


def _content_id(node: Mapping[str, Json], page: str) -> str:
    """A steady id of what is said, about what, when and with how many stars; not of its author, nor of the page's
    number, since reviews move from page to page."""
    rating = first_object(node.get("reviewRating")) or {}
    parts = [
        host_of(page),
        first_string(node, "itemReviewed") or "",
        first_string(node, "headline", "name") or "",
        body_of(node),
        first_string(node, *DATE_NAMES) or "",
        str(rating.get("ratingValue", "")),
    ]
    joined = "\x1e".join(" ".join(part.split()) for part in parts)
    return "sha256:" + hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()[:40]


def _by_fields(page: Selector, site: Site) -> list[dict[str, Json]]:
    rule = site.field("item")
    if rule is None:
        return []
    return [_fields_of(element, site) for element in page.css(rule.selector)[:MAX_ITEMS]]


def _fields_of(element: Selector, site: Site) -> dict[str, Json]:
    found = {rule.name: text for rule in site.fields if rule.name != "item" and (text := _value(element, rule))}
    rating: dict[str, Json] = {"reviewRating": {"ratingValue": found["rating"]}} if "rating" in found else {}
    named: dict[str, Json] = {
        "@type": "Review" if rating else "Post",
        "text": found.get("text"),
        "headline": found.get("title"),
        "datePublished": found.get("date"),
        "author": {"name": found["author"]} if "author" in found else None,
        "identifier": found.get("id"),
        "url": found.get("url"),
    }
    return {name: value for name, value in named.items() if value is not None} | rating


def _value(element: Selector, rule: FieldRule) -> str | None:
    first = element.css(rule.selector)[:1] if rule.selector else [element]
    for one in first:
        if rule.attribute:
            return (one.attrib.get(rule.attribute) or "").strip()[:MAX_TEXT] or None
        return plain_text((one.get() or "")[:MAX_TEXT]) or None
    return None


def _article(markup: str, url: str) -> list[dict[str, Json]]:
    try:
        found = extract(markup, url)
    except CollectError:
        return []
    if found is None:
        return []
    # Some sites call all their pages by one canonical address; it counts where only the query differs.
    address = found.address if urlsplit(found.address or "").path == urlsplit(url).path else url
    node: dict[str, Json] = {
        "@type": "Article",
        "articleBody": found.text,
        "headline": found.title,
        "datePublished": found.date,
        "author": [{"name": name} for name in found.authors],
        "inLanguage": found.language,
        "identifier": address,
        "url": address,
    }
    return [{name: value for name, value in node.items() if value}]


def links_of(page: Selector, url: str, site: Site) -> tuple[str | None, tuple[str, ...]]:
    """The next page, and the links that fit the patterns; both on this site only."""
    base = _joined(url, page.css("base::attr(href)").get("")) or url
    following = None
    if site.next:
        for link in page.css(site.next)[:1]:
            following = _joined(base, link.attrib.get("href") or "")
    if following is not None and (host_of(following) not in site.hosts or following == url):
        following = None
    found: dict[str, None] = {}
    if site.follow:
        for address in page.xpath(f"(//a/@href)[position() <= {MAX_LINKS * 5}]").getall():
            target = _joined(base, address)
            if target and target != url and len(found) < MAX_LINKS and site.wants(target):
                found[target] = None
    return following, tuple(found)


def _joined(base: str, link: str) -> str | None:
    try:
        absolute = urldefrag(urljoin(base, link.strip())).url
        parts = urlsplit(absolute)
        fine = bool(parts.scheme in {"http", "https"} and parts.hostname) and len(absolute) <= 2_000
    except ValueError:
        return None
    return absolute if fine and link.strip() else None
