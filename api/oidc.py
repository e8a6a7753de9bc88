"""Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce, by Authlib.

What belongs to one try (state, nonce, PKCE verifier, where to go afterwards) is in a sealed cookie of ten minutes that
the answer takes away, so that a code can't be brought in from another browser or used twice.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from api import oidc_line, oidc_person
from api.oidc_line import ProviderDown
from config.sealing import Seal, SealError
from config.settings import Settings, get_settings
from storage.identities import Claims, Refused

log = logging.getLogger(__name__)

CALLBACK = "/sign-in/provider/callback"
COOKIE = "outspoken_provider"
TRY_FOR = timedelta(minutes=10)
SKEW = 60  # seconds that the provider's clock may be off
# Errors that the person cannot mend.
_OF_THE_SERVICE = ("invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope")


@dataclass(frozen=True, slots=True)
class Try:
    """A sign-in that has begun: `address` is where the browser goes, `cookie` what it keeps."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider sent the browser back with."""

    code: str
    state: str
    error: str
    description: str = ""


def begin(next_path: str, now: datetime) -> Try:
    """Start a sign-in; raises `ProviderDown`."""
    settings = get_settings()
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), generate_token(64)
    with oidc_line.conversation():
        provider = oidc_line.describe(settings)
    try:
        with oidc_line.line(settings, callback_address()) as client:
            address, _ = client.create_authorization_url(
                provider.authorize, state=state, nonce=nonce, code_verifier=verifier
            )
    except AuthlibBaseError as error:
        log.exception("A sign-in by the provider cannot begin.")
        raise ProviderDown(oidc_line.UNFIT) from error
    kept = "\n".join((state, nonce, verifier, str(int(now.timestamp())), next_path))
    return Try(address, _seal(settings).close(kept))


def finish(cookie: str | None, answer: Answer, now: datetime) -> tuple[Claims, str]:
    """Who came back, and where to go; raises `Refused` with words for them, or `ProviderDown`."""
    settings = get_settings()
    state, nonce, verifier, next_path = _opened(settings, cookie, now)
    if not secrets.compare_digest(state.encode(), answer.state.encode("utf-8", "replace")):
        raise Refused("This sign-in was not begun in this browser. Begin it again here.")
    if answer.error:
        log.warning("The provider refused a sign-in: %.60r, %.300r", answer.error, answer.description)
        raise Refused(f"The provider refused the sign-in ({answer.error[:60]}). Ask your administrator if it stays so.")
    with oidc_line.conversation():
        claims = _claims(settings, answer.code, nonce, verifier, now)
    return oidc_person.person(settings, claims), next_path


def callback_address() -> str:
    """What the provider has to know as our redirect address."""
    return get_settings().base_url + CALLBACK


def farewell() -> str | None:
    """Where the provider signs the browser out, and sends it back to us; None where it does not. It asks the person
    whether they mean it, since no token is kept here to prove who they are. Raises `ProviderDown`."""
    settings = get_settings()
    with oidc_line.conversation():
        address = oidc_line.describe(settings).end_session
    if address is None:
        return None
    query = {"client_id": settings.oidc_client_id, "post_logout_redirect_uri": f"{settings.base_url}/sign-in"}
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _claims(settings: Settings, code: str, nonce: str, verifier: str, now: datetime) -> dict[str, Any]:
    provider = oidc_line.describe(settings)
    with oidc_line.line(settings, callback_address(), provider.secret_by_post) as client:
        try:
            token = client.fetch_token(
                provider.token, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
            keys = oidc_line.keys_of(client.told(provider.keys))
            decoded = oidc_line.opened(str(token.get("id_token", "")), keys)
            checked = CodeIDToken(
                decoded.claims,
                decoded.header,
                {"iss": {"essential": True, "value": provider.issuer},
                 "aud": {"essential": True, "value": settings.oidc_client_id}},
                {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")},
            )  # fmt: skip
            checked.validate(now=int(now.timestamp()), leeway=SKEW)
            claims = dict(decoded.claims)
            if provider.userinfo is None or not oidc_person.lacks(settings, claims):
                return claims
            return oidc_person.joined(claims, client.told(provider.userinfo, token.get("access_token")))
        except OAuthError as error:
            raise _refusal(error) from error
        except (AuthlibBaseError, JoseError) as error:
            log.warning("The provider's answer to a sign-in is not valid: %s", error)
            raise Refused(oidc_person.NOT_VALID) from error
        except oidc_line.FAULTS as error:
            log.warning("The sign-in provider failed.", exc_info=True)
            raise ProviderDown(oidc_line.DOWN) from error


def _refusal(error: OAuthError) -> Exception:
    """In words: what the provider has against this service is nothing that the person can mend."""
    if error.error in _OF_THE_SERVICE:
        log.error("The provider refuses this service (%.300r): see OIDC_CLIENT_ID, OIDC_CLIENT_SECRET.", str(error))
        return ProviderDown(oidc_line.UNFIT)
    log.warning("The provider did not take a code: %.300r", str(error))
    return Refused(oidc_person.NOT_VALID)


def _opened(settings: Settings, cookie: str | None, now: datetime) -> tuple[str, str, str, str]:
    try:
        state, nonce, verifier, began, next_path = _seal(settings).open(cookie or "").split("\n")
    except (SealError, ValueError) as error:
        raise Refused("This sign-in was not begun in this browser, or it was finished. Begin it again here.") from error
    if now.timestamp() - int(began) > TRY_FOR.total_seconds():
        raise Refused("The sign-in took longer than ten minutes. Begin it again.")
    return state, nonce, verifier, next_path


def _seal(settings: Settings) -> Seal:
    return Seal(settings.secret().encode(), "signing in by the provider")
