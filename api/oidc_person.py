"""What providers say of a person, and what this service makes of it: address, whether it is theirs, and role.

Keycloak, Okta and Authentik send `email_verified` and a list of groups. Entra sends `xms_edov` instead, groups by their
ids, and none at all of who is in more than 200. Google sends no groups, and `hd` for accounts of an organisation only.
"""

import logging
from collections.abc import Mapping
from typing import Any

from config.settings import Settings
from config.sign_in_settings import GOOGLE
from storage.identities import Claims, Outside, Refused

log = logging.getLogger(__name__)

NOT_VALID = "The provider's answer was not valid. Begin the sign-in again."
_OF_THE_ADDRESS = ("email_verified", "xms_edov")
_OVERAGE = "let it send only groups that are assigned to the application, or app roles with OIDC_GROUPS_CLAIM=roles."
_LONGEST_SUBJECT = 255  # OpenID Connect Core, section 2


def lacks(settings: Settings, claims: Mapping[str, Any]) -> bool:
    """Whether the signed token leaves out what the userinfo address may know."""
    return not claims.get("email") or (bool(settings.oidc_group_roles) and _groups(settings, claims) is None)


def joined(claims: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Token and userinfo as one: the token goes first, and whether an address is verified says who names it."""
    if told.get("sub") != claims["sub"]:
        log.error("The provider's userinfo is of another person than its token: the sign-in is refused.")
        raise Refused(NOT_VALID)
    kept = claims if claims.get("email") else {name: claims[name] for name in claims if name not in _OF_THE_ADDRESS}
    given = told if not claims.get("email") else {name: told[name] for name in told if name not in _OF_THE_ADDRESS}
    return {**given, **{name: value for name, value in kept.items() if value not in (None, "")}}


def person(settings: Settings, claims: Mapping[str, Any]) -> Claims:
    """Who it is; raises `Refused` with words for them."""
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise Refused("The provider's answer names nobody. Ask your administrator.")
    email = email if isinstance(email, str) else None
    _check_domain(settings, claims, email)
    name = claims.get("name")
    return Claims(
        issuer=str(claims["iss"]),
        subject=subject,
        email=email,
        verified=_verified(claims, email or ""),
        name=" ".join(name.encode("utf-8", "replace").decode().split())[:200] if isinstance(name, str) else "",
        role=_role(settings, claims, subject),
    )


def _check_domain(settings: Settings, claims: Mapping[str, Any], email: str | None) -> None:
    """At Google anybody may have an account with any address: there the organisation counts, not the address."""
    domains = {part.strip().casefold().lstrip("@") for part in settings.oidc_domains.split(",") if part.strip()}
    own = claims.get("hd") if claims["iss"] == GOOGLE else (email or "").rpartition("@")[2]
    if domains and str(own or "").casefold() not in domains:
        raise Refused("People of your mail domain do not sign in here.")


def _verified(claims: Mapping[str, Any], email: str) -> bool:
    if claims["iss"] == GOOGLE and not claims.get("hd") and not email.casefold().endswith("@gmail.com"):
        return False
    if "email_verified" in claims:
        return claims["email_verified"] is True
    return claims.get("xms_edov") in (True, 1, "1")


def _role(settings: Settings, claims: Mapping[str, Any], subject: str) -> str | None:
    """The role of the first mapped group that a person is in; None where no groups are mapped."""
    pairs = [part.rpartition("=") for part in settings.oidc_group_roles.split(",") if part.strip()]
    if not pairs:
        return None
    held = _groups(settings, claims)
    if held is None and _left_out(settings, claims):
        log.error("A person is in more groups than the provider lists: %s", _OVERAGE)
        raise Refused(
            "You are in more groups than the provider lists, so your role is not known. Ask your administrator."
        )
    if held is None:
        log.warning(
            "The provider sent no claim %s, so nobody gets in: see OIDC_GROUPS_CLAIM.", settings.oidc_groups_claim
        )
    for group, _, role in pairs:
        if group.strip() in (held or ()):
            return role.strip()
    raise Outside(str(claims["iss"]), subject)


def _groups(settings: Settings, claims: Mapping[str, Any]) -> frozenset[str] | None:
    """The groups; None where the claim is not there. `realm_access.roles` leads into what Keycloak sends nested."""
    found: object = claims.get(settings.oidc_groups_claim)
    if found is None and "." in settings.oidc_groups_claim:
        found = claims
        for part in settings.oidc_groups_claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    return frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else None


def _left_out(settings: Settings, claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that there are too many groups to list (Entra's "overage")."""
    elsewhere = claims.get("_claim_names")
    return claims.get("hasgroups") in (True, "true") or (
        isinstance(elsewhere, Mapping) and settings.oidc_groups_claim in elsewhere
    )
