"""The platforms whose posts an advocate can have read, and how each is reached by the settings."""

from dataclasses import dataclass
from datetime import datetime

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.own_posts.bluesky import ENTRYWAY, BlueskyOwnPosts
from collectors.own_posts.linkedin import LinkedInOwnPosts
from collectors.own_posts.mastodon import MastodonOwnPosts
from collectors.own_posts.shapes import App, OwnPosts
from collectors.own_posts.x import XOwnPosts
from config.settings import Settings

OAUTH, OWN_SERVER, APP_PASSWORD = "oauth", "server", "app_password"


@dataclass(frozen=True, slots=True)
class Way:
    """How an account of a platform is connected, and what that gives."""

    platform: str
    label: str
    kind: str
    gives: str
    ends: str  # where a person takes the permission back at the platform itself


WAYS: dict[str, Way] = {
    way.platform: way
    for way in (
        Way("linkedin", "LinkedIn", OAUTH, "impressions, people reached, reactions, comments, reposts",
            "LinkedIn, Settings, Data privacy, Permitted services"),
        Way("x", "X", OAUTH, "impressions, likes, reposts, replies, quotes, clicks on links, followers",
            "X, Settings, Security, Apps and sessions"),
        Way("bluesky", "Bluesky", APP_PASSWORD, "likes, reposts, replies, quotes, followers; Bluesky counts no views",
            "Bluesky, Settings, App passwords"),
        Way("mastodon", "Mastodon", OWN_SERVER, "likes, boosts, replies, followers; Mastodon counts no views",
            "your server, Preferences, Account, Authorized apps"),
    )
}  # fmt: skip


def app_of_settings(platform: str, settings: Settings) -> App | None:
    """How this service is known to X or LinkedIn; None where nobody entered it."""
    if platform == "x" and settings.x_client_id:
        return App(settings.x_client_id, settings.x_client_secret.get_secret_value())
    if platform == "linkedin" and settings.linkedin_client_id:
        return App(settings.linkedin_client_id, settings.linkedin_client_secret.get_secret_value())
    return None


def mastodon_base(host: str, settings: Settings) -> str:
    """Where a Mastodon server is reached."""
    return settings.mastodon_url.rstrip("/") or f"https://{host}"


def bluesky_base(host: str, settings: Settings) -> str:
    """Where a Bluesky account server is reached."""
    return settings.bluesky_url.rstrip("/") if host in {"", ENTRYWAY} else f"https://{host}"


def way_in(
    platform: str, host: str, http: HttpClient, settings: Settings, now: datetime, app: App | None = None
) -> OwnPosts:
    """The way in to one platform; `app`: of a Mastodon server. Raises `CollectError` where the service is unknown."""
    if platform == "bluesky":
        return BlueskyOwnPosts(http, bluesky_base(host, settings), host or ENTRYWAY, now)
    known = app if platform == "mastodon" else app_of_settings(platform, settings)
    if known is None:
        label = WAYS[platform].label if platform in WAYS else platform
        words = f"This service is not known to {label} yet. An administrator has to register it there."
        raise CollectError("needs_credentials", words, permanent=True)
    if platform == "mastodon":
        return MastodonOwnPosts(http, mastodon_base(host, settings), host, known, now)
    if platform == "x":
        return XOwnPosts(http, settings.x_url.rstrip("/"), settings.x_authorize_url, known, now)
    return LinkedInOwnPosts(
        http, settings.linkedin_url.rstrip("/"), settings.linkedin_oauth_url.rstrip("/"), settings.linkedin_version,
        known, now,
    )  # fmt: skip
