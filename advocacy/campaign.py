"""The campaign room's rules: who is in a group, which dates fit together, what a campaign still lacks.

A campaign goes draft → briefed → live → closed. A *group* is written "role:hr", "team:Support", "location:Leeds" or
"person:<user id>". The *embargo* ends at `embargo_until`, or at the go-live where none is set.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

DRAFT, BRIEFED, LIVE, CLOSED = STATES = ("draft", "briefed", "live", "closed")
GROUP_KINDS = ("role", "team", "location", "person")
FACETS = ("brand", "employer", "both")
EDITS: dict[str, tuple[str, ...]] = {  # role → the facets of the campaigns that it writes
    "marketing": ("brand", "both"),
    "hr": ("employer", "both"),
    "administrator": FACETS,
    "system": FACETS,
}
MAX_GROUPS, MAX_TITLE, MAX_TEXT = 100, 120, 10_000
LONGEST = timedelta(days=366)
_LONGEST_GROUP = 120
_BEHIND, _AHEAD = timedelta(days=365), timedelta(days=730)
_TEXTS = ("why", "affected", "expected", "team_briefing")


@dataclass(frozen=True, slots=True)
class Brief:
    """A campaign as people write it; times aware."""

    title: str
    facet: str
    starts_at: datetime
    ends_at: datetime
    why: str = ""
    affected: str = ""
    expected: str = ""
    team_briefing: str = ""
    early_groups: tuple[str, ...] = ()
    embargo_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the checklist. `needed`: the next step is refused without it."""

    name: str
    done: bool
    needed: bool
    note: str = ""


def groups_of(role: str, user_id: int | None, team: str | None, location: str | None) -> list[str]:
    """The groups that a person belongs to now; team and location only of those who joined as advocates."""
    groups = [group("role", role)]
    if user_id is not None:
        groups.append(group("person", str(user_id)))
    groups += [group(kind, name) for kind, name in (("team", team), ("location", location)) if name and name.strip()]
    return groups


def group(kind: str, name: str) -> str:
    """A group as it is compared: without regard to case and spaces."""
    return f"{kind.strip().casefold()}:{' '.join(name.split()).casefold()}"


def folded(groups: Iterable[str]) -> frozenset[str]:
    """Groups as they are compared."""
    return frozenset(group(kind, name) for kind, _, name in (each.partition(":") for each in groups))


def checked_groups(groups: Iterable[str], roles: Iterable[str]) -> tuple[str, ...]:
    """Groups as they were written, without repeats; raises `ValueError` for one that can't be."""
    known, kept = set(roles), dict[str, str]()
    for each in groups:
        kind, _, name = each.replace("\x00", "").partition(":")
        kind, name = kind.strip().casefold(), " ".join(name.split())
        if kind not in GROUP_KINDS or not name or len(name) > _LONGEST_GROUP:
            raise ValueError(f"early_groups: {each[:60]!r} is not a role:, team:, location: or person: with a name.")
        if kind == "role" and name not in known:
            raise ValueError(f"early_groups: there is no role {name[:60]!r}.")
        if kind == "person" and not (name.isascii() and name.isdecimal() and int(name) < 2**31):
            raise ValueError(f"early_groups: {name[:60]!r} is not the number of an account.")
        kept.setdefault(group(kind, name), f"{kind}:{name}")
    if len(kept) > MAX_GROUPS:
        raise ValueError(f"early_groups: name at most {MAX_GROUPS} groups.")
    return tuple(kept.values())


def checked(brief: Brief, facets: Iterable[str], roles: Iterable[str], now: datetime) -> Brief:
    """The brief with clean words and times in UTC; raises `ValueError` that names a field."""
    title = " ".join(brief.title.replace("\x00", "").split())
    if not 1 <= len(title) <= MAX_TITLE:
        raise ValueError(f"title: write 1 to {MAX_TITLE} characters.")
    if brief.facet not in (allowed := tuple(facets)):
        raise ValueError(f"facet: choose {' or '.join(allowed)}.")
    texts = {name: getattr(brief, name).replace("\x00", "").strip() for name in _TEXTS}
    for name, words in texts.items():
        if len(words) > MAX_TEXT:
            raise ValueError(f"{name}: write at most {MAX_TEXT:,} characters.")
    starts, ends = _instant("starts_at", brief.starts_at), _instant("ends_at", brief.ends_at)
    until = None if brief.embargo_until is None else _instant("embargo_until", brief.embargo_until)
    if not now - _BEHIND <= starts <= now + _AHEAD:
        raise ValueError("starts_at: must lie within the past year or the next two.")
    if not starts < ends <= starts + LONGEST:
        raise ValueError(f"ends_at: must come after the start, at most {LONGEST.days} days later.")
    if until is not None and until > starts:
        raise ValueError("embargo_until: must end at the go-live or before it.")
    return replace(
        brief, title=title, starts_at=starts, ends_at=ends, embargo_until=until,
        early_groups=checked_groups(brief.early_groups, roles), **texts,
    )  # fmt: skip


def embargo_ends(embargo_until: datetime | None, starts_at: datetime) -> datetime:
    """When everybody may know of a campaign that has been briefed."""
    return embargo_until or starts_at


def checklist(brief: Brief, contents: int, now: datetime) -> tuple[Point, ...]:
    """What is there and what is missing before the early groups are told, and before the go-live."""
    return (
        Point("Why we do this", bool(brief.why), True),
        Point("Who is affected most", bool(brief.affected), True),
        Point("What is expected of people", bool(brief.expected), True),
        Point("Text for team briefings", bool(brief.team_briefing), False, "What a team lead reads out or hands on."),
        Point("Groups that are told early", bool(brief.early_groups), False, "Those affected most should be among."),
        Point("Go-live ahead", brief.starts_at > now, False, "With a past date it goes live at once when briefed."),
        Point("Something to share", contents > 0, False, "Prompts under Content, tied to this campaign."),
    )


def lacking(brief: Brief) -> tuple[str, ...]:
    """The names of the needed fields that are empty."""
    return tuple(name for name in ("why", "affected", "expected") if not getattr(brief, name))


def key_of(title: str, mark: str) -> str:
    """A name for addresses (utm_campaign): letters, digits and hyphens of the title, and a mark that makes it one."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{words}-{mark}" if words else f"campaign-{mark}"


def _instant(field: str, at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{field}: give the time with a time zone.")
    return at.astimezone(UTC)
