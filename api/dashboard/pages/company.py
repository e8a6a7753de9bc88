"""Company: the profile as a form or as text, remarks on its queries, and what they would keep and drop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from api.auth import SignedIn
from api.dashboard import company_form
from api.dashboard.company_form import Shown
from api.dashboard.forms import Form, sentence
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from config.company import CompanyProfile, ProfileError, check_profile, dump_profile, load_profile
from config.lint import Lint, lint
from config.recipients import AUDIENCES, KINDS
from storage import audit, db, mentions, profile
from storage.mentions import Preview, PreviewRow
from storage.profile import ProfileState
from workers import app as queue

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_EXAMPLES = 5
_OUTDATED = (
    "Somebody saved another version since you opened this page. Your words are below; saving again puts them in force."
)
_DEMO = "This is the demo company. Remove the demo first (above), then set up your own: the two must not mix."
_FIRST = """\
[company]
name = "Your company"
aliases = []
products = []

[[sources]]
kind = "hackernews"
name = "Hacker News"
"""


@dataclass(frozen=True, slots=True)
class Remarks:
    """What the linter says of one company's query."""

    name: str
    query: str
    lines: tuple[Lint, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A post of the preview: its words in pieces, those that a term of the query found marked."""

    row: PreviewRow
    pieces: tuple[tuple[str, bool], ...]


@router.get("/company")
def company_page(request: Request, who: Reader) -> Response:
    """The form of the profile in force."""
    state = _current()
    return _form(request, who, state, company_form.of_profile(state.profile if state else None), _remarks(state))


@router.post("/company")
def save(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Put the form in force, or show what it would find."""
    state = _current()
    data = company_form.read(form, _sources(state))
    shown = company_form.of_posted(data, form)
    try:
        found = check_profile(data)
        toml = dump_profile(found)
        if form.get("do") == "preview":
            return _form(request, who, state, shown, remarks(found), preview=_preview(who, toml))
        if refused := _refused(form.get("version"), state):
            return _form(request, who, state, shown, remarks(found), {"form": refused})
        _save(toml, who, now)
    except ProfileError as error:
        return _form(request, who, state, shown, (), company_form.errors_of(error.problems))
    return redirect("/company", _saved(found))


@router.get("/company/text")
def text_page(request: Request, who: Reader) -> Response:
    """The same profile as text."""
    state = _current()
    return _text(request, who, state, state.toml if state else _FIRST)


@router.post("/company/text")
def save_text(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Put the text in force, or show what it would find."""
    state = _current()
    toml = form.get("toml").replace("\r\n", "\n") + "\n"
    try:
        found = load_profile(toml)
        if form.get("do") == "preview":
            return _text(request, who, state, toml, remarks(found), preview=_preview(who, toml))
        if refused := _refused(form.get("version"), state):
            return _text(request, who, state, toml, remarks(found), (refused,))
        _save(toml, who, now)
    except ProfileError as error:
        return _text(request, who, state, toml, (), tuple(sentence(str(each)) for each in error.problems))
    return redirect("/company/text", _saved(found))


@router.get("/company/company.toml")
def download(who: Reader) -> Response:
    """The profile in force as a file."""
    state = _current()
    name = {"Content-Disposition": 'attachment; filename="company.toml"'}
    return PlainTextResponse(state.toml if state else _FIRST, headers=name, media_type="application/toml")


def remarks(found: CompanyProfile) -> tuple[Remarks, ...]:
    """The linter's words on every query; companies without a remark are left out."""
    told = (Remarks(target.name, target.query, lint(target.query)) for target in found.targets())
    return tuple(each for each in told if each.lines)


def pieces(row: PreviewRow) -> tuple[tuple[str, bool], ...]:
    """The text cut where found terms begin and end; overlapping finds are one."""
    cut: list[tuple[str, bool]] = []
    at = 0
    for found in row.explanation.found:
        start, end = max(found.start, at), found.end
        if end <= start:
            continue
        cut += [(row.text[at:start], False), (row.text[start:end], True)]
        at = end
    return tuple(piece for piece in (*cut, (row.text[at:], False)) if piece[0])


def _form(
    request: Request,
    who: SignedIn,
    state: ProfileState | None,
    shown: Shown,
    told: Sequence[Remarks],
    errors: Mapping[str, str] | None = None,
    preview: Preview | None = None,
) -> Response:
    return page(
        request,
        who,
        "company.html",
        title="Company",
        status=422 if errors else 200,
        state=state,
        version=_version(state),
        shown=shown,
        audiences=AUDIENCES,
        kinds=KINDS,
        remarks=told,
        errors=errors or {},
        preview=_shown(preview),
    )


def _text(
    request: Request,
    who: SignedIn,
    state: ProfileState | None,
    toml: str,
    told: Sequence[Remarks] = (),
    problems: Sequence[str] = (),
    preview: Preview | None = None,
) -> Response:
    return page(
        request,
        who,
        "company_text.html",
        title="Company",
        status=422 if problems else 200,
        state=state,
        version=_version(state),
        toml=toml,
        remarks=told or (_remarks(state) if not problems else ()),
        problems=problems,
        preview=_shown(preview),
    )


def _shown(preview: Preview | None) -> dict[str, Any] | None:
    if preview is None:
        return None
    groups = (("kept", preview.kept), ("newly", preview.newly), ("dropped", preview.dropped))
    return {"found": preview, **{name: [Example(row, pieces(row)) for row in rows] for name, rows in groups}}


def _preview(who: SignedIn, toml: str) -> Preview:
    with db.reading() as session:
        return mentions.preview(session, who.viewer, profile.draft_matcher(session, toml), _EXAMPLES)


def _refused(version: str, state: ProfileState | None) -> str:
    """Why this form may not be saved now; "" when it may."""
    if state is not None and state.demo:
        return _DEMO
    return "" if version == _version(state) else _OUTDATED


def _save(toml: str, who: SignedIn, now: datetime) -> None:
    with db.transaction() as session:
        state = profile.save_profile(session, toml, origin="dashboard", user_id=who.user.id, now=now)
        audit.record(session, who.viewer, "company.save", f"version {state.version}", now)
        db.after_commit(session, _follow)


def _follow() -> None:
    queue.enqueue(queue.REMATCH)
    queue.enqueue(queue.COLLECT_DUE)


def _saved(found: CompanyProfile) -> str:
    return f"The profile of {found.company.name} is in force. Stored posts are looked through again in the background."


def _current() -> ProfileState | None:
    with db.reading() as session:
        return profile.current_profile(session)


def _version(state: ProfileState | None) -> str:
    return str(state.version) if state else ""


def _remarks(state: ProfileState | None) -> tuple[Remarks, ...]:
    return () if state is None else remarks(state.profile)


def _sources(state: ProfileState | None) -> list[dict[str, Any]]:
    return [] if state is None else [each.model_dump() for each in state.profile.sources]
