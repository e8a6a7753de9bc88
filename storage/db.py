"""The database: engines, transactions, migrations. SQLAlchemy's session is the only handle that leaves this module."""

import logging
import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage import embedded
from storage.models.tables import Base

if TYPE_CHECKING:  # loaded where the schema is looked at, which most processes never do: it takes long
    from alembic.config import Config

log = logging.getLogger(__name__)

T = TypeVar("T")
_MIGRATION_LOCK = 0x05750001  # one process migrates, the others wait
_MIGRATIONS = Path(__file__).parent / "migrations"
_AFTER_COMMIT = "after_commit"
_REMEMBERED = "remembered"
_OPTIONS = " ".join(
    (
        "-c timezone=UTC",
        "-c statement_timeout=120000",  # ms; a page must not hang for ever
        "-c lock_timeout=30000",  # ms; waiting longer than a batch of analyses takes is a fault
        "-c idle_in_transaction_session_timeout=600000",  # ms; a stuck process gives its locks back
        "-c jit=off",  # compiling costs more than the short queries here take
    )
)


def database_url() -> str:
    """The configured database, else the address of the embedded server."""
    settings = get_settings()
    return settings.database_url.get_secret_value() or embedded.database_url(settings.data_dir)


def redis_url() -> str:
    """The configured Redis, else the address of the embedded Valkey."""
    settings = get_settings()
    return settings.redis_url.get_secret_value() or embedded.redis_url(settings.data_dir)


def connect(url: str | None = None) -> Engine:
    """The engine of an address, one per process (a forked child gets its own). No connection is opened yet."""
    return _engine(url or database_url(), os.getpid())


@lru_cache(maxsize=8)
def _engine(url: str, _pid: int) -> Engine:
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed,
        pool_size=5,
        max_overflow=10,
        pool_timeout=30,
        pool_pre_ping=True,  # a restarted server costs one reconnect, not one failed request per connection
        connect_args={"options": _OPTIONS, "connect_timeout": 10},
    )


@contextmanager
def transaction() -> Iterator[Session]:
    """One session: committed at the end, rolled back on any error; then what `after_commit` was given."""
    with Session(connect(), expire_on_commit=False) as session:
        with session.begin():
            yield session
        run_after_commit(session)


@contextmanager
def reading() -> Iterator[Session]:
    """One session that refuses to write."""
    with Session(connect(), expire_on_commit=False) as session, session.begin():
        session.execute(text("SET TRANSACTION READ ONLY"))
        session.info[_REMEMBERED] = {}
        yield session


def remembered(session: Session, key: Hashable, read: Callable[[], T]) -> T:
    """What `read` answers, asked once per `reading` session; elsewhere each time, since what is read may change."""
    known: dict[Hashable, T] | None = session.info.get(_REMEMBERED)
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    return known[key]


def after_commit(session: Session, fn: Callable[[], None]) -> None:
    """Call `fn` once the transaction is in, never when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(fn)


def run_after_commit(session: Session) -> None:
    """Call what waits for the commit, in order; an error is logged, since the rows are the truth and already in."""
    waiting: list[Callable[[], None]] = session.info.pop(_AFTER_COMMIT, [])
    for fn in waiting:
        try:
            fn()
        except Exception:
            log.warning("A job could not be queued after a commit; upkeep will pick it up.", exc_info=True)


def migrate(to: str = "head") -> None:
    """Bring the schema up to a revision, or down to one ("base": nothing left). Processes wait for each other."""
    with connect().begin() as connection:
        migrate_connection(connection, to)


def migrate_connection(connection: Connection, to: str = "head") -> None:
    """`migrate` on a given connection, inside its transaction; Alembic is loaded only where there is work for it."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    if to == "head" and _revision(connection) == newest_revision():
        return
    from alembic import command

    config = _alembic()
    config.attributes["connection"] = connection
    if to == "base" or (to != "head" and _is_behind(connection, to)):
        command.downgrade(config, to)
    else:
        command.upgrade(config, to)


def newest_revision() -> str:
    """The revision that the schema ends at, by the names of the migrations' files."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


def _revision(connection: Connection) -> str | None:
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def schema_problems() -> list[str]:
    """How the database differs from the models, one sentence each; empty when migrations and models match."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with connect().connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        head = ScriptDirectory.from_config(_alembic()).get_current_head()
        if current != head:
            return [f"The database is at revision {current or 'none'}, the newest is {head}: run manage.py migrate."]
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return [
            f"Migrations and models differ: {difference}" for difference in compare_metadata(context, Base.metadata)
        ]


def _alembic() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _is_behind(connection: Connection, to: str) -> bool:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return False
    script = ScriptDirectory.from_config(_alembic())
    return to in {revision.revision for revision in script.iterate_revisions(current, "base")} and to != current
