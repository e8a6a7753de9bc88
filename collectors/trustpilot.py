"""Reviews of a business at Trustpilot: the public part of the Business API, and its webhooks.

A review keeps its id whichever way it comes, so that a poll and a hook never make two of it. Webhooks tell of changes
and deletions at once; without them the second looks find both.
"""

import re
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote, urlsplit

from collectors import fields
from collectors.base import Batch, Collector, CollectRequest, Delivery, Option, Outcome, Recheck
from collectors.deliveries import Delivered
from collectors.errors import CollectError
from collectors.http import HttpAnswer, HttpClient
from collectors.options import complete
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from collectors.trustpilot_hooks import read_delivery
from collectors.trustpilot_reviews import REVIEW_ID, post_of
from config.settings import get_settings

PER_PAGE = 100
MOST_PAGES = 20  # of one run; the next one goes on
MOST_LOOKS = 200  # second looks of one run: one request each
OVERLAP = timedelta(hours=6)  # reviews appear late: the newest is looked behind by so much
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_PROFILE = re.compile(r"^https?://(?:(?:[a-z]+\.)?trustpilot\.com/review/)?")  # what people paste
_UNIT = re.compile(r"[A-Za-z0-9_-]{1,64}")  # 24 hexadecimal digits so far


class TrustpilotCollector(Collector):
    """One business unit. Recommended by Trustpilot: at most 833 requests in five minutes, 10,000 in an hour."""

    kind = "trustpilot"
    about = "own"
    label = "Trustpilot"
    redistribution = WHOLE
    access = "key"
    summary = "Reviews of your business unit, new, changed and deleted ones; also by signed webhook."
    options: tuple[Option, ...] = (
        Option("domain", "Domain at Trustpilot", "As in the address of the profile page, such as acme.com.",
               required=True),
        Option("language", "Language", "Two letters; empty: all.", default=""),
    )  # fmt: skip
    credentials = (
        Option("api_key", "API key", "Of an application in the business account (Integrations, APIs).", required=True),
        Option("secret", "Webhook secret", "At least 16 characters of your own; part of the webhook's address."),
        Option("secret_previous", "Previous webhook secret", "Still accepted while the address is changed."),
    )
    interval = timedelta(minutes=30)
    needs_terms = False
    takes_hooks = True
    recheck = Recheck(pack=1, then=timedelta(days=7))
    pace = timedelta(seconds=0.5)  # 600 in five minutes

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        domain = _PROFILE.sub("", str(values["domain"]).strip().lower()).rstrip("/")
        language = str(values["language"] or "").strip().lower()
        if not _DOMAIN.fullmatch(domain):
            raise ValueError("domain: must be a domain such as acme.com")
        if language and not re.fullmatch(r"[a-z]{2}", language):
            raise ValueError("language: must be two letters such as en, or empty")
        return {"domain": domain, "language": language}

    def host(self, options: Mapping[str, Json]) -> str | None:
        return urlsplit(self._base()).hostname

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        unit, total = self._find(request, http)
        count = "an unknown number of" if total is None else f"{total:,}"
        return f"Trustpilot knows {request.options['domain']} with {count} reviews (business unit {unit})."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        """Newest first, until what was seen before; the cursor moves only when that is reached, so no gap is left.

        A run that its cap ends goes on behind the last page it stored; new reviews meanwhile shift pages by a few,
        which are met twice and stored once.
        """
        cursor = _cursor(request)
        unit = cursor.unit or self._find(request, http)[0]
        page, newest, unreadable = cursor.page, cursor.newest, 0
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            items = _reviews(self._page(request, http, unit, page))
            ids = {str(item.get("id")) for item in items if isinstance(item, dict)}
            posts = [post for item in items if isinstance(item, dict) and (post := post_of(item)) is not None]
            unreadable += len(items) - len(posts)
            newest = max((*(_seen_at(item) for item in items), newest), default=newest)
            repeated = len(items) >= PER_PAGE and ids <= seen
            done = repeated or len(items) < PER_PAGE or _is_known(items, cursor.until)
            seen |= ids
            page = 1 if done else page + 1
            kept = {"unit": unit, "domain": request.options["domain"], "language": request.options.get("language", "")}
            if done:
                yield Batch(tuple(posts), {**kept, "until": newest})
                reason, detail = "limit_reached" if repeated else "ok", _detail(unreadable, repeated=repeated)
                return Outcome(not repeated, reason, detail, unread=unreadable)
            yield Batch(tuple(posts), {**kept, "until": cursor.until, "page": page, "newest": newest})
        left = "More reviews are left for the next run."
        return Outcome(False, "limit_reached", f"{left} {_detail(unreadable)}".strip(), next_check=timedelta(minutes=5))

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        for ref in refs[:MOST_LOOKS]:
            if not REVIEW_ID.fullmatch(ref):
                continue
            answer = self._get(request, http, f"/v1/reviews/{ref}", {}, accept=(404, 410))
            if answer.status in (404, 410):
                yield Batch((), None, deleted=(ref,))
                continue
            item = answer.json()
            post = post_of(item) if isinstance(item, dict) else None
            if post is not None and post.native_id == ref:
                yield Batch((post,), None)
        if len(refs) > MOST_LOOKS:
            return Outcome(False, "limit_reached", f"{len(refs) - MOST_LOOKS} reviews are left for the next look.")
        return Outcome(True, "ok")

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return None if "[author]" in (raw.get("text"), raw.get("title")) else post_of(raw)

    def receive(self, request: CollectRequest, delivery: Delivery) -> Delivered:
        return read_delivery(request, delivery)

    def _base(self) -> str:
        return (self._base_url or get_settings().trustpilot_url).rstrip("/")

    def _find(self, request: CollectRequest, http: HttpClient) -> tuple[str, int | None]:
        """The id of the business unit, and how many reviews it has."""
        domain = str(request.options["domain"])
        answer = self._get(request, http, "/v1/business-units/find", {"name": domain}, accept=(404,))
        if answer.status == 404:
            raise CollectError("gone", f"Trustpilot knows no business at {domain}. Check the domain.", permanent=True)
        found = answer.json()
        unit = found.get("id") if isinstance(found, dict) else None
        if not isinstance(unit, str) or not _UNIT.fullmatch(unit):
            raise CollectError("bad_answer", f"Trustpilot did not say which business {domain} is.")
        counts = found.get("numberOfReviews") if isinstance(found, dict) else None
        total = counts.get("total") if isinstance(counts, dict) else counts
        return unit, total if isinstance(total, int) and not isinstance(total, bool) else None

    def _page(self, request: CollectRequest, http: HttpClient, unit: str, page: int) -> Json:
        params = {"page": str(page), "perPage": str(PER_PAGE), "orderBy": "createdat.desc"}
        if language := str(request.options.get("language") or ""):
            params["language"] = language
        return self._get(request, http, f"/v1/business-units/{quote(unit)}/reviews", params).json()

    def _get(
        self,
        request: CollectRequest,
        http: HttpClient,
        path: str,
        params: Mapping[str, str],
        accept: Sequence[int] = (),
    ) -> HttpAnswer:
        """One call; the key goes in a header, so that it stands in no log of addresses."""
        key = request.credentials.get("api_key", "")
        if not key:
            raise CollectError("needs_credentials", "Enter the API key of your Trustpilot application.", permanent=True)
        try:
            return http.get(self._base() + path, params, {"apikey": key, "accept": "application/json"}, accept=accept)
        except CollectError as error:
            if error.reason != "unauthorized":
                raise
            detail = "Trustpilot refuses the API key. Check it, and that the account's plan includes the APIs."
            raise CollectError("unauthorized", detail, permanent=True) from error


class _Cursor:
    """What the last run left behind; anything else than what was stored by us counts as nothing."""

    def __init__(self, stored: Mapping[str, Json], options: Mapping[str, Json]) -> None:
        same = all(stored.get(name) == (options.get(name) or "") for name in ("domain", "language"))
        unit, until, page, newest = (stored.get(name) if same else None for name in ("unit", "until", "page", "newest"))
        self.unit = unit if isinstance(unit, str) and _UNIT.fullmatch(unit) else ""
        self.until = until if isinstance(until, str) and fields.moment(until) else ""
        self.page = page if isinstance(page, int) and not isinstance(page, bool) and 1 <= page <= 100_000 else 1
        self.newest = newest if isinstance(newest, str) and fields.moment(newest) else self.until


def _cursor(request: CollectRequest) -> _Cursor:
    return _Cursor(request.cursor, request.options)


def _reviews(payload: Json) -> list[Json]:
    found = payload.get("reviews") if isinstance(payload, dict) else None
    if not isinstance(found, list):
        raise CollectError("bad_answer", "Trustpilot answered without a list of reviews.")
    return found


def _seen_at(item: Json) -> str:
    """The time of a review as text that sorts; "" where it has none."""
    moment = fields.moment(item.get("createdAt")) if isinstance(item, dict) else None
    return moment.isoformat() if moment else ""


def _is_known(items: Sequence[Json], until: str) -> bool:
    """Whether a page reaches back to what an earlier run has read."""
    before = fields.moment(until)
    times = [moment for item in items if (moment := fields.moment(_seen_at(item)))]
    return before is not None and bool(times) and min(times) <= before - OVERLAP


def _detail(unreadable: int, *, repeated: bool = False) -> str:
    notes = [f"{unreadable} reviews could not be read."] if unreadable else []
    notes += ["Trustpilot repeats a page instead of giving older reviews."] if repeated else []
    return " ".join(notes)


__all__ = ["TrustpilotCollector"]
