"""The examples of the page on webhooks do what it says."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from collectors.base import CollectRequest, Delivery
from collectors.post import Json
from collectors.webhook import WebhookCollector
from config.settings import ROOT

SECRET = "correct horse battery staple"
PAGE = ROOT / "docs" / "sources.md"


def example(language: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(next(block for block in blocks if "X-Outspoken-Signature" in block))


@contextmanager
def receiver() -> Iterator[tuple[str, list[Delivery]]]:
    """A server that keeps what is delivered and answers JSON."""
    taken: list[Delivery] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append(Delivery({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "stored"}')

        def log_message(self, *args: object) -> None:
            """Keep test output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks/7", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def texts(delivery: Delivery) -> list[str]:
    """What a source with that secret reads of the delivery."""
    request = CollectRequest(7, {"platform": "desk", "mapping": ""}, (), {}, datetime.now(UTC), {"secret": SECRET})
    return [post.text for post in WebhookCollector().receive(request, delivery).posts]


def test_the_python_example_signs() -> None:
    names: dict[str, Any] = {}
    exec(example("python"), names)
    with receiver() as (address, taken):
        assert names["send"](address, SECRET, [{"native_id": "1", "text": "Acme ünd 你好"}]) == {"status": "stored"}
    assert texts(taken[0]) == ["Acme ünd 你好"]


def test_the_shell_example_signs(tmp_path: Path) -> None:
    if not shutil.which("openssl") or not shutil.which("curl"):
        pytest.skip("openssl or curl is not installed")
    with receiver() as (address, taken):
        subprocess.run(
            ["sh", "-e", "-c", example("sh")],
            env={**os.environ, "ADDRESS": address, "SECRET": SECRET},
            check=True,
            capture_output=True,
            cwd=tmp_path,
        )
    assert texts(taken[0]) == ["The new Acme app keeps signing me out."]


def test_the_mapping_example_can_be_read() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"```\n(items = .*?)```", text, re.DOTALL)
    assert found
    given: dict[str, Json] = {"mapping": found[1]}
    assert "native_id = id" in str(WebhookCollector().check_options(given)["mapping"])
