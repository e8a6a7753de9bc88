"""The campaign room's rules: who may know of a campaign and when, what it still lacks, which step is due.

A campaign goes draft → briefed → live → closed. A *group* is written "role:hr", "team:Support", "location:Leeds" or
"person:<user id>". The *embargo* ends at `embargo_until`, or at the go-live where none is set.
"""

from collections.abc import Iterable
from datetime import datetime

DRAFT, BRIEFED, LIVE, CLOSED = STATES = ("draft", "briefed", "live", "closed")
GROUP_KINDS = ("role", "team", "location", "person")
FACETS = ("brand", "employer", "both")
EDITS: dict[str, tuple[str, ...]] = {  # role → the facets of the campaigns that it writes
    "marketing": ("brand", "both"),
    "hr": ("employer", "both"),
    "administrator": FACETS,
    "system": FACETS,
}
MAX_GROUPS = 100
_LONGEST_GROUP = 120


def groups_of(role: str, user_id: int | None, team: str | None, location: str | None) -> list[str]:
    """The groups that a person belongs to now; team and location only of those who joined as advocates."""
    groups = [group("role", role)]
    if user_id is not None:
        groups.append(group("person", str(user_id)))
    groups += [group(kind, name) for kind, name in (("team", team), ("location", location)) if name and name.strip()]
    return groups


def group(kind: str, name: str) -> str:
    """A group as it is kept. Names are compared without regard to case and spaces."""
    return f"{kind}:{' '.join(name.split()).casefold()}"


def checked_groups(groups: Iterable[str], roles: Iterable[str]) -> list[str]:
    """Groups without repeats, in order; raises `ValueError` for one that can't be."""
    known, kept = set(roles), dict[str, None]()
    for each in groups:
        kind, _, name = each.replace("\x00", "").partition(":")
        made = group(kind.strip().casefold(), name)
        name = made.partition(":")[2]
        if kind.strip().casefold() not in GROUP_KINDS or not name or len(made) > _LONGEST_GROUP:
            raise ValueError(f"early_groups: {each[:60]!r} is not a role:, team:, location: or person: with a name.")
        if made.startswith("role:") and name not in known:
            raise ValueError(f"early_groups: there is no role {name[:60]!r}.")
        if made.startswith("person:") and not (name.isascii() and name.isdigit() and int(name) < 2**31):
            raise ValueError(f"early_groups: {name[:60]!r} is not the number of an account.")
        kept[made] = None
    if len(kept) > MAX_GROUPS:
        raise ValueError(f"early_groups: name at most {MAX_GROUPS} groups.")
    return list(kept)


def embargo_ends(embargo_until: datetime | None, starts_at: datetime) -> datetime:
    """When everybody may know of a campaign that has been briefed."""
    return embargo_until or starts_at
