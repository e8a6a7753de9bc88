"""Whom encrypted connections of collectors trust."""

import ssl
from functools import cache

import httpx


@cache
def client_context() -> ssl.SSLContext:
    """certifi's certificates; reading them takes 30 ms, so once per process instead of once per run of a source."""
    return httpx.create_ssl_context(trust_env=False)
