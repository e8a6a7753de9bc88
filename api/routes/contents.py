"""Contents: list, one, add, change, withdraw. Advocates get what they may share now."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from advocacy.content import Draft
from api.deps import Now, require_viewer
from api.errors import fields_named, responses
from api.schemas.contents import ContentIn, ContentList, ContentOut
from api.schemas.fields import MAX_SERIAL, Cursor, Question
from storage import audit, content_edits, contents, db
from storage.contents import EDITORS, ContentRow
from storage.profile import registered_hosts
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["contents"])

Reader = Annotated[Viewer, Depends(require_viewer("contents:read"))]
Writer = Annotated[Viewer, Depends(require_viewer("contents:write", *EDITORS))]
ContentId = Annotated[int, Path(ge=1, le=MAX_SERIAL)]
_ERRORS = responses(401, 403, 404, 422)


class Wanted(Question):
    """The page of the list, as query parameters."""

    state: Literal["available", "planned", "over", "withdrawn"] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Cursor | None = None


@router.get("/contents", name="list_contents", responses=responses(401, 403, 422))
def list_contents(viewer: Reader, wanted: Annotated[Wanted, Query()], now: Now) -> ContentList:
    """Contents, newest first: those who write them see all of their purpose, advocates what they may share now."""
    with db.reading() as session, fields_named():
        page = contents.list_contents(session, viewer, now, state=wanted.state, limit=wanted.limit, after=wanted.after)
    return ContentList(items=[_out(row, viewer) for row in page.items], next=page.next)


@router.get("/contents/{content_id}", name="get_content", responses=_ERRORS)
def get_content(viewer: Reader, content_id: ContentId, now: Now) -> ContentOut:
    """One content."""
    with db.reading() as session:
        return _out(contents.find(session, viewer, content_id, now), viewer)


@router.post("/contents", name="add_content", status_code=201, responses=responses(401, 403, 413, 422))
def add_content(viewer: Writer, new: ContentIn, now: Now) -> ContentOut:
    """Make a content available."""
    with db.transaction() as session:
        with fields_named():
            made = content_edits.add(session, viewer, _draft(new, now), registered_hosts(session), now)
        audit.record(session, viewer, "content.add", f"content {made}", now)
        return _out(contents.find(session, viewer, made, now), viewer)


@router.put("/contents/{content_id}", name="change_content", responses=_ERRORS | responses(413))
def change_content(viewer: Writer, content_id: ContentId, change: ContentIn, now: Now) -> ContentOut:
    """Put other values in the place of all of its own; a picture stays."""
    with db.transaction() as session:
        with fields_named():
            content_edits.change(session, viewer, content_id, _draft(change, now), registered_hosts(session), now)
        audit.record(session, viewer, "content.change", f"content {content_id}", now)
        return _out(contents.find(session, viewer, content_id, now), viewer)


@router.post("/contents/{content_id}/withdraw", name="withdraw_content", responses=_ERRORS)
def withdraw_content(viewer: Writer, content_id: ContentId, now: Now) -> ContentOut:
    """Offer it to nobody any more; posts that are out keep their links."""
    with db.transaction() as session:
        content_edits.withdraw(session, viewer, content_id, now)
        audit.record(session, viewer, "content.withdraw", f"content {content_id}", now)
        return _out(contents.find(session, viewer, content_id, now), viewer)


def _draft(given: ContentIn, now: datetime) -> Draft:
    values = given.model_dump()
    return Draft(**{**values, "available_from": given.available_from or now, "link": given.link or ""})


def _out(row: ContentRow, viewer: Viewer) -> ContentOut:
    shown = asdict(row)
    if viewer.role not in EDITORS:
        shown["example"] = None
    return ContentOut.model_validate(shown)
