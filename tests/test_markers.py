"""Persons planted in all that comes in are found nowhere: database, API, pages, mails, log, metrics, cache, errors.

`tests.collectors.planted` plants an author and another by name, handle, number, mail, phone and profile in the answers
of every platform; here they come by mail, hook, API and uploaded files too, and then everything is searched.
"""

import base64
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import redis
from fastapi.testclient import TestClient
from httpx2 import Response
from pypdf import PdfReader
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from alerts.rules import ALL, VOLUME, Finding, Intent
from api import auth, hooks
from collectors.base import Batch, CollectRequest, Outcome
from collectors.http import HttpClient
from collectors.post import RawPost
from collectors.registry import all_collectors
from collectors.signing import sign
from config.logging import setup_logging
from config.settings import Settings, get_settings
from storage import batches, db, incidents, profile, sources, users
from storage.door import privacy_door
from storage.models.tables import Base
from storage.viewer import SYSTEM
from tests import factories as make
from tests import servers
from tests.api import access, world
from tests.api.conftest import application, client, quick_passwords  # noqa: F401 - fixtures
from tests.collectors import mails, planted
from tests.collectors.conftest import http  # noqa: F401 - a fixture
from tests.collectors.mail_servers import MailServer
from tests.collectors.planted import MARKERS, PLANTS, SECRET
from tests.collectors.run import Run
from tests.collectors.test_inbox import box, mail_server, read  # noqa: F401 - fixtures
from tests.conftest import MailSink
from tests.dashboard.forms import post
from tests.scripted import Scripted, Steps, register
from tests.wire.replay import replay_server
from workers.collect import run_source
from workers.imports import import_upload
from workers.tell import write_mails
from workers.tell_mail import send_mails

NOW = datetime.now(UTC).replace(microsecond=0)
RECIPIENTS = '[[recipients]]\nemail = "lead@acme.example"\nseverity = "low"\ndigest = "daily"\n'
CALLER = {"User-Agent": f"{planted.NAME}/1", "From": planted.MAIL, "Referer": f"https://x.com/{planted.HANDLE}",
          "X-Forwarded-For": planted.PHONE_DIGITS}  # fmt: skip
READERS = ("administrator", "hr", "marketing")


@dataclass(slots=True)
class Spoken:
    """Everything that was said, by the place where it was said."""

    pages: int = 0
    places: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, words: str) -> None:
        self.places[place] = self.places.get(place, "") + "\n" + words

    def named(self) -> list[str]:
        """Which persons are named, and where."""
        found = []
        for place, words in self.places.items():
            lowered = words.lower()
            spots = [(marker, lowered.find(marker)) for marker in MARKERS]
            found += [f"{place}: {marker}: …{words[max(0, at - 160) : at + 90]}…" for marker, at in spots if at >= 0]
        return found


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


@pytest.fixture
def folder(tmp_path: Path, settings: Callable[..., Settings], smtp: MailSink) -> Path:
    """The service's folder, with the chart library alone."""
    servers.lend_chart_library(tmp_path)
    settings(data_dir=tmp_path, smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none",
             mail_from="o@acme.example")  # fmt: skip
    hooks.GOOD_CALLS.clear()
    hooks.BAD_CALLS.clear()
    return tmp_path


def test_every_collector_is_planted() -> None:
    assert set(PLANTS) | {"inbox"} == {collector.kind for collector in all_collectors()}


@pytest.mark.usefixtures("clean_database")
def test_planted_persons_are_found_nowhere(
    client: TestClient, box: MailServer, http: HttpClient, log: io.StringIO, folder: Path,  # noqa: F811
    redis_url: str, smtp: MailSink, monkeypatch: pytest.MonkeyPatch, engine: Engine,
) -> None:  # fmt: skip
    with db.transaction() as session:
        profile.save_profile(session, world.PROFILE + RECIPIENTS, origin="dashboard", user_id=None, now=NOW)
    spoken = Spoken()
    plant_runs(spoken, http, box)
    cookies = sign_in()
    plant_by_api(client, cookies["administrator"], spoken)
    plant_by_fault(monkeypatch, spoken)
    with db.transaction() as session:
        mentions = make.judge(session, "negative", "employee", "both", now=NOW)
    assert len(mentions) > 20
    tell(spoken, smtp)
    look_everywhere(client, cookies, spoken)
    spoken.add("log", log.getvalue())
    with db.reading() as session:
        spoken.add("database", dump(session))
    spoken.add("valkey", cached(redis_url))
    files = [path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()]
    spoken.add("files", "\n".join(files))
    assert spoken.named() == []
    assert spoken.pages > 60
    for place, sign_of_life in SIGNS.items():
        assert sign_of_life in spoken.places[place], f"{place} was not searched"


SIGNS = {"database": "[author]", "log": "request", "mails": "Acme", "administrator GET /mentions": "Acme Bank is slow",
         "GET /metrics": "outspoken", "valkey": "kombu",
         "administrator GET /privacy-pack.pdf": "Privacy pack of Acme"}  # fmt: skip


def plant_runs(spoken: Spoken, http: HttpClient, box: MailServer) -> None:  # noqa: F811
    """A run of every collector, and an uploaded survey, stored as a worker does."""
    with TemporaryDirectory() as folder:
        runs: dict[str, Run] = {"inbox": mailbox(http, box), "survey file": planted.survey_file(Path(folder))}
    for kind, plant in PLANTS.items():
        with replay_server() as replay:
            runs[kind] = plant(replay, http)
    for kind, found in runs.items():
        spoken.add(f"outcome of {kind}", f"{found.outcome.detail} {json.dumps(dict(found.cursor))}")
        with db.transaction() as session:
            door = privacy_door(session, Settings())
            source_id = sources.get_or_make(session, "import", kind, "import", NOW)
            for batch in found.batches:
                stored = batches.admit(door, replace(batch, posts=tuple(map(recent, batch.posts))), NOW, 20_000)
                batches.store(session, source_id, stored, NOW)
        assert any(batch.posts or batch.deleted for batch in found.batches), kind


def recent(post: RawPost) -> RawPost:
    """The same today, so that pages show it."""
    return replace(post, published_at=NOW - timedelta(hours=2))


def mailbox(http: HttpClient, box: MailServer) -> Run:  # noqa: F811
    """An alert, a mail in a form that nobody knows, and a broken one."""
    person = f"{planted.NAME} <{planted.MAIL}>"
    review = mails.GLASSDOOR_HTML.replace("Kind colleagues", planted.says())
    subject = f"From {planted.NAME}"
    unknown = mails.mail(person, f"<p>{planted.SAYS}</p>", subject=subject, message_id=f"<{planted.MAIL}>")
    broken = (
        b"From: %s\r\nTo: Vexilo Tarrantine\r\n <v@a.example>\r\nContent-Type: text/plain; charset=x-none\r\n\r\nAcme"
    )
    box.deliver(mails.mail(mails.GLASSDOOR, review), unknown, broken % person.encode())
    found = read(box, http, newsletters="quint.example")
    assert sum(len(batch.held) for batch in found.batches) == 2
    return found


def sign_in() -> Mapping[str, str]:
    """The cookie of somebody of each role that reads."""
    cookies = {}
    for role in READERS:
        user_id, _ = world.add_person(role)
        with db.transaction() as session:
            cookies[role] = users.start_session(session, user_id, NOW, 1)
    return cookies


def plant_by_api(client: TestClient, cookie: str, spoken: Spoken) -> None:  # noqa: F811
    """Posts sent in, a hook with a bad item and a forged one, and files with bad rows."""
    with db.transaction() as session:
        user = users.session_user(session, cookie, NOW)
        hook = sources.add_source(session, SYSTEM, "webhook", "Desk", {}, NOW, credentials={"secret": SECRET})
    assert user is not None
    author = {"id": planted.NATIVE, "handle": planted.HANDLE, "name": planted.NAME, "url": planted.PROFILE}
    item = {"native_id": f"{planted.HANDLE}-1", "text": planted.SAYS, "title": planted.NAME, "author": author,
            "url": f"{planted.PROFILE}/1", "reply_to": f"{planted.HANDLE}-0"}  # fmt: skip
    bad = {**item, "native_id": 5, planted.HANDLE: planted.NAME, "published_at": planted.NAME}
    token = world.add_token(user.user.id) | CALLER
    sent = client.post("/api/v1/mentions", headers=token, json={"source": "Forum", "posts": [item]})
    assert sent.json()["added"] == 1, sent.text
    client.post("/api/v1/mentions", headers=token, json={"source": "Forum", "posts": [bad]})
    client.post("/api/v1/mentions", headers=CALLER, json={"posts": [item]})
    body = json.dumps([item | {"native_id": "t-1"}, bad]).encode()
    for secret in (SECRET, "forged"):
        headers = {"X-Outspoken-Signature": sign(secret, body, NOW), **CALLER}
        answer = client.post(f"/hooks/{hook}", content=body, headers=headers)
    assert answer.status_code == 401
    client.cookies.set(auth.COOKIE, cookie)
    columns = "id,date,text,title,author,profile,rating"
    row = f'7,2026-02-17,"{planted.SAYS}","{planted.NAME}",{planted.NAME},{planted.PROFILE},'
    for kind in ("posts", "reviews"):
        content = f"{columns}\n{row}4\n{row}{planted.HANDLE}\n".encode()
        there = post(client, "/import", {"kind": kind}, {"file": (f"{kind}.csv", content)}).headers["location"]
        import_upload(there.rpartition("/")[2], {}, f"File of {kind}")
        spoken.add(f"progress of {kind}", client.get(there).text)


def plant_by_fault(monkeypatch: pytest.MonkeyPatch, spoken: Spoken) -> None:
    """A collector that fails with the author in its words: what is kept and shown of that."""

    def failing(request: CollectRequest, http: HttpClient) -> Steps:  # noqa: F811
        yield Batch((), {})
        raise TypeError(f"{planted.NAME} ({planted.HANDLE}) is no number")
        return Outcome(True, "ok")

    register(monkeypatch, Scripted(failing))
    with db.transaction() as session:
        source_id = sources.add_source(session, SYSTEM, "scripted", "S", {}, NOW, credentials={"token": "a" * 20})
    with pytest.raises(TypeError):
        run_source(source_id, analyze=lambda _: None, force=True)


def tell(spoken: Spoken, smtp: MailSink) -> None:
    """An alert on the posts, mailed."""
    with db.transaction() as session:
        own = profile.own_company(session)
        assert own is not None
        hour = timedelta(hours=3)
        finding = Finding(VOLUME, own.id, "brand", ALL, NOW - hour, hour, 40, 1, 7, 40, 30, "high", "Points.", notes=())
        (event,) = incidents.save(session, [Intent("open", None, finding, "high", "A spike.", True)], NOW)
        write_mails(session, event, NOW, get_settings())
    send_mails()
    assert smtp.messages
    spoken.add("mails", "\n".join(str(each) for each in smtp.messages))
    for message in smtp.messages:
        for part in message.walk():
            if part.get_content_maintype() == "text":
                spoken.add("mails", part.get_content())


def look_everywhere(client: TestClient, cookies: Mapping[str, str], spoken: Spoken) -> None:  # noqa: F811
    """Every page and every answer of the API that can be asked for, as those who may read texts."""
    with db.reading() as session:
        ids = {
            "mention_id": session.scalar(text("SELECT max(id) FROM mentions WHERE counted")),
            "source_id": session.scalar(text("SELECT id FROM sources WHERE name = 'inbox'")),
            "incident_id": session.scalar(text("SELECT max(id) FROM incidents")),
        }
    for role in READERS:
        wanted = [route for route in (*access.ROUTES, *access.PUBLIC) if route.startswith("GET ")]
        if role != "administrator":
            wanted = [route for route in wanted if "mention" in route or "incident" in route]
        for route in wanted:
            client.cookies.set(auth.COOKIE, cookies[role])
            answer = client.get(access.address(route.removeprefix("GET "), ids), headers=CALLER)
            place = route if route in access.PUBLIC else f"{role} {route}"
            spoken.add(place, f"{words_of(answer)} {answer.headers}")
            spoken.pages += answer.status_code == 200


def words_of(answer: Response) -> str:
    """What a reader sees: the texts of a PDF file are packed."""
    if answer.headers.get("content-type") != "application/pdf":
        return answer.text
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def dump(session: Session) -> str:
    """Every row of every table as text."""
    rows = [
        f"{table.name} {row}"
        for table in Base.metadata.sorted_tables
        for row in session.scalars(text(f'SELECT t::text FROM "{table.name}" t'))
    ]
    return "\n".join(rows)


def cached(redis_url: str) -> str:
    """Every key with its value; jobs with what their workers are told."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as valkey:
        found = [(key, _READING[valkey.type(key)](valkey, key)) for key in valkey.keys("*")]
    return "\n".join(f"{key} {value} {_jobs_of(value)}" for key, value in found)


_READING: Mapping[str, Callable[[redis.Redis, str], object]] = {
    "string": lambda valkey, key: valkey.get(key),
    "list": lambda valkey, key: valkey.lrange(key, 0, -1),
    "set": lambda valkey, key: valkey.smembers(key),
    "hash": lambda valkey, key: valkey.hgetall(key),
    "zset": lambda valkey, key: valkey.zrange(key, 0, -1),
}


def _jobs_of(value: object) -> list[bytes]:
    """The bodies of Celery's messages, which are base64."""
    return [base64.b64decode(json.loads(job)["body"]) for job in (value if isinstance(value, list) else ())]
