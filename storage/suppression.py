"""Which groups of a query's answer stay hidden (S1, S2), decided by `metrics.suppress`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from metrics.suppress import MIN_AUTHORS, Cell, suppress_breakdown

__all__ = ["MIN_AUTHORS", "Group", "hidden_groups"]


@dataclass(frozen=True, slots=True)
class Group:
    """A cell of a breakdown. `authors` None: not counted; at most as many as mentions."""

    key: str
    mentions: int
    authors: int | None


def hidden_groups(groups: Sequence[Group], protected: Collection[str] | None = None) -> set[str]:
    """Keys to hide: protected groups (None: all) of too few authors, and the neighbours that would give them away."""
    cells = [
        Cell(group.key, group.mentions, group.mentions if group.authors is None else group.authors) for group in groups
    ]
    keys = {group.key for group in groups} if protected is None else set(protected)
    return {cell.key for cell in suppress_breakdown(cells, keys).cells if cell.suppressed}
