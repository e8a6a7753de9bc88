"""Fixtures of the collectors' tests: a loopback server and a client that may call it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.http import HttpClient
from tests.collectors import warm
from tests.wire.replay import Replay, replay_server

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="package")
def warm_starter() -> Iterator[Callable[..., Any]]:
    """See `tests.collectors.warm`."""
    with warm.warm_starter() as start:
        yield start


@pytest.fixture
def warm_children(warm_starter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Crawlers and readers of articles are forked from a process that has loaded their libraries."""
    monkeypatch.setattr("collectors.line_process.subprocess.Popen", warm_starter)


@pytest.fixture
def server() -> Iterator[Replay]:
    with replay_server() as replay:
        yield replay


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(
        user_agent="Outspoken/test", timeout=2.0, max_bytes=20_000_000, allow_private=True, clock=lambda: NOW
    ) as client:
        yield client
