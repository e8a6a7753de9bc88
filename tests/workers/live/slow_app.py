"""A Celery application whose tagging takes time and needs no model, for tests that kill a worker in the middle."""

import time
from collections.abc import Sequence

from nlp.result import TagInput, Tags
from tests import factories as make
from workers import alert, analyze, upkeep
from workers.app import app

__all__ = ["alert", "app", "upkeep"]


def _slow(inputs: Sequence[TagInput], threads: int = 1, model: object = None) -> list[Tags]:
    time.sleep(0.1)
    return [make.tags(int(one.id), "negative") for one in inputs]


setattr(analyze, "tag_posts", _slow)  # noqa: B010 - a name that the module imports is not its own to mypy
setattr(analyze, "network_in_force", lambda: None)  # noqa: B010
