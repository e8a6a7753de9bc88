"""The reviews that a page states for machines: as JSON-LD, as microdata, or in the data its own scripts start from."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from parsel import Selector

from collectors.post import Json
from collectors.web.values import first_object, first_string, objects

_NO_REVIEWS = {"ClaimReview", "MediaReview"}
_MAX_SCRIPTS = 200
_MAX_DEPTH = 60
_STATE_SCRIPTS = 'script[type="application/json"]'
# Names by which pages keep reviews in their own data; first match wins.
_STATE_TEXT = ("reviewBody", "reviewText", "text", "body", "content", "comment", "message")
_STATE_RATING = ("ratingOverall", "overallRating", "ratingValue", "rating", "stars", "score")
_STATE_DATE = ("publishedDate", "datePublished", "reviewDateTime", "publishedAt", "createdAt", "created_at", "date")
_STATE_TITLE = ("title", "headline", "summary")
_STATE_ID = ("id", "reviewId", "_id", "uuid")
_STATE_AUTHOR = ("consumer", "author", "user", "reviewer")
_STATE_NOTES = {"pros": "positiveNotes", "cons": "negativeNotes"}


@dataclass(frozen=True, slots=True)
class Stated:
    """Reviews in the words of schema.org, the aggregate rating if any, and how many parts could not be read."""

    reviews: tuple[dict[str, Json], ...]
    aggregate: Mapping[str, Json] | None = None
    unreadable: int = 0


def stated_reviews(page: Selector, markup: str) -> Stated:
    """All reviews from the place that has most of them, so that none is counted twice."""
    json_ld, broken = _json_ld(page)
    micro, lost = _microdata(markup)
    first, second = _reviews(json_ld), _reviews(micro)
    aggregate = _aggregate(json_ld) or _aggregate(micro)
    reviews = first if len(first) >= len(second) else second
    if not reviews:
        reviews, damaged = _from_state(page)
        broken += damaged
    return Stated(tuple(reviews), aggregate, broken + lost)


def _json_ld(page: Selector) -> tuple[list[Json], int]:
    """The objects of all JSON-LD scripts; one broken script does not lose the others."""
    from extruct.jsonld import JsonLdExtractor

    found: list[Json] = []
    broken = 0
    for script in page.css('script[type*="ld+json"]')[:_MAX_SCRIPTS]:
        text = script.xpath("string()").get("")
        try:
            found += JsonLdExtractor().extract(f'<script type="application/ld+json">{text}</script>')
        except (ValueError, RecursionError):
            broken += 1
    return found, broken


def _microdata(markup: str) -> tuple[list[Json], int]:
    from extruct.w3cmicrodata import MicrodataExtractor

    if "itemscope" not in markup:
        return [], 0
    try:
        return [_flat(one, _MAX_DEPTH) for one in MicrodataExtractor(nested=True).extract(markup)], 0
    except ValueError:
        return [], 1
    except RecursionError:
        _renew_paths()
        return [], 1


def _renew_paths() -> None:
    """Compile extruct's paths anew: one in which the recursion ended keeps its lock, and the next page would wait for
    it for ever."""
    from extruct.w3cmicrodata import LxmlMicrodataExtractor
    from lxml.etree import XPath

    for name in ("_xp_item", "_xp_prop", "_xp_clean_text"):
        path = getattr(LxmlMicrodataExtractor, name).path
        setattr(LxmlMicrodataExtractor, name, XPath(path, namespaces={"set": "http://exslt.org/sets"}))


def _flat(value: Json, depth: int) -> Json:
    """Microdata in the shape of JSON-LD: the properties of an object stand beside its type."""
    if isinstance(value, list):
        return [_flat(one, depth - 1) for one in value] if depth > 0 else None
    if not isinstance(value, dict):
        return value
    if depth <= 0:
        return None
    inner = value.get("properties")
    if not isinstance(inner, dict):
        return {key: _flat(one, depth - 1) for key, one in value.items()}
    flat: dict[str, Json] = {key: _flat(one, depth - 1) for key, one in inner.items()}
    flat["@type"] = value.get("type")
    if isinstance(value.get("id"), str):
        flat["@id"] = value["id"]
    return flat


def type_of(node: Mapping[str, Json]) -> str:
    """The last part of the type: "Review" of http://schema.org/Review; of several the one that is a review."""
    given = node.get("@type")
    names = [one.rstrip("/").rpartition("/")[2] for one in (given if isinstance(given, list) else [given])
             if isinstance(one, str)]  # fmt: skip
    return next((name for name in names if name.endswith("Review")), names[0] if names else "")


def _reviews(parts: list[Json]) -> list[dict[str, Json]]:
    known = list(objects(cast(Json, parts)))
    by_id = {node["@id"]: node for node in reversed(known) if isinstance(node.get("@id"), str) and len(node) > 1}
    subjects: dict[int, str] = {}
    for node in known:
        name = first_string(node, "name")
        if name and type_of(node) != "Person":
            subjects |= {id(child): name for child in _children(node)}
    return [
        _whole(node, by_id, subjects.get(id(node)))
        for node in known
        if type_of(node).endswith("Review") and type_of(node) not in _NO_REVIEWS
    ]


def _children(node: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    for name in ("review", "reviews"):
        value = node.get(name)
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _whole(node: dict[str, Json], by_id: Mapping[Json, dict[str, Json]], subject: str | None) -> dict[str, Json]:
    """The review with what it only refers to, and the name of what it is about."""
    whole = dict(node)
    for name in ("author", "itemReviewed", "reviewRating"):
        inner = node.get(name)
        if isinstance(inner, dict) and set(inner) <= {"@id", "@type"} and isinstance(inner.get("@id"), str):
            whole[name] = by_id.get(inner["@id"], inner)
    if subject and not first_string(whole, "itemReviewed"):
        whole["itemReviewed"] = {"name": subject}
    return whole


def _aggregate(parts: list[Json]) -> Mapping[str, Json] | None:
    for node in objects(cast(Json, parts)):
        if type_of(node).endswith("AggregateRating"):
            return node
        if inner := first_object(node.get("aggregateRating")):
            return inner
    return None


def _from_state(page: Selector) -> tuple[list[dict[str, Json]], int]:
    """Reviews in the data that the page's own scripts start from: objects with a text and a rating."""
    found: list[dict[str, Json]] = []
    broken = 0
    for script in page.css(_STATE_SCRIPTS)[:_MAX_SCRIPTS]:
        try:
            data = cast(Json, json.loads(script.xpath("string()").get("")))
        except (ValueError, RecursionError):
            broken += 1
            continue
        found += _state_reviews(data)
    return found, broken


def _state_reviews(data: Json) -> Iterator[dict[str, Json]]:
    for node in objects(data):
        rating = next((node[name] for name in _STATE_RATING if isinstance(node.get(name), int | float | str)), None)
        text = first_string(node, *_STATE_TEXT)
        notes: dict[str, Json] = {there: node[here] for here, there in _STATE_NOTES.items()
                                  if isinstance(node.get(here), str)}  # fmt: skip
        if rating is None or not (text or notes):
            continue
        dates = first_object(node.get("dates")) or {}
        review: dict[str, Json] = {
            "@type": "Review",
            "reviewBody": text,
            "headline": first_string(node, *_STATE_TITLE),
            "reviewRating": {"ratingValue": rating},
            "datePublished": first_string(node, *_STATE_DATE) or first_string(dates, *_STATE_DATE),
            "inLanguage": first_string(node, "language", "languageId"),
            "author": _state_author(node),
            "identifier": next((str(node[name]) for name in _STATE_ID if isinstance(node.get(name), str | int)), None),
            **notes,
        }
        yield {name: value for name, value in review.items() if value is not None}


def _state_author(node: Mapping[str, Json]) -> Json:
    for name in _STATE_AUTHOR:
        value = node.get(name)
        if isinstance(value, str) and value.strip():
            return {"name": value}
        if isinstance(value, dict) and (shown := first_string(value, "displayName", "name", "username")):
            return {"name": shown}
    return None
