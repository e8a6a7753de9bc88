"""How good the tags are."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.deps import Now, require_viewer
from api.errors import responses
from api.schemas.fields import Question
from api.schemas.quality import HeadOut, QualityOut
from storage import db, quality
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["quality"])

Reader = Annotated[Viewer, Depends(require_viewer("series:read", "marketing", "hr", "leadership", "administrator"))]


class Asked(Question):
    """The window, as query parameters."""

    days: Annotated[int, Field(ge=1, le=730, description="Up to now.")] = 30


@router.get("/quality", name="quality", responses=responses(401, 403, 422))
def quality_report(viewer: Reader, asked: Annotated[Asked, Query()], now: Now) -> QualityOut:
    """What people say who checked mentions drawn at random, drift of the labels, corrections. Few employees and alumni
    stay hidden."""
    with db.reading() as session:
        found = quality.report(session, viewer, now - timedelta(days=asked.days), now)
    answer = QualityOut.model_validate(found)
    for head, told in zip(answer.checked.heads, found.checked.heads, strict=True):
        if not told.recall_known:
            _forget_recall(head)
    return answer


def _forget_recall(head: HeadOut) -> None:
    for each in head.classes:
        each.recall = None
