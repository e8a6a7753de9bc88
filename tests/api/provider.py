"""A sign-in provider on loopback whose every answer a test can bend: what it calls itself, its keys, tokens, userinfo.

Unlike a mock library it also sends what a broken or hostile provider would. Codes are good once, and PKCE, client
secret and redirect address are checked, as real ones do.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey

from api import oidc
from tests.wire.replay import Answer, Replay, Request

NOW = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)
CLIENT, SECRET = "outspoken", "a secret: with / signs"
GONE = object()  # a claim or address that is left out
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"})
OTHER = ECKey.generate_key("P-256", {"kid": "other", "use": "sig"})
ADA = {"sub": "ada-1", "email": "ada@acme.example", "email_verified": True, "name": "Ada", "groups": ["hr-team"]}


def public(key: Key, **changes: object) -> dict[str, Any]:
    """A key as it is published; None takes a member away."""
    return {name: value for name, value in {**key.as_dict(private=False), **changes}.items() if value is not None}


class Provider:
    """What it answers stands in public attributes, to be changed by the test."""

    def __init__(self, replay: Replay) -> None:
        self.issuer = replay.base_url
        self.key: Key = RSA
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "rsa"}
        self.keys: object = [public(RSA), public(EC)]
        self.description: dict[str, Any] = {}
        self.userinfo: object = {"sub": ADA["sub"]}
        self.token: Any = {}  # changes of the token answer, or the answer itself
        self._codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}
        replay.rule("/.well-known/openid-configuration", lambda _: Answer.json(self._described()))
        replay.rule("/jwks", lambda _: Answer.json({"keys": self.keys}))
        replay.rule("/token", self._exchange)
        replay.rule("/userinfo", lambda _: Answer.json(self.userinfo))

    def agree(self, address: str, claims: Mapping[str, Any]) -> oidc.Answer:
        """The person signs in at `address` and is sent back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self._codes)}"
        self._codes[code] = (asked, dict(claims))
        return oidc.Answer(code, asked["state"], "")

    def id_token(self, asked: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A token signed as the header says."""
        at = int(NOW.timestamp())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": asked["nonce"]}
        said = {name: value for name, value in {**usual, **claims}.items() if value is not GONE}
        return signed(self.header, said, self.key)

    def _described(self) -> object:
        names = ("token", "userinfo", "authorization", "end_session")
        usual = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in names}
        found = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks", **usual, **self.description}
        return {name: value for name, value in found.items() if value is not GONE}

    def _exchange(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if not _is_client(request, form):
            return Answer.json({"error": "invalid_client"}, 401)
        asked, claims = self._codes.pop(form.get("code", ""), ({}, {}))
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proved = _coded(challenge) == asked.get("code_challenge") and form["redirect_uri"] == asked["redirect_uri"]
        if not proved:
            return Answer.json({"error": "invalid_grant"}, 400)
        if not isinstance(self.token, dict):
            return Answer.json(self.token)
        usual = {"access_token": "opens userinfo", "token_type": "Bearer", "expires_in": 60}
        return Answer.json({**usual, "id_token": self.id_token(asked, claims), **self.token})


def signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: Key | None) -> str:
    """A token in letters; `none` is not signed, and HS256 with whatever the key's public half reads like."""
    text = json.dumps(claims)
    if header["alg"] in ("none", "HS256"):
        body = f"{_coded(json.dumps(header).encode())}.{_coded(text.encode())}"
        secret = key.as_pem(private=False) if isinstance(key, RSAKey) else b""
        return f"{body}.{_coded(hmac.digest(secret, body.encode(), 'sha256')) if header['alg'] == 'HS256' else ''}"
    assert key is not None
    return jws.serialize_compact(dict(header), text, key, algorithms=[header["alg"]])


def _is_client(request: Request, form: Mapping[str, str]) -> bool:
    basic = request.headers.get("authorization", "").removeprefix("Basic ")
    name, _, secret = base64.b64decode(basic).decode().partition(":") if basic else ("", "", "")
    given = (unquote(name), unquote(secret)) if basic else (form.get("client_id"), form.get("client_secret"))
    return given == (CLIENT, SECRET)


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
