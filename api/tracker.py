"""What one web process knows of links and clicks: codes that were used lately, the day's salt, the spool.

A thread stores what was noted and renews what was used, both twice a second: a link that was closed, or whose host is
no longer registered, leads nowhere after half a second, or `STALE` where a busy machine delays that, also in other
processes. `api.redirect` answers from it, `api.routes.links` fills it.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy import exc as sql
from sqlalchemy.orm import Session

from advocacy.clicks import UNTRACKED, Click, Networks, parse_networks, screen, visitor_hash
from advocacy.links import LinkError, check_destination, tag_destination
from api.click_limits import AddressLimit
from config.settings import Settings
from storage import clicks, db, profile
from storage.clicks import Seen, Target
from storage.links import own_addresses
from storage.spool import Batch, Spool, line_of

log = logging.getLogger(__name__)

EVERY: Final = 0.5  # seconds between two rounds of the thread
STALE: Final = 5.0  # seconds that an entry is trusted without being renewed, should a busy machine delay a round
WITHOUT_DATABASE: Final = 600.0  # seconds that links in use are still followed while the database is away
MOST_CODES: Final = 5_000
CODES_PER_MINUTE: Final = 300  # of one address, its own network left out
UNKNOWN_PER_MINUTE: Final = 30
NO_CAMPAIGN: Final = "none"
NO_SALT: Final = "visitor could not be told apart"
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-robots-tag", b"noindex"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-length", b"0"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An open link that leads to a registered host: `location` is complete with its tags."""

    link_id: int
    location: str
    headers: tuple[tuple[bytes, bytes], ...]
    asked: float  # when the database said so, in seconds since 1970
    fresh: float  # until when it is trusted


class Tracker:
    """What one web process knows of links and clicks."""

    def __init__(self, settings: Settings) -> None:
        self.spool = Spool(settings.data_dir / "clicks")
        self.company = networks("OWN_NETWORKS", settings.own_networks)
        self.scanners = networks("SCANNER_NETWORKS", settings.scanner_networks)
        self.limit = AddressLimit(CODES_PER_MINUTE)
        self.unknown = AddressLimit(UNKNOWN_PER_MINUTE)
        self._entries: dict[str, Entry] = {}
        self._used: set[str] = set()
        self._salt = b""
        self._salt_ends = 0.0
        self._registered: tuple[int, Sequence[str]] = (0, ())  # profile version, hosts
        self._away = False  # the database, at the last round
        self._complained = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._round = threading.Lock()

    def start(self) -> None:
        """Store what a killed process left, then begin the rounds."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="clicks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Store what is left and end; what can't be stored now waits on the disk."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self.flush()
        self.spool.close()
        self.forget()

    def forget(self) -> None:
        """Empty the cache; the next click asks the database."""
        self._entries, self._used, self._salt_ends, self._registered = {}, set(), 0.0, (0, ())
        self.limit.clear()
        self.unknown.clear()

    def drop(self, code: str) -> None:
        """The link has changed: ask the database at its next click."""
        self._entries.pop(code, None)

    def drop_all(self) -> None:
        """Many links have changed: ask the database at the next click of each."""
        self._entries = {}

    def cached(self, code: str, now: float) -> Entry | None:
        """A fresh entry, if the day's salt is known too or can't be asked for."""
        entry = self._entries.get(code)
        if entry is None or now >= entry.fresh or (now >= self._salt_ends and not self._away):
            return None
        self._used.add(code)
        return entry

    def find(self, session: Session, code: str, now: datetime) -> Entry | Target | None:
        """Ask the database: an entry, a link that is over or leads to a host not registered any more, or None."""
        target = clicks.targets(session, [code]).get(code)
        if target is None:
            return None
        entry = _entry(target, self._hosts(session), now)
        if entry is None:
            return target
        while len(self._entries) >= MOST_CODES:
            self._entries.pop(next(iter(self._entries)), None)
        self._entries[code] = entry
        self._used.add(code)
        return entry

    def know_salt(self, session: Session, now: datetime) -> None:
        """The salt of the day, asked for once a day."""
        if now.timestamp() >= self._salt_ends:
            start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            self._salt = clicks.day_salt(session, start.date())
            self._salt_ends = (start + timedelta(days=1)).timestamp()

    def note(self, entry: Entry, click: Click, tracked: bool) -> None:
        """Put a click into the spool. A visitor who asks not to be tracked gets no hash."""
        reason = _machine(click.method, click.user_agent, click.purpose) or self._network(click)
        visitor = self._visitor(click) if tracked else None
        if not reason and visitor is None:
            reason = NO_SALT if tracked else UNTRACKED
        try:
            self.spool.append(line_of(Seen(entry.link_id, click.at, reason, visitor)))
        except OSError as error:  # the visitor goes on; the click is lost and said to be
            if time.monotonic() - self._complained > 60:
                self._complained = time.monotonic()
                log.warning("Clicks can't be noted, they are lost: %s", error)

    def allow(self, address: str, now: float) -> bool:
        """Whether the address may follow one more link in this minute."""
        return self.limit.take(address, now) or address in self.company

    def flush(self) -> int:
        """Store what was noted; returns how many clicks were new. What can't be stored waits."""
        with self._round:
            stored = 0
            batches = self.spool.cut()
            while batches:
                try:
                    stored += _store(batches[0])
                except (sql.OperationalError, sql.InterfaceError) as error:
                    log.warning("Clicks wait on the disk: the database says %s.", type(error).__name__)
                    self.spool.give_back(batches)
                    break
                batches.pop(0)
            return stored

    def take_orphans(self) -> int:
        """Store what processes left that are no more."""
        with self._round:
            return sum(_store(batch) for batch in self.spool.orphans())

    def renew(self, now: datetime) -> None:
        """Ask anew for the codes that were used since the last time; the others are forgotten."""
        used, self._used = self._used, set()
        kept = {code: entry for code, entry in self._entries.copy().items() if code in used}
        if not kept:
            self._entries = {}
            return
        try:
            with db.transaction() as session:
                self.know_salt(session, now)
                found = clicks.targets(session, list(kept))
                hosts = self._hosts(session)
        except (sql.OperationalError, sql.InterfaceError):
            self._away = True
            self._entries = {code: _without_database(entry, now) for code, entry in kept.items()}
            raise
        self._away = False
        entries = {code: _entry(target, hosts, now) for code, target in found.items()}
        self._entries = {code: entry for code, entry in entries.items() if entry is not None}

    def _hosts(self, session: Session) -> Sequence[str]:
        """The registered hosts; the profile is only read when there is a newer one."""
        version = profile.version(session)
        if version != self._registered[0]:
            self._registered = (version, profile.registered_hosts(session))
        return self._registered[1]

    def _work(self) -> None:
        """Rounds until told to stop; a fault is told and the next round tries again."""
        started = True
        while not self._stopping.wait(0 if started else EVERY):
            try:
                if started:
                    self.take_orphans()
                self.flush()
                self.renew(datetime.now(UTC))
            except (sql.OperationalError, sql.InterfaceError) as error:
                log.warning("Links are not renewed: the database says %s.", type(error).__name__)
            except Exception:
                log.exception("A round of clicks failed.")
            started = False

    def _visitor(self, click: Click) -> bytes | None:
        """`advocacy.clicks.visitor_hash` with the salt at hand; None where it is not the day's."""
        if click.at.timestamp() >= self._salt_ends:
            return None
        return bytes.fromhex(visitor_hash(click.address, click.user_agent, self._salt))

    def _network(self, click: Click) -> str:
        if not (self.company.v4 or self.company.v6 or self.scanners.v4 or self.scanners.v6):
            return ""
        return _of_network(click.address, self.scanners, self.company)


def networks(setting: str, text: str) -> Networks:
    """The networks of a setting, separated by commas or lines; raises `ValueError` that names the setting."""
    try:
        return parse_networks(text.replace(",", "\n").splitlines())
    except ValueError as error:
        raise ValueError(f"{setting}: {error}") from None


def _entry(target: Target, hosts: Sequence[str], now: datetime) -> Entry | None:
    """None where the link is over, its host is no longer registered, or it would lead back here."""
    if target.over(now):
        return None
    try:
        checked = check_destination(target.destination, hosts, own_addresses())
        location = tag_destination(
            checked, platform=target.channel or "other", campaign=target.campaign or NO_CAMPAIGN, share_id=target.code
        )
    except LinkError:
        return None
    asked = now.timestamp()
    ends = target.expires_at.timestamp() if target.expires_at is not None else float("inf")
    headers = ((b"location", location.encode("latin-1", "replace")), *_HEADERS)
    return Entry(target.link_id, location, headers, asked, min(asked + STALE, ends))


def _without_database(entry: Entry, now: datetime) -> Entry:
    """Trusted on while nobody can close a link either, but not for ever."""
    return replace(entry, fresh=min(now.timestamp() + STALE, entry.asked + WITHOUT_DATABASE))


def _store(batch: Batch) -> int:
    """One batch in one transaction; the file goes after the commit."""
    seen = batch.read()
    stored = 0
    if seen:
        with db.transaction() as session:
            stored = clicks.store(session, seen, batch.id, datetime.now(UTC))
    batch.done()
    return stored


@lru_cache(maxsize=4096)
def _machine(method: str, agent: str, purpose: str) -> str:
    """Most visitors have one of few browsers."""
    return screen(Click(datetime.min.replace(tzinfo=UTC), method, agent, "", purpose))


@lru_cache(maxsize=1024)
def _of_network(address: str, scanners: Networks, company: Networks) -> str:
    return "data centre" if address in scanners else "company network" if address in company else ""
