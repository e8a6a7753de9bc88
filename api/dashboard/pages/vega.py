"""The chart library of the pages, made once from what vl-convert carries: no address is loaded."""

import gzip
import hashlib
import logging
import os
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import vl_convert
from fastapi import APIRouter, Request, Response

from config.settings import get_settings

router = APIRouter()
log = logging.getLogger(__name__)

_HOUR = "public, max-age=3600"
_making = threading.Lock()


@dataclass(frozen=True, slots=True)
class Bundle:
    """The script, plain and packed, with its name in caches."""

    plain: bytes
    packed: bytes
    etag: str


def bundle() -> Bundle:
    """Vega, Vega-Lite and Vega-Embed with the interpreter of expressions, which needs no `unsafe-eval`."""
    with _making:  # it takes seconds to make; two first visitors wait for the same one
        return _bundle(get_settings().data_dir / f"vega-{version('vl-convert-python')}.js.gz")


@router.api_route("/static/vega.js", methods=["GET", "HEAD"])
def vega_script(request: Request) -> Response:
    """The script, or 304 when the browser has it."""
    made = bundle()
    headers = {"ETag": made.etag, "Cache-Control": _HOUR, "Vary": "Accept-Encoding"}
    if made.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(made.packed, media_type="text/javascript", headers=headers)
    return Response(made.plain, media_type="text/javascript", headers=headers)


@lru_cache(maxsize=1)
def _bundle(kept: Path) -> Bundle:
    packed = _read(kept)
    if packed is None:
        script = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # the stub forgets the default
        packed = gzip.compress(script.encode(), compresslevel=6, mtime=0)
        _keep(kept, packed)
    plain = gzip.decompress(packed)
    return Bundle(plain, packed, f'"{hashlib.sha256(plain).hexdigest()[:20]}"')


def _read(kept: Path) -> bytes | None:
    try:
        packed = kept.read_bytes()
        gzip.decompress(packed)
    except (OSError, EOFError):  # not there, not readable, or cut off
        return None
    return packed


def _keep(kept: Path, packed: bytes) -> None:
    """For the next start; without a writable folder it is made again then."""
    part = kept.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(packed)
        part.replace(kept)
    except OSError as error:
        log.info("The chart library could not be kept in %s: %s", kept.parent, error.strerror)
