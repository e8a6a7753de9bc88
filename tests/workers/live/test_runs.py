"""A run in a process that is killed in its middle: see `killed_run`."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.base import Budget
from collectors.post import Json
from storage import db, sources
from storage.viewer import SYSTEM
from tests.scripted import Scripted, register
from tests.warm import Warm
from tests.workers.conftest import count


@pytest.mark.usefixtures("world")
def test_a_killed_process_has_paid_and_its_pages_are_there_with_their_cursor(
    loaded: Warm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, Scripted(credentials=(), budget=Budget("USD", "month")))
    with db.transaction() as session:
        options: dict[str, Json] = {"budget": 10, "place": "forum.example"}
        source_id = sources.add_source(session, SYSTEM, "scripted", "S", options, datetime.now(UTC))
    with (tmp_path / "said").open("wb") as said, open(os.devnull, "rb") as nothing:
        files = (nothing.fileno(), said.fileno(), said.fileno())
        process = loaded.start("tests.workers.live.killed_run:main", ["", str(source_id)], files, os.environ)
        assert process.wait(60) == -signal.SIGKILL, (tmp_path / "said").read_text()
    assert count("posts") == 2
    assert count("sources", "cursor = '{\"page\": 2}' AND claimed_at IS NOT NULL") == 1
    assert count("collection_runs", "finished_at IS NULL AND cost = 1.5 AND seen = 2") == 1
    with db.reading() as session:
        later = datetime.now(UTC) + sources.STALE_CLAIM + timedelta(minutes=1)
        assert sources.due_sources(session, later) == [source_id]
