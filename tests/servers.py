"""PostgreSQL and Valkey for one run of the tests, in a temporary folder that the next run sweeps after a kill."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import NullPool, create_engine, make_url, text

from storage import db, embedded

FOLDER = "OUTSPOKEN_TESTS_FOLDER"  # where the run's servers are; set for the worker processes of xdist
_PREFIX = f"outspoken-tests-{os.getuid()}-"
_TEMPLATE = "template_outspoken"
# A test run has nothing to lose when the machine goes down.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


@contextlib.contextmanager
def folder_of_run() -> Iterator[Path]:
    """A folder named by our process number; gone at the end."""
    base = Path(tempfile.gettempdir())
    for old in base.glob(f"{_PREFIX}*"):
        _sweep(old)
    folder = base / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[None]:
    """Both servers, until the end of the block."""
    with embedded.own(folder, "tests"), embedded.serving(folder, _FAST):
        yield


def lend_chart_library(folder: Path) -> None:
    """A folder of a test's own gets what the pages made of the chart library for this run: that takes two seconds."""
    from api.dashboard.pages import vega  # here, since most tests need no pages

    vega.bundle()
    for made in Path(os.environ[FOLDER]).glob("vega-*.js.gz"):
        shutil.copy(made, folder)


def make_database(folder: Path, name: str) -> str:
    """The address of a fresh migrated database; the migrations run once per test run, the rest are copies."""
    server = make_url(embedded.database_url(folder))
    lock = os.open(folder / "template.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        admin = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            names = set(connection.scalars(text("SELECT datname FROM pg_database")))
            if _TEMPLATE not in names:
                _make_template(server.set(database="template_new").render_as_string(hide_password=False))
                connection.execute(text(f"ALTER DATABASE template_new RENAME TO {_TEMPLATE}"))
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE}'))
    finally:
        os.close(lock)
    return server.set(database=name).render_as_string(hide_password=False)


def use_queue_of_settings() -> None:
    """Have Celery connect anew to where the settings point now."""
    from kombu import pools

    from workers.app import app, broker_url

    pools.reset()  # type: ignore[no-untyped-call]
    app._pool = None
    app.amqp._producer_pool = None
    app.conf.broker_url = broker_url()


def _make_template(url: str) -> None:
    target = make_url(url)
    admin = create_engine(target.set(database="postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS template_new"))
        connection.execute(text("CREATE DATABASE template_new"))
    with create_engine(target, poolclass=NullPool).begin() as connection:
        db.migrate_connection(connection)


def _sweep(folder: Path) -> None:
    """Remove the folder of a run whose process is gone."""
    pid = folder.name.removeprefix(_PREFIX)
    with contextlib.suppress(ProcessLookupError, ValueError):
        os.kill(int(pid), 0)
        return
    with contextlib.suppress(embedded.EmbeddedError, OSError):
        embedded.stop_left_behind(folder)
    embedded.clear_sockets(folder)
    shutil.rmtree(folder, ignore_errors=True)
