"""Every error in one shape: `{"error": code, "detail": text, "fields"?: [{"field", "reason"}]}`; people get a page.

Endpoints raise; the handlers here render once. No handler shows anything of the inside.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException

from nlp.persons import NamesError
from storage.pseudonym_keys import PseudonymKeyError
from storage.viewer import NotAllowed, NotFound

log = logging.getLogger(__name__)

ERROR_PAGE = "error_page"  # app.state: the dashboard's own renderer, see `ErrorPage`
ErrorPage = Callable[[Request, int, str, str], Response]  # request, status, title, text
_MACHINE_PATHS = ("/api/", "/healthz", "/hooks/", "/metrics")
_CODES = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_MEANINGS = {
    400: "The request can't be read.",
    401: "No valid token or sign-in.",
    403: "The role or the token's scopes do not allow this.",
    404: "There is no such thing, or it is not yours to see.",
    405: "The address does not know this method.",
    409: "The state of the thing does not allow this.",
    413: "The request is larger than allowed.",
    422: "The input is malformed; `fields` says where.",
    429: "Too many requests; `Retry-After` says when to come back.",
    500: "A fault of the service; the request id is in its log.",
    503: "The database or the queue does not answer; try again shortly.",
}
_MEANINGS_OF_KEYS = "The service was started with another PSEUDONYM_KEY and stores nothing; its log says more."
_MEANINGS_OF_NAMES = (
    "What hides names of persons (NAMES_MODEL) cannot be loaded, so no text is shown; the log says more."
)
_WORDS = {
    404: ("Not found", "There is nothing at this address, or it is not yours to see."),
    405: ("Not possible", "This address does not take that kind of request."),
    413: ("Too large", "What you sent is larger than this page takes."),
    500: ("Something went wrong", "The fault is on our side and has been logged. Please try again."),
    503: ("Not available right now", "The database does not answer. Please try again in a moment."),
}


class FieldProblem(BaseModel):
    """One input field and what is wrong with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"field": "limit", "reason": "must be at most 200"}]})
    field: str
    reason: str


class ErrorAnswer(BaseModel):
    """The one shape of errors. `fields` stands only where single fields are wrong."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": "not_found", "detail": "There is no mention 42 for you."}]}
    )
    error: str
    detail: str
    fields: list[FieldProblem] | None = None


@dataclass(frozen=True, slots=True)
class WrongField:
    """A field of the request and what is wrong with it, in words."""

    field: str
    reason: str


class ApiError(Exception):
    """An answer other than success: status, a code for programs, a sentence for people."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        fields: tuple[WrongField, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code or _CODES.get(status, "error")
        self.fields = fields
        self.headers = dict(headers or {})


class SignInNeeded(Exception):  # noqa: N818 - a redirect, not a fault
    """A page was asked for without a sign-in; `next_path` is where to return to."""

    def __init__(self, next_path: str) -> None:
        super().__init__(next_path)
        self.next_path = next_path


class SecondFactorNeeded(Exception):  # noqa: N818 - a redirect, not a fault
    """A page was asked for by somebody whose role needs an authenticator app and who has none yet."""


def wrong_field(field: str, reason: str) -> ApiError:
    """422 for one field."""
    return ApiError(422, f"{field}: {reason}", fields=(WrongField(field, reason),))


def from_value_error(error: ValueError) -> ApiError:
    """422 from an error of `storage` that says "field: reason"."""
    field, colon, reason = str(error).partition(": ")
    if not colon or len(field) > 40:
        return ApiError(422, str(error))
    return ApiError(422, str(error), fields=tuple(WrongField(name.strip(), reason) for name in field.split(",")))


@contextmanager
def fields_named() -> Iterator[None]:
    """Answer a `ValueError` of `storage` inside the block as 422 that names the field."""
    try:
        yield
    except ValueError as error:
        raise from_value_error(error) from error


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for OpenAPI; 500 and 503 can happen anywhere."""
    return {
        status: {"model": ErrorAnswer, "description": _MEANINGS[status]} for status in sorted({*statuses, 500, 503})
    }


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.exception_handler(ApiError)(_api_error)
    app.exception_handler(SignInNeeded)(_sign_in_needed)
    app.exception_handler(SecondFactorNeeded)(_second_factor_needed)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(NotAllowed)(_not_allowed)
    app.exception_handler(NotFound)(_not_found)
    app.exception_handler(PseudonymKeyError)(_wrong_key)
    app.exception_handler(NamesError)(_names_readable)
    app.exception_handler(sql.DataError)(_unstorable)
    for error in (sql.OperationalError, sql.InterfaceError, sql.TimeoutError):
        app.exception_handler(error)(_database_down)


def render(
    request: Request,
    status: int,
    detail: str,
    *,
    code: str | None = None,
    fields: tuple[WrongField, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The error as JSON for programs, as a page for people."""
    detail = _writable(detail)
    if not wants_page(request):
        content: dict[str, object] = {"error": code or _CODES.get(status, "error"), "detail": detail}
        if fields:
            content["fields"] = [{"field": _writable(each.field), "reason": _writable(each.reason)} for each in fields]
        return JSONResponse(content, status, headers)
    title, text = _WORDS.get(status, (HTTPStatus(status).phrase, detail))
    page: ErrorPage = getattr(request.app.state, ERROR_PAGE, plain_page)
    hidden = status in (500, 503) and detail not in (_MEANINGS_OF_KEYS, _MEANINGS_OF_NAMES)
    response = page(request, status, title, text if hidden or not detail else detail)
    response.headers.update(headers or {})
    return response


def wants_page(request: Request) -> bool:
    """Whether a person looks at this address (everything but the API and the probes)."""
    return not request.url.path.startswith(_MACHINE_PATHS)


def plain_page(_request: Request, status: int, title: str, text: str) -> Response:
    """An error page that needs neither database nor templates."""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} – Outspoken</title><link rel="stylesheet" href="/static/app.css"></head>'
        f'<body><main class="solo"><div class="card"><h1>{escape(title)}</h1><p>{escape(text)}</p>'
        '<p><a href="/">Back to the first page</a></p></div></main></body></html>'
    )
    return HTMLResponse(body, status)


def _writable(text: str) -> str:
    """Messages may quote hostile input: lone surrogates can't be sent, and nobody reads more than this."""
    return text[:1000].encode("utf-8", "replace").decode()


def unexpected(request: Request) -> Response:
    """The answer to a fault nobody foresaw, of the pages' templates perhaps; nothing of it is shown."""
    if wants_page(request):
        return plain_page(request, 500, *_WORDS[500])
    return render(request, 500, "Something went wrong here. It has been logged under the request id.")


async def _api_error(request: Request, error: ApiError) -> Response:
    return render(request, error.status, error.detail, code=error.code, fields=error.fields, headers=error.headers)


async def _sign_in_needed(_request: Request, error: SignInNeeded) -> Response:
    target = "/sign-in" if error.next_path == "/" else f"/sign-in?{urlencode({'next': error.next_path})}"
    return RedirectResponse(target, status_code=303)


async def _second_factor_needed(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/account/second-factor", status_code=303)


async def _http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400 and not wants_page(request):  # what FastAPI says of a body in a wrong encoding
        reason = "can't be read"
        return render(request, 422, f"body: {reason}", fields=(WrongField("body", reason),))
    detail = _MEANINGS.get(error.status_code) if error.status_code in (404, 405) else None
    return render(request, error.status_code, detail or str(error.detail), headers=error.headers)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    fields = tuple(_wrong(problem) for problem in error.errors()[:50])
    first = f"{fields[0].field}: {fields[0].reason}" if fields else "The input is malformed."
    return render(request, 422, first, fields=fields)


def _wrong(problem: Mapping[str, Any]) -> WrongField:
    if problem["type"] == "json_invalid":
        return WrongField("body", f"is no JSON: {problem['ctx']['error']} at character {problem['loc'][-1]}")
    return WrongField(_place(problem["loc"]), str(problem["msg"]).removeprefix("Value error, "))


def _place(location: tuple[int | str, ...]) -> str:
    """`("body", "posts", 3, "text")` → `posts[3].text`."""
    parts = location[1:] if len(location) > 1 else location
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return path.lstrip(".")


async def _not_allowed(request: Request, error: Exception) -> Response:
    return render(request, 403, str(error) or _MEANINGS[403])


async def _not_found(request: Request, error: Exception) -> Response:
    return render(request, 404, str(error.args[0]) if error.args else _MEANINGS[404])


async def _wrong_key(request: Request, error: Exception) -> Response:
    log.error("%s", error)
    return render(request, 503, _MEANINGS_OF_KEYS, headers={"Retry-After": "600"})


async def _names_readable(request: Request, error: Exception) -> Response:
    log.error("%s", error)
    return render(request, 503, _MEANINGS_OF_NAMES, headers={"Retry-After": "600"})


async def _unstorable(request: Request, _error: Exception) -> Response:
    return render(request, 422, "The input holds a value that can't be stored or compared.")


async def _database_down(request: Request, error: Exception) -> Response:
    log.error("The database did not answer: %s", type(error).__name__)
    return render(request, 503, _MEANINGS[503], headers={"Retry-After": "5"})
