"""The sources that a company profile names: checked with their keys, then added, changed and paused to follow it.

Keys never stand in a profile. There a source names where they are: `credentials = { token = "env:X_TOKEN" }` or
"file:/run/secrets/x_token". They are read when the file is loaded and sealed; the profile keeps the reference.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.post import Json
from config.company import CompanyProfile, Problem, ProfileError
from storage import credentials as keys
from storage.kinds import is_polled
from storage.models.sources import Source
from storage.source_settings import checked_keep_days, checked_options, host_of, interval_minutes, usual_about

_KEYS, _KEEP, _ABOUT = "credentials", "keep_days", "about"
_LONGEST_FILE = 20_000  # bytes


@dataclass(frozen=True, slots=True)
class ProfileSource:
    """A source as the profile names it, ready to be stored. `credentials` None: the profile says nothing of them."""

    kind: str
    name: str
    enabled: bool
    options: Mapping[str, Json]
    keep_days: int | None
    about: str
    credentials: Mapping[str, str] | None = field(default=None, repr=False)


def checked_sources(
    profile: CompanyProfile, origin: str, known_references: frozenset[str]
) -> tuple[ProfileSource, ...]:
    """Every source of a profile; raises `ProfileError` with all that is wrong.

    Only a profile that comes from a file has its keys read. Whoever edits it in the dashboard may leave references as
    they are and not make new ones, since those could name any file of this machine.
    """
    found, problems = [], []
    for at, source in enumerate(profile.sources):
        where = f"sources[{at}]"
        try:
            options = {name: value for name, value in source.options.items() if name not in (_KEYS, _KEEP, _ABOUT)}
            checked = checked_options(source.kind, options)
            keep_days = _keep_days(source.options.get(_KEEP))
            about = _about(source.kind, source.options.get(_ABOUT), profile)
            given = _credentials(source.kind, source.options.get(_KEYS), origin, known_references)
        except ValueError as error:
            problems.append(Problem(where, None, str(error)))
            continue
        found.append(ProfileSource(source.kind, source.name, source.enabled, checked, keep_days, about, given))
    if problems:
        raise ProfileError(problems)
    return tuple(found)


def references(profile: CompanyProfile) -> frozenset[str]:
    """Where the keys of a profile's sources are, as it says."""
    return frozenset(value for source in profile.sources for _, value in _pairs(source.options.get(_KEYS)))


def sync_sources(session: Session, found: Sequence[ProfileSource], origin: str, now: datetime) -> None:
    """Sources that came from a profile follow it; those made in the dashboard or by import stay as they are."""
    owner = "demo" if origin == "demo" else "profile"
    named = {(source.kind, source.name) for source in found}
    before = {
        (row.kind, row.name): row
        for row in session.scalars(select(Source).where(Source.origin == owner).with_for_update())
    }
    for key, row in before.items():
        if key not in named:
            row.enabled = False
    for source in found:
        stored = before.get((source.kind, source.name))
        if stored is None:
            _add(session, source, owner, now)
        else:
            _change(stored, source, now)
    session.flush()


def _add(session: Session, source: ProfileSource, owner: str, now: datetime) -> None:
    """Make it; one of that name which somebody made in the dashboard stays theirs."""
    values = {
        "kind": source.kind,
        "name": source.name,
        "options": dict(source.options),
        "credentials": keys.seal(source.credentials or {}),
        "host": host_of(source.kind, source.options),
        "keep_days": source.keep_days,
        "about": source.about,
        "enabled": source.enabled,
        "demo": owner == "demo",
        "origin": owner,
        "interval_minutes": interval_minutes(source.kind),
        "created_at": now,
        "next_check_at": now if is_polled(source.kind) else None,
    }
    session.execute(insert(Source).values(**values).on_conflict_do_nothing())


def _change(row: Source, source: ProfileSource, now: datetime) -> None:
    new_keys = source.credentials is not None and dict(source.credentials) != keys.stored(row)
    changed = row.options != dict(source.options) or new_keys
    row.options, row.enabled, row.keep_days = dict(source.options), source.enabled, source.keep_days
    row.host, row.about = host_of(source.kind, source.options), source.about
    row.interval_minutes = interval_minutes(source.kind)
    if new_keys:
        row.credentials = keys.seal(source.credentials or {})
    if changed:
        row.next_check_at = now if is_polled(source.kind) else None
        row.error_reason, row.error_detail, row.error_count = None, None, 0


def _keep_days(value: Json) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{_KEEP}: give a number of days.")  # noqa: TRY004 - told as every other option
    return checked_keep_days(value)


def _about(kind: str, value: Json, profile: CompanyProfile) -> str:
    """Whose the reviews of this source are; companies are checked here since they are stored after this."""
    if value is None:
        return usual_about(kind)
    known = ("own", "text", *(target.key for target in profile.targets()))
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{_ABOUT}: must be one of {', '.join(known)}.")
    return value


def _credentials(kind: str, value: Json, origin: str, known: frozenset[str]) -> dict[str, str] | None:
    """The keys behind the references, read; None where there are none, or where they are not to be read."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError(f'{_KEYS}: give a table such as {{ token = "env:NAME" }}.')  # noqa: TRY004
    for name, reference in value.items():
        _check_reference(name, reference)
    if origin != "file":
        new = next((name for name, reference in _pairs(value) if reference not in known), None)
        if new is not None:
            raise ValueError(
                f"{_KEYS}.{new}: name the place of a key in company.toml, or enter it on the Sources page."
            )
        return None
    read = {name: _read(name, reference) for name, reference in _pairs(value)}
    return keys.merged(kind, {}, read)


def _check_reference(name: str, reference: Json) -> None:
    """A key itself must not get in: what is wrong is told without quoting it."""
    scheme, given, rest = reference.partition(":") if isinstance(reference, str) else ("", "", "")
    if scheme not in ("env", "file") or not given or not rest.strip():
        raise ValueError(
            f'{_KEYS}.{name}: say where the key is, as "env:NAME" or "file:PATH"; a key itself must not stand here.'
        )


def _read(name: str, reference: str) -> str:
    scheme, _, place = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(place, "").strip()
        if not value:
            raise ValueError(f"{_KEYS}.{name}: the environment variable {place} is not set.")
        return value
    try:
        with Path(place).open("rb") as file:
            value = file.read(_LONGEST_FILE + 1).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{_KEYS}.{name}: the file {place} cannot be read.") from error
    if not value:
        raise ValueError(f"{_KEYS}.{name}: the file {place} is empty.")
    return value


def _pairs(value: Json) -> Iterator[tuple[str, str]]:
    """The references of one source that are texts."""
    if isinstance(value, dict):
        yield from ((name, each) for name, each in value.items() if isinstance(each, str))
