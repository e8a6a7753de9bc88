"""Import: a file from the browser, its columns to look over, then the same import as on the command line."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile

from api.auth import SignedIn
from api.dashboard.forms import Form, sentence
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from collectors import uploads
from collectors.columns import KINDS, MappingError, fields_of
from collectors.files import ColumnMapping, guess_mapping
from collectors.tables import BadRow, FileError, format_of, open_table
from collectors.uploads import Progress, Upload, UploadError
from config.settings import get_settings
from storage import audit, db, profile
from storage.viewer import NotFound
from workers import app as queue

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_SAMPLE = 5
_CELL = 120
_LEAVE_OUT = "-"  # the choice "leave it out"; an empty one means "as recognised"
_PREFIX = "map-"


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file as they stand in it."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@router.get("/import")
def import_page(request: Request, who: Reader) -> Response:
    """Choose a file."""
    return _choose(request, who)


@router.post("/import")
def upload(request: Request, who: Sender, form: Form, file: Annotated[UploadFile | None, File()] = None) -> Response:
    """Keep the file and go on to its columns."""
    kind = form.get("kind")
    if kind not in KINDS:
        return _choose(request, who, kind, {"kind": "Say what the file holds."})
    if file is None or not file.filename:
        return _choose(request, who, kind, {"file": "Choose a file."})
    folder = get_settings().data_dir
    try:
        kept = uploads.keep(folder, file.file, PurePath(file.filename).name, kind, who.user.id)
        try:
            _sample(kept)
        except (FileError, MappingError):
            uploads.forget(folder, kept.token)
            raise
    except (FileError, MappingError, UploadError) as error:
        return _choose(request, who, kind, {"file": sentence(str(error))})
    return redirect(f"/import/{kept.token}")


@router.get("/import/{token}")
def columns_page(request: Request, who: Reader, token: str) -> Response:
    """The columns to look over; once it was started, how far it is."""
    found = _upload(token, who)
    progress = uploads.progress_of(get_settings().data_dir, token)
    if progress is not None:
        return _progress(request, who, found, progress)
    return _columns(request, who, found, {}, PurePath(found.name).stem)


@router.post("/import/{token}")
def start(request: Request, now: Now, who: Sender, token: str, form: Form) -> Response:
    """Look at other columns again, or begin."""
    found = _upload(token, who)
    if uploads.progress_of(get_settings().data_dir, token) is not None:
        return redirect(f"/import/{token}")
    mapping = _mapping(form.fields)
    name = form.get("source")
    errors = {} if name and len(name) <= 200 else {"source": "Give the source a name of at most 200 characters."}
    if errors or form.get("do") == "look":
        return _columns(request, who, found, mapping, name, errors)
    try:
        guess_mapping(found.path, found.kind, mapping)
    except (FileError, MappingError) as error:
        return _columns(request, who, found, {}, name, {"form": sentence(str(error))})
    uploads.tell(get_settings().data_dir, token, Progress("waiting"))
    with db.transaction() as session:
        audit.record(session, who.viewer, "import.start", f"{found.name} as {found.kind} into {name}", now)
    if not queue.enqueue(queue.IMPORT_UPLOAD, token, mapping, name, form.get("about")):
        uploads.tell(
            get_settings().data_dir, token, Progress("failed", error="The queue does not answer; send the file again.")
        )
    return redirect(f"/import/{token}")


def _choose(request: Request, who: SignedIn, kind: str = "", errors: dict[str, str] | None = None) -> Response:
    status = 422 if errors else 200
    return page(request, who, "import.html", title="Import", status=status, kind=kind, errors=errors or {})


def _columns(
    request: Request,
    who: SignedIn,
    found: Upload,
    mapping: Mapping[str, str],
    source: str,
    errors: dict[str, str] | None = None,
) -> Response:
    errors = dict(errors or {})
    with db.reading() as session:
        companies = profile.companies(session)
    guess = _guess(found, mapping, errors)
    return page(
        request,
        who,
        "import_columns.html",
        title=f"Import {found.name}",
        status=422 if errors else 200,
        upload=found,
        guess=guess,
        sample=_sample(found),
        fields=fields_of(found.kind),
        chosen=_chosen(guess, mapping),
        typed=mapping,
        source=source,
        companies=companies,
        errors=errors,
    )


def _guess(found: Upload, mapping: Mapping[str, str], errors: dict[str, str]) -> ColumnMapping | None:
    try:
        return guess_mapping(found.path, found.kind, mapping)
    except (FileError, MappingError) as error:
        errors.setdefault("form", sentence(str(error)))
    return None


def _progress(request: Request, who: SignedIn, found: Upload, progress: Progress) -> Response:
    name = f"Import of {found.name}"
    over = progress.state in ("done", "failed")
    return page(request, who, "import_progress.html", title=name, upload=found, progress=progress, over=over)


def _upload(token: str, who: SignedIn) -> Upload:
    found = uploads.find(get_settings().data_dir, token)
    if found is None or found.user_id != who.user.id:
        raise NotFound("This upload is not here any more. Files are kept for a day; send it again.")
    return found


def _sample(found: Upload) -> Sample:
    with open_table(found.path, format_of(found.path)) as table:
        rows = [row for _, row in itertools.islice(table.rows, _SAMPLE) if not isinstance(row, BadRow)]
        shown = tuple(tuple("" if cell is None else str(cell)[:_CELL] for cell in row) for row in rows)
        return Sample(table.headings, shown)


def _mapping(fields: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What the form says about columns: "" is as recognised and left away, "-" leaves the field out."""
    given = {name.removeprefix(_PREFIX): value.strip() for name, value in fields if name.startswith(_PREFIX)}
    return {name: "" if value == _LEAVE_OUT else value for name, value in given.items() if value}


def _chosen(guess: ColumnMapping | None, mapping: Mapping[str, str]) -> dict[str, str]:
    """The heading that each field is read from, for the form."""
    return dict(guess.fields) if guess else {name: value for name, value in mapping.items() if value}
