"""The audit log for programs, such as one that collects security events."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api.deps import require_viewer
from api.errors import responses
from api.schemas.audit import AuditEntryOut, AuditPage
from storage import audit, db
from storage.audit import Asked
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

Action = Annotated[str, Field(max_length=60, pattern=r"^[a-z_.]+$")]
Reader = Annotated[Viewer, Depends(require_viewer("audit:read", "auditor", "administrator"))]


@router.get("", name="list_audit_entries", responses=responses(401, 403, 422))
def list_entries(
    viewer: Reader,
    action: Annotated[
        str | None,
        Query(max_length=60, pattern=r"^[a-z_.]+$", description="`mention.read`, or `mention` for all such."),
    ] = None,
    user_id: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    before: Annotated[int | None, Query(ge=1, lt=2**63, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AuditPage:
    """Who did what, newest first."""
    with db.reading() as session:
        found = audit.entries(session, viewer, Asked(user_id, action), limit=limit + 1, before_id=before)
    items = [AuditEntryOut.model_validate(entry) for entry in found[:limit]]
    return AuditPage(items=items, next=items[-1].id if len(found) > limit else None)
