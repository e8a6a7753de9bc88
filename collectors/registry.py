"""All collectors by kind. Importing this module is cheap: platform libraries are loaded when a run needs them."""

from collectors.app_store import AppStoreCollector
from collectors.base import Collector
from collectors.bluesky import BlueskyCollector
from collectors.bluesky_stream import BlueskyStreamCollector
from collectors.feed import FeedCollector
from collectors.gdelt import GdeltCollector
from collectors.google_play import GooglePlayCollector
from collectors.hackernews import HackerNewsCollector
from collectors.inbox import InboxCollector
from collectors.mastodon import MastodonCollector
from collectors.reddit import RedditCollector
from collectors.survey import SurveyCollector
from collectors.trustpilot import TrustpilotCollector
from collectors.web.collector import WebCollector
from collectors.webhook import WebhookCollector
from collectors.x import XCollector
from collectors.x_owned import XOwnedCollector
from collectors.x_stream import XStreamCollector
from collectors.youtube import YouTubeCollector

_COLLECTORS: tuple[Collector, ...] = (
    HackerNewsCollector(),
    FeedCollector(),
    GdeltCollector(),
    WebCollector(),
    AppStoreCollector(),
    BlueskyStreamCollector(),
    MastodonCollector(),
    BlueskyCollector(),
    YouTubeCollector(),
    XCollector(),
    XStreamCollector(),
    XOwnedCollector(),
    GooglePlayCollector(),
    TrustpilotCollector(),
    InboxCollector(),
    RedditCollector(),
    SurveyCollector(),
    WebhookCollector(),
)
_BY_KIND = {collector.kind: collector for collector in _COLLECTORS}


def all_collectors() -> tuple[Collector, ...]:
    """Every collector, in the order in which forms offer them."""
    return _COLLECTORS


def get(kind: str) -> Collector:
    """The collector of a kind; raise `ValueError` naming the known ones."""
    if kind not in _BY_KIND:
        raise ValueError(f"unknown kind of source {kind!r}; known are {', '.join(sorted(_BY_KIND))}")
    return _BY_KIND[kind]
