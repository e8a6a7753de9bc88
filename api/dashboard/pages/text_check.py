"""A text before it is shared: does it say that its author works here, is it in own words? Nothing of it is kept."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from advocacy.disclosure import Disclosure, check_disclosure
from advocacy.similarity import TOO_SIMILAR, near_duplicates, similarity
from api.dashboard.forms import Form
from api.dashboard.render import page
from api.dashboard.share_words import own_names
from api.deps import ProgrammeReader, ProgrammeSender
from storage import db

router = APIRouter()

_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said about a text. `likeness` (0..1) is None when there was nothing to compare it with."""

    disclosure: Disclosure | None  # None: no company is set up, so there is no name to look for
    likeness: float | None
    too_similar: bool


@router.get("/my-reach/check")
def check_page(request: Request, who: ProgrammeReader) -> Response:
    """The empty form."""
    return page(request, who, "text_check.html", title="Check a text", typed={}, errors={}, verdict=None)


@router.post("/my-reach/check")
def check_text(request: Request, who: ProgrammeSender, form: Form) -> Response:
    """The form again with what is to be said about the text."""
    typed = {name: form.get(name) for name in ("text", "suggestion")}
    errors = {}
    if not typed["text"]:
        errors["text"] = "Paste the text that you want to share."
    for name, words in typed.items():
        if len(words) > _LONGEST:
            errors[name] = f"Use at most {_LONGEST:,} characters."
    verdict = None if errors else judge(typed["text"], typed["suggestion"], _names())
    status = 422 if errors else 200
    shown = {"typed": typed, "errors": errors, "verdict": verdict}
    return page(request, who, "text_check.html", title="Check a text", status=status, **shown)


def judge(text: str, suggestion: str, names: tuple[str, ...]) -> Verdict:
    """Disclosure by one of the company's names, and likeness to the suggestion that the text began from."""
    return Verdict(
        check_disclosure(text, names) if names else None,
        similarity(text, suggestion) if suggestion else None,
        bool(suggestion and near_duplicates(text, [suggestion], TOO_SIMILAR)),
    )


def _names() -> tuple[str, ...]:
    with db.reading() as session:
        return own_names(session)
