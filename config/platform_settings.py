"""Where platforms are reached, and how this service is known there: a server on loopback can stand in for each."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class PlatformSettings(BaseSettings):
    """The part of `config.settings.Settings` that is about platforms."""

    hackernews_url: str = Field("https://hn.algolia.com", description="Base address of the Hacker News search.")
    hackernews_items_url: str = Field(
        "https://hacker-news.firebaseio.com", description="Base address of single Hacker News items."
    )
    x_url: str = Field("https://api.x.com", description="Base address of the X API.")
    reddit_url: str = Field("https://www.reddit.com", description="Base address of Reddit's sign-in.")
    reddit_oauth_url: str = Field("https://oauth.reddit.com", description="Base address of Reddit's API.")
    bluesky_url: str = Field("https://bsky.social", description="Base address of the Bluesky account server.")
    jetstream_url: str = Field(
        "wss://jetstream2.us-east.bsky.network", description="Base address of Bluesky's stream of all posts."
    )
    mastodon_url: str = Field("", description="Stands in for every Mastodon server. Empty: the server of each source.")
    youtube_url: str = Field("https://www.googleapis.com", description="Base address of the YouTube Data API.")
    app_store_url: str = Field("https://itunes.apple.com", description="Base address of App Store review feeds.")
    google_play_url: str = Field(
        "https://androidpublisher.googleapis.com", description="Base address of the Google Play developer API."
    )
    google_token_url: str = Field(
        "https://oauth2.googleapis.com/token", description="Where a Google service account signs in."
    )
    trustpilot_url: str = Field("https://api.trustpilot.com", description="Base address of the Trustpilot API.")
    gdelt_url: str = Field("https://api.gdeltproject.org", description="Base address of the GDELT news index.")
    x_client_id: str = Field("", description="Client id of this service at X (OAuth 2.0), for advocates' own accounts.")
    x_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret. Empty: a public client.")
    x_authorize_url: str = Field(
        "https://x.com/i/oauth2/authorize", description="Where X asks its members for a permission."
    )
    linkedin_client_id: str = Field("", description="Client id of this service at LinkedIn, for advocates' own posts.")
    linkedin_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret.")
    linkedin_url: str = Field("https://api.linkedin.com", description="Base address of LinkedIn's API.")
    linkedin_oauth_url: str = Field(
        "https://www.linkedin.com/oauth/v2", description="Base address of LinkedIn's sign-in."
    )
    linkedin_version: str = Field("202510", description="Version of LinkedIn's API that is asked for (YYYYMM).")
    linkedin_figures_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        0, description="Days that figures read from LinkedIn are kept. 0: as long as the post; ask LinkedIn."
    )

    def platform_urls(self) -> tuple[str, ...]:
        """Base addresses that the operator chose: they may be private ones."""
        names = (name for name in PlatformSettings.model_fields if name.endswith("_url"))
        return tuple(url for name in names if (url := getattr(self, name)))
