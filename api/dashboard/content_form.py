"""The form of a content: what was typed, as a draft; what is stored, as typed."""

from datetime import datetime

from fastapi import UploadFile

from advocacy.content import LANGUAGES, Draft
from advocacy.pictures import LARGEST, Picture, PictureError, read_picture
from api.dashboard.forms import Posted, number_in
from api.dashboard.local_time import field_value, moment_of
from api.dashboard.wording import language
from storage.contents import ContentRow

FIELDS = {"available_from": "from", "available_until": "until", "campaign_id": "campaign"}
_TEXTS = ("title", "angle", "facts", "avoid", "example", "link", "picture_alt", "language", "campaign", "from", "until")
_NAMES = {"sv": "Swedish", "no": "Norwegian", "da": "Danish", "fi": "Finnish"}
LANGUAGE_CHOICES = tuple((code, _NAMES.get(code) or language(code)) for code in LANGUAGES)


def draft_of(form: Posted, now: datetime) -> Draft:
    """The content as typed; raises `ValueError` that names a field. Without a beginning it begins now."""
    zone = form.get("zone")
    moments: dict[str, datetime | None] = {}
    for name in ("from", "until"):
        moments[name] = moment_of(form.get(name), zone) if form.get(name) else None
        if form.get(name) and moments[name] is None:
            raise ValueError(f"{name}: give the day and the time")
    return Draft(
        title=form.get("title"),
        angle=form.get("angle"),
        available_from=moments["from"] or now,
        available_until=moments["until"],
        prompts=tuple(form.lines("prompts")),
        facts=form.get("facts"),
        avoid=form.get("avoid"),
        example=form.get("example"),
        link=form.get("link"),
        picture_alt=form.get("picture_alt") or None,
        language=form.get("language"),
        platforms=form.all("platforms"),
        campaign_id=_campaign(form.get("campaign")),
    )


def _campaign(typed: str) -> int | None:
    """The campaign chosen. One that can't be read must not become none: without it the content is for everybody."""
    chosen = number_in(typed)
    if typed and chosen is None:
        raise ValueError("campaign: choose one of the list")
    return chosen


def picture_of(file: UploadFile | None) -> Picture | None:
    """The picture that was sent along, checked by its bytes; raises `PictureError`."""
    if file is None or not file.filename:
        return None
    data = file.file.read(LARGEST + 1)
    if not data:
        raise PictureError("picture: the file is empty")
    return read_picture(data)


def typed_of(form: Posted) -> dict[str, object]:
    """The values of a form that was wrong."""
    values: dict[str, object] = {name: form.get(name) for name in _TEXTS}
    return {**values, "prompts": form.get("prompts"), "platforms": form.all("platforms"), "zone": form.get("zone")}


def stored_of(row: ContentRow | None) -> dict[str, object]:
    """A content as the form holds it; an empty form without one."""
    if row is None:
        empty: dict[str, object] = dict.fromkeys((*_TEXTS, "prompts", "zone"), "")
        return {**empty, "platforms": (), "language": "en"}
    texts = {name: getattr(row, name) or "" for name in ("title", "angle", "facts", "avoid", "example", "link")}
    return {
        **texts,
        "picture_alt": row.picture_alt or "",
        "language": row.language,
        "campaign": "" if row.campaign_id is None else str(row.campaign_id),
        "from": field_value(row.available_from),
        "until": field_value(row.available_until),
        "prompts": "\n".join(row.prompts),
        "platforms": row.platforms,
        "zone": "",
    }
