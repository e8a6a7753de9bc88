"""The words behind a mention's tags."""

from fastapi import APIRouter

from api.deps import Now
from api.errors import ApiError, responses
from api.routes.mentions import MentionId, Reader, hidden
from api.schemas.evidence import EvidenceOut, HeadOut, SpanOut, ThemeSpanOut, WordOut
from nlp.result import Evidence, HeadEvidence
from storage import audit, db, mentions
from storage.mentions import MentionDetail
from storage.viewer import NotAllowed
from workers import explanations

router = APIRouter(prefix="/api/v1/mentions", tags=["mentions"])


@router.post("/{mention_id}/evidence", name="explain_mention", responses=responses(401, 403, 404, 422))
def explain_mention(viewer: Reader, mention_id: MentionId, now: Now) -> EvidenceOut:
    """Have the words behind the tags worked out, and wait for them: a moment, at most 20 seconds. Nothing is stored.

    Only for who may read the mention; that it was read is noted in the audit log. 503 when no worker had time for it.
    """
    with db.transaction() as session:
        try:
            detail = mentions.get(session, viewer, mention_id)
        except NotAllowed as error:
            raise hidden(viewer, error) from error
        audit.record(session, viewer, "mention.read", f"mention {mention_id}, words behind its tags", now)
    token = explanations.start_explanation(mention_id)
    found = explanations.wait_for(token, mention_id, explanations.PATIENCE)
    if found is None or found.evidence is None:
        raise ApiError(503, (found.problem if found else None) or explanations.NOBODY_CAME)
    return _shown(detail, found.evidence)


def _shown(detail: MentionDetail, found: Evidence) -> EvidenceOut:
    return EvidenceOut(
        mention_id=detail.row.id,
        company=detail.row.company,
        model=found.model,
        text=found.text,
        named=[_span(found.text, *span) for span in found.named],
        unread=_span(found.text, *found.unread) if found.unread else None,
        phrases=found.phrases,
        heads=[_head(detail, found.text, head) for head in found.heads],
        themes=[
            ThemeSpanOut(start=one.start, end=one.end, text=found.text[one.start : one.end], theme=one.theme)
            for one in found.themes
        ],
    )


def _head(detail: MentionDetail, text: str, found: HeadEvidence) -> HeadOut:
    words = [
        WordOut(start=word.start, end=word.end, text=text[word.start : word.end], weight=round(word.weight, 4))
        for word in found.words
    ]
    return HeadOut.model_validate(
        {
            "head": found.head,
            "label": found.label,
            "explained": found.explained,
            "probability": found.probability,
            "statement": found.statement,
            "in_force": getattr(detail.row, found.head),
            "corrected": found.head in detail.row.corrected,
            "words": words,
            "together": None if found.together is None else round(found.together, 4),
        }
    )


def _span(text: str, start: int, end: int) -> SpanOut:
    return SpanOut(start=start, end=end, text=text[start:end])
