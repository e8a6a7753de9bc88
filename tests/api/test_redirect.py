"""Tracked links over HTTP: where they lead, what is noted of who follows them, and what a kill takes."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from advocacy.clicks import UNTRACKED
from api.tracker import STALE, Tracker
from config.settings import get_settings
from storage import advocacy, db, profile
from storage.viewer import Viewer
from tests.api.test_advocacy import add_advocate
from tests.api.world import NOW
from tests.conftest import free_port

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BROWSER = {"User-Agent": AGENT}
CAREERS = "https://careers.acme.example/jobs"
REPEAT = "repeat within 30 minutes"

pytestmark = pytest.mark.usefixtures("machine_clock", "company")


def tracker(client: TestClient) -> Tracker:
    found: Tracker = client.app.state.tracker  # type: ignore[attr-defined]
    return found


def add_link(who: Viewer, expires_at: datetime | None = None, campaign: str | None = None) -> str:
    """A tracked link; returns its path."""
    assert who.advocate_id is not None
    with db.transaction() as session:
        link = advocacy.make_link(
            session, who, who.advocate_id, CAREERS, ["careers.acme.example"], "bluesky", NOW,
            campaign=campaign, expires_at=expires_at,
        )  # fmt: skip
    return f"/l/{link.code}"


def verdicts(client: TestClient, engine: Engine) -> list[str]:
    """What became of the clicks, in order."""
    tracker(client).flush()
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT verdict FROM clicks ORDER BY at, id")))


def test_a_link_leads_on_with_its_tags_and_counts_people_only(client: TestClient, clean_database: Engine) -> None:
    path = add_link(add_advocate("ada")[0], campaign="spring")
    slow = client.get(path, headers=BROWSER)
    fast = client.head(path, headers=BROWSER)
    tags = f"utm_source=bluesky&utm_medium=advocacy&utm_campaign=spring&utm_content={path.removeprefix('/l/')}"
    for answer in (slow, fast):
        assert (answer.status_code, answer.headers["location"]) == (302, f"{CAREERS}?{tags}")
        assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
        assert "set-cookie" not in answer.headers
    client.get(path, headers={"User-Agent": "LinkedInBot/1.0"})
    client.get(path, headers=BROWSER)
    assert verdicts(client, clean_database) == ["counted", "HEAD request", "link preview", REPEAT]


def test_no_address_of_a_visitor_is_kept_and_wishes_are_heard(client: TestClient, clean_database: Engine) -> None:
    path = add_link(add_advocate("ada")[0])
    for wish in ({}, {"Sec-GPC": "1"}, {"DNT": "1"}):
        client.get(path, headers={**BROWSER, **wish})
    on_disk = b"".join(file.read_bytes() for file in tracker(client).spool.folder.iterdir())
    assert verdicts(client, clean_database) == ["counted", UNTRACKED, UNTRACKED]
    with clean_database.connect() as connection:
        rows = str(connection.execute(text("SELECT c::text FROM clicks c")).scalars().all()) + str(on_disk)
        hashes = connection.scalar(text("SELECT count(visitor) FROM clicks"))
    assert hashes == 1
    assert not any(word in rows for word in ("testclient", "Mozilla", "127.0.0.1"))


@pytest.mark.parametrize(
    "path", ["/l/unknown123", "/l/..%2f..%2fetc", "/l/%00", "/l/" + "a" * 500, "/l/https:%2f%2fevil.example", "/l/é"]
)
def test_an_unknown_link_is_a_friendly_page(client: TestClient, clean_database: Engine, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert verdicts(client, clean_database) == []


def test_closed_and_expired_links_say_that_they_are_over(client: TestClient) -> None:
    who, _ = add_advocate("ada")
    closed, expired = add_link(who), add_link(who, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert client.get(closed, headers=BROWSER).status_code == 302
    with db.transaction() as session:
        (_, row) = advocacy.list_links(session, who, who.advocate_id or 0)
        advocacy.close_link(session, who, row.id, NOW)
    tracker(client).renew(datetime.now(UTC))  # as the thread does twice a second
    for path in (closed, expired):
        answer = client.get(path, headers=BROWSER)
        assert (answer.status_code, "location" in answer.headers) == (410, False)
        assert "its time is over" in answer.text


def test_a_host_that_is_no_longer_registered_ends_its_links(client: TestClient) -> None:
    path = add_link(add_advocate("ada")[0])
    assert client.get(path, headers=BROWSER).status_code == 302
    with db.transaction() as session:
        state = profile.current_profile(session)
        assert state is not None
        changed = state.toml.replace('careers_hosts = ["careers.acme.example"]', 'careers_hosts = ["new.acme.example"]')
        profile.save_profile(session, changed, origin="dashboard", user_id=None, now=NOW)
    tracker(client).renew(datetime.now(UTC))
    assert client.get(path, headers=BROWSER).status_code == 410


def test_too_many_from_one_address_are_told_to_wait(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = add_link(add_advocate("ada")[0])
    monkeypatch.setattr(tracker(client).limit, "limit", 4)
    monkeypatch.setattr(tracker(client).unknown, "limit", 1)
    assert [client.get(f"/l/guess{number}").status_code for number in range(2)] == [404, 429]
    answers = [client.get(path, headers=BROWSER) for _ in range(4)]
    assert [answer.status_code for answer in answers][:2] == [302, 302]
    assert answers[3].status_code == 429
    assert answers[3].headers["retry-after"] == "60"


def test_links_in_use_are_followed_while_the_database_is_away(client: TestClient, clean_database: Engine) -> None:
    path = add_link(add_advocate("ada")[0])
    here = os.environ["DATABASE_URL"]
    watched = tracker(client)
    watched.stop()
    client.get(path, headers=BROWSER)
    os.environ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    get_settings.cache_clear()
    try:
        later = datetime.now(UTC) + timedelta(seconds=STALE)
        client.get(path, headers=BROWSER)
        with contextlib.suppress(Exception):
            watched.renew(later)
        assert watched.cached(path.removeprefix("/l/"), later.timestamp() + 1) is not None
        assert client.get(path, headers=BROWSER).status_code == 302
        assert watched.flush() == 0
    finally:
        os.environ["DATABASE_URL"] = here
        get_settings.cache_clear()
    assert verdicts(client, clean_database) == ["counted", REPEAT, REPEAT]


def test_a_killed_process_loses_no_click_and_counts_none_twice(clean_database: Engine, tmp_path: Path) -> None:
    path = add_link(add_advocate("ada")[0])
    port = free_port()
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "PYTHONPATH": "."}
    served = ["tests.api.redirect_server:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", *served], env=environment)
    try:
        answered = already = 0
        with contextlib.closing(_connected(port)) as connection:
            while already == 0 or answered == already:  # at least one batch is stored, and a click waits for the next
                if answered < 290:  # of 300 a minute
                    connection.request("GET", path, headers=BROWSER)
                    answered += connection.getresponse().read() == b""
                already = already or _stored(clean_database)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = Tracker(get_settings().model_copy(update={"data_dir": tmp_path}))
    already = _stored(clean_database)
    assert left.take_orphans() == answered - already
    assert left.take_orphans() == 0
    assert _stored(clean_database) == answered > already > 0
    assert list((tmp_path / "clicks").iterdir()) == []


def _stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM clicks")) or 0


def _connected(port: int) -> http.client.HTTPConnection:
    ends = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except OSError:
            connection.close()
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return connection


def test_the_clock_of_the_cache_is_short(client: TestClient) -> None:
    path = add_link(add_advocate("ada")[0])
    client.get(path, headers=BROWSER)
    watched, code = tracker(client), path.removeprefix("/l/")
    now = time.time()
    assert watched.cached(code, now) is not None
    assert watched.cached(code, now + STALE + 1) is None
    watched.drop(code)
    assert watched.cached(code, now) is None
