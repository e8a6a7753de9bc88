"""The text of an article page by trafilatura, and a reader that does it in a child process with a time limit."""

import base64
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

from collectors.errors import CollectError
from collectors.line_process import ChildError, LineProcess, claim_output, limit_resources
from collectors.post import Json

MAX_BYTES = 1_500_000  # the largest page read; three seconds of work for the worst megabyte that was tried
PAGE_SECONDS = 15.0
START_SECONDS = 30.0
MEMORY = 1_500_000_000
CPU_SECONDS = 600
MIN_CHARS = 25  # less is a menu, not an article
_LANGUAGE = re.compile(r"(?i)<html\b[^<>]{0,500}?\blang\s{0,3}=\s{0,3}[\"']?([a-z]{2,3})\b")


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `date` is as the page has it (ISO, mostly without a time); `authors` are raw names."""

    text: str
    title: str | None = None
    date: str | None = None
    authors: tuple[str, ...] = ()
    language: str | None = None
    address: str | None = None  # the canonical one, of the same site


def extract(markup: str | bytes, url: str) -> Article | None:
    """The article of a page; None when there is none. Raise `CollectError` for a page too large to be read.

    For pages of strangers use `ArticleReader`, or a child process of your own: hostile ones take seconds.
    """
    import trafilatura

    if len(markup) > MAX_BYTES:
        raise CollectError("bad_answer", f"The page is larger than {MAX_BYTES:,} bytes and was not read.")
    try:
        found: Any = trafilatura.bare_extraction(
            markup, url=url, include_comments=False, include_tables=True, with_metadata=True
        )
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError, OverflowError) as error:
        raise CollectError("bad_answer", f"The page cannot be read ({type(error).__name__}).") from error
    text = (found.text or "").strip() if found is not None else ""
    if len(text) < MIN_CHARS:
        return None
    return Article(
        text,
        _word(found.title),
        _word(found.date),
        tuple(name for name in (found.author or "").split("; ") if name.strip())[:10],
        _language(markup) or _word(found.language),
        _canonical(found.url, url),
    )


def _word(value: object) -> str | None:
    return " ".join(value.split())[:1_000] or None if isinstance(value, str) else None


def _language(markup: str | bytes) -> str | None:
    head = markup[:5_000]
    found = _LANGUAGE.search(head if isinstance(head, str) else head.decode("latin-1"))
    return found[1].lower() if found else None


def _canonical(given: object, url: str) -> str | None:
    """The address that the page gives itself, if it is one of the same host."""
    if not isinstance(given, str):
        return None
    try:
        absolute = urljoin(url, given)
        same = urlsplit(absolute).hostname == urlsplit(url).hostname and urlsplit(absolute).path not in {"", "/"}
    except ValueError:
        return None
    return absolute if same else None


class ArticleReader:
    """Extracts in one child process, started at the first page and anew after one that it could not stand."""

    def __init__(self, page_seconds: float = PAGE_SECONDS) -> None:
        self._seconds = page_seconds
        self._child: LineProcess | None = None

    def __enter__(self) -> "ArticleReader":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None

    def read(self, body: bytes, url: str) -> Article | None:
        """As `extract`; raise `CollectError` also when it takes too long or ends the child."""
        if len(body) > MAX_BYTES:
            raise CollectError("bad_answer", f"The page is larger than {MAX_BYTES:,} bytes and was not read.")
        try:
            if self._child is None:
                self._child = LineProcess("collectors.article")
                self._child.receive(START_SECONDS)
            self._child.send({"url": url, "body": base64.b64encode(body).decode()}, self._seconds)
            answer = self._child.receive(self._seconds)
        except ChildError as error:
            self.close()
            raise CollectError("bad_answer", f"The page could not be read in time. {error.detail}") from error
        if isinstance(answer.get("error"), str):
            raise CollectError("bad_answer", str(answer["error"]))
        found = answer.get("article")
        return _from_json(found) if isinstance(found, dict) else None


def _from_json(value: Mapping[str, Json]) -> Article:
    given = dict(cast("Mapping[str, Any]", value))
    return Article(**(given | {"authors": tuple(given["authors"])}))


def serve() -> None:
    """The child: a line with address and page in, a line with the article out, until the input ends."""
    out = claim_output()
    limit_resources(MEMORY, CPU_SECONDS)
    import trafilatura  # noqa: F401 - loaded before the clock of the first page starts

    out.write("{}\n")
    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, object]
        try:
            article = extract(base64.b64decode(asked["body"]), asked["url"])
            answer = {"article": asdict(article) if article else None}
        except CollectError as error:
            answer = {"error": error.detail}
        out.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    serve()
