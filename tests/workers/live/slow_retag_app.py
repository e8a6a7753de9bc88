"""A Celery application that re-tags slowly and without a model, for the test that kills a worker in the middle."""

import time
from collections.abc import Sequence
from dataclasses import replace

from nlp.result import TagInput, Tags
from nlp.themes import taxonomy_version
from storage import reanalysis
from tests import factories as make
from workers import analyze, retag
from workers.app import app

__all__ = ["MODEL", "app"]

MODEL = "9.9.9"


class _Loaded:
    version = MODEL


def _slow(inputs: Sequence[TagInput], threads: int = 1, model: object = None) -> list[Tags]:
    time.sleep(0.1)
    return [replace(make.tags(int(one.id), "negative"), model=MODEL, taxonomy=taxonomy_version()) for one in inputs]


setattr(analyze, "tag_posts", _slow)  # noqa: B010 - a name that the module imports is not its own to mypy
setattr(analyze, "network_in_force", lambda *, fresh=False: _Loaded())  # noqa: B010
setattr(retag, "network_in_force", lambda *, fresh=False: _Loaded())  # noqa: B010
setattr(reanalysis, "model_version", lambda: MODEL)  # noqa: B010
