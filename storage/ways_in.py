"""From what is stored to a platform: the way in to an account, and tokens given back over it."""

import logging
from datetime import datetime

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.own_posts import mastodon
from collectors.own_posts.registry import mastodon_base, way_in
from collectors.own_posts.shapes import OwnPosts
from config.settings import get_settings
from storage import advocate_tokens, db
from storage.advocate_tokens import Revocation

log = logging.getLogger(__name__)


def redirect_uri(platform: str) -> str:
    """Where a platform sends the browser back to; the only address that is registered there."""
    return f"{get_settings().base_url}/my-settings/connected/{platform}"


def way_to(platform: str, host: str, http: HttpClient, now: datetime) -> OwnPosts:
    """The way in to one platform; raises `CollectError` where this service is not known to it."""
    app = None
    if platform == "mastodon":
        with db.reading() as session:
            app = advocate_tokens.platform_app(session, platform, host)
    return way_in(platform, host, http, get_settings(), now, app)


def introduced(host: str, http: HttpClient, now: datetime) -> OwnPosts:
    """The way in to a Mastodon server, to which the service introduces itself if it has not yet."""
    back = redirect_uri("mastodon")
    with db.reading() as session:
        app = advocate_tokens.platform_app(session, "mastodon", host, back)
    if app is None:
        settings = get_settings()
        app = mastodon.register(http, mastodon_base(host, settings), host, back, settings.base_url)
        with db.transaction() as session:
            advocate_tokens.keep_platform_app(session, "mastodon", host, back, app, now)
    return way_in("mastodon", host, http, get_settings(), now, app)


def give_back(each: Revocation, http: HttpClient, now: datetime) -> bool | None:
    """Give a token back and throw it away. False: not confirmed, so it is tried again; None: there is no way to."""
    try:
        done = way_to(each.platform, each.host, http, now).revoke(each.token)
    except CollectError as error:
        log.info("A token of %s was not given back yet: %s", each.platform, error.detail)
        return False
    if done is not False:
        with db.transaction() as session:
            advocate_tokens.given_back(session, each.id)
    return done
