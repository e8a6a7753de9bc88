"""Log lines: coloured on a terminal, JSON where machines read them, and without secrets or authors everywhere."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import SecretStr
from structlog.types import EventDict, Processor

HIDDEN = "[hidden]"
_SECRET_KEY = re.compile(r"(?i)passw|secret|token|authorization|cookie|api_?key|pseudonym_key|credential")
_AUTHOR_KEY = re.compile(r"(?i)^(raw_)?(author|handle|display_?name|screen_?name|user_?name|profile_url)s?$")
_AUTHOR_TYPES = {"RawAuthor", "RawPost"}  # by name: this package lies below the one that defines them
_CREDENTIALS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^/\s@'\"]{1,300}@")
_QUERY_SECRET = re.compile(
    r"(?i)([?&;](?:[a-z]{1,20}[_.-]){0,3}(?:(?:access|api|auth)?(?:token|key)|secret|passw(?:or)?d|sig(?:nature)?|auth)=)"
    r"[^&\s'\"#]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}")
_DEPTH = 6
_CHATTY = (
    "httpx", "httpcore", "urllib3", "asyncio", "charset_normalizer", "fontTools", "multipart", "websockets", "tweepy",
    "praw", "prawcore", "requests_oauthlib", "oauthlib", "mastodon", "atproto", "atproto_client", "google", "scrapy",
    "trafilatura", "htmldate", "extruct", "rdflib",
)  # fmt: skip


def redact(_: object, __: str, event: EventDict) -> EventDict:
    """The processor that takes secrets and raw authors out of everything a log line carries, tracebacks included."""
    return {name: _clean(name, value, _DEPTH) for name, value in event.items()}


def _clean(name: str, value: Any, depth: int) -> Any:
    if _SECRET_KEY.search(name) or _AUTHOR_KEY.match(name) or type(value).__name__ in _AUTHOR_TYPES:
        return HIDDEN
    if isinstance(value, str):
        return redacted_text(value)
    if value is None or isinstance(value, bool | int | float) or depth == 0:
        return value if depth else HIDDEN
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, Mapping):
        return {key: _clean(str(key), inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner, depth - 1) for inner in value]
    return value if name.startswith("_") else redacted_text(str(value))


def redacted_text(text: str) -> str:
    """A text without credentials in addresses, secrets in queries, and bearer tokens."""
    text = _CREDENTIALS.sub(rf"\1{HIDDEN}@", text)
    text = _QUERY_SECRET.sub(rf"\1{HIDDEN}", text)
    return _BEARER.sub(rf"\1 {HIDDEN}", text)


def setup_logging(level: str = "INFO", json: bool = False) -> None:
    """Send structlog and the standard library through one chain to standard error; may be called again.

    Raise `ValueError` for an unknown level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"log_level: must be DEBUG, INFO, WARNING or ERROR, not {level!r}")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, as_json=json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _CHATTY:  # they log requests, and some of them keys and answers
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _formatter(shared: list[Processor], *, as_json: bool) -> logging.Formatter:
    renderer: Processor
    if as_json:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        plain = structlog.dev.plain_traceback  # pretty tracebacks show local variables, and with them authors
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact, renderer],
    )


__all__ = ["redact", "redacted_text", "setup_logging"]
