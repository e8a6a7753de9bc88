"""Migrations, both ways and against the models; connections that refuse to write."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from storage import audit_chain, db, users
from tests.factories import NOW


def _tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        return set(names) - {"alembic_version"}


def test_migrations_match_the_models(clean_database: Engine) -> None:
    assert db.schema_problems() == []


def test_the_schema_ends_where_the_last_migration_by_name_does(clean_database: Engine) -> None:
    with clean_database.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == db.newest_revision()


def test_migrations_go_down_and_up_again(clean_database: Engine) -> None:
    tables = _tables(clean_database)
    with db.transaction() as session:
        users.create_user(session, "ada@acme.example", "Ada", "auditor", None, NOW)
    try:
        db.migrate("0001")
        assert {"mentions", "rollups"} < _tables(clean_database) < tables
        assert "manage.py migrate" in db.schema_problems()[0]
        with clean_database.begin() as connection:
            old = "INSERT INTO audit_log (at, action, subject) VALUES (now(), 'a', 'ü'), (now(), 'b', '')"
            connection.execute(text(old))
        db.migrate()
        with db.transaction() as session:
            known = audit_chain.verify(session)
            assert (known.problem, known.links) == (None, 3)  # the third says that the others were chained later
            assert [row.role for row in users.list_users(session)] == ["leadership"]
        db.migrate("base")
        assert _tables(clean_database) == set()
    finally:
        db.migrate()
    assert _tables(clean_database) == tables
    db.migrate()
    assert db.schema_problems() == []


def test_a_schema_that_differs_is_said(clean_database: Engine) -> None:
    with clean_database.begin() as connection:
        connection.execute(
            text("ALTER TABLE users ALTER COLUMN role TYPE varchar(9), ALTER COLUMN active DROP DEFAULT")
        )
    try:
        problems = " ".join(db.schema_problems())
    finally:
        with clean_database.begin() as connection:
            connection.execute(text("ALTER TABLE users ALTER role TYPE text, ALTER active SET DEFAULT true"))
    assert "modify_type" in problems
    assert "modify_default" in problems


def test_reading_refuses_to_write(clean_database: Engine) -> None:
    with pytest.raises(DBAPIError, match="read-only"), db.reading() as session:
        session.execute(text("DELETE FROM users"))


def test_one_engine_per_address_whatever_its_spelling_of_the_driver() -> None:
    engine = db.connect("postgresql://somebody@localhost/nothing")
    assert engine is db.connect("postgresql://somebody@localhost/nothing")
    assert engine.dialect.driver == "psycopg"
