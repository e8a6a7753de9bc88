"""Workers on real servers: the world of `tests.factories`, a tagger that needs no model, and a look into the queues."""

from collections.abc import Callable, Sequence

import pytest
import redis
from sqlalchemy import Engine, text

from nlp.result import TagInput, Tags
from storage import db
from tests import factories as make
from tests.factories import World
from workers import analyze


@pytest.fixture(autouse=True)
def _queue(one_day: None, redis_url: str) -> None:
    """Jobs go into the Valkey of this process; workers read the machine's clock."""


@pytest.fixture
def world(clean_database: Engine) -> World:
    """Acme, Contoso and two sources, committed."""
    with db.transaction() as session:
        return make.set_up(session)


@pytest.fixture
def queued(redis_url: str) -> Callable[[str], int]:
    """How many jobs wait in a queue."""

    def count(queue: str) -> int:
        with redis.Redis.from_url(redis_url) as client:
            return int(client.llen(queue))

    return count


@pytest.fixture
def tagger(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """In place of the model: every text is negative; "poison" raises. Returns the ids of each call."""
    calls: list[list[str]] = []

    def tag(inputs: Sequence[TagInput], threads: int = 1, model: object = None) -> list[Tags]:
        calls.append([one.id for one in inputs])
        if any("poison" in one.text for one in inputs):
            raise ValueError("poison")
        return [make.tags(int(one.id), "negative") for one in inputs]

    monkeypatch.setattr(analyze, "tag_posts", tag)
    monkeypatch.setattr(analyze, "network_in_force", lambda: None)
    return calls


def count(table: str, where: str = "true") -> int:
    """Rows of a table."""
    with db.reading() as session:
        return session.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}")) or 0
