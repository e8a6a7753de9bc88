"""How people sign in, and how long that lasts."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
GOOGLE = "https://accounts.google.com"  # as issuer
# As `storage.viewer` has them, which stands above this package; a test compares the two.
ROLE_NAMES = ("marketing", "hr", "leadership", "advocate", "administrator", "auditor")
_TENANTS_OF_ALL = (["common"], ["organizations"], ["consumers"])  # of Entra ID


class SignInSettings(BaseSettings):
    """The part of `config.settings.Settings` that is about signing in."""

    session_hours: Annotated[int, Field(ge=1)] = Field(168, description="Hours until a sign-in ends.")
    session_idle_hours: Annotated[int, Field(ge=1)] = Field(
        24, description="Hours without a request until a sign-in ends."
    )
    second_factor_roles: str = Field(
        "", description="Roles that must use an authenticator app with their password, separated by commas."
    )
    oidc_issuer: str = Field(
        "", description="Address of the OpenID Connect provider that people sign in with. Empty: passwords only."
    )
    oidc_name: str = Field("your company account", description='What the button calls it: "Sign in with …".')
    oidc_client_id: str = Field("", description="Client id of this service at the provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret. Empty: a public client.")
    oidc_scopes: str = Field("openid email profile", description="Scopes that the provider is asked for.")
    oidc_domains: str = Field(
        "", description="Mail domains whose people may sign in by the provider, separated by commas. Empty: all."
    )
    oidc_groups_claim: str = Field("groups", description="Claim that lists the groups of a person.")
    oidc_group_roles: str = Field(
        "",
        description='Which group has which role: "hr-team=hr, it=administrator"; the first that fits counts, at every '
        "sign-in, and nobody else gets in. Empty: roles are given by administrators here.",
    )
    oidc_new_role: str = Field(
        "", description="Role of somebody new, where no groups are mapped. Empty: only who has an account gets in."
    )

    @field_validator("second_factor_roles", "oidc_new_role", "oidc_group_roles")
    @classmethod
    def _known_roles(cls, value: str, info: ValidationInfo) -> str:
        pairs = [part.rpartition("=") for part in value.split(",") if part.strip()]
        named = [role.strip() for _, _, role in pairs]
        if info.field_name == "oidc_group_roles" and not all(group.strip() for group, _, _ in pairs):
            raise ValueError('must name groups and their roles, such as "hr-team=hr, it=administrator"')
        if unknown := [name for name in named if name not in ROLE_NAMES]:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(ROLE_NAMES)}")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_address(cls, value: str) -> str:
        parts = urlsplit(value)
        here = parts.scheme == "http" and parts.hostname in LOCAL_HOSTS
        if value and not here and (parts.scheme != "https" or not parts.hostname):
            raise ValueError("must be an https address such as https://login.acme.example/realms/acme")
        if parts.hostname == "login.microsoftonline.com" and parts.path.split("/")[1:2] in _TENANTS_OF_ALL:
            raise ValueError("must name your own tenant by its id: under this address those of all companies sign in")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _not_everybody(self) -> "SignInSettings":
        if self.oidc_issuer == GOOGLE and self.oidc_new_role and not self.oidc_domains:
            raise ValueError("OIDC_NEW_ROLE with Google needs OIDC_DOMAINS: else whoever has an account there gets in")
        return self
