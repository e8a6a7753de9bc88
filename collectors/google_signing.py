"""Signing in at Google as a service account: a signed assertion for a token that lives an hour (RFC 7523)."""

import json
from datetime import datetime
from urllib.parse import urlencode

from collectors.errors import CollectError
from collectors.fields import record, text
from collectors.http import HttpClient, status_error

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = 3_600  # seconds; the longest that Google accepts
_REFUSED = (400, 401, 403)


def access_token(http: HttpClient, token_url: str, key_file: str, scope: str, now: datetime) -> str:
    """A token for `scope`; raise `CollectError`. `key_file` is the text of the account's JSON key.

    The address in the key file is not called: whoever can enter a key could otherwise send requests anywhere.
    """
    form = urlencode({"grant_type": _GRANT, "assertion": _assertion(key_file, token_url, scope, now)}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = http.post(token_url, form, headers, accept=_REFUSED)
    try:
        said = record(json.loads(answer.body))
    except (ValueError, RecursionError):
        said = {}
    if answer.status in _REFUSED:
        reason = text(said.get("error"))
        if reason in {"invalid_grant", "invalid_client", "unauthorized_client"}:
            detail = f"Google does not accept the service account ({reason}): make a new key, and check the clock."
            raise CollectError("unauthorized", detail, permanent=True)
        raise status_error(answer.status, answer.headers, answer.url, now)
    token = text(said.get("access_token"))
    if not token:
        raise CollectError("bad_answer", "Google answered to the sign-in without a token.")
    return token


def _assertion(key_file: str, audience: str, scope: str, now: datetime) -> str:
    from google.auth import crypt, jwt

    try:
        key = record(json.loads(key_file))
    except (ValueError, RecursionError):
        key = {}
    address, secret = text(key.get("client_email")), text(key.get("private_key"))
    if not address or not secret:
        detail = "Enter the whole text of the service account's JSON key file."
        raise CollectError("needs_credentials", detail, permanent=True)
    try:
        signer = crypt.RSASigner.from_string(secret, text(key.get("private_key_id")) or None)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError) as error:
        detail = "The private key in the service account's file cannot be read; make a new one."
        raise CollectError("needs_credentials", detail, permanent=True) from error
    start = int(now.timestamp())
    claims = {"iss": address, "scope": scope, "aud": audience, "iat": start, "exp": start + _LIFE}
    signed: bytes = jwt.encode(signer, claims)  # type: ignore[no-untyped-call]
    return signed.decode("ascii")


__all__ = ["access_token"]
