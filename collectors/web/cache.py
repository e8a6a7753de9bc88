"""Scrapy's HTTP cache with rules of ours: sealed on disk, bounded, and never a curtain before a broken site.

Pages name their authors, so what lies on disk is encrypted under a key that the crawler is given for the run.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from scrapy import Request, Spider
from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware
from scrapy.extensions.httpcache import RFC2616Policy
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import BaseSettings
from scrapy.utils.request import fingerprint

LONGEST_FRESH = 1800.0  # seconds for which a site's word that nothing changes is believed without asking


class CacheMiddleware(HttpCacheMiddleware):
    """Never gives an old page for one that cannot be had now: a failing site must show as failing."""

    def process_exception(self, request: Request, exception: Exception, spider: Spider | None = None) -> None:
        """Scrapy would fall back on the cached page here."""


class CachePolicy(RFC2616Policy):
    """RFC 2616, but only of whole pages, and neither for years nor over server errors."""

    def should_cache_response(self, response: Response, request: Request) -> bool:
        return response.status == 200 and super().should_cache_response(response, request)

    def is_cached_response_valid(self, cachedresponse: Response, response: Response, request: Request) -> bool:
        return response.status == 304

    def _compute_freshness_lifetime(self, response: Response, request: Request, now: float) -> float:
        return min(super()._compute_freshness_lifetime(response, request, now), LONGEST_FRESH)


class SealedStorage:
    """One encrypted file per page."""

    def __init__(self, settings: BaseSettings) -> None:
        self._folder = Path(settings["HTTPCACHE_DIR"])
        self._seal = Fernet(settings["SITE_CACHE_KEY"].encode())

    def open_spider(self, spider: Spider) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def close_spider(self, spider: Spider) -> None:
        """Nothing is held open."""

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:
        try:
            kept: dict[str, Any] = json.loads(self._seal.decrypt(self._path(request).read_bytes()))
        except (OSError, InvalidToken, ValueError):
            return None  # not there, from before a change of keys, or damaged
        headers = Headers(kept["headers"])
        body = base64.b64decode(kept["body"])
        made = responsetypes.from_args(headers=headers, url=kept["url"], body=body)
        return made(url=kept["url"], headers=headers, status=kept["status"], body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:
        headers = {
            name.decode("latin-1"): [value.decode("latin-1") for value in response.headers.getlist(name)]
            for name in response.headers
        }
        kept = {
            "url": response.url,
            "status": response.status,
            "headers": headers,
            "body": base64.b64encode(response.body).decode(),
        }
        path = self._path(request)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(self._seal.encrypt(json.dumps(kept).encode()))
        part.replace(path)

    def _path(self, request: Request) -> Path:
        return self._folder / f"{fingerprint(request).hex()}.page"
