"""The protocol of a collector: a run yields batches with their cursor and ends with an outcome, never with silence."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.meter import Budget, Meter
from collectors.post import Json, RawPost
from collectors.redistribution import NOBODY_SAID, Redistribution

# Ages of a post at which its counters are read again.
AGES = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(days=3), timedelta(days=7))


@dataclass(frozen=True, slots=True)
class CollectRequest:
    """What one run needs to know.

    `options` are the source's own settings (feed address, instance, tags), already validated by
    `Collector.check_options`; `credentials` its keys in clear, for this run only. `terms` are the plain names and
    phrases worth searching for; `cursor` is what the last stored batch left behind ({} at the first run). What a
    platform charges goes to `meter` as soon as it is owed, so that a run that dies has still paid.
    """

    source_id: int
    options: Mapping[str, Json]
    terms: tuple[str, ...]
    cursor: Mapping[str, Json]
    now: datetime
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    meter: Meter = field(default_factory=Meter)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some posts and the cursor that is true once they are stored; both go into one transaction.

    `cursor` None leaves the stored one as it is (second looks, webhooks). `readings` are counters of known posts by
    native id, where asking for no more is cheaper. `held` are items in a form that nobody foresaw, kept for a person
    with the reason in `stated["held"]`; they never become mentions by themselves.
    """

    posts: tuple[RawPost, ...]
    cursor: Mapping[str, Json] | None
    deleted: tuple[str, ...] = ()  # native ids that the platform says are gone
    held: tuple[RawPost, ...] = ()
    readings: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    reports: tuple[bytes, ...] = ()  # delivery reports that came into a mailbox: for whoever sends mails, no posts


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `reason` is one of `REASONS`; `detail` is a sentence for the Sources page.

    Requests are counted by the `HttpClient`, costs by the `Meter` of the request.
    """

    complete: bool
    reason: str
    detail: str = ""
    next_check: timedelta | None = None  # the collector's own wish (adaptive polling); None: the source's interval
    retry_at: datetime | None = None  # the platform's word (Retry-After); nothing may run before
    unread: int = 0  # items that came and could not be read; a run that read none of any is not taken for an empty one


REASONS = (
    "ok",
    "not_modified",
    "limit_reached",  # a cap of ours or the platform's: the next run goes on, or the rest is not served
    "sampled",  # only a part was bought; volumes come from counts
    "budget_spent",
    "rate_limited",
    "needs_credentials",  # a normal state: nobody has entered the keys yet
    "needs_approval",  # a normal state: the platform has not let this application in
    "unauthorized",
    "not_allowed",  # robots.txt or the terms of the site forbid it
    "gone",
    "gap",  # a stretch of time is lost for good, or was skipped
    "bad_answer",
    "unreachable",
)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a source as forms and `company.toml` show it. `choices` empty: free text."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    default: Json = None
    choices: tuple[str, ...] = ()
    many_lines: bool = False


@dataclass(frozen=True, slots=True)
class Recheck:
    """How posts are looked at again: readings at `AGES`, and then every `then` as long as they are kept.

    `then` is the platform's duty to follow edits and deletions; None: the platform asks for none.
    """

    pack: int  # posts per request
    then: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A signed call that came in by `POST /hooks/{source}`; header names in lower case, body as sent."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Collector(ABC):
    """One platform. Modules register an instance in `collectors.registry`."""

    kind: str  # "hackernews", "feed"; also the platform of its authors' pseudonyms
    label: str
    options: tuple[Option, ...]
    interval: timedelta  # how often a source of this kind is checked when nothing says otherwise
    needs_terms: bool  # whether it searches by terms or takes all the source has
    summary: str = ""  # one sentence for who looks for a way in
    access: str = "open"  # what it asks of the operator: open (nothing), key, approval, outside (filled by others)
    credentials: tuple[Option, ...] = ()  # keys: sealed at rest, never shown again
    polled: bool = True  # False: filled by hooks or files only
    long_running: bool = False  # a stream: its run goes on for an hour and is no job of the queue
    about: str = "text"  # "own": its reviews and survey answers are about us, though they seldom name us
    takes_hooks: bool = False  # whether `receive` is there
    budget: Budget | None = None
    recheck: Recheck | None = None
    window: timedelta | None = None  # the platform serves nothing older: a longer silence is a gap for good
    keep_days: int | None = None  # the platform's longest retention without a fresh look
    redistribution: Redistribution = NOBODY_SAID  # what of its posts may leave in a file
    pace: timedelta = timedelta(seconds=1)  # between two requests to one host, over all workers
    mapper_version: int = 1  # raise it when `map_item` changes, then `manage.py remap`

    @abstractmethod
    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        """Return the options completed with defaults; raise `ValueError` naming the option that is wrong."""

    @abstractmethod
    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        """Yield batches, return the outcome; raise `CollectError`."""

    def host(self, options: Mapping[str, Json]) -> str | None:
        """The host that nearly all requests of such a source go to: sources of one host take turns."""
        return None

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        """Try the connection as cheaply as the platform allows; a sentence for the person, or `CollectError`."""
        step = self.collect(request, http)
        try:
            first = next(step)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome.detail or "The source answers; it has nothing new."
        finally:
            step.close()
        return f"The source answers; the first page has {len(first.posts)} items."

    def refresh(
        self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient
    ) -> Generator[Batch, None, Outcome]:
        """Look at known posts again, by the native ids that `collect` gave: counters, edits, deletions.

        A post that is neither yielded nor deleted was not to be had this time. Only called where `recheck` is set.
        """
        raise CollectError("bad_answer", f"{self.label} has no second looks.", permanent=True)
        yield

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        """The post of a stored raw payload (without author fields), for mapping old items anew; None: not possible."""
        return None

    def receive(self, request: CollectRequest, delivery: Delivery) -> Batch:
        """Check the signature of a delivery and read it; raise `CollectError` (unauthorized, bad_answer)."""
        raise CollectError("bad_answer", f"{self.label} takes no deliveries.", permanent=True)


__all__ = [
    "AGES", "REASONS", "Batch", "Budget", "CollectError", "CollectRequest", "Collector", "Delivery", "Meter",
    "Option", "Outcome", "Recheck",
]  # fmt: skip
