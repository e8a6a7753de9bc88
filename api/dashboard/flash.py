"""One message for the next page, in a signed cookie that lives a minute."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from itsdangerous import BadData, URLSafeTimedSerializer

from api.cookies import drop_cookie, read_cookie, set_cookie
from config.settings import get_settings

_COOKIE = "outspoken_flash"
_SECONDS = 60
_LONGEST = 600  # characters; a cookie holds about 4,000 bytes
KINDS = ("", "warning", "error")


@dataclass(frozen=True, slots=True)
class Message:
    """Words for the person; `kind` is a class of the style sheet."""

    text: str
    kind: str


def put(response: Response, text: str, kind: str = "") -> None:
    """Keep a message for the page that follows."""
    if kind not in KINDS:
        raise ValueError(f"A message is of kind {', '.join(map(repr, KINDS))}, not {kind!r}.")
    set_cookie(response, _COOKIE, _signer().dumps([text[:_LONGEST], kind]), _SECONDS)


def waiting(request: Request) -> Sequence[Message]:
    """The message that waits, if the cookie is ours and fresh."""
    try:
        text, kind = _signer().loads(read_cookie(request, _COOKIE) or "", max_age=_SECONDS)
    except BadData:
        return ()
    return (Message(text, kind),)


def clear(response: Response) -> None:
    """Forget what has been shown."""
    drop_cookie(response, _COOKIE)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_settings().secret(), salt="flash")
