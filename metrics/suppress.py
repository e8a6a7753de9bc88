"""Keep small groups hidden (S1, S2): on charts, tables and series, and where they could be computed from the rest.

S1: a figure of a protected group with fewer than five distinct authors is hidden. An empty group shows its zero.
S2: a hidden figure must not follow from its neighbours and their total, so further figures are hidden, smallest first,
until the hidden ones of each sum

- are at least two, and
- have together at least five authors and more authors than figures (else "five hidden mentions in five cells" would
  tell each of them), and
- are not fixed by all visible sums together (checked by the rank of the system of sums).

Where nothing is left to hide, the total is hidden. Windows that overlap (last 7 days, shown daily) are not covered:
show such figures for fixed windows.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np

MIN_AUTHORS: Final = 5  # survey vendors use 3 to 5
PROTECTED_AUDIENCES: Final = frozenset({"employee", "alumnus", "staff"})

K = TypeVar("K", bound=Hashable)
_LARGEST_SYSTEM = 500  # hidden figures whose system of sums is still solved; with more, all they touch is hidden


@dataclass(frozen=True, slots=True)
class Cell(Generic[K]):
    """One figure before it is shown. `value` may be a count, a share or None; `authors` are distinct authors."""

    key: K
    value: float | None
    authors: int


@dataclass(frozen=True, slots=True)
class Shown(Generic[K]):
    """One figure as it may be shown. Value and authors are None where it is suppressed."""

    key: K
    value: float | None
    authors: int | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Breakdown(Generic[K]):
    """The parts in the order given, and the total (None if none was given).

    `total_suppressed` is also set without a given total: then the sum must not be shown anywhere else either.
    """

    cells: tuple[Shown[K], ...]
    total: Shown[str] | None
    total_suppressed: bool


@dataclass(frozen=True, slots=True)
class _Sum:
    """Parts that add up to a total, all by number."""

    total: int
    parts: tuple[int, ...]


def suppress_breakdown(
    cells: Sequence[Cell[K]],
    protected: Collection[K],
    threshold: int = MIN_AUTHORS,
    total: Cell[str] | None = None,
    *,
    total_protected: bool = False,
) -> Breakdown[K]:
    """S1 and S2 on figures that add up to a total which readers know or can compute.

    `protected` are the keys under S1; any other cell may still be hidden as a neighbour. `total_protected`: the total
    is itself a figure under S1. Keys that stand here twice are a `ValueError`.
    """
    _check(cells)
    authors = [cell.authors for cell in cells]
    whole = total.authors if total else sum(authors)
    small = {number for number, cell in enumerate(cells) if cell.key in protected and 0 < cell.authors < threshold}
    if total_protected and 0 < whole < threshold:
        small.add(len(cells))
    hidden = _hide([*authors, whole], [_Sum(len(cells), tuple(range(len(cells))))], small, threshold)
    gone = len(cells) in hidden
    shown = tuple(_shown(cell, number in hidden) for number, cell in enumerate(cells))
    return Breakdown(shown, _shown(total, gone) if total else None, gone)


def suppress_series(
    buckets: Sequence[Cell[K]], threshold: int = MIN_AUTHORS, total: Cell[str] | None = None
) -> Breakdown[K]:
    """The same for a series of a protected slice: every bucket is under S1, the sum of the window is the total."""
    return suppress_breakdown(buckets, {bucket.key for bucket in buckets}, threshold, total, total_protected=True)


def suppress_table(
    cells: Sequence[Cell[tuple[str | None, str | None]]],
    protected_columns: Collection[str],
    threshold: int = MIN_AUTHORS,
) -> tuple[Shown[tuple[str | None, str | None]], ...]:
    """S1 and S2 on a table (facet × audience) with its margins; same order as given.

    Keys are (row, column); None stands for the total: (row, None), (None, column), (None, None). Margins that are not
    given are taken as not shown. Figures in protected columns are under S1, their column total too.
    """
    _check(cells)
    number_of = {cell.key: number for number, cell in enumerate(cells)}
    small = {
        number for number, cell in enumerate(cells) if cell.key[1] in protected_columns and 0 < cell.authors < threshold
    }
    hidden = _hide([cell.authors for cell in cells], _sums(number_of), small, threshold)
    return tuple(_shown(cell, number in hidden) for number, cell in enumerate(cells))


def _check(cells: Iterable[Cell[K]]) -> None:
    seen: set[K] = set()
    for cell in cells:
        if cell.key in seen:
            raise ValueError(f"{cell.key} stands in the breakdown twice")
        if cell.authors < 0:
            raise ValueError(f"authors of {cell.key} must not be negative")
        seen.add(cell.key)


def _sums(number_of: Mapping[tuple[str | None, str | None], int]) -> list[_Sum]:
    """Rows, columns and the two margins, as far as their totals are given."""
    found = []
    for key, number in number_of.items():
        parts: list[list[int]] = []
        if key[1] is None:  # a row total is the sum of its row, the grand total that of all column totals
            parts.append([n for other, n in number_of.items() if other[0] == key[0] and other[1] is not None])
        if key[0] is None:
            parts.append([n for other, n in number_of.items() if other[1] == key[1] and other[0] is not None])
        found += [_Sum(number, tuple(each)) for each in parts if each]
    return found


def _shown(cell: Cell[K], hidden: bool) -> Shown[K]:
    return Shown(cell.key, None, None, True) if hidden else Shown(cell.key, cell.value, cell.authors, False)


def _hide(authors: Sequence[int], sums: Sequence[_Sum], small: set[int], threshold: int) -> set[int]:
    """The numbers of all figures to hide. Each round hides at least one more, so it ends."""
    hidden = set(small)
    while True:
        weak = [each for each in sums if not _safe(each, authors, hidden, threshold)]
        if not weak:
            weak = _fixed_sums(sums, hidden)
        more = _candidates(weak, authors, hidden)
        if not more and weak:  # nothing left beside the figure itself: loosen the sums further away, one by one
            more = set(sorted(_candidates(sums, authors, hidden), key=lambda number: (authors[number], number))[:1])
        if not more:
            return hidden
        hidden |= more


def _candidates(weak: Iterable[_Sum], authors: Sequence[int], hidden: set[int]) -> set[int]:
    found = (_next(each, authors, hidden) for each in weak)
    return {number for number in found if number is not None}


def _safe(each: _Sum, authors: Sequence[int], hidden: set[int], threshold: int) -> bool:
    parts = [number for number in each.parts if number in hidden]
    if each.total in hidden:
        return bool(parts) or not any(authors[number] for number in each.parts)
    together = sum(authors[number] for number in parts)
    return not parts or (len(parts) > 1 and together >= threshold and together > len(parts))


def _next(each: _Sum, authors: Sequence[int], hidden: set[int]) -> int | None:
    """The smallest visible part that is not empty, or else the total."""
    visible = [number for number in each.parts if number not in hidden and authors[number] > 0]
    if visible:
        return min(visible, key=lambda number: (authors[number], number))
    return each.total if each.total not in hidden and authors[each.total] > 0 else None


def _fixed_sums(sums: Sequence[_Sum], hidden: set[int]) -> list[_Sum]:
    """The sums of which a hidden figure follows from all visible figures together."""
    if len(sums) < 2 or not hidden:
        return []
    column = {number: index for index, number in enumerate(sorted(hidden))}
    touching = [each for each in sums if hidden.intersection((each.total, *each.parts))]
    if len(column) > _LARGEST_SYSTEM:
        return touching
    system = np.zeros((len(touching), len(column)))
    for row, each in enumerate(touching):
        for number in each.parts:
            if number in hidden:
                system[row, column[number]] = 1
        if each.total in hidden:
            system[row, column[each.total]] = -1
    fixed = _fixed_columns(system)
    return [each for row, each in enumerate(touching) if any(system[row, index] for index in fixed)]


def _fixed_columns(system: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> set[int]:
    """Unknowns with one possible value only: those in which no solution of the homogeneous system differs from 0."""
    _, sizes, rows = np.linalg.svd(system, full_matrices=True)
    rank = int((sizes > 1e-9).sum())
    free = np.abs(rows[rank:]).max(axis=0, initial=0.0)
    return {index for index, size in enumerate(free) if size < 1e-9}
