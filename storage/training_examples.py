"""What people said about tags, as lessons for the model: the latest word on every head of every mention."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from nlp.tune_texts import Lesson, Word

# Mentions of the newest words; a tuning of more would take longer than minutes and learn little that is new.
MOST_MENTIONS = 50_000

_WORDS = text("""
WITH latest AS (
    SELECT DISTINCT ON (c.mention_id, c.head) c.mention_id, c.head, c.new AS label, c.sampled, c.at
    FROM corrections c ORDER BY c.mention_id, c.head, c.at DESC, c.id DESC
), said AS (
    SELECT mention_id, max(at) AS at,
           jsonb_object_agg(head, jsonb_build_object('label', label, 'sampled', sampled, 'at', at)) AS words
    FROM latest GROUP BY mention_id
)
SELECT m.id, m.story_id, m.post_id, c.name, c.names, p.title, p.text, s.words
FROM said s JOIN mentions m ON m.id = s.mention_id JOIN posts p ON p.id = m.post_id
    JOIN companies c ON c.id = m.company_id
WHERE NOT m.protected AND p.deleted_at IS NULL AND p.text <> ''
ORDER BY s.at DESC, m.id DESC LIMIT :limit
""")
_HIDDEN = text("""
SELECT count(DISTINCT c.mention_id) FROM corrections c JOIN mentions m ON m.id = c.mention_id
    JOIN posts p ON p.id = m.post_id
WHERE m.protected OR p.deleted_at IS NOT NULL OR p.text = ''
""")


@dataclass(frozen=True, slots=True)
class Lessons:
    """The lessons, newest word first; `hidden` mentions are left out since they are protected, deleted or empty."""

    lessons: tuple[Lesson, ...]
    hidden: int


def lessons(session: Session, limit: int = MOST_MENTIONS) -> Lessons:
    """The latest word per mention and head, corrections and confirmations of drawn mentions alike.

    Protected and deleted texts teach nothing. Mentions of one post or one story share a key, so that copies of a text
    never stand on both sides of a judgement.
    """
    rows = session.execute(_WORDS, {"limit": limit})
    found = tuple(
        Lesson(
            text=_whole(row.title, row.text),
            names=(row.name, *row.names),
            keys=(f"post {row.post_id}", *(() if row.story_id is None else (f"story {row.story_id}",))),
            words=_words(row.words),
        )
        for row in rows
    )
    return Lessons(found, session.scalar(_HIDDEN) or 0)


def _whole(title: str | None, body: str) -> str:
    """As tagging sees it (`storage.analysis.claim_pending`)."""
    return f"{title}\n\n{body}" if title else body


def _words(raw: Mapping[str, Mapping[str, str | bool]]) -> dict[str, Word]:
    return {
        head: Word(str(one["label"]), bool(one["sampled"]), datetime.fromisoformat(str(one["at"])))
        for head, one in raw.items()
    }
