"""Drafts of answers to reviews: written by one account, read by another, posted by nobody here.

Whoever may read the review may read and write its draft; every act is in the audit log.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from storage import audit, mention_detail
from storage.mention_detail import MentionDetail
from storage.models.users import User
from storage.models.voice import ReviewAnswer
from storage.viewer import NotAllowed, NotFound, Viewer

LONGEST = 10_000


class DraftChangedError(Exception):
    """Somebody else saved the draft meanwhile; nothing was written."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A draft; `writer` and `reader` are None where the account is gone (`read_at` says whether it was read)."""

    mention_id: int
    text: str
    version: int
    writer_id: int | None
    writer: str | None
    written_at: datetime
    reader: str | None
    read_at: datetime | None


def answer_of(session: Session, viewer: Viewer, mention_id: int) -> tuple[MentionDetail, AnswerRow | None]:
    """The review with its draft; raises `NotFound` for what is no review, `NotAllowed` as the mention does."""
    detail = mention_detail.get(session, viewer, mention_id)
    if detail.row.kind != "review":
        raise NotFound("Only reviews have answers.")
    writer, reader = aliased(User), aliased(User)
    query = (
        select(ReviewAnswer, writer.name.label("writer"), reader.name.label("reader"))
        .join(writer, writer.id == ReviewAnswer.written_by, isouter=True)
        .join(reader, reader.id == ReviewAnswer.read_by, isouter=True)
        .where(ReviewAnswer.mention_id == mention_id)
    )
    found = session.execute(query).first()
    if found is None:
        return detail, None
    row: ReviewAnswer = found.ReviewAnswer
    return detail, AnswerRow(
        mention_id, row.text, row.version, row.written_by, found.writer, row.written_at, found.reader, row.read_at
    )


def save_answer(session: Session, viewer: Viewer, mention_id: int, text: str, version: int, now: datetime) -> None:
    """Write the draft over `version` (0: there was none). Raises `ValueError` for a text that is none, and
    `DraftChangedError` where another version is in force; the same text again changes nothing."""
    _, known = answer_of(session, viewer, mention_id)
    text = _clean(text)
    if known is not None and known.version == version and known.text == text:
        return
    values = {"text": text, "version": version + 1, "written_by": viewer.user_id, "written_at": now}
    statement = (
        insert(ReviewAnswer)
        .values(mention_id=mention_id, **values)
        .on_conflict_do_update(
            index_elements=["mention_id"],
            set_={**values, "read_by": None, "read_at": None},
            where=ReviewAnswer.version == version,
        )
        .returning(ReviewAnswer.version)
    )
    if (known is None) != (version == 0) or session.scalar(statement) is None:
        raise DraftChangedError("Somebody else saved this draft meanwhile.")
    audit.record(session, viewer, "review_answer.save", f"mention {mention_id}, version {version + 1}", now)


def mark_read(session: Session, viewer: Viewer, mention_id: int, version: int, now: datetime) -> None:
    """A second person read the draft. Raises `NotAllowed` for its writer, `DraftChangedError` for another version."""
    _, known = answer_of(session, viewer, mention_id)
    if known is None:
        raise NotFound("There is no draft.")
    if viewer.user_id is None or known.writer_id == viewer.user_id:
        raise NotAllowed("Somebody else than the writer reads the draft.")
    statement = (
        update(ReviewAnswer)
        .where(ReviewAnswer.mention_id == mention_id, ReviewAnswer.version == version)
        .where(ReviewAnswer.written_by.is_distinct_from(viewer.user_id))
        .values(read_by=viewer.user_id, read_at=now)
        .returning(ReviewAnswer.version)
    )
    if session.scalar(statement) is None:
        raise DraftChangedError("The draft was changed meanwhile; read it again.")
    audit.record(session, viewer, "review_answer.read", f"mention {mention_id}, version {version}", now)


def _clean(text: str) -> str:
    text = text.replace("\x00", "").encode("utf-8", "replace").decode().replace("\r\n", "\n").strip()
    if not text:
        raise ValueError("Write an answer first.")
    if len(text) > LONGEST:
        raise ValueError(f"Use at most {LONGEST:,} characters.")
    return text
