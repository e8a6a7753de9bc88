"""Pages of a made-up review site."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.wire.replay import Answer

HTML = {"content-type": "text/html; charset=utf-8"}


def review(number: int, **changed: Any) -> dict[str, Any]:
    """A review as JSON-LD; a keyword set to None takes its property away."""
    node: dict[str, Any] = {
        "@type": "Review",
        "@id": f"https://a.example/#review-{10_000 + number}",
        "headline": f"Title {number}",
        "reviewBody": f"Opinion number {number} of Anna Muster.",
        "datePublished": "2024-01-05T10:00:00+02:00",
        "author": {"@type": "Person", "name": "Anna Muster"},
        "reviewRating": {"@type": "Rating", "ratingValue": "4", "bestRating": "5", "worstRating": "1"},
        **changed,
    }
    return {name: value for name, value in node.items() if value is not None}


def markup(reviews: Sequence[Mapping[str, Any]], body: str = "") -> str:
    """A page that states reviews."""
    stated = json.dumps({"@graph": list(reviews)})
    return f'<html><body><script type="application/ld+json">{stated}</script>{body}</body></html>'


def page(*numbers: int, body: str = "") -> Answer:
    return Answer(200, HTML, markup([review(number) for number in numbers], body).encode())


def html(body: str) -> Answer:
    return Answer(200, HTML, f"<html><body>{body}</body></html>".encode())
