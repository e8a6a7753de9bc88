"""Tagging old mentions again: which carry tags of another version than the one in force, and taking them in bites.

Newest first within a company, so that the weeks that people and alerts look at are of one version soon. Nothing marks a
mention as done but the versions in its own row, so a run can be killed at any moment and begun again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.settings import get_settings
from nlp.hub import version_suffix
from nlp.shipped import model_version
from nlp.themes import taxonomy_version
from storage import db, tuned_models

GIVE_UP_AFTER = 5  # tries; what raises or ends its process that often keeps its old tags
ALERT_WEEKS = timedelta(hours=24 * 29)  # what `storage.alert_series` reads
_LOCK = 0x05750003  # one process re-tags at a time, so that new mentions always find a free one

_OUTDATED = """
m.analyzed_at IS NOT NULL AND m.attempts < :give_up
AND (m.model IS DISTINCT FROM :model OR m.taxonomy IS DISTINCT FROM :taxonomy)
AND m.published_at >= coalesce(:since, '-infinity'::timestamptz)
"""
_LEFT = text(f"""
SELECT count(*) FROM mentions m WHERE {_OUTDATED} AND m.company_id = coalesce(:company, m.company_id)
""")  # noqa: S608 - no value of anybody's
_COMPANIES = text("""
SELECT id FROM companies WHERE id = coalesce(:company, id) ORDER BY is_own DESC, active DESC, id
""")
_NEXT = text(f"""
SELECT m.id, m.published_at, m.attempts FROM mentions m
WHERE m.company_id = :company AND (m.published_at, m.id) < (:published_at, :id) AND {_OUTDATED}
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")  # noqa: S608
_TRY = text("""
UPDATE mentions SET attempts = attempts + :tries WHERE id IN (
    SELECT id FROM mentions WHERE id = ANY(CAST(:ids AS bigint[])) AND analyzed_at IS NOT NULL
    ORDER BY id FOR UPDATE SKIP LOCKED
)
""")
_TRY_AGAIN = text("UPDATE mentions SET attempts = 0 WHERE analyzed_at IS NOT NULL AND attempts > 0")


@dataclass(frozen=True, slots=True)
class Versions:
    """What tags made now carry."""

    model: str
    taxonomy: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which mentions: published since (None: all), of one company (None: of all)."""

    since: datetime | None = None
    company_id: int | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Outdated:
    """A mention with older tags, and how often its re-tagging was begun in vain."""

    id: int
    published_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come within a company: everything before this is left."""

    company_id: int
    published_at: datetime
    id: int


def versions_in_force(session: Session) -> Versions:
    """The tuned heads in force if they stand on the weights here, else these weights; and the taxonomy.

    Another sentiment model (setting `SENTIMENT_MODEL`) is part of the version.
    """
    in_force = tuned_models.version_in_force(session, model_version())
    return Versions(in_force + version_suffix(get_settings()), taxonomy_version())


def reanalysis_left(session: Session, scope: Scope = EVERYTHING) -> int:
    """How many mentions carry tags of another version. Reads all mentions of the scope: half a second for a million."""
    return session.scalar(_LEFT, _values(scope, versions_in_force(session))) or 0


def companies_of(session: Session, scope: Scope) -> list[int]:
    """Ids of the companies in the order in which their mentions are taken: the own one first."""
    return list(session.scalars(_COMPANIES, {"company": scope.company_id}))


def next_outdated(session: Session, scope: Scope, versions: Versions, place: Place, limit: int) -> list[Outdated]:
    """The next mentions of one company with older tags, the newest first."""
    values = _values(scope, versions) | {"company": place.company_id, "limit": limit}
    rows = session.execute(_NEXT, values | {"published_at": place.published_at, "id": place.id})
    return [Outdated(row.id, row.published_at, row.attempts) for row in rows]


def count_try(session: Session, ids: Sequence[int]) -> None:
    """Note, in a transaction of its own, that these are about to be tried; saving new tags sets it back to none."""
    session.execute(_TRY, {"ids": list(ids), "tries": 1})


def keep_old_tags(session: Session, ids: Sequence[int]) -> None:
    """These cannot be tagged anew; they keep what they have until somebody asks for another re-tagging."""
    session.execute(_TRY, {"ids": list(ids), "tries": GIVE_UP_AFTER})


def try_all_again(session: Session) -> None:
    """A person asked for a new run: what was given up in the last one has another chance."""
    session.execute(_TRY_AGAIN)


@contextmanager
def turn() -> Iterator[bool]:
    """Hold the right to re-tag; gives False when another process has it. Ends with the process."""
    with db.connect().connect() as connection:
        held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))
        connection.commit()  # the lock belongs to the connection; no transaction may stay open meanwhile
        try:
            yield held
        finally:
            if held:
                connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
                connection.commit()


def _values(scope: Scope, versions: Versions) -> dict[str, object]:
    return {
        "give_up": GIVE_UP_AFTER,
        "model": versions.model,
        "taxonomy": versions.taxonomy,
        "since": scope.since,
        "company": scope.company_id,
    }
