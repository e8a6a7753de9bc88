"""The line to a sign-in provider: its description, keys and answers, each read whole within a size and a time.

A description may name other hosts than the issuer's (those of Google and Entra do), so every address in it has to come
by https, where a certificate says who answers; the secret of this service and codes go nowhere else.
"""

import logging
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jws, jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, Key

from config.settings import Settings
from config.sign_in_settings import LOCAL_HOSTS

log = logging.getLogger(__name__)

DOWN = "The sign-in provider does not answer. Try again in a moment, or sign in with a password of this service."
BUSY = "Too many people are signing in by the provider right now. Try again in a moment."
UNFIT = (
    "Signing in with the company account is not set up rightly. An administrator finds the reason in the log of this "
    "service; a password of this service still works."
)
FAULTS = (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError, KeyError, AttributeError, RecursionError)
_TIMEOUT = 8.0  # seconds without a byte
_PATIENCE = 10.0  # seconds for one answer; a person waits
_LARGEST = 1_000_000  # bytes of an answer
_MOST_KEYS = 100
_AT_ONCE = BoundedSemaphore(8)  # a provider that hangs must not take all threads of the web server
_QUEUED = 3.0  # seconds
# Signed with a key of the provider's: `none`, and secrets that are shared with clients, are out.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class ProviderDown(Exception):  # noqa: N818
    """The provider does not answer, or not as one; the words are for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Description:
    """What the provider says of itself. `end_session`: where it signs people out; None: nowhere."""

    issuer: str
    authorize: str
    token: str
    keys: str
    userinfo: str | None
    end_session: str | None
    secret_by_post: bool


class Line(OAuth2Client):  # type: ignore[misc]  # Authlib says no types
    """A client whose answers end in time and are not too large, or it raises."""

    def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """As the client's own, with the answer read whole."""
        until = time.monotonic() + _PATIENCE
        with self.stream(method, url, **options) as answer:
            content = bytearray()
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > _LARGEST:
                    raise ValueError("an answer is too large")
                if time.monotonic() > until:
                    raise httpx2.ReadTimeout("an answer takes too long")
            kept = {"content-type": answer.headers.get("content-type", "")}
            return httpx2.Response(answer.status_code, headers=kept, content=bytes(content), request=answer.request)

    def told(self, address: str, token: str | None = None) -> dict[str, Any]:
        """The JSON object at an address. The token is given by hand: Authlib takes one of a minute for run out."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        found = self.request("GET", address, withhold_token=True, headers=headers).raise_for_status().json()
        if not isinstance(found, dict):
            raise ValueError("no object")  # noqa: TRY004 - as for what is no JSON at all
        return found


@contextmanager
def conversation() -> Iterator[None]:
    """A place among those who talk to the provider at once; raises `ProviderDown` where there is none."""
    if not _AT_ONCE.acquire(timeout=_QUEUED):
        log.warning("More people sign in than the provider answers.")
        raise ProviderDown(BUSY)
    try:
        yield
    finally:
        _AT_ONCE.release()


def line(settings: Settings, redirect_uri: str, secret_by_post: bool = False) -> Line:
    """A client that speaks for this service."""
    secret = settings.oidc_client_secret.get_secret_value()
    method = "client_secret_post" if secret_by_post else "client_secret_basic"
    if not secret_by_post:
        secret = quote(secret, safe="")  # RFC 6749, section 2.3.1; Authlib leaves that out
    return Line(
        settings.oidc_client_id,
        secret or None,
        token_endpoint_auth_method=method if secret else "none",
        scope=settings.oidc_scopes,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=_TIMEOUT,
        verify=_trusted(),
        headers={"Accept-Encoding": "identity"},
    )


@cache  # reading all roots of trust takes longer than many an answer
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def describe(settings: Settings) -> Description:
    """Ask the provider; anew for each sign-in, which is rare, so that what changed there just works."""
    address = f"{settings.oidc_issuer}/.well-known/openid-configuration"
    try:
        with line(settings, "") as client:
            found = client.told(address)
    except FAULTS as error:
        log.warning("The sign-in provider does not describe itself at %s: %s", address, _words(error))
        raise ProviderDown(DOWN) from error
    issuer = found.get("issuer")
    if not isinstance(issuer, str) or issuer.rstrip("/") != settings.oidc_issuer:
        log.error("OIDC_ISSUER is %s, but the provider calls itself %.200r.", settings.oidc_issuer, issuer)
        raise ProviderDown(UNFIT)
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    authorize, token, keys = (_address(found, name, settings) for name in needed)
    if authorize is None or token is None or keys is None:
        log.error("The sign-in provider does not name its %s.", ", ".join(needed))
        raise ProviderDown(UNFIT)
    userinfo, end_session = (_address(found, f"{name}_endpoint", settings) for name in ("userinfo", "end_session"))
    ways = found.get("token_endpoint_auth_methods_supported")
    by_post = isinstance(ways, list) and "client_secret_post" in ways  # no doubt there how signs are written
    return Description(issuer, authorize, token, keys, userinfo, end_session, by_post)


def keys_of(found: Mapping[str, Any]) -> list[Key]:
    """The keys that signatures may be made with; what cannot be read, or is for other uses, is left out."""
    keys = []
    for each in found["keys"][:_MOST_KEYS]:
        try:
            if each.get("use", "sig") == "sig" and each.get("kty") != "oct":
                keys.append(JWKRegistry.import_key(each))
        except (JoseError, *FAULTS):
            continue
    return keys


def opened(id_token: str, keys: Sequence[Key]) -> jwt.Token:
    """What the key that is named signed; where none is named, each is tried. Raises `JoseError` or `ValueError`."""
    name = jws.extract_compact(id_token.encode()).headers().get("kid")
    fitting = [key for key in keys if name is None or key.kid in (None, name)]
    failed: Exception = InvalidKeyIdError(f"no key {name!r} among {len(keys)} of the provider")
    for key in fitting:
        try:
            return jwt.decode(id_token, key, algorithms=_ALGORITHMS)
        except (JoseError, ValueError, TypeError) as error:
            failed = error
    raise failed


def _address(found: Mapping[str, Any], name: str, settings: Settings) -> str | None:
    """One of the description's addresses; None for what is not there or must not be asked."""
    given = found.get(name)
    try:
        parts = urlsplit(given) if isinstance(given, str) else urlsplit("")
        here = settings.oidc_issuer.startswith("http:") and parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
        if isinstance(given, str) and parts.hostname and (parts.scheme == "https" or here) and not parts.username:
            return given
    except ValueError:
        pass
    if given is not None:
        log.error("The sign-in provider names %.200r as its %s: that is no https address.", given, name)
    return None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
