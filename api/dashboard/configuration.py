"""How the service is set up, as tables: for auditors, who see no texts and change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy.orm import Session

from config.settings import Settings, get_settings
from storage import channels, identities, profile, removals, sources, users
from storage.viewer import ROLES, Viewer

Cell = str | datetime | None


@dataclass(frozen=True, slots=True)
class Table:
    """One part of the set-up; `note` says what one should know of it."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Configuration:
    """All tables, and the company profile as it is written."""

    tables: tuple[Table, ...]
    profile: str


def configuration(session: Session, reader: Viewer, now: datetime) -> Configuration:
    """Read it; nothing of it holds a text, a figure or a secret."""
    current = profile.current_profile(session)
    tables = (
        _roles(),
        _accounts(session),
        _keys(session, now),
        _sources(session, reader, now),
        _channels(session, reader),
        _settings(get_settings()),
        _removals(session, reader, now),
    )
    return Configuration(tables, current.toml if current is not None else "")


def _roles() -> Table:
    rows = [(role, _sides(texts), _sides(counts)) for role, (texts, counts) in ROLES.items()]
    return Table("Roles", ("Role", "Texts of", "Figures of"), rows, "Enforced where mentions are read, not in pages.")


def _sides(facets: frozenset[str]) -> str:
    return ", ".join(sorted(facets)) or "nothing"


def _accounts(session: Session) -> Table:
    tied = identities.tied(session)
    rows = [
        (
            row.name,
            row.email,
            row.role if row.active else f"{row.role}, deactivated",
            "provider" if row.id in tied else "password and app" if row.second_factor else "password",
            row.last_sign_in_at,
        )
        for row in users.list_users(session)
    ]
    return Table("Accounts", ("Name", "Mail", "Role", "Signs in by", "Last sign-in"), rows)


def _keys(session: Session, now: datetime) -> Table:
    rows = [
        (row.name, f"user {row.user_id}", ", ".join(row.scopes), row.created_at, row.expires_at, row.last_used_at)
        for row in users.list_tokens(session)
        if row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
    ]
    return Table("Keys of the API", ("For", "Acts for", "May", "Made", "Ends", "Last used"), rows)


def _sources(session: Session, reader: Viewer, now: datetime) -> Table:
    rows = [
        (row.name, row.kind, "on" if row.enabled else "paused", _interval(row.interval_minutes))
        for row in sources.list_sources(session, reader, now)
    ]
    return Table("Sources", ("Name", "Kind", "State", "Asked"), rows)


def _interval(minutes: int) -> str:
    return f"every {minutes:,} minutes" if minutes else "never: it sends by itself"


def _channels(session: Session, reader: Viewer) -> Table:
    rows = [
        (row.name, row.kind, ", ".join(row.facets), row.severity, "on" if row.enabled else "paused")
        for row in channels.list_channels(session, reader)
    ]
    return Table("Channels", ("Name", "Kind", "Tells of", "From severity", "State"), rows)


def _settings(settings: Settings) -> Table:
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            rows.append((name.upper(), "set" if value.get_secret_value() else "not set", field.description or ""))
        elif value != field.default:
            rows.append((name.upper(), str(value), field.description or ""))
    return Table("Settings", ("Setting", "Value", "What it does"), rows, "Those that differ from their default.")


def _removals(session: Session, reader: Viewer, now: datetime) -> Table:
    rows = [
        (
            f"{row.day:%Y-%m-%d}",
            row.words,
            "–" if row.kept_days is None else f"{row.kept_days:,}",
            f"{row.removed:,}",
            row.last_at,
        )
        for row in removals.removals(session, reader, now)
    ]
    columns = ("Day (UTC)", "What", "Days kept", "Removed", "Last at")
    return Table("What left because its time had come", columns, rows, "The last 90 days: counts only, no contents.")
