"""What every test may ask for: real servers, an own database, a mail sink, settings that never touch the user's data.

`session` is rolled back at the end. `clean_database` is for tests that commit or use several connections; it is emptied
at the end. `shared` is the folder beside the repository (or `OUTSPOKEN_SHARED`) and skips where it is absent.
"""

import contextlib
import gc
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as email_policy
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config.settings import ROOT, Settings, get_settings
from storage import db, embedded
from storage.models.tables import Base
from tests import servers

_run = contextlib.ExitStack()
# Under xdist a file is run by one process, in this order: the longest begin first, so that all processes end together.
_FIRST = ("workers/test_supervisor.py", "dashboard/", "nlp/", "workers/", "collectors/test_web.py", "collectors/")
# One process has the town and the browser, one the model and PyTorch, one what workers are forked from.
_TOGETHER = ("tests/dashboard/", "tests/nlp/", "tests/workers/live/")


def pytest_configure(config: pytest.Config) -> None:
    """Cut the run off from the user's settings and data; under xdist only the first process owns the servers."""
    gc.disable()  # what collecting loads stays; until `pytest_collection_finish`
    for name in Settings.model_fields:
        for spelling in (name.upper(), f"{name.upper()}_FILE", f"OUTSPOKEN_{name.upper()}"):
            os.environ.pop(spelling, None)
    Settings.model_config["env_file"] = None
    if not hasattr(config, "workerinput"):
        folder = _run.enter_context(servers.folder_of_run())
        os.environ[servers.FOLDER] = str(folder)
        if getattr(config.option, "numprocesses", None):
            _run.enter_context(servers.serving(folder))
    os.environ["DATA_DIR"] = os.environ[servers.FOLDER]
    os.environ["COMPANY_FILE"] = str(Path(os.environ[servers.FOLDER]) / "company.toml")
    get_settings.cache_clear()
    # A busy machine is no reason for a property test to fail.
    untimed = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.register_profile("explore", untimed)
    # The same examples at every run: what is green stays green. HYPOTHESIS_PROFILE=explore looks for new ones.
    hypothesis_settings.register_profile("same", untimed, derandomize=True, max_examples=50)
    hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers and remove the run's folder."""
    if not hasattr(config, "workerinput"):
        _run.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """`--dist loadfile`, but the folders of `_TOGETHER` stay whole too."""
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

    class Folders(LoadFileScheduling):  # type: ignore[misc]  # xdist says no types
        def _split_scope(self, nodeid: str) -> str:
            return next((folder for folder in _TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))

    return Folders(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """In a fresh checkout each process of xdist compiles a share of the tests first; of the others it finds the result.

    pytest takes ten seconds to rewrite all of them. A module that cannot be imported is reported when it is collected.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(each).name for each in session.config.args] != ["tests"]:
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    for file in files[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]:
        with contextlib.suppress(Exception, pytest.skip.Exception):
            import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; files stay whole, and those that share a package's fixtures side by side."""
    items.sort(key=lambda item: _turn(item.nodeid.removeprefix("tests/")))


def pytest_collection_finish() -> None:
    """What is loaded by now is no garbage: no search for garbage goes through it again.

    What one process compiles of the templates of pages serves the others too.
    """
    gc.enable()
    gc.freeze()
    if "api.dashboard.render" in sys.modules:
        from api.dashboard.render import environment

        environment().bytecode_cache = FileSystemBytecodeCache(os.environ[servers.FOLDER])


def _turn(path: str) -> int:
    return next((turn for turn, start in enumerate(_FIRST) if path.startswith(start)), len(_FIRST))


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """The data folder of the run, with PostgreSQL and Valkey answering."""
    folder = Path(os.environ[servers.FOLDER])
    if "PYTEST_XDIST_WORKER" in os.environ:
        yield folder
        return
    with servers.serving(folder):
        yield folder


@pytest.fixture
def open_folder() -> Path:
    """An empty folder for servers that a test starts itself.

    Started by root, PostgreSQL runs as another user, and pytest shuts `tmp_path` to all others whenever a run begins.
    """
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=os.environ[servers.FOLDER]))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def one_day() -> None:
    """A test on the machine's clock that might run over midnight (UTC), when budgets begin anew, waits for it."""
    left = 86_400 - time.time() % 86_400
    if left < 10:
        time.sleep(left)


@pytest.fixture(scope="session")
def database(data_dir: Path) -> Iterator[str]:
    """The address of this process's own migrated database; all of the service's code uses it from here on."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    url = servers.make_database(data_dir, f"tests_{worker}")
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
    yield url
    db.connect(url).dispose()
    os.environ.pop("DATABASE_URL", None)
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def engine(database: str) -> Engine:
    """The engine that the service itself uses."""
    return db.connect(database)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is undone at the end, commits included."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        transaction.rollback()


@pytest.fixture
def clean_database(engine: Engine) -> Iterator[Engine]:
    """An empty database for tests that commit; emptied again at the end."""
    yield engine
    _empty(engine)


@pytest.fixture
def redis_url(data_dir: Path) -> Iterator[str]:
    """The address of an empty Valkey database of this process; all of the service's code uses it meanwhile."""
    number = int("0" + "".join(filter(str.isdigit, os.environ.get("PYTEST_XDIST_WORKER", "15"))))
    url = embedded.redis_url(data_dir).replace("db=0", f"db={number % 16}")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        os.environ["REDIS_URL"] = url
        get_settings.cache_clear()
        servers.use_queue_of_settings()
        yield url
        client.flushdb()
    os.environ.pop("REDIS_URL", None)
    get_settings.cache_clear()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """A function that changes settings for this test, as the environment would: `settings(port=8123)`."""

    def change(**values: object) -> Settings:
        for name, value in values.items():
            if name not in Settings.model_fields:
                raise KeyError(name)
            monkeypatch.setenv(name.upper(), str(value))
        get_settings.cache_clear()
        return get_settings()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with recorded answers and data sets."""
    folder = Path(os.environ.get("OUTSPOKEN_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("../shared (recorded answers and data sets) is not beside the repository")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium is installed: the browser tests do not run")


class MailSink:
    """A mail server that keeps what it is handed. `answers` are given first, one per message, then "250 OK"."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.host = "127.0.0.1"
        self.port = 0

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:
        """Take one message; the name is aiosmtpd's."""
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        parsed: Any = BytesParser(policy=email_policy).parsebytes(content)
        self.messages.append(parsed)
        self.recipients.extend(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def smtp() -> Iterator[MailSink]:
    """A real mail server on loopback: `smtp.host`, `smtp.port`, `smtp.messages`."""
    sink = MailSink()
    sink.port = free_port()
    controller = Controller(sink, hostname=sink.host, port=sink.port)
    controller.start()
    yield sink
    controller.stop()


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(_statements_to_empty())


@cache
def _statements_to_empty() -> str:
    """DELETE of a few rows is ten times faster than TRUNCATE; as a replica no trigger and no foreign key is asked."""
    statements = [f'DELETE FROM "{table.name}"' for table in Base.metadata.sorted_tables]
    return "; ".join(["SET LOCAL session_replication_role = replica", *statements])
