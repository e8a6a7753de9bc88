"""Content: what there is to share, for those who write it. `pages.share` is where advocates meet it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, File, Path, Request, Response, UploadFile

from advocacy.composing import NAMES
from advocacy.content import MAX_PROMPTS
from api.auth import SignedIn
from api.dashboard.content_form import FIELDS, LANGUAGE_CHOICES, draft_of, picture_of, stored_of, typed_of
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.render import page, redirect
from api.deps import Now, PageUser, form_role, page_role
from storage import audit, content_edits, contents, db
from storage.contents import EDITORS, STATES, ContentRow
from storage.profile import registered_hosts

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role(*EDITORS))]
Writer = Annotated[SignedIn, Depends(form_role(*EDITORS))]
ContentId = Annotated[int, Path(ge=1, lt=2**31)]
_Picture = Annotated[UploadFile | None, File()]
_PAGE = "/content"


@router.get(_PAGE)
def content_list(request: Request, now: Now, who: Reader, state: str = "", after: str = "") -> Response:
    """All contents that the viewer may know of, newest first."""
    wanted = state if state in STATES else None
    with db.reading() as session:
        try:
            found = contents.list_contents(session, who.viewer, now, state=wanted, limit=25, after=after or None)
        except ValueError:
            found = contents.list_contents(session, who.viewer, now, state=wanted, limit=25)
    return page(
        request,
        who,
        "contents.html",
        title="Content",
        rows=found.items,
        next=found.next,
        state=wanted,
        states=STATES,
        names=NAMES,
    )


@router.get(f"{_PAGE}/new")
def new_content(request: Request, now: Now, who: Reader) -> Response:
    """The empty form."""
    return _form(request, now, who)


@router.post(_PAGE)
def add(request: Request, now: Now, who: Writer, form: Form, picture: _Picture = None) -> Response:
    """Make a content available."""
    try:
        image = picture_of(picture)
        with db.transaction() as session:
            hosts = registered_hosts(session)
            made = content_edits.add(session, who.viewer, draft_of(form, now), hosts, now, image)
            audit.record(session, who.viewer, "content.add", f"content {made}", now)
    except ValueError as error:
        return _form(request, now, who, typed=form, errors=errors_of(error, FIELDS))
    return redirect(f"{_PAGE}/{made}/preview", "The content is stored. This is what advocates see.")


@router.get(f"{_PAGE}/{{content_id}}")
def content_page(request: Request, now: Now, who: Reader, content_id: ContentId) -> Response:
    """The form with what is stored."""
    return _form(request, now, who, _row(who, content_id, now))


@router.post(f"{_PAGE}/{{content_id}}")
def change(
    request: Request, now: Now, who: Writer, content_id: ContentId, form: Form, picture: _Picture = None
) -> Response:
    """Put other values in the place of those stored."""
    try:
        image = picture_of(picture)
        with db.transaction() as session:
            hosts = registered_hosts(session)
            draft = draft_of(form, now)
            drop = bool(form.get("drop_picture"))
            content_edits.change(session, who.viewer, content_id, draft, hosts, now, image, drop_picture=drop)
            audit.record(session, who.viewer, "content.change", f"content {content_id}", now)
    except ValueError as error:
        row = _row(who, content_id, now)
        return _form(request, now, who, row, typed=form, errors=errors_of(error, FIELDS))
    return redirect(f"{_PAGE}/{content_id}/preview", "The content is changed. This is what advocates see.")


@router.get(f"{_PAGE}/{{content_id}}/preview")
def preview(request: Request, now: Now, who: Reader, content_id: ContentId) -> Response:
    """The content as advocates see it."""
    row = _row(who, content_id, now)
    return page(request, who, "content_preview.html", title=row.title, content=row, names=NAMES)


@router.post(f"{_PAGE}/{{content_id}}/withdraw")
def withdraw(now: Now, who: Writer, content_id: ContentId) -> Response:
    """Offer it to nobody any more."""
    with db.transaction() as session:
        content_edits.withdraw(session, who.viewer, content_id, now)
        audit.record(session, who.viewer, "content.withdraw", f"content {content_id}", now)
    return redirect(_PAGE, "The content is withdrawn. Posts that are out keep their links.")


@router.get(f"{_PAGE}/{{content_id}}/picture")
def picture_file(now: Now, who: PageUser, content_id: ContentId) -> Response:
    """The picture, as the type that its own bytes said; for everybody who may see the content."""
    with db.reading() as session:
        kind, data = contents.picture(session, who.viewer, content_id, now)
    headers = {
        "Content-Disposition": f'inline; filename="picture.{kind.partition("/")[2]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=300",
    }
    return Response(data, media_type=kind, headers=headers)


def _row(who: SignedIn, content_id: int, now: datetime) -> ContentRow:
    with db.reading() as session:
        return contents.find(session, who.viewer, content_id, now)


def _form(
    request: Request,
    now: datetime,
    who: SignedIn,
    row: ContentRow | None = None,
    *,
    typed: Posted | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    with db.reading() as session:
        campaigns = content_edits.writable_campaigns(session, who.viewer, now)
        hosts = registered_hosts(session)
    return page(
        request,
        who,
        "content_edit.html",
        title=row.title if row else "New content",
        status=422 if errors else 200,
        row=row,
        typed=stored_of(row) if typed is None else typed_of(typed),
        fresh=typed is None,
        languages=LANGUAGE_CHOICES,
        names=NAMES,
        campaigns=[("", "no campaign"), *((str(number), title) for number, title in campaigns)],
        hosts=hosts,
        most_prompts=MAX_PROMPTS,
        errors=errors or {},
    )
