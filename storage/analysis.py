"""From pending to tagged: claims, tags, story, cells, all in the transaction of the caller; corrections by people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Result, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from nlp.result import AUDIENCES, FACETS, SENTIMENTS, STAFF, UNKNOWN, UNSURE, Tags
from storage.cells import changing, lock_companies
from storage.models.mentions import Correction, Mention
from storage.stories import Unplaced, place
from storage.viewer import NotAllowed, NotFound, Viewer

HEADS: dict[str, tuple[str, ...]] = {
    "sentiment": (*SENTIMENTS, UNSURE),
    "audience": (*AUDIENCES, STAFF, UNKNOWN),
    "facet": FACETS,
}


@dataclass(frozen=True, slots=True)
class PendingMention:
    """What tagging needs to know of a mention. The row stays locked until the transaction ends."""

    id: int
    company_id: int
    company: str
    names: tuple[str, ...]  # other names of the company
    text: str  # title and text
    lang: str | None
    source_kind: str
    kind: str
    stated: Mapping[str, str]
    rating: float | None
    own_account: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Analyzed:
    """The tags of one mention, with what finds its story."""

    mention_id: int
    tags: Tags
    protected: bool
    signature: bytes
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    id: int
    company_id: int
    published_at: datetime
    story_id: int | None
    corrected: Mapping[str, str]


_CLAIM = """
SELECT m.id, m.company_id, c.name, c.names, p.title, p.text, p.lang, s.kind AS source_kind, p.kind, p.stated, p.rating,
       m.own_account, m.attempts
FROM mentions m JOIN posts p ON p.id = m.post_id JOIN sources s ON s.id = m.source_id
    JOIN companies c ON c.id = m.company_id
WHERE {only} ORDER BY m.id LIMIT :limit FOR UPDATE OF m SKIP LOCKED
"""
_THESE = "m.id = ANY(CAST(:ids AS bigint[]))"
_CLAIM_ANY = text(_CLAIM.format(only="m.analyzed_at IS NULL"))
_CLAIM_THESE = text(_CLAIM.format(only=f"m.analyzed_at IS NULL AND {_THESE}"))
_CLAIM_AGAIN = text(_CLAIM.format(only=f"m.analyzed_at IS NOT NULL AND {_THESE}"))

_ATTEMPT = text("""
UPDATE mentions SET attempts = attempts + 1 WHERE id IN (
    SELECT id FROM mentions WHERE id = ANY(CAST(:ids AS bigint[])) AND analyzed_at IS NULL
    ORDER BY id FOR UPDATE SKIP LOCKED
) RETURNING id, attempts
""")

_HOLD = text("""
SELECT id, company_id, published_at, story_id, corrected FROM mentions
WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
""")

_SAVE = text("""
UPDATE mentions m SET analyzed_at = :now, attempts = 0, counted = NOT i.protected, story_id = i.story_id,
    lang = i.lang, sentiment = i.sentiment, audience = i.audience, facet = i.facet, scores = i.scores,
    themes = i.themes, protected = i.protected,
    evidence = i.evidence, model = i.model, taxonomy = i.taxonomy
FROM json_to_recordset(CAST(:rows AS json)) AS i(id bigint, story_id bigint, lang text, sentiment text, audience text,
    facet text, scores jsonb, themes text[], protected boolean, evidence jsonb, model text, taxonomy text)
WHERE m.id = i.id
""")

_FAILED = text("""
UPDATE mentions SET analyzed_at = :now, evidence = CAST(:evidence AS jsonb),
    sentiment = coalesce(sentiment, 'unsure'), audience = coalesce(audience, 'unknown'),
    facet = coalesce(facet, 'neither'), counted = false
WHERE id = ANY(CAST(:ids AS bigint[]))
""")

_FIRST_CORRECTION = text("""
SELECT old, model FROM corrections WHERE mention_id = :mention AND head = :head AND old <> new ORDER BY at, id LIMIT 1
""")


def claim_pending(session: Session, limit: int, ids: Sequence[int] | None = None) -> list[PendingMention]:
    """Take mentions that wait for tags, oldest first, or of the given ones those that nobody else has taken.

    They are locked until the caller's transaction ends; save them in the same one. If it breaks, they wait again.
    """
    if ids is None:
        return _waiting(session.execute(_CLAIM_ANY, {"limit": limit}))
    return _waiting(session.execute(_CLAIM_THESE, {"limit": limit, "ids": list(ids)}))


def claim_tagged(session: Session, ids: Sequence[int]) -> list[PendingMention]:
    """Take mentions that have tags already to give them new ones; those that wait or that somebody holds are left."""
    return _waiting(session.execute(_CLAIM_AGAIN, {"limit": len(ids), "ids": list(ids)}))


def _waiting(rows: Result[Any]) -> list[PendingMention]:
    return [
        PendingMention(
            row.id,
            row.company_id,
            row.name,
            tuple(row.names),
            f"{row.title}\n\n{row.text}" if row.title else row.text,
            row.lang,
            row.source_kind,
            row.kind,
            row.stated,
            row.rating,
            row.own_account,
            row.attempts,
        )
        for row in rows
    ]


def pending_count(session: Session) -> int:
    """How many mentions wait for their tags."""
    return session.scalar(text("SELECT count(*) FROM mentions WHERE analyzed_at IS NULL")) or 0


def count_attempt(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """Note, in a transaction of its own, that these are about to be tried; id → attempts so far.

    The count outlives a killed process; the caller gives what was tried too often to `mark_failed`.
    """
    return {row.id: row.attempts for row in session.execute(_ATTEMPT, {"ids": list(ids)})}


def mark_failed(session: Session, ids: Sequence[int], reason: str, now: datetime) -> None:
    """Stop trying mentions that can't be analysed; they are in no count, and say why."""
    held = _hold(session, ids)
    lock_companies(session, {row.company_id for row in held.values()})
    with changing(session, list(held)):
        evidence = json.dumps({"error": reason.replace("\x00", "")})
        session.execute(_FAILED, {"ids": list(held), "now": now, "evidence": evidence})


def save_analysis(session: Session, results: Sequence[Analyzed], now: datetime) -> list[int]:
    """Store tags, find stories, keep the cells; returns the ids of the companies concerned.

    What a person corrected stays as corrected. Mentions deleted meanwhile are passed over. Saving twice is harmless.
    """
    by_id = {result.mention_id: result for result in results}
    held = _hold(session, list(by_id))
    if not held:
        return []
    companies = sorted({row.company_id for row in held.values()})
    lock_companies(session, companies)
    found = [by_id[mention_id] for mention_id in held]
    stories = place(
        session,
        [
            Unplaced(row.id, row.company_id, row.published_at, result.signature, result.bands, row.story_id)
            for row, result in zip(held.values(), found, strict=True)
        ],
    )
    with changing(session, list(held), set(stories.values())):
        document = json.dumps([_row(held[result.mention_id], result, stories) for result in found])
        session.execute(_SAVE, {"rows": document, "now": now})
    return companies


def correct(session: Session, viewer: Viewer, mention_id: int, head: str, label: str, now: datetime) -> None:
    """A person's word against the model's: the label counts from now on, whatever the model says later.

    Raises `ValueError` naming the head or label that does not exist, `NotAllowed` where the viewer may not read it.
    """
    mention = _correctable(session, viewer, mention_id, head, label)
    old = str(getattr(mention, head))
    _put_in_force(session, mention, head, label)
    _note(session, viewer, mention, head, (old, label), now)


def check(session: Session, viewer: Viewer, mention_id: int, head: str, label: str, now: datetime) -> bool:
    """A person's word on a mention that was drawn for them; kept also where it is the model's, to measure the model.

    Another label than the one in force counts from now on, as in `correct`. False: what the model said is not known,
    since it was corrected before and tagged anew; then nothing is measured. Raises as `correct` does.
    """
    mention = _correctable(session, viewer, mention_id, head, label)
    model_said, in_force = _model_said(session, mention, head), str(getattr(mention, head))
    if label != in_force:
        _put_in_force(session, mention, head, label)
    if model_said is not None:
        _note(session, viewer, mention, head, (model_said, label), now, sampled=True)
    elif label != in_force:
        _note(session, viewer, mention, head, (in_force, label), now)
    return model_said is not None


def _correctable(session: Session, viewer: Viewer, mention_id: int, head: str, label: str) -> Mention:
    if label not in HEADS.get(head, ()):
        raise ValueError(f"{head}: {label!r} is not one of {', '.join(HEADS.get(head, ()))}")
    if mention_id not in _hold(session, [mention_id]):
        raise NotFound("There is no such mention.")
    mention = session.get_one(Mention, mention_id, populate_existing=True)
    if mention.protected or mention.facet not in viewer.facets or mention.analyzed_at is None:
        raise NotAllowed("Your role does not read this mention.")
    return mention


def _model_said(session: Session, mention: Mention, head: str) -> str | None:
    """The label by the present model: the one in force, or what the first correction replaced under the same model."""
    if head not in mention.corrected:
        return str(getattr(mention, head))
    first = session.execute(_FIRST_CORRECTION, {"mention": mention.id, "head": head}).first()
    return str(first.old) if first is not None and first.model == mention.model else None


def _put_in_force(session: Session, mention: Mention, head: str, label: str) -> None:
    lock_companies(session, [mention.company_id])
    with changing(session, [mention.id]):
        setattr(mention, head, label)
        mention.corrected = {**mention.corrected, head: label}
        session.flush()


def _note(
    session: Session,
    viewer: Viewer,
    mention: Mention,
    head: str,
    said: tuple[str, str],
    now: datetime,
    *,
    sampled: bool = False,
) -> None:
    values = {"mention_id": mention.id, "user_id": viewer.user_id, "at": now, "head": head}
    values |= {"old": said[0], "new": said[1], "model": mention.model, "sampled": sampled}
    session.execute(insert(Correction).values(**values))


def _hold(session: Session, ids: Sequence[int]) -> dict[int, _Held]:
    rows = session.execute(_HOLD, {"ids": sorted(set(ids))})
    return {row.id: _Held(row.id, row.company_id, row.published_at, row.story_id, row.corrected) for row in rows}


def _row(held: _Held, result: Analyzed, stories: Mapping[int, int]) -> dict[str, object]:
    tags, said = result.tags, held.corrected
    scores = {head: dict(getattr(tags, head).scores) for head in HEADS}
    return {
        "id": held.id,
        "story_id": stories[held.id],
        "lang": tags.lang,
        "sentiment": said.get("sentiment", tags.sentiment.label),
        "audience": said.get("audience", tags.audience.label),
        "facet": said.get("facet", tags.facet.label),
        "scores": scores,
        "themes": list(tags.themes),
        "protected": result.protected,
        "evidence": dict(tags.evidence),
        "model": tags.model,
        "taxonomy": tags.taxonomy,
    }
