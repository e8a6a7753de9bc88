"""The words behind a tag: asked for by name, found by a real worker, answered for the mention asked for alone."""

from pathlib import Path

import redis

from storage import db
from tests import factories as make
from tests.factories import World
from tests.workers.live.conftest import Worker
from workers.explanations import explanation, start_explanation, wait_for


def test_a_real_worker_answers_for_the_mention_alone(
    world: World, worker: Worker, redis_url: str, tmp_path: Path
) -> None:
    with db.transaction() as session:
        (mention_id,) = make.heard(session, world, ["Acme sent me a lamp that is absolutely horrible, never again"])

    with worker("workers.app:app", tmp_path / "worker.log", "upkeep"):
        token = start_explanation(mention_id)
        found = wait_for(token, mention_id, 60)

    assert found is not None
    assert found.evidence is not None
    sentiment = found.evidence.heads[0]
    assert (sentiment.head, sentiment.label) == ("sentiment", "negative")
    assert "Acme" in {found.evidence.text[start:end] for start, end in found.evidence.named}
    assert found.evidence.text.startswith("Acme sent me")
    assert explanation(token, mention_id + 1) is None
    with redis.Redis.from_url(redis_url) as client:
        (key,) = client.scan_iter("outspoken:words:*")
        assert 0 < client.ttl(key) <= 300
