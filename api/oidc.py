"""Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce, by Authlib.

What belongs to one try (state, nonce, PKCE verifier, where to go afterwards) is in a sealed cookie of ten minutes that
the answer takes away, so that a code can't be brought in from another browser or used twice.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from config.sealing import Seal, SealError
from config.settings import Settings, get_settings
from storage.identities import Claims, Refused

log = logging.getLogger(__name__)

CALLBACK = "/sign-in/provider/callback"
COOKIE = "outspoken_provider"
TRY_FOR = timedelta(minutes=10)
DOWN = "The sign-in provider does not answer. Try again in a moment, or sign in with a password of this service."
_TIMEOUT = 8.0  # seconds; a person waits
_LARGEST = 1_000_000  # bytes of an answer
# Signed with a key of the provider's: `none`, and secrets that are shared with clients, are out.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ProviderDown(Exception):  # noqa: N818
    """The provider does not answer, or not as one."""


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


def begin(next_path: str, now: datetime) -> Try:
    """Start a sign-in; raises `ProviderDown`."""
    settings = get_settings()
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), generate_token(64)
    metadata = _metadata(settings)
    with _client(settings, metadata) as client:
        address, _ = client.create_authorization_url(
            metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    kept = "\n".join((state, nonce, verifier, str(int(now.timestamp())), next_path))
    return Try(address, _seal(settings).close(kept))


def finish(cookie: str | None, answer: Answer, now: datetime) -> tuple[Claims, str]:
    """Who came back, and where to go; raises `Refused` with words for them, or `ProviderDown`."""
    settings = get_settings()
    state, nonce, verifier, next_path = _opened(settings, cookie, now)
    if not secrets.compare_digest(state.encode(), answer.state.encode("utf-8", "replace")):
        raise Refused("This sign-in was not begun in this browser. Begin it again here.")
    if answer.error:
        raise Refused(f"The provider refused the sign-in ({answer.error[:60]}).")
    claims = _claims(settings, answer.code, nonce, verifier, now)
    return _person(settings, claims), next_path


def callback_address() -> str:
    """What the provider has to know as our redirect address."""
    return get_settings().base_url + CALLBACK


def _claims(settings: Settings, code: str, nonce: str, verifier: str, now: datetime) -> dict[str, Any]:
    metadata = _metadata(settings)
    with _client(settings, metadata) as client:
        try:
            token = client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
            )
            keys = KeySet.import_key_set({"keys": _json(client, metadata["jwks_uri"])["keys"]})
            decoded = jwt.decode(str(token.get("id_token", "")), keys, algorithms=_ALGORITHMS)
            checked = CodeIDToken(
                decoded.claims,
                decoded.header,
                {"iss": {"essential": True, "value": metadata["issuer"]},
                 "aud": {"essential": True, "value": settings.oidc_client_id}},
                {"nonce": nonce, "client_id": settings.oidc_client_id, "access_token": token.get("access_token")},
            )  # fmt: skip
            checked.validate(now=int(now.timestamp()), leeway=60)
            return _with_userinfo(client, metadata, dict(decoded.claims))
        except (OAuthError, JoseError) as error:
            log.warning("A sign-in by the provider failed: %s", error)
            raise Refused("The provider's answer was not valid. Begin the sign-in again.") from error
        except (httpx2.HTTPError, ValueError, TypeError, KeyError) as error:
            log.warning("The sign-in provider failed.", exc_info=True)
            raise ProviderDown(DOWN) from error


def _with_userinfo(client: OAuth2Client, metadata: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """Some providers put mail and groups there only; what the signed token says goes first."""
    if claims.get("email") or "userinfo_endpoint" not in metadata:
        return claims
    told = _json(client, metadata["userinfo_endpoint"], withhold_token=False)
    return {**told, **claims} if told.get("sub") == claims["sub"] else claims


def _person(settings: Settings, claims: dict[str, Any]) -> Claims:
    email = claims.get("email") if isinstance(claims.get("email"), str) else None
    domains = _listed(settings.oidc_domains)
    if domains and (email or "").rpartition("@")[2].casefold() not in domains:
        raise Refused("People of your mail domain do not sign in here.")
    return Claims(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=email,
        verified=claims.get("email_verified") is True or claims.get("xms_edov") in (True, 1, "1"),
        name=str(claims.get("name") or "")[:200],
        role=_role(settings, claims.get(settings.oidc_groups_claim)),
    )


def _role(settings: Settings, groups: object) -> str | None:
    """The role of the first mapped group that a person is in; None where no groups are mapped."""
    pairs = [part.rpartition("=") for part in settings.oidc_group_roles.split(",") if part.strip()]
    if not pairs:
        return None
    held = (
        {groups} if isinstance(groups, str) else {str(each) for each in groups} if isinstance(groups, list) else set()
    )
    for group, _, role in pairs:
        if group.strip() in held:
            return role.strip()
    raise Refused("You are in no group that may use Outspoken. Ask your administrator.")


def _opened(settings: Settings, cookie: str | None, now: datetime) -> tuple[str, str, str, str]:
    try:
        state, nonce, verifier, began, next_path = _seal(settings).open(cookie or "").split("\n")
    except (SealError, ValueError) as error:
        raise Refused("This sign-in was not begun in this browser, or it was finished. Begin it again here.") from error
    if now.timestamp() - int(began) > TRY_FOR.total_seconds():
        raise Refused("The sign-in took longer than ten minutes. Begin it again.")
    return state, nonce, verifier, next_path


def _metadata(settings: Settings) -> dict[str, Any]:
    """The provider's own description; read anew for each sign-in, which is rare, so that changed keys just work."""
    with httpx2.Client(timeout=_TIMEOUT) as client:
        try:
            found = _json(client, f"{settings.oidc_issuer}/.well-known/openid-configuration")
        except (httpx2.HTTPError, ValueError) as error:
            log.warning("The sign-in provider does not describe itself: %s", type(error).__name__)
            raise ProviderDown(DOWN) from error
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")
    if any(not isinstance(found.get(name), str) for name in needed):
        raise ProviderDown(DOWN)
    if found["issuer"].rstrip("/") != settings.oidc_issuer:
        log.error("OIDC_ISSUER is %s, but the provider calls itself %s.", settings.oidc_issuer, found["issuer"])
        raise ProviderDown(DOWN)
    return found


def _json(client: httpx2.Client, address: str, **options: Any) -> dict[str, Any]:
    if isinstance(client, OAuth2Client):
        options = {"withhold_token": True, **options}
    answer = client.request("GET", address, **options).raise_for_status()
    found = answer.json() if len(answer.content) <= _LARGEST else None
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 - as for what is no JSON at all
    return found


def _client(settings: Settings, metadata: dict[str, Any]) -> OAuth2Client:
    secret = settings.oidc_client_secret.get_secret_value()
    offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
    return OAuth2Client(
        settings.oidc_client_id,
        secret or None,
        token_endpoint_auth_method=method if secret else "none",
        scope=settings.oidc_scopes,
        redirect_uri=callback_address(),
        code_challenge_method="S256",
        timeout=_TIMEOUT,
    )


def _listed(text: str) -> set[str]:
    return {part.strip().casefold().lstrip("@") for part in text.split(",") if part.strip()}


def _seal(settings: Settings) -> Seal:
    return Seal(settings.secret().encode(), "signing in by the provider")
