"""The audit log, its proof, and how the service is set up: what auditors read."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from api.auth import SignedIn
from api.dashboard import wording
from api.dashboard.configuration import configuration
from api.dashboard.forms import number_in
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from api.export_formats import guarded
from config.settings import get_settings
from storage import audit, audit_chain, db, users
from storage.audit import Asked, Entry
from storage.cleaning import clean
from storage.viewer import SYSTEM, Viewer

router = APIRouter()

_ROLES = ("auditor", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]
_LIMIT = 50
_AT_ONCE = 1_000
_MOST = 200_000  # entries of one file
_COLUMNS = ("id", "at", "user_id", "user", "action", "subject")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The filters as they stand in the address."""

    person: str
    action: str
    words: str
    since: str
    until: str

    def asked(self) -> Asked:
        """As `storage` takes them; a day that is none is left open."""
        start, end = _day(self.since), _day(self.until)
        end = None if end is None or end.year == MAXYEAR else end + timedelta(days=1)
        return Asked(number_in(self.person), self.action or None, self.words or None, start, end)

    def query(self, **more: object) -> str:
        """The filters for an address."""
        own = {name: getattr(self, name) for name in ("person", "action", "words", "since", "until")}
        return urlencode({name: value for name, value in {**own, **more}.items() if value})


@router.get("/audit")
def audit_page(request: Request, who: Reader, before: str = "") -> Response:
    """The entries, newest first."""
    chosen = _chosen(request)
    with db.reading() as session:
        found = audit.entries(
            session, who.viewer, chosen.asked(), limit=_LIMIT + 1, before_id=int(before) if _is_id(before) else None
        )
        people = users.list_users(session)
        actions = audit.actions(session, who.viewer)
        anchor = audit_chain.last_anchor(session)
    sorts = sorted({action.partition(".")[0] for action in actions})
    kinds = [(name, f"{wording.label(name)}: all") for name in sorts]
    return page(
        request,
        who,
        "audit.html",
        title="Audit log",
        chosen=chosen,
        entries=found[:_LIMIT],
        older=chosen.query(before=found[_LIMIT - 1].id) if len(found) > _LIMIT else "",
        people=[("", "Anybody"), *((str(each.id), each.name) for each in people)],
        actions=[("", "Anything"), *kinds, *((name, wording.act(name)) for name in actions)],
        anchor=anchor,
        days=get_settings().audit_days,
    )


@router.get("/audit/export")
def export(request: Request, now: Now, who: Reader, form: str = "csv") -> Response:
    """The entries that the filters let through, as CSV or JSON lines; that they were taken is an entry too."""
    chosen = _chosen(request)
    kind = "jsonl" if form == "jsonl" else "csv"
    with db.transaction() as session:
        audit.record(session, who.viewer, "audit.export", f"{kind} {chosen.query()}".strip(), now)
    rows = _all(who.viewer, chosen.asked())
    lines, media = (_json_lines(rows), "application/x-ndjson") if kind == "jsonl" else (_csv_lines(rows), "text/csv")
    headers = {"Content-Disposition": f'attachment; filename="audit-{now:%Y-%m-%d}.{kind}"'}
    return StreamingResponse(lines, media_type=f"{media}; charset=utf-8", headers=headers)


@router.post("/audit/verify")
def verify(now: Now, who: Sender) -> Response:
    """Work the chain out again, and hold it against the anchors of this machine."""
    with db.transaction() as session:
        checked = audit_chain.verify(session, audit_chain.kept_anchors(get_settings().data_dir))
        told = checked.problem or f"whole, {checked.links} entries"
        audit.record(session, who.viewer, "audit.verify", told, now)
    if checked.problem:
        return redirect("/audit", f"The audit log is broken. {checked.problem}", "error")
    return redirect("/audit", f"The audit log is whole: {checked.links:,} entries, each with the right hash.")


@router.get("/audit/configuration")
def configuration_page(request: Request, now: Now, who: Reader) -> Response:
    """Who may see what and how the service is set up; no text and no figure of a mention."""
    with db.transaction() as session:
        audit.record(session, who.viewer, "audit.configuration", "read", now)
        shown = configuration(session, SYSTEM, now)
    return page(request, who, "configuration.html", title="Configuration", shown=shown)


def _chosen(request: Request) -> Chosen:
    given = request.query_params
    names = ("person", "action", "words", "since", "until")
    return Chosen(*(clean(given.get(name, ""))[:200] for name in names))


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _all(viewer: Viewer, asked: Asked) -> Iterator[Entry]:
    before: int | None = None
    for _ in range(_MOST // _AT_ONCE):
        with db.reading() as session:
            found = audit.entries(session, viewer, asked, limit=_AT_ONCE, before_id=before)
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1].id


def _values(entry: Entry) -> tuple[object, ...]:
    return (entry.id, entry.at.isoformat(), entry.user_id, entry.user, entry.action, entry.subject)


def _json_lines(rows: Iterator[Entry]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(dict(zip(_COLUMNS, _values(row), strict=True)), ensure_ascii=False) + "\n"


def _csv_lines(rows: Iterator[Entry]) -> Iterator[str]:
    yield _csv_line(_COLUMNS)
    for row in rows:
        yield _csv_line(_values(row))


def _csv_line(values: tuple[object, ...]) -> str:
    """Subjects hold what people typed, so none of them may begin a formula."""
    line = io.StringIO()
    csv.writer(line).writerow(["" if value is None else guarded(str(value)) for value in values])
    return line.getvalue()
