"""Runs migrations on the connection that `storage.db` hands over, or on the configured database."""

from alembic import context

from storage.db import connect
from storage.models.tables import Base


def _run() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        context.configure(connection=given, target_metadata=Base.metadata, compare_server_default=True)
        context.run_migrations()
        return
    with connect().begin() as connection:
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        context.run_migrations()


_run()
