"""Connecting one's own account: agreeing, going to the platform, coming back; or an app password.

A form is answered by a page with a link to the platform: the content policy lets forms lead nowhere else.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api.auth import SignedIn
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.pages.my_settings import consent_lines, consent_version, settings_page
from api.dashboard.render import page, redirect
from api.deps import Now, ProgrammeReader, ProgrammeSender
from api.platform_access import TRIES, platform_client
from collectors.errors import CollectError
from collectors.own_posts import bluesky, mastodon
from collectors.own_posts.bluesky import BlueskyOwnPosts
from collectors.own_posts.registry import WAYS, Way, bluesky_base
from collectors.own_posts.shapes import Identity, OwnPosts, Token, verifier_and_challenge
from config.settings import get_settings
from storage import advocacy, advocate_accounts, audit, db, ways_in
from storage.viewer import NotFound
from workers.app import GIVE_BACK_TOKENS, READ_SHARES, enqueue

router = APIRouter()

_BACK = "/my-settings#accounts"
_LONGEST = 4_000  # characters of what a platform sends back


@router.post("/my-settings/accounts/{platform}")
def connect(request: Request, now: Now, who: ProgrammeSender, platform: str, form: Form) -> Response:
    """Agree, then sign in at Bluesky or be shown the way to the platform."""
    way = WAYS.get(platform)
    if way is None:
        return redirect(_BACK)
    typed = {name: form.get(name) for name in ("host", "handle")}
    if not form.get("consent"):
        wrong = {"consent": "Tick this if you agree; without it nothing is read."}
        return settings_page(request, now, who, wrong, at=platform, typed=typed)
    wait = TRIES.take(f"{who.user.id}", now)
    if wait is not None:
        minutes = max(1, round(wait.total_seconds() / 60))
        return redirect(_BACK, f"That were many tries. Try again in {minutes} minutes.", "warning")
    try:
        if platform == "bluesky":
            return _sign_in(who, way, form, now)
        return _lead_to(request, who, way, form, now)
    except CollectError as error:
        return settings_page(request, now, who, {"account": error.detail}, at=platform, typed=typed)
    except ValueError as error:
        return settings_page(request, now, who, errors_of(error, otherwise="account"), at=platform, typed=typed)


@router.get("/my-settings/connected/{platform}")
def connected(
    now: Now,
    who: ProgrammeReader,
    platform: str,
    state: Annotated[str, Query(max_length=_LONGEST)] = "",
    code: Annotated[str, Query(max_length=_LONGEST)] = "",
    error: Annotated[str, Query(max_length=_LONGEST)] = "",
) -> Response:
    """The browser comes back from the platform. The state proves that this person began it, minutes ago, there."""
    way = WAYS.get(platform)
    me = _me(who)
    if way is None or me is None:
        return redirect("/my-settings")
    try:
        with db.transaction() as session:
            pending = advocate_accounts.take_pending(session, who.viewer, me, platform, state, now)
    except NotFound as unknown:
        return redirect(_BACK, f"{unknown} Nothing is connected; begin again.", "error")
    if error or not code:
        _take_back_unused(who, me, platform, now)
        return redirect(_BACK, f"{way.label} was not connected: the permission was not given.", "warning")
    try:
        with platform_client() as http:
            there = ways_in.way_to(platform, pending.host, http, now)
            token = there.exchange(code, pending.verifier, ways_in.redirect_uri(platform))
            _keep(who, me, way, there.identity(token), token, now)
    except (CollectError, ValueError) as failed:
        words = failed.detail if isinstance(failed, CollectError) else next(iter(errors_of(failed).values()))
        return redirect(_BACK, f"{way.label} was not connected. {words}", "error")
    return redirect(_BACK, f"{way.label} is connected. Numbers of your posts there are read by themselves now.")


def _sign_in(who: SignedIn, way: Way, form: Posted, now: datetime) -> Response:
    """Bluesky: the app password makes a session and is forgotten."""
    me = _required(who)
    host = bluesky.checked_host(form.get("host"))
    with platform_client() as http:
        there = BlueskyOwnPosts(http, bluesky_base(host, get_settings()), host, now)
        password = next(iter(form.all("app_password")), "")
        token, identity = there.sign_in(form.get("handle"), password)
        _agree(who, me, way, now)
        _keep(who, me, way, identity, token, now)
    return redirect(_BACK, "Bluesky is connected. The app password itself was not kept.")


def _lead_to(request: Request, who: SignedIn, way: Way, form: Posted, now: datetime) -> Response:
    """The page whose link leads to the platform's own question."""
    me = _required(who)
    verifier, challenge = verifier_and_challenge()
    with platform_client() as http:
        host = mastodon.checked_host(form.get("host")) if way.platform == "mastodon" else ""
        there: OwnPosts = (
            ways_in.introduced(host, http, now)
            if way.platform == "mastodon"
            else ways_in.way_to(way.platform, "", http, now)
        )
    with db.transaction() as session:
        _agree_in(session, who, me, way, now)
        state = advocate_accounts.begin(session, who.viewer, me, way.platform, host, verifier, now)
    url = there.authorize(ways_in.redirect_uri(way.platform), state, challenge)
    return page(
        request, who, "my_account_link.html", title=f"Connect {way.label}", way=way, host=host, url=url,
        scopes=there.scopes,
    )  # fmt: skip


def _keep(who: SignedIn, me: int, way: Way, identity: Identity, token: Token, now: datetime) -> None:
    with db.transaction() as session:
        advocate_accounts.connect(session, who.viewer, me, way.platform, identity, token, now)
        audit.record(session, who.viewer, "advocate.connect", f"user {who.user.id}, {way.platform}", now)
    enqueue(READ_SHARES, expires=60)
    enqueue(GIVE_BACK_TOKENS, expires=60)  # the token that stood here before


def _agree(who: SignedIn, me: int, way: Way, now: datetime) -> None:
    with db.transaction() as session:
        _agree_in(session, who, me, way, now)


def _agree_in(session: Session, who: SignedIn, me: int, way: Way, now: datetime) -> None:
    text = "\n".join(consent_lines(way))
    advocate_accounts.give_consent(session, who.viewer, me, way.platform, consent_version(), text, now)
    words = f"user {who.user.id}, {way.platform}, version {consent_version()}"
    audit.record(session, who.viewer, "advocate.consent", words, now)


def _take_back_unused(who: SignedIn, me: int, platform: str, now: datetime) -> None:
    """Nobody said yes at the platform, so the consent here has no use; an account connected before keeps it."""
    with db.transaction() as session:
        if platform not in {each.platform for each in advocate_accounts.accounts(session, who.viewer, me)}:
            advocate_accounts.disconnect(session, who.viewer, me, platform, now)


def _me(who: SignedIn) -> int | None:
    with db.reading() as session:
        found = advocacy.advocate_of(session, who.user.id)
    return None if found is None else found.id


def _required(who: SignedIn) -> int:
    me = _me(who)
    if me is None:
        raise ValueError("account: join the programme first")
    return me
