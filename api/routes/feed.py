"""Incidents as an Atom feed (RFC 4287), for feed readers and whatever else polls one."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from xml.etree import ElementTree

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import APIKeyQuery

from api import auth, deps
from api.dashboard.incident_words import headline
from api.deps import Now, require_viewer
from api.errors import ApiError, responses
from config.settings import get_settings
from notify.cleaning import clean_text
from storage import db, incidents, users
from storage.incidents import IncidentRow
from storage.viewer import Viewer

router = APIRouter(tags=["incidents"])

_SCOPE = "incidents:read"
_ROLES = ("marketing", "hr", "leadership", "administrator")
_ATOM = "http://www.w3.org/2005/Atom"
_TYPE = "application/atom+xml"
_DOCUMENT: dict[str, Any] = {"description": "The feed.", "content": {_TYPE: {"schema": {"type": "string"}}}}
_LIMIT = 50
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_by_header = require_viewer(_SCOPE, *_ROLES)
_query = APIKeyQuery(
    name="token",
    auto_error=False,
    scheme_name="feed_token",
    description="An API token in the address, for feed readers that send no header. It may have this one scope only.",
)


def _reader(
    request: Request,
    now: Now,
    token: Annotated[str | None, Depends(_query)],
    _bearer: Annotated[object, Depends(deps.bearer)],
    _cookie: Annotated[object, Depends(deps.cookie)],
) -> Viewer:
    if token is None:
        return _by_header(request, now, None, None)
    with db.transaction() as session:
        owner = users.token_user(session, token, now)
    if owner is None:
        raise auth.not_signed_in("The token is not valid: unknown, revoked or past its time.", "invalid_token")
    viewer = owner.viewer
    if viewer.scopes is None or _SCOPE not in viewer.scopes:
        raise ApiError(403, f"The token lacks the scope {_SCOPE}.", code="missing_scope")
    if viewer.scopes != {_SCOPE}:  # addresses stand in logs and histories
        raise ApiError(403, f"A token in an address may have the scope {_SCOPE} only.", code="too_many_scopes")
    if viewer.role not in _ROLES:
        raise ApiError(403, f"Only for the role {' or '.join(_ROLES)}.")
    return viewer


@router.get(
    "/api/v1/incidents.atom",
    name="feed_of_incidents",
    response_class=Response,
    responses=responses(401, 403)
    | {200: _DOCUMENT, 304: {"description": "Nothing has changed since `If-None-Match`."}},
)
def feed(request: Request, viewer: Annotated[Viewer, Depends(_reader)]) -> Response:
    """The newest incidents of the viewer's purpose. Figures and links; no text of a mention."""
    with db.reading() as session:
        rows = incidents.list_incidents(session, viewer, limit=_LIMIT).items
    body = atom(rows, get_settings().base_url)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=_TYPE)


def atom(rows: Sequence[IncidentRow], base_url: str) -> bytes:
    """The document. An incident keeps its id; what changes is its title, its text and `updated`."""
    root = ElementTree.Element("feed", xmlns=_ATOM)
    _add(root, "id", f"{base_url}/incidents")
    _add(root, "title", f"Incidents of {rows[0].company}" if rows else "Incidents")
    _add(root, "updated", _iso(max((_changed(row) for row in rows), default=_NEVER)))
    ElementTree.SubElement(root, "link", href=f"{base_url}/incidents")
    _add(ElementTree.SubElement(root, "author"), "name", "Outspoken")
    for row in rows:
        _entry(root, row, f"{base_url}/incidents/{row.id}")
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: ElementTree.Element, row: IncidentRow, link: str) -> None:
    entry = ElementTree.SubElement(root, "entry")
    _add(entry, "id", link)
    _add(entry, "title", headline(row))
    _add(entry, "published", _iso(row.opened_at))
    _add(entry, "updated", _iso(_changed(row)))
    ElementTree.SubElement(entry, "link", href=link)
    for term in (row.severity, row.kind, row.state):
        ElementTree.SubElement(entry, "category", term=term)
    words = [f"{'Demo data. ' if row.demo else ''}{row.state.capitalize()}, {row.severity}.", row.severity_reason]
    _add(entry, "summary", " ".join([*words, *row.notes]))


def _changed(row: IncidentRow) -> datetime:
    moments = (row.opened_at, row.last_told_at, row.acknowledged_at, row.closed_at)
    return max(moment for moment in moments if moment is not None)


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    """Text as XML can hold it: neither control characters nor the two that are none."""
    ElementTree.SubElement(parent, name).text = clean_text(text).replace("\ufffe", "").replace("\uffff", "")


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
