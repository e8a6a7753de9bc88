"""The chart library of the pages, made once per process from what vl-convert carries: no address is loaded."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache

import vl_convert
from fastapi import APIRouter, Request, Response

router = APIRouter()
_HOUR = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The script, plain and packed, with its name in caches."""

    plain: bytes
    packed: bytes
    etag: str


@lru_cache(maxsize=1)
def bundle() -> Bundle:
    """Vega, Vega-Lite and Vega-Embed with the interpreter of expressions, which needs no `unsafe-eval`."""
    plain = vl_convert.javascript_bundle().encode()  # type: ignore[call-arg]  # the stub forgets the default
    packed = gzip.compress(plain, compresslevel=6, mtime=0)
    return Bundle(plain, packed, f'"{hashlib.sha256(plain).hexdigest()[:20]}"')


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
