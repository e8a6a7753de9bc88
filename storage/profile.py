"""The company profile in force: its versions, the companies it names, its sources, and the matcher made from it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from config.company import CompanyProfile, Problem, ProfileError, load_profile
from config.matching import Matcher
from config.query import parse_query
from storage import db
from storage.models.sources import Company, ProfileVersion
from storage.profile_sources import checked_sources, references, sync_sources

_PROFILE_LOCK = 0x05750002  # one profile is saved at a time


@dataclass(frozen=True, slots=True)
class ProfileState:
    """One version of the profile, parsed and as text."""

    version: int
    profile: CompanyProfile
    toml: str
    origin: str  # file, dashboard, demo
    created_at: datetime
    demo: bool
    matcher_version: int


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """The own company or a rival."""

    id: int
    key: str
    name: str
    is_own: bool
    demo: bool
    active: bool


@dataclass(frozen=True, slots=True)
class CompiledMatcher:
    """All queries of one profile version; `version` changes only when a name or a query does."""

    version: int
    company_ids: frozenset[int]
    queries: Matcher  # keys are company ids as text

    def match(self, text: str) -> frozenset[int]:
        """The ids of the companies that a text is about."""
        return frozenset(int(key) for key in self.queries.match(text))


def current_profile(session: Session) -> ProfileState | None:
    """The newest version; None before a company is set up."""
    row = session.scalars(select(ProfileVersion).order_by(ProfileVersion.id.desc()).limit(1)).first()
    return None if row is None else _state(row)


def version(session: Session) -> int:
    """The number of the profile in force; 0 without one."""
    return session.scalar(select(func.max(ProfileVersion.id))) or 0


def save_profile(
    session: Session, toml: str, *, origin: str, user_id: int | None, now: datetime, file_hash: str | None = None
) -> ProfileState:
    """Check, store and put in force; companies and sources of the profile follow.

    Raises `ProfileError` with every problem, those of source options included; then nothing is changed.
    """
    profile = load_profile(toml)
    _lock(session)
    previous = session.scalars(select(ProfileVersion).order_by(ProfileVersion.id.desc()).limit(1)).first()
    known = frozenset() if previous is None else references(load_profile(previous.toml))
    named = checked_sources(profile, origin, known)
    changed = _sync_companies(session, profile, demo=origin == "demo")
    row = ProfileVersion(
        created_at=now, toml=toml, origin=origin, file_hash=file_hash, user_id=user_id, matcher_version=0
    )
    session.add(row)
    session.flush()
    row.matcher_version = row.id if changed or previous is None else previous.matcher_version
    session.flush()
    sync_sources(session, named, origin, now)
    return _state(row)


def load_file(session: Session, path: Path, now: datetime) -> ProfileState | None:
    """Put a file in force when it differs from what was last read from it; None: nothing new, or no file.

    A profile saved in the dashboard stays in force until the file itself is changed again.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    digest = hashlib.sha256(content).hexdigest()
    if _last_file(session) == digest:
        return None
    _lock(session)
    if _last_file(session) == digest:
        return None  # another process has just read it
    try:
        toml = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProfileError([Problem("", None, "is not a text file in UTF-8")]) from error
    return save_profile(session, toml, origin="file", user_id=None, now=now, file_hash=digest)


def companies(session: Session) -> tuple[CompanyRow, ...]:
    """The companies that the profile names now, the own one first."""
    query = select(Company).where(Company.active).order_by(Company.is_own.desc(), Company.id)
    return db.remembered(session, "companies", lambda: tuple(_company(row) for row in session.scalars(query)))


def own_company(session: Session) -> CompanyRow | None:
    """The company that is listened for."""
    return next((row for row in companies(session) if row.is_own), None)


def registered_hosts(session: Session) -> tuple[str, ...]:
    """Where tracked links may lead; nowhere while no company is set up."""
    state = current_profile(session)
    return () if state is None else state.profile.company.careers_hosts


def matcher(session: Session) -> CompiledMatcher:
    """The matcher of the profile in force, compiled once per version and process; matches nothing without one."""
    version = session.scalar(select(ProfileVersion.matcher_version).order_by(ProfileVersion.id.desc()).limit(1))
    rows = session.execute(select(Company.id, Company.query).where(Company.active).order_by(Company.id))
    return _compiled(version or 0, tuple((row.id, row.query) for row in rows))


def draft_matcher(session: Session, toml: str) -> CompiledMatcher:
    """The matcher that a profile would give if it were saved; companies that are new have negative ids."""
    known = {row.key: row.id for row in session.execute(select(Company.key, Company.id))}
    targets = load_profile(toml).targets()
    queries = tuple((known.get(target.key, -at - 1), target.query) for at, target in enumerate(targets))
    return _compiled(-1, queries)


@lru_cache(maxsize=4)
def _compiled(version: int, queries: tuple[tuple[int, str], ...]) -> CompiledMatcher:
    compiled = Matcher({str(company_id): parse_query(query) for company_id, query in queries})
    return CompiledMatcher(version, frozenset(company_id for company_id, _ in queries), compiled)


def _lock(session: Session) -> None:
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _PROFILE_LOCK})


def _last_file(session: Session) -> str | None:
    read = select(ProfileVersion.file_hash).where(ProfileVersion.file_hash.is_not(None))
    return session.scalar(read.order_by(ProfileVersion.id.desc()).limit(1))


def _sync_companies(session: Session, profile: CompanyProfile, *, demo: bool) -> bool:
    """Add, rename, switch on and off; whether anything that matching depends on has changed."""
    before = {row.key: row for row in session.scalars(select(Company))}
    targets = profile.targets()
    changed = any(row.active and key not in {target.key for target in targets} for key, row in before.items())
    session.execute(update(Company).where(Company.key.not_in([target.key for target in targets])).values(active=False))
    for target in targets:
        row = before.get(target.key)
        if row is None:
            row = Company(key=target.key, is_own=target.is_own, demo=demo, query=target.query)
            session.add(row)
            changed = True
        changed = changed or row.query != target.query or not row.active
        row.name, row.is_own, row.query, row.active = target.name, target.is_own, target.query, True
        row.names = list(target.names)
    session.flush()
    return changed


def _state(row: ProfileVersion) -> ProfileState:
    return ProfileState(
        row.id, load_profile(row.toml), row.toml, row.origin, row.created_at, row.origin == "demo", row.matcher_version
    )


def _company(row: Company) -> CompanyRow:
    return CompanyRow(row.id, row.key, row.name, row.is_own, row.demo, row.active)
