"""Recordings of a folder: answers of APIs (`*.jsonl`, `*.jsonl.gz`), and saved pages and feeds with their `index.json`.

A line that cannot be read is named and left out; the others are kept.
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.wire.replay import Answer

_PAGES = ("pages", "feeds", "reviews")  # the lists that an index of saved pages may hold
_DAMAGED = (OSError, EOFError, zlib.error, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Recording:
    """One request with the answer it got. `group` and `step`: the recording it belongs to and its place in it."""

    name: str
    group: str
    step: int
    method: str
    host: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    body: str  # sorted JSON of the recorded body; "" where there was none
    answer: Answer = field(repr=False)
    recorded_at: str = ""

    @property
    def request(self) -> tuple[str, ...]:
        """What tells this request from others of its group."""
        return self.method, self.host, self.path, json.dumps(sorted(self.query.items())), self.body


@dataclass(frozen=True, slots=True)
class Library:
    """Everything of a folder that can be served, and what could not be read."""

    recordings: tuple[Recording, ...]
    problems: tuple[str, ...]


def read_folder(folder: Path) -> Library:
    """All recordings below `folder`, in the order of file names; raise `ValueError` when there is none."""
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}.")
    problems: list[str] = []
    found: list[Recording] = []
    for file in sorted(folder.rglob("*")):
        where = file.relative_to(folder).as_posix()
        if file.name.endswith((".jsonl", ".jsonl.gz")):
            found += _lines(file, where, problems)
        elif file.name == "index.json":
            found += _pages(file, where, problems)
    if not found:
        reason = f" ({problems[0]})" if problems else ""
        raise ValueError(
            f"{folder} holds nothing to serve{reason}: *.jsonl or *.jsonl.gz with recorded answers are looked for, and "
            "folders of saved pages with their index.json."
        )
    return Library(tuple(found), tuple(problems))


def _lines(file: Path, where: str, problems: list[str]) -> Iterator[Recording]:
    try:
        lines = _content(file).decode("utf-8-sig").split("\n")  # texts may hold other ends of lines
    except _DAMAGED as error:
        problems.append(f"{where}: cannot be read: {error}")
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if not isinstance(value, dict) or not {"request", "response"} & value.keys():
                continue  # a line of another kind of file, such as what is expected of a page
            yield _recording(value, f"{where}:{number}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            problems.append(f"{where}, line {number}: {_words(error)}; left out")


def _recording(value: dict[str, Any], place: str) -> Recording:
    asked, given = value["request"], value["response"]
    status = int(given["status"])
    if not 100 <= status <= 599:
        raise ValueError(f"{status} is no status of HTTP")
    body = given.get("body")
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = {str(name): str(each) for name, each in (given.get("headers") or {}).items()}
    sent = asked.get("body")
    return Recording(
        name=str(value.get("id") or place),
        group=str(value.get("group") or place),
        step=int(value.get("step") or 0),
        method=str(asked.get("method") or "GET").upper(),
        host=str(asked.get("host") or ""),
        path=_path(asked["path"]),
        query={str(key): _values(each) for key, each in (asked.get("query") or {}).items()},
        body="" if sent in (None, "", {}) else sent if isinstance(sent, str) else json.dumps(sent, sort_keys=True),
        answer=Answer(status, headers, text.encode("utf-8", "replace")),
        recorded_at=str(value.get("recorded_at") or ""),
    )


def _pages(file: Path, where: str, problems: list[str]) -> Iterator[Recording]:
    try:
        index = json.loads(_content(file))
        pages: list[dict[str, Any]] = next((index[key] for key in _PAGES if isinstance(index.get(key), list)), [])
    except (*_DAMAGED, ValueError, AttributeError, TypeError) as error:
        problems.append(f"{where}: {_words(error)}; left out")
        return
    for step, page in enumerate(pages):
        try:
            yield _page(file.parent, where, step, page)
        except (*_DAMAGED, ValueError, KeyError, TypeError) as error:
            problems.append(f"{where}, entry {step + 1}: {_words(error)}; left out")


def _page(folder: Path, where: str, step: int, page: dict[str, Any]) -> Recording:
    """One saved page at its own path; one whose address is unknown at the folder's and file's name."""
    file = folder / Path(str(page["file"])).name
    name = file.name.removesuffix(".gz")
    parts = urlsplit(str(page.get("url") or f"/{folder.name}/{name}"))
    query = {key: tuple(values) for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    answer = Answer(200, {"content-type": str(page.get("content_type") or "text/html")}, _content(file))
    group = f"{where}:{parts.netloc}{parts.path}?{parts.query}"  # one address at several moments is one recording
    return Recording(name, group, step, "GET", parts.netloc, _path(parts.path), query, "", answer)


def _content(file: Path) -> bytes:
    data = file.read_bytes()
    return gzip.decompress(data) if file.suffix == ".gz" else data


def _path(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("the path is no text")
    return value if value.startswith("/") else f"/{value}"


def _values(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list) else (str(value),)


def _words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) or type(error).__name__
