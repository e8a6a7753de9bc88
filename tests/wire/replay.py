"""A small real HTTP server on loopback that replays recorded and self-written answers."""

import gzip
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is bytes, or a function that writes to the socket itself, status line and all."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Callable[[BufferedIOBase], None] = b""

    @classmethod
    def json(cls, value: object, status: int = 200) -> "Answer":
        return cls(status, {"content-type": "application/json"}, json.dumps(value).encode())


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server saw it; header names in lower case, the first value of each query key."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes = b""
    target: str = ""  # path and query as they were sent


Rule = Callable[[Request], Answer]


class Replay:
    """Rules by path. A list of answers is given out one by one; the last one stays."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.requests: list[Request] = []
        self._rules: dict[str, Rule] = {}
        self.before: Rule | None = None  # answers in place of the rules, by way of `recorded` if it likes

    def url(self, path: str) -> str:
        return self.base_url + path

    def add(self, path: str, *answers: Answer) -> None:
        """Answer `path` with `answers` in turn."""
        left = list(answers)
        self.rule(path, lambda _: left.pop(0) if len(left) > 1 else left[0])

    def rule(self, path: str, answer: Rule) -> None:
        """Answer `path` by a function of the request."""
        self._rules[path] = answer

    def load(self, file: Path, *hosts: str, edit: Callable[[str], str] = str) -> None:
        """Add the recorded answers of these hosts (none: of all) from a `.jsonl` or `.jsonl.gz` file.

        Of several recordings of one path, the one whose method and query fit the request best is given. `edit` changes
        the text of an answer: addresses in it that must lead here.
        """
        recorded: dict[str, list[tuple[dict[str, Any], Answer]]] = defaultdict(list)
        for line in read_recordings(file):
            asked, given = line["request"], line["response"]
            if not hosts or asked["host"] in hosts:
                body = given["body"]
                data = edit(body if isinstance(body, str) else json.dumps(body)).encode()
                answer = Answer(given["status"], given.get("headers") or {}, data)
                recorded[asked["path"]].append(((asked.get("query") or {}) | {"": asked["method"]}, answer))
        for path, answers in recorded.items():
            self.rule(path, _best_fit(answers))

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return (self.before or self.recorded)(request)

    def recorded(self, request: Request) -> Answer:
        """What the rules say."""
        rule = self._rules.get(request.path)
        return rule(request) if rule else Answer(404, {"content-type": "text/plain"}, b"not recorded")


R = TypeVar("R", bound=Replay)


def _best_fit(answers: list[tuple[dict[str, Any], Answer]]) -> Rule:
    def choose(request: Request) -> Answer:
        sent = {**request.query, "": request.method}
        fits = [sum(sent.get(key) == value for key, value in query.items()) for query, _ in answers]
        return answers[fits.index(max(fits))][1]

    return choose


def read_recordings(file: Path) -> Iterator[dict[str, Any]]:
    """The lines of a recording."""
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode()
    yield from (json.loads(line) for line in text.split("\n") if line)


def replay_server() -> AbstractContextManager[Replay]:
    """Serve on a free loopback port until the block ends."""
    return serving(Replay)


@contextmanager
def serving(make: Callable[[str], R], port: int = 0) -> Iterator[R]:
    """Serve what `make` gives for the server's address until the block ends; port 0 is any free one."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    server.block_on_close = False  # a client that hung up on an endless answer must not hold the test
    replay = make(f"http://127.0.0.1:{server.server_address[1]}")
    server.replay = replay  # type: ignore[attr-defined]  # the handler's only way to its rules
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield replay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length") or 0)))

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_OPTIONS(self) -> None:
        self._answer(b"")

    def do_PUT(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self.do_POST()

    def _answer(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.replay.answer(Request(parts.path, query, headers, self.command, body, self.path))  # type: ignore[attr-defined]
        self.close_connection = True
        try:
            self._send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _send(self, answer: Answer) -> None:
        if callable(answer.body):
            answer.body(self.wfile)
            return
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name in answer.headers):
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *args: object) -> None:
        """Keep test output quiet."""
