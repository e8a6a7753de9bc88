"""The queue's own rules: names, routes, clock, and what happens when it is down."""

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from config.settings import Settings
from tests.servers import use_queue_of_settings
from workers import app as queue
from workers.app import app, broker_url, enqueue, enqueue_once

JOBS = {name: value for name, value in vars(queue).items() if name.isupper() and str(value).startswith("workers.")}


@pytest.mark.parametrize("name", sorted(JOBS))
def test_every_named_job_exists_with_limits_and_a_queue(name: str) -> None:
    importlib.import_module(JOBS[name].rpartition(".")[0])
    task = app.tasks[JOBS[name]]

    assert task.soft_time_limit < task.time_limit
    assert app.conf.task_routes[JOBS[name]]["queue"] in queue.QUEUES


def test_the_clock_names_jobs_that_exist_and_drops_late_ones() -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]


def test_a_job_travels_as_json_by_name_alone(redis_url: str) -> None:
    assert enqueue(queue.ANALYZE_MENTIONS, [1, 2])

    with redis.Redis.from_url(redis_url) as client:
        message = json.loads(client.lpop("analyze"))
    assert message["headers"]["task"] == queue.ANALYZE_MENTIONS
    assert message["content-type"] == "application/json"


def test_many_wishes_for_one_job_make_one(queued: Callable[[str], int]) -> None:
    for _ in range(5):
        assert enqueue_once(queue.DETECT_ALERTS, 7, after=2)
    assert enqueue_once(queue.DETECT_ALERTS, 8, after=2)

    assert queued("alert") == 2


def test_a_queue_that_is_down_stops_nobody(
    settings: Callable[..., Settings], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings(redis_url=f"unix://{tmp_path}/nobody.sock?db=0")
    use_queue_of_settings()

    assert not enqueue(queue.TELL, 1)
    assert not enqueue_once(queue.DETECT_ALERTS, 1, after=1)
    assert "upkeep will do tell later" in caplog.text
    assert "Traceback" not in caplog.text


def test_addresses_are_translated_for_celery(settings: Callable[..., Settings]) -> None:
    settings(redis_url="unix:///run/valkey.sock?db=3")
    assert broker_url() == "redis+socket:///run/valkey.sock?virtual_host=3"
    settings(redis_url="rediss://:secret@redis.example:6380/1")
    assert broker_url() == "rediss://:secret@redis.example:6380/1"
