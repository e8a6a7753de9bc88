"""The page `docs/settings.md`, written from the settings themselves, so that it cannot be out of date."""

from collections.abc import Mapping

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.platform_settings import PlatformSettings
from config.settings import ROOT, Settings
from config.sign_in_settings import SignInSettings

PAGE = ROOT / "docs" / "settings.md"

_HEAD = """\
# Settings

Read from the environment, then from a file `.env` in the working folder. Every default runs on a laptop. A secret may
also come from a file: `SMTP_PASSWORD_FILE=/run/secrets/smtp` stands in for `SMTP_PASSWORD`; the same goes for
`DATABASE_URL`, `REDIS_URL`, `SECRET_KEY`, `PSEUDONYM_KEY` and their `_BEFORE`.

`python manage.py settings` writes this page; `make check` compares it.

"""
_SIGN_IN = "\n## Signing in\n\n[access.md](access.md) says how.\n\n"
_PLATFORMS = "\n## Where platforms are reached\n\nA server on loopback can stand in for each.\n\n"
_COLUMNS = "| setting | default | what it does |\n|---|---|---|\n"


def settings_page() -> str:
    """The page as it should be."""
    sign_in, platforms = SignInSettings.model_fields, PlatformSettings.model_fields
    own = {name: field for name, field in Settings.model_fields.items() if name not in sign_in | platforms}
    return _HEAD + _table(own) + _SIGN_IN + _table(sign_in) + _PLATFORMS + _table(platforms)


def _table(fields: Mapping[str, FieldInfo]) -> str:
    rows = (
        f"| `{name.upper()}` | {_default(field)} | {(field.description or '').replace('|', chr(92) + '|')} |"
        for name, field in fields.items()
    )
    return _COLUMNS + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    text = str(value).replace(f"{ROOT}/", "").replace("True", "true").replace("False", "false")
    return f"`{text}`" if text else "empty"
