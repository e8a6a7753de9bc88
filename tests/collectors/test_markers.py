"""Persons planted in the answers of every platform are found nowhere: database, log, cache, nor what is handed on."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.http import HttpClient
from collectors.registry import all_collectors
from config.logging import setup_logging
from config.settings import Settings
from storage import batches
from storage.door import privacy_door
from storage.models.tables import Base
from tests import factories as make
from tests.collectors import mails, planted
from tests.collectors.conftest import NOW
from tests.collectors.mail_servers import MailServer
from tests.collectors.planted import MARKERS, PLANTS
from tests.collectors.run import Run
from tests.collectors.test_inbox import box, mail_server, read  # noqa: F401 - fixtures
from tests.wire.replay import Replay


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that the service logs at its wordiest."""
    root, spoken = logging.getLogger(), io.StringIO()
    handlers, level, stderr = root.handlers[:], root.level, sys.stderr
    sys.stderr = spoken
    try:
        setup_logging("DEBUG", json=True)
        yield spoken
    finally:
        sys.stderr = stderr
        root.handlers[:] = handlers
        root.setLevel(level)


def found_in(text_of: str) -> list[str]:
    """Which persons a text names, and where."""
    lowered = text_of.lower()
    places = [(marker, lowered.find(marker)) for marker in MARKERS]
    return [f"{marker}: …{text_of[max(0, at - 160) : at + 90]}…" for marker, at in places if at >= 0]


def dump(session: Session) -> str:
    """Every row of every table as text."""
    rows = [
        f"{table.name} {row}"
        for table in Base.metadata.sorted_tables
        for row in session.scalars(text(f'SELECT t::text FROM "{table.name}" t'))
    ]
    return "\n".join(rows)


def stored(session: Session, found: Run) -> int:
    """Put a run's batches in as a worker does; how many items the platform gave."""
    world = make.set_up(session)
    door = privacy_door(session, Settings())
    given = 0
    for batch in found.batches:
        admitted = batches.admit(door, batch, NOW, 20_000)
        batches.store(session, world.forum, admitted, NOW)
        given += len(batch.posts) + len(batch.held)
    return given


def test_every_collector_is_planted() -> None:
    assert set(PLANTS) | {"inbox"} == {collector.kind for collector in all_collectors()}


@pytest.mark.parametrize("kind", sorted(PLANTS))
def test_nobody_is_found_anywhere(
    session: Session, server: Replay, http: HttpClient, log: io.StringIO, kind: str,
    settings: Callable[..., Settings], tmp_path: Path,
) -> None:  # fmt: skip
    settings(data_dir=tmp_path)
    found = PLANTS[kind](server, http)
    assert stored(session, found) > 0
    assert session.scalar(text("SELECT count(*) FROM posts")) or found.deleted
    assert found_in(dump(session)) == []
    assert found_in(log.getvalue()) == []
    assert found_in(f"{found.outcome.detail} {json.dumps(dict(found.cursor))}") == []
    pages = [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert found_in("\n".join(pages)) == []


def test_nobody_is_found_in_mails(session: Session, box: MailServer, http: HttpClient, log: io.StringIO) -> None:  # noqa: F811
    person = f"{planted.NAME} <{planted.MAIL}>"
    review = mails.GLASSDOOR_HTML.replace("Kind colleagues", planted.says())
    unknown = mails.mail(
        person, f"<p>{planted.SAYS}</p>", subject=f"From {planted.NAME}", message_id=f"<{planted.MAIL}>"
    )
    broken = (
        b"From: %s\r\nTo: Vexilo Tarrantine\r\n <v@a.example>\r\nContent-Type: text/plain; charset=x-none\r\n\r\nAcme"
    )
    box.deliver(mails.mail(mails.GLASSDOOR, review), unknown, broken % person.encode())
    found = read(box, http, newsletters="quint.example")
    assert stored(session, found) == 2 + 2
    assert session.scalar(text("SELECT count(*) FROM held_items")) == 2
    assert found_in(dump(session)) == []
    assert found_in(log.getvalue()) == []
    assert found_in(f"{found.outcome.detail} {json.dumps(dict(found.cursor))}") == []


def test_nobody_is_found_in_an_uploaded_survey(session: Session, tmp_path: Path) -> None:
    assert stored(session, planted.survey_file(tmp_path)) == 1
    assert found_in(dump(session)) == []
