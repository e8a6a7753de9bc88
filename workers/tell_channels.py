"""Messages are handed to their channels: claimed first, and the fate of each stored before the next one goes."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors.errors import CollectError
from collectors.http import RETRY_WITHOUT_WORD, HttpClient, retry_at
from config.settings import Settings, get_settings
from notify.webhook import encoded, signed_headers
from storage import channels, db, deliveries
from storage.channels import SealError, Target
from storage.deliveries import ClaimedDelivery
from storage.viewer import NotFound
from workers.app import DELIVER, enqueue, job

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, and these are secrets

_AT_ONCE = 5  # claimed together: five that time out take less than a stale claim
_TIMEOUT = 10.0  # seconds for a read; a whole try takes at most `_TOTAL`
_TOTAL = 20.0
_MOST_ANSWER = 100_000  # bytes that are read of an answer
_STRETCH = 200.0  # seconds of one job; the next one goes on
_AGAIN_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Fate:
    """How one try ended; `problem` None: taken. Neither it nor anything that is logged names the address."""

    status: int | None
    problem: str | None
    permanent: bool = False
    retry_at: datetime | None = None


def deliver(ids: list[int] | None = None) -> None:
    """Hand over what is due; of `ids` only these, for whoever waits for the outcome."""
    ends = time.monotonic() + _STRETCH
    with _client(get_settings()) as http:
        while time.monotonic() < ends:
            with db.transaction() as session:
                claimed = deliveries.claim(session, datetime.now(UTC), _AT_ONCE, ids)
            if not claimed:
                return
            for delivery in claimed:
                _hand_over(delivery, http)
    enqueue(DELIVER, expires=60)


def judge(status: int, headers: Mapping[str, str], now: datetime) -> Fate:
    """What an answer means: 2xx is taken; 408, 425, 429 and 5xx may be taken later; all else never will be."""
    if 200 <= status < 300:
        return Fate(status, None)
    back = retry_at(headers.get("retry-after"), now)
    if status in _AGAIN_LATER or status >= 500:
        back = back or (now + RETRY_WITHOUT_WORD if status == 429 else None)
        return Fate(status, f"The channel answered {status}.", retry_at=back)
    if 300 <= status < 400:
        return Fate(status, f"The address leads elsewhere (HTTP {status}); enter the new one.", permanent=True)
    return Fate(status, f"The channel refuses the message (HTTP {status}).", permanent=True)


def _hand_over(delivery: ClaimedDelivery, http: HttpClient) -> None:
    try:
        with db.reading() as session:
            target = channels.target_of(session, delivery.channel_id)
    except SealError:
        fate = Fate(None, "The address was sealed with another SECRET_KEY: add the channel anew.", permanent=True)
    except NotFound:
        return  # removed meanwhile, and its messages with it
    else:
        fate = _try(delivery, target, http)
    now = datetime.now(UTC)
    if fate.problem is not None:
        log.warning("Message %d was not taken: %s", delivery.id, fate.problem)
    with db.transaction() as session:
        if fate.problem is None and fate.status is not None:
            deliveries.mark_sent(session, delivery.id, fate.status, now)
        else:
            deliveries.mark_failed(
                session,
                delivery.id,
                fate.problem or "There was no answer.",
                now,
                permanent=fate.permanent,
                status=fate.status,
                retry_at=fate.retry_at,
            )


def _try(delivery: ClaimedDelivery, target: Target, http: HttpClient) -> Fate:
    body = encoded(delivery.body)
    headers = {"content-type": "application/json", "outspoken-id": delivery.message}
    if target.secret is not None:
        headers |= signed_headers(target.secret, delivery.message, body, datetime.now(UTC))
    try:
        answer = http.exchange("POST", target.url, headers, body)  # a redirect is an answer: nothing follows it
    except CollectError as error:
        return _unanswered(error)
    return judge(answer.status, answer.headers, datetime.now(UTC))


def _client(settings: Settings) -> HttpClient:
    """Private addresses only where the settings let them."""
    return HttpClient(
        user_agent=settings.user_agent,
        timeout=_TIMEOUT,
        total_timeout=_TOTAL,
        max_bytes=_MOST_ANSWER,
        allow_private=settings.allow_private_addresses,
    )


def _unanswered(error: CollectError) -> Fate:
    """The client's own words name the host, so they are not told."""
    if error.permanent:
        told = "The address leads into a private network; ALLOW_PRIVATE_ADDRESSES lets it."
        return Fate(None, told, permanent=True)
    return Fate(None, "The channel did not answer in time, or the connection broke off.")


job(DELIVER, soft=240, hard=300)(deliver)
