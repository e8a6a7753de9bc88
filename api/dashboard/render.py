"""How a page is written.

A page is a function in `api/dashboard/pages/<subject>.py` on that module's `router` (`api.app` includes every one).
It asks `api.deps` for the signed-in person, reads through `who.viewer`, and ends in one of three ways:

    @router.get("/sources")
    def sources(request: Request, now: Now, who: Annotated[SignedIn, Depends(page_role("administrator"))]) -> Response:
        with db.reading() as session:
            rows = storage.sources.list_sources(session, who.viewer, now)
        return page(request, who, "sources.html", title="Sources", rows=rows)         # a page with the frame

    return solo(request, "sign_in.html", title="Sign in", next=next)                  # a page without the frame
    return redirect("/sources", "The source is paused.")                              # after a POST: 303 and a message

A template extends `base.html` (or `solo.html`), fills `{% block content %}`, and has these beside the given values:
`user`, `viewer`, `csrf` (put it into every form as a hidden field `csrf`), `nav`, `as_of`, `demo`, `flashes`,
and the filters of `wording.py`: `count`, `percent`, `signed`, `interval`, `ago`, `moment`, `day`, `label`. Unknown
names raise, unknown figures (None) print "–". A form that was wrong is rendered again with `status=422`, the typed
values and `errors: dict[str, str]` by field; `parts.html` has the macros `field`, `select`, `empty`, `chart`,
`sentiment`, `token`.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.auth import SignedIn
from api.dashboard import flash, wording
from api.dashboard.frame import facts, navigation
from api.known import known

HERE = Path(__file__).parent
STATIC = HERE / "static"


def page(
    request: Request, who: SignedIn, template: str, *, title: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page inside the frame: navigation by role, demo banner, messages that wait."""
    about = facts(who.viewer)
    frame = {
        "user": who.user,
        "viewer": who.viewer,
        "csrf": who.csrf,
        "nav": navigation(who.user.role, request.url.path, about),
        "demo": about.demo,
        "as_of": about.as_of,
    }
    return _answer(request, template, status, {**frame, "title": title, **values})


def solo(request: Request, template: str, *, title: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page without the frame, for people who are not signed in."""
    return _answer(request, template, status, {"title": title, **values})


def error_page(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """What went wrong, in words; needs no database."""
    return solo(request, "error.html", title=title, status=status, text=text)


def redirect(to: str, message: str = "", kind: str = "") -> RedirectResponse:
    """Send the browser on with GET after a POST; the message is shown once. `kind`: "", warning or error."""
    response = RedirectResponse(to, status_code=303)
    if message:
        flash.put(response, message, kind)
    return response


def _answer(request: Request, template: str, status: int, values: dict[str, Any]) -> HTMLResponse:
    flashes = flash.waiting(request)
    shown = {"flashes": flashes, "static_version": static_version(), **values}
    response = HTMLResponse(environment().get_template(template).render(shown), status)
    response.headers["Cache-Control"] = "no-store"  # pages show what one person may see
    if flashes:
        flash.clear(response)
    return response


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates: everything is escaped, an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(wording.FILTERS, known=known)
    return made


@lru_cache(maxsize=1)
def static_version() -> str:
    """A name for the present state of the static files, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
