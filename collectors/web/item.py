"""One found item as a post: pure, and the same again from the stored item without its author.

An item is JSON: `page` (its address), `id` (native id), `order` (how its numeric dates are read), `scale` (of the
page's ratings, with the rating over all reviews that the page itself shows), `told` (what the operator knows of the
site) and `node`, in the words of schema.org (without their @) whatever it came from. Items of all three ways of reading
look alike, so there is one mapper.
"""

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from collectors.post import Json, RawAuthor, RawPost
from collectors.web.values import (
    Scale,
    clean,
    clean_line,
    first_object,
    first_string,
    moment,
    number,
    rated,
    scale_of,
    strings,
    to_stars,
)

TEXT_NAMES = ("reviewBody", "articleBody", "text", "description")
DATE_NAMES = ("datePublished", "dateCreated", "uploadDate", "dateModified")
_KINDS = {"Review": "review", "Article": "article"}
_NOBODY = re.compile(
    r"(?i)(?:an )?(?:anonymous|anonym|anonyme|anonimo|anónimo|guest|gast|invité|unknown|user|member|customer|kunde"
    r"|reviewer|admin)(?: (?:user|member|customer|reviewer|guest))?"
)
_STATUS = re.compile(r"(?i)(current|former) (employee|contractor|intern|freelancer)\b")


def post_of(item: Mapping[str, Json]) -> RawPost | None:
    """The post of an item; None where nothing is said: no text, no title, no rating."""
    node, told = item.get("node"), first_object(item.get("told")) or {}
    native_id, page = item.get("id"), item.get("page")
    if not isinstance(node, dict) or not isinstance(native_id, str) or not isinstance(page, str):
        return None
    text, title, stars = body_of(node), clean_line(first_string(node, "headline", "name")), rating_of(item)
    if not text and not title and stars is None:
        return None
    kind = _KINDS.get(str(node.get("type")), "post")
    date = first_string(node, *DATE_NAMES)
    return RawPost(
        native_id=native_id,
        text=text,
        published_at=moment(date, str(item.get("order"))) if date else None,
        url=address_of(node, page),
        title=title,
        author=_author(node, page),
        kind=kind,
        lang=_language(node, told),
        rating=stars,
        counters=_counters(node),
        stated=_stated(node, told, kind, stars) | (_lifetime(item.get("scale")) if kind == "review" else {}),
        raw=dict(item),
    )


def body_of(node: Mapping[str, Json]) -> str:
    """The text, with what stands apart as pros and cons."""
    parts = [clean(first_string(node, *TEXT_NAMES))]
    for name, label in (("positiveNotes", "Pros"), ("negativeNotes", "Cons")):
        notes = [clean_line(text) or "" for text in _notes(node.get(name))]
        parts += [f"{label}: {'; '.join(notes)}"] if any(notes) else []
    return "\n".join(part for part in parts if part)


def _notes(value: Json) -> list[str]:
    listed = value.get("itemListElement") if isinstance(value, dict) else value
    return list(strings(listed))


def rating_of(item: Mapping[str, Json]) -> float | None:
    """Stars from 1 to 5."""
    node = item.get("node")
    given = node.get("reviewRating") if isinstance(node, dict) else None
    inner = first_object(given)
    own = scale_of(inner)
    found = rated(inner.get("ratingValue") if inner is not None else given)
    if found is None:
        return None
    value, out_of = found
    of_page = scale_of(item.get("scale"))
    best = own.best or out_of or of_page.best
    worst = own.worst if own.worst is not None else (of_page.worst if best == of_page.best else None)
    return to_stars(value, Scale(best, worst))


def address_of(node: Mapping[str, Json], page: str) -> str:
    """The item's own web address, else that of the page."""
    for name in ("url", "id"):
        given = first_string(node, name)
        if given:
            try:
                parts = urlsplit(absolute := urljoin(page, given))
                # A fragment like #/schema/Review/... is a name within the markup, not an address.
                if parts.scheme in {"http", "https"} and parts.hostname and not parts.fragment.startswith("/"):
                    return absolute
            except ValueError:
                continue
    return page


def _author(node: Mapping[str, Json], page: str) -> RawAuthor | None:
    """Who signed. Names are told apart by site: two people called Marie on two sites are not one author."""
    names = [" ".join(name.split())[:200] for name in strings(node.get("author")) if name.strip()]
    person = first_object(node.get("author")) or {}
    profile = first_string(person, "url", "@id", "sameAs")
    names = [name for name in names if not _NOBODY.fullmatch(name) and not _STATUS.match(name)]
    if not names and not profile:
        return None
    platform = f"web:{(urlsplit(page).hostname or '').removeprefix('www.')}"
    return RawAuthor(platform, None, None, names[0] if names else None, profile, tuple(names[1:5]))


def _stated(node: Mapping[str, Json], told: Mapping[str, Json], kind: str, stars: float | None) -> dict[str, str]:
    """What page and operator say; a page that names the author's position is more exact than the operator."""
    stated: dict[str, str] = {"kind": "review"} if kind == "review" else {}
    if stars is not None:
        stated["stars"] = f"{stars:g}"
    status = told.get("status") or told.get("audience")
    if isinstance(status, str) and status:
        stated["author_status"] = status
    if told.get("employer") is True:
        stated["facet"] = "employer"
    return stated


def _lifetime(overall: Json) -> dict[str, str]:
    """The rating over all reviews that the page itself shows, apart from the reviews' own."""
    given = rated(overall.get("ratingValue")) if isinstance(overall, dict) else None
    if not isinstance(overall, dict) or given is None:
        return {}
    scale = scale_of(overall)
    stars = to_stars(given[0], Scale(scale.best or given[1], scale.worst))
    if stars is None:
        return {}
    reviews = next((found for name in ("reviewCount", "ratingCount") if (found := number(overall.get(name)))), None)
    stated = {"lifetime_stars": f"{stars:g}"}
    return stated if reviews is None or reviews < 1 else stated | {"lifetime_reviews": f"{reviews:.0f}"}


def status_in(node: Mapping[str, Json]) -> str | None:
    """A position that stands where the author's name would: "Former employee - QA Analyst"."""
    for name in strings(node.get("author")):
        if found := _STATUS.match(name.strip()):
            return f"{found[1].lower()} employee"
    return None


def _language(node: Mapping[str, Json], told: Mapping[str, Json]) -> str | None:
    for value in (first_string(node, "inLanguage"), told.get("language")):
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z]{2,3}(?:[-_].{1,10})?", value):
            return value[:3].rstrip("-_").lower()
    return None


def _counters(node: Mapping[str, Json]) -> dict[str, int]:
    """Likes and comments where the page counts them."""
    given = {"likes": node.get("upvoteCount"), "comments": node.get("commentCount")}
    counted = {name: number(value) for name, value in given.items()}
    return {name: int(value) for name, value in counted.items() if value is not None and value >= 0}
