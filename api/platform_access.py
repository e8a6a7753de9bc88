"""Requests of the web process to platforms, while an advocate waits: few, short, and never to private addresses."""

from datetime import timedelta

from api.throttle import Throttle
from collectors.http import HttpClient
from config.settings import get_settings

TRIES = Throttle(limit=12, window=timedelta(minutes=10))  # of one person: some platforms take few sign-ins a day
_PATIENCE = 8.0  # seconds


def platform_client() -> HttpClient:
    """A client for one answer to one person."""
    settings = get_settings()
    return HttpClient(
        user_agent=settings.user_agent,
        timeout=_PATIENCE,
        max_bytes=1_000_000,
        allow_private=settings.allow_private_addresses,
        trusted_bases=settings.platform_urls(),
        total_timeout=_PATIENCE * 1.5,
    )
