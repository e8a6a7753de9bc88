"""What a page says to somebody who hears it: headings in order, every field and picture named, every reference kept.

Pages are read as text, with no browser; what only drawing shows stands in `test_browser.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from fastapi.testclient import TestClient

Clients = Callable[[str], TestClient]

_FIELDS = ("input", "select", "textarea")
_REFERENCES = ("aria-describedby", "aria-labelledby", "aria-controls")
# role, address; a pattern is the first link of the list before it that fits
PAGES = (
    ("marketing", ("/mentions", r"/mentions/\d+")),
    ("marketing", ("/content/new",)),
    ("marketing", ("/campaigns/new",)),
    ("hr", ("/employer",)),
    ("hr", ("/inside-outside",)),
    ("hr", ("/incidents?state=all", r"/incidents/\d+")),
    ("hr", ("/incidents/planned",)),
    ("hr", ("/incidents/answers",)),
    ("hr", ("/account/second-factor",)),
    ("administrator", ("/sources/new",)),
    ("administrator", ("/sources/new?kind=x",)),
    ("administrator", ("/people/advocates",)),
    ("administrator", ("/company/text",)),
    ("administrator", ("/audit/configuration",)),
    ("", ("/sign-in",)),
)


class Reader(HTMLParser):
    """Elements in the order of the page, with the words of labels, headings and the like left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.labelled: set[int] = set()  # fields inside a label
        self._in_label = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_label += tag == "label"
        if self._in_label:
            self.labelled.add(len(self.elements))
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self._in_label -= tag == "label"


@pytest.mark.parametrize(("role", "way"), PAGES, ids=lambda value: value if isinstance(value, str) else value[-1])
def test_a_page_can_be_heard(role: str, way: tuple[str, ...], clients: Clients) -> None:
    client = clients(role)
    text = client.get(way[0]).text
    for pattern in way[1:]:
        link = re.search(f'href="({pattern})"', text)
        assert link is not None, way
        text = client.get(link[1]).text
    assert list(faults(text)) == []


def test_the_pages_of_an_advocate_can_be_heard(advocate: TestClient) -> None:
    for path in ("/my-reach", "/my-settings", "/share", "/my-reach/check"):
        assert list(faults(advocate.get(path).text)) == [], path


def faults(text: str) -> Iterator[str]:
    """Everything that somebody would stumble over who does not see the page."""
    read = Reader(text)
    ids = Counter(each["id"] for _, each in read.elements if "id" in each)
    yield from (f"the id {name} stands twice" for name, times in ids.items() if times > 1)
    yield from _headings([int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)])
    labels = {each.get("for") for tag, each in read.elements if tag == "label"}
    for place, (tag, each) in enumerate(read.elements):
        named = each.get("id") in labels or "aria-label" in each or place in read.labelled
        if tag in _FIELDS and each.get("type") not in ("hidden", "submit") and not named:
            yield f"the field {each.get('name')} has no label"
        if (tag == "img" and "alt" not in each) or (each.get("role") == "img" and not each.get("aria-label")):
            yield f"a picture has no words: {each}"
        if tag == "th" and "scope" not in each:
            yield "a heading of a table does not say of what"
        for name in _REFERENCES:
            yield from (f"{name} leads to {part}" for part in each.get(name, "").split() if part not in ids)
    if sum(tag == "main" for tag, _ in read.elements) != 1:
        yield "the main part is not marked"


def _headings(levels: list[int]) -> Iterator[str]:
    if levels.count(1) != 1:
        yield "the page has not one name"
    for before, level in pairwise(levels):
        if level > before + 1:
            yield f"a heading of level {level} follows one of level {before}"
