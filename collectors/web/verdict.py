"""What an answer of a site means for the run: read on, leave the page out, or stop."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.errors import CollectError
from collectors.post import Json
from collectors.web.site import host_of

_CHALLENGES = (
    "_cf_chl_opt",
    "cf-challenge-running",
    "enable javascript and cookies to continue",
    "captcha-delivery.com/captcha",
    'id="px-captcha"',
    "/_incapsula_resource?",
    "attention required! | cloudflare",
    "please verify you are a human",
)
_CHALLENGE_TITLE = re.compile(
    r"(?i)<title[^>]{0,200}>\s{0,50}(?:just a moment|access denied|are you a robot|pardon our)"
)
CHALLENGE_CHARS = 60_000  # such pages are short; a long one with such words is an article about them
LEFT_OUT = {404, 410}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a run cannot go on, in the words of `collectors.base.REASONS`."""

    reason: str
    detail: str
    permanent: bool = False
    retry_at: datetime | None = None
    closed_path: bool = False  # this page is closed by robots.txt or where it leads to; others may be open

    def error(self) -> CollectError:
        return CollectError(self.reason, self.detail, permanent=self.permanent, retry_at=self.retry_at)

    def to_json(self) -> dict[str, Json]:
        at = self.retry_at.isoformat() if self.retry_at else None
        return {"reason": self.reason, "detail": self.detail, "permanent": self.permanent, "retry_at": at}

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> "Stop":
        at = value.get("retry_at")
        return cls(
            str(value.get("reason")),
            str(value.get("detail")),
            value.get("permanent") is True,
            datetime.fromisoformat(at) if isinstance(at, str) else None,
        )


def judge(status: int, headers: Mapping[str, str], text: str, url: str, now: datetime) -> Stop | None:
    """None: a page to be read. Header names in lower case. No way around a refusal is ever tried."""
    if is_challenge(headers, text):
        detail = (
            f"{host_of(url)} shows programs a test for humans instead of the page, so it does not want to be read by "
            "one. Ask its owner for an export or an interface."
        )
        return Stop("not_allowed", detail, permanent=True)
    if 200 <= status < 300:
        return None
    if status in {403, 451}:
        detail = f"{host_of(url)} refuses to show us the page (HTTP {status}). Ask its owner for leave or an export."
        return Stop("not_allowed", detail, permanent=True)
    if 300 <= status < 400:
        return Stop("bad_answer", f"{host_of(url)} redirects in a circle, or without saying where to.")
    from collectors.http import status_error  # the crawler does without an HTTP client until here

    error = status_error(status, headers, url, now)
    return Stop(error.reason, error.detail, error.permanent, error.retry_at)


def is_challenge(headers: Mapping[str, str], text: str) -> bool:
    """A page of an anti-bot service, whatever status it came with."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    if len(text) > CHALLENGE_CHARS:
        return False
    folded = text.lower()
    return any(mark in folded for mark in _CHALLENGES) or bool(_CHALLENGE_TITLE.search(text[:5_000]))


def failure_of(error: object, host: str, when: str = "") -> Stop:
    """A download that gave no answer, without the error's own text, which may quote addresses."""
    name = type(error).__name__
    if "Cancelled" in name:
        return Stop("bad_answer", f"{host} sent more than is read of one page{when}.")
    if "Ignore" in name:
        return Stop("bad_answer", f"{host} redirects in a circle{when}.")
    if "certificate verify failed" in str(error):
        return Stop("unreachable", f"{host} shows a certificate that cannot be verified{when}.")
    if "Timeout" in name:
        return Stop("unreachable", f"{host} did not answer in time{when}.")
    if "Resolve" in name:
        return Stop("unreachable", f"{host} has no address: the name cannot be resolved.")
    if "Refused" in name:
        return Stop("unreachable", f"{host} refuses the connection{when}.")
    return Stop("unreachable", f"{host} broke off the connection{when} ({name}).")
