"""All settings, from the environment or `.env`; every default runs on a laptop. `docs/settings.md` lists them."""

import hmac
import os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, AliasGenerator, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from config.platform_settings import PlatformSettings
from config.secret_files import kept_secret, lines_of
from config.sign_in_settings import SignInSettings

ROOT = Path(__file__).resolve().parent.parent
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised, not listened on
_OIDC = "oidc_client_secret"
_APP_SECRETS = ("x_client_secret", "linkedin_client_secret")
_KEYS = ("secret_key", "secret_key_before", "pseudonym_key", "pseudonym_key_before")
_SECRETS = ("database_url", "redis_url", *_KEYS, "smtp_password", *_APP_SECRETS, _OIDC)
_SCHEMES = {
    "database_url": ("postgresql", "postgresql+psycopg", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
}


class Settings(SignInSettings, PlatformSettings):
    """One typed class. `<NAME>_FILE` may hold the path of a file with a secret's value."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(name, f"outspoken_{name}")),
    )

    data_dir: Path = Field(ROOT / "var", description="Folder of the embedded servers, the secret key and lock files.")
    company_file: Path = Field(ROOT / "company.toml", description="The company profile that is read at start.")

    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8000, description="Port the web server listens on.")
    public_url: str = Field(
        "", description="Address under which people reach the service; links in mails use it. Empty: http://HOST:PORT."
    )
    trusted_hosts: str = Field("*", description="Host names the web server answers to, separated by commas.")
    secure_cookies: bool = Field(
        False, description="Send cookies over HTTPS only; on by itself where PUBLIC_URL begins with https."
    )

    database_url: SecretStr = Field(SecretStr(""), description="PostgreSQL 14 or later. Empty: the embedded server.")
    redis_url: SecretStr = Field(SecretStr(""), description="Redis or Valkey. Empty: the embedded server.")
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs sessions and links. Empty: made once and kept in DATA_DIR/secret_key."
    )
    secret_key_before: SecretStr = Field(
        SecretStr(""), description="The SECRET_KEY before this one, until `manage.py key rotate secrets` has run."
    )
    pseudonym_key: SecretStr = Field(
        SecretStr(""),
        description="Key of the authors' pseudonyms. Empty: DATA_DIR/pseudonym_key where a rotation made it, else "
        "derived from SECRET_KEY. Another one is taken into use by `manage.py key rotate pseudonyms` only.",
    )
    pseudonym_key_before: SecretStr = Field(
        SecretStr(""),
        description="The PSEUDONYM_KEY before this one, until `manage.py key rotate pseudonyms` has begun.",
    )

    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(False, description="Log lines as JSON.")

    worker_processes: Annotated[int, Field(ge=1, le=64)] = Field(
        2, description="Processes of the Celery worker that `run` starts."
    )
    model_dir: Path = Field(ROOT / "nlp" / "weights", description="Folder of the tagging model.")
    analyze_batch: Annotated[int, Field(ge=1, le=2000)] = Field(256, description="Mentions tagged in one transaction.")

    sentiment_model: str = Field(
        "",
        description="Folder or name of a Hugging Face sequence classifier that says the sentiment in the place of the "
        "built-in head (`make hub-setup`). Empty: the built-in one.",
    )
    sentiment_labels: str = Field(
        "", description='What its labels stand for: "LABEL_0=negative, LABEL_1=neutral, …". Empty: by their names.'
    )
    sentiment_languages: str = Field(
        "", description="Languages that it is asked about (ISO 639-1, separated by commas). Empty: all."
    )
    sentiment_threshold: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="Confidence of it below which the sentiment is `unsure`."
    )
    sentiment_temperature: Annotated[float, Field(gt=0, le=100)] = Field(
        1.0, description="Divides its logits; `python -m nlp.hub calibrate FILE` finds it and the threshold."
    )
    sentiment_model_download: bool = Field(
        False, description="Let the service fetch it from the Hugging Face Hub. Else it must be on this machine."
    )

    names_model: str = Field(
        "rules",
        description='What finds names of persons in texts of the employer side: "rules"; "spacy" for the rules and the '
        "pipeline of `make names-setup`; or the folder of a spaCy pipeline.",
    )

    user_agent: str = Field(
        "Outspoken/0.1 (self-hosted social listening)", description="How collectors name themselves to the platforms."
    )
    http_timeout: Annotated[float, Field(gt=0, le=300)] = Field(
        20.0, description="Seconds until a request of a collector is given up."
    )
    http_max_bytes: Annotated[int, Field(ge=10_000)] = Field(
        20_000_000, description="Largest answer a collector reads, in bytes after unpacking."
    )
    allow_private_addresses: bool = Field(False, description="Let collectors call loopback and private networks.")
    feed_min_minutes: Annotated[int, Field(ge=1)] = Field(10, description="Feeds are checked at most this often.")
    feed_max_minutes: Annotated[int, Field(ge=1)] = Field(720, description="Feeds are checked at least this often.")
    max_text_chars: Annotated[int, Field(ge=1000)] = Field(
        100_000, description="Longer posts are cut here before they are stored."
    )

    smtp_host: str = Field("", description="Mail server. Empty: mails stay readable in the Outbox.")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="Port of the mail server.")
    smtp_user: str = Field("", description="Sign-in name at the mail server.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")
    smtp_security: str = Field("starttls", description="starttls, tls or none.")
    mail_from: str = Field("Outspoken <outspoken@localhost>", description="Sender of the mails.")
    invitation_mails_per_minute: Annotated[int, Field(ge=1, le=5000)] = Field(
        120, description="Invitations of a list that are put into the outbox each minute."
    )

    campaign_mails_per_week: Annotated[int, Field(ge=0, le=50)] = Field(
        2, description="Campaigns that an advocate is told of by mail within seven days when they go live."
    )
    digest_always: bool = Field(False, description="Send digests also when there is nothing to say.")
    alert_sensitivity: str = Field("balanced", description="sensitive, balanced or strict.")
    alert_floor: Annotated[int, Field(ge=1)] = Field(5, description="Fewest stories in a window for a volume spike.")
    own_networks: str = Field(
        "", description="The company's own networks, such as 192.0.2.0/24, separated by commas: clicks don't count."
    )
    scanner_networks: str = Field(
        "", description="Networks of data centres and mail scanners, separated by commas: clicks don't count."
    )
    leaderboard: bool = Field(False, description="Offer a board of acts; names only of those who want theirs shown.")
    click_value: str = Field(
        "", description="What a click would cost you elsewhere, such as 0.80 EUR. Empty: no money value is shown."
    )

    suggestions_per_week: Annotated[int, Field(ge=0, le=20)] = Field(
        3, description="Contents suggested to one advocate in a week. What they post is never capped."
    )
    unmatched_days: Annotated[int, Field(ge=0)] = Field(
        14, description="Days that posts which match no company are kept for previews of the query."
    )
    mention_days: Annotated[int, Field(ge=1)] = Field(730, description="Days that mentions are kept.")
    employer_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days that mentions of the employer side are kept. 0: as long as the others."
    )
    survey_days: Annotated[int, Field(ge=0)] = Field(
        0, description="Days that answers to surveys are kept. 0: as long as mentions."
    )
    protected_days: Annotated[int, Field(ge=0)] = Field(
        90, description="Days that mentions of protected activity, which are only counted, are kept. 0: as the others."
    )
    export_rows: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        100_000, description="Most mentions in one exported file; the newest ones go in, and the file says so."
    )
    mail_days: Annotated[int, Field(ge=7)] = Field(
        180, description="Days that mails stay readable in the Outbox, and what was told to channels in their logs."
    )
    audit_days: Annotated[int, Field(ge=366)] = Field(
        1095, description="Days that entries of the audit log are kept; their places in the chain stay."
    )

    @field_validator("smtp_security")
    @classmethod
    def _known_security(cls, value: str) -> str:
        if value not in {"starttls", "tls", "none"}:
            raise ValueError("must be starttls, tls or none")
        return value

    @field_validator("database_url", "redis_url")
    @classmethod
    def _known_server(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        """Told at the start, without the address: it may hold a password."""
        schemes = _SCHEMES[str(info.field_name)]
        scheme, given, _ = value.get_secret_value().partition("://")
        if value.get_secret_value() and (not given or scheme not in schemes):
            raise ValueError(f"must begin with {schemes[0]}://")
        try:
            urlsplit(value.get_secret_value()).port  # noqa: B018 - reading it is the test
        except ValueError:
            raise ValueError("cannot be read: is there a character that must be written as %..?") from None
        return value

    @field_validator("alert_sensitivity")
    @classmethod
    def _known_sensitivity(cls, value: str) -> str:
        if value not in {"sensitive", "balanced", "strict"}:
            raise ValueError("must be sensitive, balanced or strict")
        return value

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        """Let `<NAME>_FILE` stand in for a secret, as container platforms mount them."""
        if not isinstance(data, dict):
            return data
        for name in _SECRETS:
            path = os.environ.get(f"{name.upper()}_FILE")
            if path and not data.get(name):
                data[name] = Path(path).read_text(encoding="utf-8").strip()
        return data

    @property
    def base_url(self) -> str:
        """Where people reach the service, without a slash at the end."""
        return (self.public_url or f"http://{_reachable(self.host)}:{self.port}").rstrip("/")

    @property
    def https(self) -> bool:
        """Whether browsers reach the service over HTTPS: cookies are then sent no other way."""
        return self.secure_cookies or self.base_url.startswith("https://")

    def secret(self) -> str:
        """The signing key; made and kept in `data_dir` when the setting is empty."""
        given = self.secret_key.get_secret_value()
        return given or kept_secret(self.data_dir / "secret_key")

    def sealing_secrets(self) -> tuple[bytes, ...]:
        """What small secrets are sealed under, and what they may still be sealed under after a change."""
        before = self.secret_key_before.get_secret_value()
        return tuple(key.encode() for key in (self.secret(), before) if key)

    @property
    def pseudonym_key_file(self) -> Path:
        """Where a rotation keeps the key that it made itself, and until it has begun the one before it."""
        return self.data_dir / "pseudonym_key"

    def pseudonym_secret(self) -> bytes:
        """The key that the authors' pseudonyms shall have; which one is in force, the database says."""
        return self.pseudonym_secrets()[0]

    def pseudonym_secrets(self) -> tuple[bytes, ...]:
        """The key that shall be in force, then those that may still be."""
        chosen = (self.pseudonym_key.get_secret_value(), *lines_of(self.pseudonym_key_file))
        derived = [key.decode() for key in self.sealing_secrets()]
        before = self.pseudonym_key_before.get_secret_value()
        known = (*chosen, before, *derived) if any(chosen) else (derived[0], before, *derived[1:])
        return tuple(dict.fromkeys(pseudonym_secret_of(key) for key in known if key))


def pseudonym_secret_of(given: str) -> bytes:
    """The key of the pseudonyms, made of the words that a person set."""
    return hmac.new(given.encode(), b"pseudonyms of authors", "sha256").digest()


def _reachable(host: str) -> str:
    """The host as an address names it: one that listens everywhere is reached on this machine."""
    if host in _EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
