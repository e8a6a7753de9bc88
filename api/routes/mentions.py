"""Mentions: search, one of them, correct its tags, send posts in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import Field

from api.deps import Now, require_viewer
from api.errors import ApiError, responses, wrong_field
from api.ingest import ingest
from api.schemas.fields import (
    MAX_BIG,
    Audience,
    BigId,
    Cursor,
    Facet,
    Line,
    Moment,
    Question,
    Sentiment,
    SerialId,
    SmallId,
)
from api.schemas.mentions import CorrectionIn, IngestOut, MentionDetailOut, MentionOut, MentionPage, PostsIn
from storage import audit, db, mentions, name_searches
from storage.mentions import MentionDetail, MentionFilter
from storage.viewer import NotAllowed, Viewer

router = APIRouter(prefix="/api/v1/mentions", tags=["mentions"])

Reader = Annotated[Viewer, Depends(require_viewer("mentions:read"))]
Corrector = Annotated[Viewer, Depends(require_viewer("mentions:write"))]
Sender = Annotated[Viewer, Depends(require_viewer("mentions:write", "administrator"))]
MentionId = Annotated[int, Path(ge=1, le=MAX_BIG)]


class Filters(Question):
    """Which mentions, as query parameters; a parameter that does not exist is an error."""

    company: Annotated[SmallId | None, Field(description="Without it: the own company.")] = None
    q: Annotated[Line | None, Field(max_length=500, description='Words, "phrases", or, -word.')] = None
    facet: Annotated[Facet | None, Field(description="brand and employer include both.")] = None
    audience: Audience | None = None
    sentiment: Sentiment | None = None
    theme: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9 _-]{0,49}$")] = None
    source: SerialId | None = None
    story: BigId | None = None
    lang: Annotated[str | None, Field(pattern=r"^[A-Za-z-]{2,20}$")] = None
    own_account: bool | None = None
    start: Annotated[Moment | None, Field(description="Published at this time or later.")] = None
    end: Annotated[Moment | None, Field(description="Published before this time.")] = None

    def wanted(self) -> MentionFilter:
        """The filter in storage's words."""
        return MentionFilter(
            company_id=self.company,
            q=self.q,
            facet=self.facet,
            audience=self.audience,
            sentiment=self.sentiment,
            theme=self.theme,
            source_id=self.source,
            story_id=self.story,
            lang=self.lang,
            own_account=self.own_account,
            start=self.start,
            end=self.end,
        )


class Search(Filters):
    """The same, and which page of the list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Cursor | None = None


@router.get("", name="list_mentions", responses=responses(401, 403, 422))
def list_mentions(request: Request, viewer: Reader, asked: Annotated[Search, Query()], now: Now) -> MentionPage:
    """Mentions, newest first. `next` is the `after` of the following page; new arrivals do not shift pages.

    That they were read is noted in the audit log. A search that looks like a person's name is refused to HR.
    """
    try:
        with db.transaction() as session:
            page = mentions.search(session, viewer, asked.wanted(), limit=asked.limit, after=asked.after)
            if page.items:
                audit.record(session, viewer, "mention.list", f"{request.url.path}?{request.url.query}", now)
            name_searches.note(session, viewer, asked.q, now)
    except name_searches.NameSearch:
        with db.transaction() as session:
            name_searches.note(session, viewer, asked.q, now, blocked=True)
        raise
    except ValueError as error:
        raise wrong_field("after", "this is not a cursor of this list") from error
    return MentionPage.model_validate(page)


@router.get("/{mention_id}", name="get_mention", responses=responses(401, 403, 404, 422))
def get_mention(viewer: Reader, mention_id: MentionId, now: Now) -> MentionDetailOut:
    """One mention with its whole text and why it was tagged so. That it was read is noted in the audit log."""
    with db.transaction() as session:
        try:
            detail = mentions.get(session, viewer, mention_id)
        except NotAllowed as error:
            raise hidden(viewer, error) from error
        audit.record(session, viewer, "mention.read", f"mention {mention_id}", now)
    return _shown(detail)


@router.patch("/{mention_id}", name="correct_mention", responses=responses(401, 403, 404, 413, 422))
def correct_mention(viewer: Corrector, mention_id: MentionId, right: CorrectionIn, now: Now) -> MentionDetailOut:
    """Say which labels are right. They count from now on, whatever a model says later.

    A mention that moves out of the caller's sight by it is answered one last time.
    """
    with db.transaction() as session:
        try:
            before = mentions.get(session, viewer, mention_id)
            for head, label in right.labels().items():
                mentions.correct(session, viewer, mention_id, head, label, now)
                audit.record(session, viewer, "mention.correct", f"mention {mention_id}: {head} is {label}", now)
        except NotAllowed as error:
            raise hidden(viewer, error) from error
        try:
            return _shown(mentions.get(session, viewer, mention_id))
        except NotAllowed:
            corrected = sorted({*before.row.corrected, *right.labels()})
            return _shown(before).model_copy(update={**right.labels(), "corrected": corrected})


@router.post("", name="send_posts", responses=responses(401, 403, 413, 422))
def send_posts(viewer: Sender, sent: PostsIn, now: Now) -> IngestOut:
    """Send up to 1,000 posts of one source. Sending them again changes nothing; what changed is taken over.

    Every post goes through the privacy door: authors become pseudonyms, handles in texts are masked. Tags follow
    within seconds.
    """
    return ingest(sent, now)


def hidden(viewer: Viewer, error: NotAllowed) -> ApiError:
    """What lies outside the role does not exist for it; a role that reads no texts at all is told so."""
    if viewer.facets:
        return ApiError(404, "There is no such mention for you.")
    return ApiError(403, str(error))


def _shown(detail: MentionDetail) -> MentionDetailOut:
    row = MentionOut.model_validate(detail.row).model_dump()
    rest = {name: getattr(detail, name) for name in ("scores", "evidence", "stated", "model", "collected_at")}
    lists = {"counters": detail.counters, "copy_list": detail.copies, "corrections": detail.corrections}
    return MentionDetailOut.model_validate({**row, **rest, **lists, "text": detail.text, "cut": False})
