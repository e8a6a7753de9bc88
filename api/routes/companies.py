"""Companies: whose ids the other calls take."""

from typing import Annotated

from fastapi import APIRouter, Depends

from api.deps import require_viewer
from api.errors import responses
from api.schemas.sources import CompanyList, CompanyOut
from storage import db, profile
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1/companies", tags=["companies"])

Reader = Annotated[Viewer, Depends(require_viewer("series:read", "marketing", "hr", "leadership", "administrator"))]


@router.get("", name="list_companies", responses=responses(401, 403))
def list_companies(_viewer: Reader) -> CompanyList:
    """The own company, then the tracked rivals."""
    with db.reading() as session:
        return CompanyList(items=[CompanyOut.model_validate(row) for row in profile.companies(session)])
