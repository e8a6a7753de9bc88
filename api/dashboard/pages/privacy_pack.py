"""The privacy pack: for administrators and auditors, as a page and as an HTML or PDF file."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from api.auth import SignedIn
from api.dashboard.privacy_pack import as_file, keep, privacy_pack
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from storage import audit, db

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator", "auditor"))]
Keeper = Annotated[SignedIn, Depends(form_role("administrator"))]


@router.get("/privacy-pack")
def pack_page(request: Request, now: Now, who: Reader) -> Response:
    """The pack, with what changed since the version kept last."""
    with db.transaction() as session:
        audit.record(session, who.viewer, "privacy.pack", "read", now)
        pack = privacy_pack(session, get_settings(), now)
    return page(request, who, "privacy_pack.html", title="Privacy pack", pack=pack)


@router.get("/privacy-pack/file")
def pack_file(now: Now, who: Reader) -> Response:
    """The pack as one file that needs nothing else."""
    with db.transaction() as session:
        audit.record(session, who.viewer, "privacy.pack", "taken as a file", now)
        pack = privacy_pack(session, get_settings(), now)
    return HTMLResponse(as_file(pack), headers=_as_download("html", now))


@router.get("/privacy-pack.pdf")
def pack_pdf(now: Now, who: Reader) -> Response:
    """The pack as a PDF file."""
    from api.dashboard.privacy_pdf import as_pdf  # loaded where it is used: most processes never need it

    with db.transaction() as session:
        audit.record(session, who.viewer, "privacy.pack", "taken as a PDF", now)
        pack = privacy_pack(session, get_settings(), now)
    return Response(as_pdf(pack), media_type="application/pdf", headers=_as_download("pdf", now))


def _as_download(kind: str, now: datetime) -> dict[str, str]:
    name = f"privacy-pack-{now:%Y-%m-%d}.{kind}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


@router.post("/privacy-pack/keep")
def keep_pack(now: Now, who: Keeper) -> Response:
    """Keep this version: what changes from now on is marked."""
    with db.transaction() as session:
        number = keep(privacy_pack(session, get_settings(), now), get_settings().data_dir)
        audit.record(session, who.viewer, "privacy.pack", f"kept as version {number}", now)
    return redirect("/privacy-pack", f"Version {number} is kept; changes from now on are marked.")
