"""What the crawler is told to do, and Scrapy's settings for it. Imports no Scrapy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collectors.web.site import Site

# Scrapy as a guest: obedient, slow, small, without memory of people.
_ALWAYS: dict[str, Any] = {
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "REFERER_ENABLED": False,
    "RETRY_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "HTTPERROR_ALLOW_ALL": True,
    "HTTPPROXY_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_ENABLED": False,
    "LOG_INSTALL_ROOT_HANDLER": False,
    "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY_JITTER": 0,
    "DOWNLOAD_WARNSIZE": 0,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DNS_RESOLVER": "scrapy.resolver.CachingHostnameResolver",
    "AUTOTHROTTLE_ENABLED": True,
    "REDIRECT_MAX_TIMES": 5,
    "DEPTH_LIMIT": 0,
    "EXTENSIONS": {"scrapy.extensions.remote_control.RemoteControl": None},
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
        "collectors.web.guard.Doorkeeper": 50,
        "collectors.web.guard.Robots": 100,
        "collectors.web.cache.CacheMiddleware": 900,
    },
}


@dataclass(frozen=True, slots=True)
class Task:
    """What the crawler is told; `known` and `avoid` are marks (see `cursor.mark`) of items and addresses."""

    site: Site
    seeds: tuple[tuple[str, str], ...]  # address and role
    known: frozenset[str]
    avoid: frozenset[str]
    agent: str
    pace: float
    timeout: float
    max_bytes: int
    allow_private: bool
    seconds: float
    cache_folder: str | None
    cache_key: str | None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Task":
        given = dict(value)
        given |= {
            "site": Site.from_json(given["site"]),
            "seeds": tuple((url, role) for url, role in given["seeds"]),
            "known": frozenset(given["known"]),
            "avoid": frozenset(given["avoid"]),
        }
        return cls(**given)


def settings_of(task: Task) -> dict[str, Any]:
    """What Scrapy is told for one task."""
    settings: dict[str, Any] = _ALWAYS | {
        "USER_AGENT": task.agent,
        "ROBOTSTXT_USER_AGENT": task.agent.partition("/")[0].strip() or task.agent,
        "DOWNLOAD_DELAY": task.pace,
        "DOWNLOAD_TIMEOUT": task.timeout,
        "DOWNLOAD_MAXSIZE": task.max_bytes,
        "DNS_TIMEOUT": min(10.0, task.timeout),
        "AUTOTHROTTLE_START_DELAY": task.pace,
        "AUTOTHROTTLE_MAX_DELAY": max(30.0, task.pace),
        "CLOSESPIDER_TIMEOUT": task.seconds,
        "SITE_HOSTS": sorted(task.site.hosts),
        "SITE_ALLOW_PRIVATE": task.allow_private,
    }
    if task.cache_folder and task.cache_key:
        settings |= {
            "HTTPCACHE_ENABLED": True,
            "HTTPCACHE_DIR": task.cache_folder,
            "HTTPCACHE_POLICY": "collectors.web.cache.CachePolicy",
            "HTTPCACHE_STORAGE": "collectors.web.cache.SealedStorage",
            "SITE_CACHE_KEY": task.cache_key,
        }
    return settings
