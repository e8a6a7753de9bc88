"""Vectors of the texts that stories were first told in, by the network, for five weeks: what topics are found in.

They say which texts resemble each other and are of no use to anybody who reads; nothing exports them. A vector leaves
with its mention. Vectors of other weights are never compared with present ones: they are made anew, newest first, and
no topic is looked for until all are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.topics import MEMORY, WINDOW, Stories, Vectors
from storage.answers import ANSWER
from storage.counted import is_left_out, uncounted
from storage.models.topics import WIDTH

KEPT = timedelta(days=35)
READ = MEMORY + WINDOW
_LABELS = ("brand", "employer", "both")  # a text about neither is about something else
_SIDES = str(_LABELS)  # as SQL writes it, too
_LARGEST = 2_047  # whole numbers up to here are exact in a half float, and short to write; only the direction counts

_TOLD = f"""
FROM stories s JOIN mentions m ON m.id = s.first_mention_id
WHERE s.company_id = :company AND s.first_at >= CAST(:since AS timestamptz) - interval '1 day'
  AND m.published_at >= :since AND m.published_at <= :now AND m.counted AND NOT m.own_account AND m.facet IN {_SIDES}
  AND NOT {ANSWER}
"""
_MISSING = text(f"""
SELECT m.id, p.title, p.text, c.name, c.names
{_TOLD.replace("WHERE", "JOIN posts p ON p.id = m.post_id JOIN companies c ON c.id = m.company_id WHERE", 1)}
  AND NOT EXISTS (SELECT 1 FROM mention_vectors v WHERE v.mention_id = m.id AND v.space = :space)
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")  # noqa: S608 - constants
# A row that somebody deletes just now is passed over.
_SAVE = text("""
INSERT INTO mention_vectors (mention_id, company_id, space, published_at, vector)
SELECT m.id, m.company_id, :space, m.published_at, CAST(i.vector AS halfvec)
FROM json_to_recordset(CAST(:rows AS json)) AS i(id bigint, vector text) JOIN mentions m ON m.id = i.id
FOR KEY SHARE OF m SKIP LOCKED
ON CONFLICT (mention_id) DO UPDATE SET space = excluded.space, vector = excluded.vector
""")
_STORIES = text(f"""
SELECT m.id, m.story_id, m.published_at, coalesce(m.author_key, m.id::text) AS author, m.facet, m.audience,
       halfvec_send(v.vector) AS packed
{_TOLD.replace("WHERE", "JOIN mention_vectors v ON v.mention_id = m.id WHERE", 1)} AND v.space = :space
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")
_FORGET = text("""
DELETE FROM mention_vectors v USING mentions m
WHERE m.id = v.mention_id AND (v.published_at < :before OR (m.analyzed_at IS NOT NULL AND NOT m.counted))
""")
_DROP = text("DELETE FROM mention_vectors WHERE mention_id = ANY(CAST(:ids AS bigint[]))")
_MOST = 20_000  # stories of one look; of more only the newest


@dataclass(frozen=True, slots=True)
class Unread:
    """A text without a vector of the present weights; `names` of the company are told to the network."""

    mention_id: int
    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The mention that a story was first told in."""

    mention_id: int
    story_id: int
    at: datetime
    author: str
    facet: str


def missing(session: Session, company_id: int, space: str, now: datetime, limit: int) -> list[Unread]:
    """Texts of the last weeks that have no vector of these weights, newest first."""
    values = {"company": company_id, "space": space, "since": now - READ, "now": now, "limit": limit}
    return [
        Unread(row.id, f"{row.title}\n\n{row.text}" if row.title else row.text, (row.name, *row.names))
        for row in session.execute(_MISSING, values)
    ]


def save(session: Session, space: str, ids: Sequence[int], vectors: Vectors) -> None:
    """Store vectors, one row each; those of another width than the tables have are a ValueError."""
    if vectors.shape != (len(ids), WIDTH):
        raise ValueError(f"vectors of {vectors.shape[1:]} numbers do not fit into tables for {WIDTH}")
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-9)
    whole = np.rint(vectors * (_LARGEST / largest)).astype(np.int64).tolist()
    rows = [{"id": id_, "vector": str(row)} for id_, row in zip(ids, whole, strict=True)]
    session.execute(_SAVE, {"space": space, "rows": json.dumps(rows)})


def stories(session: Session, company_id: int, space: str, now: datetime) -> tuple[list[Told], Stories]:
    """The stories of the window and the four weeks before it, with their vectors; for workers, nothing is filtered."""
    values = {"company": company_id, "space": space, "since": now - READ, "now": now, "limit": _MOST}
    left = uncounted(session, company_id, _LABELS, now - READ, now + timedelta(hours=1))
    found = session.execute(_STORIES, values).all()
    rows = [row for row in found if not is_left_out(left, row.facet, row.audience, row.published_at)]
    told = [Told(row.id, row.story_id, row.published_at, row.author, row.facet) for row in rows]
    packed = b"".join(bytes(row.packed)[4:] for row in rows)
    vectors = np.frombuffer(packed, dtype=">f2").astype(np.float32).reshape(len(rows), WIDTH)
    at = np.array([each.at.timestamp() for each in told], dtype=np.float64)
    return told, Stories(vectors, at, [each.author for each in told])


def drop(session: Session, mention_ids: Sequence[int]) -> None:
    """The texts changed: their vectors are of no use any more."""
    session.execute(_DROP, {"ids": list(mention_ids)})


def forget(session: Session, now: datetime) -> None:
    """Delete what is older than five weeks, and what is in no count any more."""
    session.execute(_FORGET, {"before": now - KEPT})
