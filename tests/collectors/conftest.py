"""Fixtures of the collectors' tests: a loopback server and a client that may call it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collectors.http import HttpClient
from tests.wire.replay import Replay, replay_server

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


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
