"""OAuth 2.0 as the platforms of advocates speak it: asking, exchanging, renewing and giving back tokens."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from collectors.errors import CollectError
from collectors.fields import number, record_in, text
from collectors.http import HttpAnswer, HttpClient, status_error
from collectors.own_posts.shapes import App, Token

_FORM = "application/x-www-form-urlencoded"
_JUDGED = (400, 401, 403, 404, 405, 422)
_OF_THE_APP = frozenset(("invalid_client", "unauthorized_client", "invalid_redirect_uri"))
_LONGEST = 20_000


def authorize_url(
    base: str, app: App, redirect_uri: str, scopes: Sequence[str], state: str, challenge: str | None
) -> str:
    """Where the browser goes to agree."""
    values = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes),
        "state": state,
    }
    if challenge is not None:
        values |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return f"{base}?{urlencode(values, quote_via=quote)}"


def ask_token(
    http: HttpClient, url: str, app: App, fields: Mapping[str, str], now: datetime, *, who: str, basic: bool = False
) -> Token:
    """A token for a code or for a refresh token. `basic`: the app says who it is in the header, not in the form."""
    answer = _posted(http, url, app, fields, basic=basic)
    if answer.status != 200:
        raise refusal(answer, who, now)
    found = record_in(answer.body)
    access, refresh = text(found.get("access_token")), text(found.get("refresh_token"))
    if not access or len(access) > _LONGEST or len(refresh) > _LONGEST:
        raise CollectError("bad_answer", f"{who} answered without a token.")
    lasts = number(found.get("expires_in"))
    ends = now + timedelta(seconds=min(lasts, 10 * 365 * 86_400)) if lasts is not None and lasts > 0 else None
    return Token(access, refresh or fields.get("refresh_token"), ends)


def give_back(http: HttpClient, url: str, app: App, token: str, *, basic: bool = False) -> bool:
    """Ask the platform to end a token (RFC 7009); whether it said that it did."""
    fields = {"token": token} | ({"client_id": app.client_id} if basic else {})
    answer = _posted(http, url, app, fields, basic=basic)
    return 200 <= answer.status < 300


def refusal(answer: HttpAnswer, who: str, now: datetime) -> CollectError:
    """Why there is no token: the advocate must agree again, or the administrator has to mend the app."""
    named = text(record_in(answer.body).get("error"))
    if named in _OF_THE_APP:
        words = f"{who} does not know this service ({named}). An administrator has to check its client id and secret."
        return CollectError("needs_credentials", words, permanent=True)
    if answer.status in {400, 401, 403}:
        return CollectError("unauthorized", f"{who} no longer accepts the permission that was given.", permanent=True)
    return status_error(answer.status, answer.headers, answer.url, now)


def _posted(http: HttpClient, url: str, app: App, fields: Mapping[str, str], *, basic: bool) -> HttpAnswer:
    headers = {"content-type": _FORM, "accept": "application/json"}
    sent = dict(fields)
    if basic and app.client_secret:
        pair = f"{quote(app.client_id, safe='')}:{quote(app.client_secret, safe='')}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode("ascii")
    elif basic:
        sent["client_id"] = app.client_id
    else:
        sent |= {"client_id": app.client_id, "client_secret": app.client_secret}
    return http.post(url, urlencode(sent).encode(), headers, accept=_JUDGED)
