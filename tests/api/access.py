"""Who may call which route: the expectations of `test_matrix.py`.

One sign per role, in the order marketing, hr, leadership, advocate, administrator, auditor:
`+` let in, `-` refused (403), `?` nothing is there for them (404; in the world of the test nothing may be there for
anybody). Calls of the API also name the scope that a token needs. A new route needs a line here, in `ROUTES`, or in
`PUBLIC` when nobody has to sign in for it; the failing test prints the line to start from.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from fastapi import FastAPI
from starlette.routing import Mount, Route

from tests.api import world


class Row(NamedTuple):
    """`scope` empty: a page."""

    scope: str
    roles: str


def page(roles: str) -> Row:
    """A page or form, by the browser's cookie."""
    return Row("", roles)


def call(scope: str, roles: str) -> Row:
    """A call of the API, by a token."""
    return Row(scope, roles)


ROUTES: dict[str, Row] = {
    "GET /api/v1/advocacy/me": call("advocacy:read", "??????"),
    "GET /api/v1/advocacy/programme": call("advocacy:read", "+++-+-"),
    "GET /api/v1/audit": call("audit:read", "----++"),
    "GET /api/v1/breakdown": call("series:read", "+++-+-"),
    "GET /api/v1/campaigns": call("campaigns:read", "++++++"),
    "POST /api/v1/campaigns": call("campaigns:write", "++--+-"),
    "DELETE /api/v1/campaigns/{campaign_id}": call("campaigns:write", "??--?-"),
    "GET /api/v1/campaigns/{campaign_id}": call("campaigns:read", "??????"),
    "PUT /api/v1/campaigns/{campaign_id}": call("campaigns:write", "++--+-"),
    "GET /api/v1/campaigns/{campaign_id}/feedback": call("campaigns:read", "??????"),
    "POST /api/v1/campaigns/{campaign_id}/feedback": call("campaigns:write", "++++++"),
    "PUT /api/v1/campaigns/{campaign_id}/lessons": call("campaigns:write", "++--+-"),
    "GET /api/v1/campaigns/{campaign_id}/questions": call("campaigns:read", "??????"),
    "POST /api/v1/campaigns/{campaign_id}/questions": call("campaigns:write", "++++++"),
    "PUT /api/v1/campaigns/{campaign_id}/questions/{question_id}/answer": call("campaigns:write", "++--+-"),
    "GET /api/v1/campaigns/{campaign_id}/result": call("campaigns:read", "??????"),
    "POST /api/v1/campaigns/{campaign_id}/{act}": call("campaigns:write", "++--+-"),
    "POST /api/v1/careers/applications": call("careers:write", "++--+-"),
    "GET /api/v1/companies": call("series:read", "+++-+-"),
    "GET /api/v1/contents": call("contents:read", "++--+-"),
    "POST /api/v1/contents": call("contents:write", "++--+-"),
    "GET /api/v1/contents/{content_id}": call("contents:read", "??--?-"),
    "PUT /api/v1/contents/{content_id}": call("contents:write", "++--+-"),
    "POST /api/v1/contents/{content_id}/withdraw": call("contents:write", "??--?-"),
    "GET /api/v1/exports/breakdown": call("exports:read", "+++-+-"),
    "GET /api/v1/exports/mentions": call("exports:read", "++--+-"),
    "GET /api/v1/exports/sentiment": call("exports:read", "+++-+-"),
    "GET /api/v1/exports/volume": call("exports:read", "+++-+-"),
    "GET /api/v1/incidents": call("incidents:read", "+++-+-"),
    "GET /api/v1/incidents.atom": call("incidents:read", "+++-+-"),
    "GET /api/v1/incidents/{incident_id}": call("incidents:read", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/acknowledge": call("incidents:write", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/assign": call("incidents:write", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/close": call("incidents:write", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/feedback": call("incidents:write", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/notes": call("incidents:write", "+?+-+-"),
    "POST /api/v1/incidents/{incident_id}/snooze": call("incidents:write", "+?+-+-"),
    "GET /api/v1/invitations": call("people:write", "----+-"),
    "POST /api/v1/invitations": call("people:write", "----+-"),
    "DELETE /api/v1/invitations/{invitation_id}": call("people:write", "----?-"),
    "POST /api/v1/invitations/{invitation_id}/resend": call("people:write", "----?-"),
    "GET /api/v1/employer": call("series:read", "-++-+-"),
    "GET /api/v1/inside-outside": call("series:read", "+++-+-"),
    "GET /api/v1/mentions": call("mentions:read", "++--+-"),
    "POST /api/v1/mentions": call("mentions:write", "----+-"),
    "GET /api/v1/mentions/{mention_id}": call("mentions:read", "+?--+-"),
    "PATCH /api/v1/mentions/{mention_id}": call("mentions:write", "+?--+-"),
    "POST /api/v1/mentions/{mention_id}/evidence": call("mentions:read", "+?--+-"),
    "GET /api/v1/planned-events": call("incidents:read", "+++-+-"),
    "POST /api/v1/planned-events": call("incidents:write", "++--+-"),
    "DELETE /api/v1/planned-events/{event_id}": call("incidents:write", "+?--+-"),
    "GET /api/v1/planned-events/{event_id}": call("incidents:read", "+?+-+-"),
    "PUT /api/v1/planned-events/{event_id}": call("incidents:write", "+?--+-"),
    "GET /api/v1/quality": call("series:read", "+++-+-"),
    "GET /api/v1/sensitivity": call("incidents:read", "+++-+-"),
    "POST /api/v1/sensitivity/reset": call("incidents:write", "?-?-?-"),
    "GET /api/v1/series/sentiment": call("series:read", "+++-+-"),
    "GET /api/v1/series/volume": call("series:read", "+++-+-"),
    "GET /api/v1/share-of-voice": call("series:read", "+++-+-"),
    "GET /api/v1/source-kinds": call("sources:read", "+++-+-"),
    "GET /api/v1/sources": call("sources:read", "+++-+-"),
    "POST /api/v1/sources": call("sources:write", "----+-"),
    "DELETE /api/v1/sources/{source_id}": call("sources:write", "----+-"),
    "GET /api/v1/sources/{source_id}": call("sources:read", "+++-+-"),
    "PATCH /api/v1/sources/{source_id}": call("sources:write", "----+-"),
    "GET /api/v1/sources/{source_id}/coverage": call("sources:read", "+++-+-"),
    "PUT /api/v1/sources/{source_id}/credentials": call("sources:write", "----+-"),
    "GET /api/v1/sources/{source_id}/held": call("sources:read", "----+-"),
    "POST /api/v1/sources/{source_id}/held/{held_id}/resolve": call("sources:write", "----?-"),
    "POST /api/v1/sources/{source_id}/run": call("sources:write", "----+-"),
    "GET /api/v1/sources/{source_id}/runs": call("sources:read", "----+-"),
    "POST /api/v1/sources/{source_id}/test": call("sources:write", "----+-"),
    "GET /": page("++++++"),
    "GET /account": page("++++++"),
    "POST /account/password": page("++++++"),
    "GET /account/second-factor": page("++++++"),
    "POST /account/second-factor": page("++++++"),
    "POST /account/second-factor/confirm": page("++++++"),
    "POST /account/second-factor/remove": page("++++++"),
    "POST /account/sessions/revoke": page("++++++"),
    "POST /account/sessions/revoke-others": page("++++++"),
    "GET /audit": page("----++"),
    "GET /audit/configuration": page("----++"),
    "GET /audit/export": page("----++"),
    "POST /audit/verify": page("----++"),
    "GET /board": page("?????-"),
    "GET /brand": page("+-+-+-"),
    "GET /campaigns": page("++++++"),
    "POST /campaigns": page("++--+-"),
    "POST /campaigns/mails": page("++++++"),
    "GET /campaigns/new": page("++--+-"),
    "GET /campaigns/{campaign_id}": page("??????"),
    "GET /campaigns/{campaign_id}/briefing": page("??????"),
    "POST /campaigns/{campaign_id}/delete": page("??????"),
    "GET /campaigns/{campaign_id}/edit": page("??--?-"),
    "POST /campaigns/{campaign_id}/do/{act}": page("++++++"),
    "POST /campaigns/{campaign_id}/edit": page("??--?-"),
    "POST /campaigns/{campaign_id}/feedback": page("??????"),
    "POST /campaigns/{campaign_id}/lessons": page("??????"),
    "POST /campaigns/{campaign_id}/questions": page("??????"),
    "POST /campaigns/{campaign_id}/questions/{question_id}/answer": page("??????"),
    "GET /campaigns/{campaign_id}/result": page("??????"),
    "GET /channels": page("----+-"),
    "POST /channels": page("----+-"),
    "POST /channels/messages/{delivery_id}/retry": page("----?-"),
    "POST /channels/{channel_id}/remove": page("----?-"),
    "POST /channels/{channel_id}/switch": page("----?-"),
    "POST /channels/{channel_id}/test": page("----?-"),
    "GET /company": page("----+-"),
    "POST /company": page("----+-"),
    "GET /company/company.toml": page("----+-"),
    "GET /company/text": page("----+-"),
    "POST /company/text": page("----+-"),
    "GET /content": page("++--+-"),
    "POST /content": page("++--+-"),
    "GET /content/new": page("++--+-"),
    "GET /content/{content_id}": page("??--?-"),
    "POST /content/{content_id}": page("??--?-"),
    "GET /content/{content_id}/picture": page("??--?-"),
    "GET /content/{content_id}/preview": page("??--?-"),
    "POST /content/{content_id}/withdraw": page("??--?-"),
    "POST /demo/load": page("----+-"),
    "POST /demo/remove": page("----+-"),
    "GET /employer": page("-++-+-"),
    "GET /figures": page("+++-+-"),
    "GET /import": page("----+-"),
    "POST /import": page("----+-"),
    "GET /import/{token}": page("----?-"),
    "POST /import/{token}": page("----?-"),
    "GET /inside-outside": page("+++-+-"),
    "GET /incidents": page("+++-+-"),
    "GET /incidents/answers": page("+++-+-"),
    "POST /incidents/answers/reset": page("+++-+-"),
    "GET /incidents/planned": page("+++-+-"),
    "POST /incidents/planned": page("++--+-"),
    "POST /incidents/planned/{event_id}": page("+?--+-"),
    "POST /incidents/planned/{event_id}/delete": page("+?--+-"),
    "GET /incidents/{incident_id}": page("+-+-+-"),
    "POST /incidents/{incident_id}/acknowledge": page("+-+-+-"),
    "POST /incidents/{incident_id}/assign": page("+-+-+-"),
    "POST /incidents/{incident_id}/close": page("+-+-+-"),
    "POST /incidents/{incident_id}/feedback": page("+-+-+-"),
    "POST /incidents/{incident_id}/note": page("+-+-+-"),
    "POST /incidents/{incident_id}/snooze": page("+-+-+-"),
    "GET /mentions": page("++--+-"),
    "POST /mentions/export": page("++--+-"),
    "GET /mentions/{mention_id}/answer": page("?---?-"),
    "POST /mentions/{mention_id}/answer": page("?---?-"),
    "POST /mentions/{mention_id}/answer/read": page("?---?-"),
    "GET /mentions/{mention_id}": page("+---+-"),
    "POST /mentions/{mention_id}/tags": page("+---+-"),
    "POST /mentions/{mention_id}/words": page("+---+-"),
    "GET /my-reach": page("+++++-"),
    "GET /my-reach/check": page("+++++-"),
    "POST /my-reach/check": page("+++++-"),
    "POST /my-reach/join": page("+++++-"),
    "POST /my-reach/leave": page("+++++-"),
    "POST /my-reach/links": page("+++++-"),
    "POST /my-reach/links/{link_id}/close": page("?????-"),
    "GET /my-reach/links/{link_id}/qr.svg": page("?????-"),
    "POST /my-reach/shares": page("+++++-"),
    "POST /my-reach/shares/{share_id}/delete": page("?????-"),
    "POST /my-reach/shares/{share_id}/readings": page("+++++-"),
    "GET /my-settings": page("+++++-"),
    "POST /my-settings": page("+++++-"),
    "POST /my-settings/accounts/{platform}": page("+++++-"),
    "POST /my-settings/accounts/{platform}/withdraw": page("+++++-"),
    "GET /my-settings/connected/{platform}": page("+++++-"),
    "POST /my-settings/figures": page("+++++-"),
    "GET /outbox": page("+++-+-"),
    "GET /outbox/{mail_id}": page("???-?-"),
    "GET /outbox/{mail_id}/html": page("???-?-"),
    "POST /outbox/{mail_id}/retry": page("----+-"),
    "GET /overview": page("+++-+-"),
    "GET /people": page("----+-"),
    "GET /people/advocates": page("----+-"),
    "POST /people/advocates": page("----+-"),
    "POST /people/advocates/eligible": page("----+-"),
    "POST /people/advocates/resend": page("----+-"),
    "POST /people/advocates/withdraw": page("----+-"),
    "POST /people/invitations/{invitation_id}/withdraw": page("----+-"),
    "POST /people/invite": page("----+-"),
    "POST /people/keys": page("----+-"),
    "POST /people/keys/{token_id}/revoke": page("----+-"),
    "POST /people/mails": page("----+-"),
    "POST /people/{user_id}/activate": page("----+-"),
    "POST /people/{user_id}/deactivate": page("----+-"),
    "POST /people/{user_id}/role": page("----+-"),
    "GET /privacy-pack": page("----++"),
    "GET /privacy-pack/file": page("----++"),
    "GET /privacy-pack.pdf": page("----++"),
    "POST /privacy-pack/keep": page("----+-"),
    "GET /programme": page("+++-+-"),
    "GET /quality": page("+++-+-"),
    "GET /quality/check": page("++--+-"),
    "POST /quality/check": page("++--+-"),
    "POST /quality/retag/start": page("----+-"),
    "POST /quality/retag/stop": page("----+-"),
    "GET /share": page("+++++-"),
    "GET /share/{content_id}": page("??--?-"),
    "POST /share/{content_id}": page("??--?-"),
    "POST /sign-out": page("000000"),  # it leads to the sign-in
    "GET /sources": page("----+-"),
    "POST /sources": page("----+-"),
    "GET /sources/new": page("----+-"),
    "GET /sources/{source_id}": page("----+-"),
    "POST /sources/{source_id}": page("----+-"),
    "POST /sources/{source_id}/credentials": page("----+-"),
    "POST /sources/{source_id}/delete": page("----+-"),
    "POST /sources/{source_id}/held": page("----+-"),
    "POST /sources/{source_id}/pause": page("----+-"),
    "POST /sources/{source_id}/resume": page("----+-"),
    "POST /sources/{source_id}/run": page("----+-"),
    "POST /sources/{source_id}/test": page("----+-"),
    "GET /start": page("----+-"),
}
# Nobody has to sign in for these: probes, signed links and deliveries, the way in itself. `0`: back to the sign-in.
PUBLIC: dict[str, str] = {
    "OPTIONS /api/v1/careers/events": "-",
    "POST /api/v1/careers/events": "-",
    "GET /api/v1/openapi.json": "+",
    "GET /careers.js": "+",
    "GET /healthz": "+",
    "GET /healthz/live": "+",
    "POST /hooks/{source_id}": "?",
    "GET /join/{secret}": "?",
    "POST /join/{secret}": "?",
    "GET /l/{code}": "?",
    "GET /m/{token}": "?",
    "POST /m/{token}": "?",
    "GET /mails/week/{token}": "?",
    "POST /mails/week/{token}": "?",
    "GET /mails/{token}": "?",
    "POST /mails/{token}": "?",
    "GET /metrics": "+",
    "GET /sign-in": "+",
    "POST /sign-in": "+",
    "GET /sign-in/code": "0",
    "POST /sign-in/code": "0",
    "GET /sign-in/provider": "0",
    "GET /sign-in/provider/callback": "0",
    "GET /sign-out/provider": "0",
    "GET /static/vega.js": "+",
}
KNOWN = {*ROUTES, *PUBLIC}

FORMS: dict[str, dict[str, str]] = {  # where an empty form is refused before it is asked whose it is
    "POST /incidents/{incident_id}/snooze": {"span": "1h"},
    "POST /incidents/{incident_id}/feedback": {"useful": "yes"},
}
EVENT = {"name": "Launch", "facet": "brand", "starts_at": f"{world.NOW:%Y-%m-%dT%H:%M:%SZ}",
         "ends_at": f"{world.NOW + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}"}  # fmt: skip
BODIES: dict[str, object] = {
    "POST /api/v1/mentions": {"source": "Forum", "posts": [{"native_id": "1", "text": "Acme"}]},
    "POST /api/v1/sources": {"kind": "feed", "name": "News", "options": {"url": "https://news.example/feed"}},
    "PATCH /api/v1/sources/{source_id}": {"keep_days": 30},
    "PUT /api/v1/sources/{source_id}/credentials": {"credentials": {"api_key": "x"}},
    "PATCH /api/v1/mentions/{mention_id}": {"sentiment": "negative"},
    "POST /api/v1/incidents/{incident_id}/assign": {"user_id": None},
    "POST /api/v1/incidents/{incident_id}/notes": {"text": "Seen."},
    "POST /api/v1/incidents/{incident_id}/snooze": {"span": "1h"},
    "POST /api/v1/incidents/{incident_id}/feedback": {"useful": True},
    "POST /api/v1/planned-events": EVENT,
    "PUT /api/v1/planned-events/{event_id}": EVENT,
    "POST /api/v1/sensitivity/reset": {
        "kind": "volume_spike",
        "facet": "brand",
        "audience": "all",
        "company_id": "{company_id}",
    },
}


def routes_of(app: FastAPI) -> set[str]:
    """`METHOD /path` of everything that the application serves; files under /static belong to nobody."""
    found = set()
    for route in app.routes:
        if isinstance(route, Mount) and route.path == "/static":
            continue
        if not isinstance(route, Route):
            raise TypeError(f"{route!r} is no route that this table knows of")
        methods = set(route.methods or ())
        found |= {f"{method} {route.path}" for method in methods - ({"HEAD"} if "GET" in methods else set())}
    return found


def address(path: str, ids: Mapping[str, object]) -> str:
    """The path with an id of the test's world for each parameter; 1 where the world has none."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda match: str(ids.get(match[1], 1)), path)


def body_of(route: str, ids: Mapping[str, object]) -> object:
    """What a call sends; `{company_id}` is an id of the test's world."""
    found = BODIES.get(route, {})
    if not isinstance(found, dict):
        return found
    return {
        name: ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
        for name, value in found.items()
    }


def guess(route: str) -> str:
    """A line to start from."""
    return 'call("…:read", "++++++")' if " /api/" in route else 'page("++++++")'
