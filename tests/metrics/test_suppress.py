from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.suppress import (
    MIN_AUTHORS,
    PROTECTED_AUDIENCES,
    Cell,
    Shown,
    suppress_breakdown,
    suppress_series,
    suppress_table,
)

Key = tuple[str | None, str | None]
ROWS = ("brand", "employer", "both")
COLUMNS = ("consumer", "employee", "alumnus", "staff")

# authors and mentions of one figure: everyone wrote at least once
figures = st.integers(0, 9).flatmap(lambda a: st.tuples(st.just(a), st.integers(a, 3 * a)))


def cells_of(**authors: int) -> list[Cell[str]]:
    return [Cell(key, 2.0 * count, count) for key, count in authors.items()]


def hidden_of(shown: tuple[Shown[str], ...]) -> set[str]:
    return {cell.key for cell in shown if cell.suppressed}


def test_enough_authors_show_everything() -> None:
    found = suppress_breakdown(cells_of(consumer=50, employee=5, alumnus=0), PROTECTED_AUDIENCES)
    assert [cell.value for cell in found.cells] == [100, 10, 0]
    assert not found.total_suppressed


def test_a_single_small_group_takes_the_next_smallest_with_it() -> None:
    found = suppress_breakdown(cells_of(consumer=50, candidate=9, employee=3), PROTECTED_AUDIENCES)
    assert hidden_of(found.cells) == {"employee", "candidate"}
    assert [cell.value for cell in found.cells] == [100, None, None]
    assert [cell.authors for cell in found.cells] == [50, None, None]


def test_two_tiny_groups_together_must_not_be_a_small_group() -> None:
    found = suppress_breakdown(cells_of(consumer=50, employee=1, alumnus=2), PROTECTED_AUDIENCES)
    assert hidden_of(found.cells) == {"consumer", "employee", "alumnus"}


def test_five_groups_of_one_would_tell_each_other() -> None:
    single = dict.fromkeys("abcde", 1)
    assert hidden_of(suppress_breakdown(cells_of(**single, f=30), set("abcde")).cells) == set("abcdef")


def test_unprotected_groups_may_be_small() -> None:
    found = suppress_breakdown(cells_of(consumer=1, candidate=2), PROTECTED_AUDIENCES)
    assert hidden_of(found.cells) == set()


def test_with_no_neighbour_left_the_total_is_hidden() -> None:
    found = suppress_breakdown(cells_of(employee=3), PROTECTED_AUDIENCES, total=Cell("all", 6, 3))
    assert found.total == Shown("all", None, None, True)
    assert suppress_breakdown(cells_of(employee=3, consumer=0), PROTECTED_AUDIENCES).total_suppressed


def test_the_total_stays_where_neighbours_suffice() -> None:
    found = suppress_breakdown(cells_of(employee=3, consumer=9), PROTECTED_AUDIENCES, total=Cell("all", 24, 12))
    assert found.total == Shown("all", 24, 12, False)


def test_a_small_protected_total_is_hidden_with_its_parts() -> None:
    found = suppress_series([Cell("mon", 3, 2), Cell("tue", 0, 0), Cell("wed", 4, 2)], total=Cell("week", 7, 3))
    assert hidden_of(found.cells) == {"mon", "wed"}
    assert found.total_suppressed


def test_a_hidden_total_does_not_follow_from_its_parts() -> None:
    found = suppress_breakdown(cells_of(pay=2, culture=1), set(), total=Cell("all", 5, 3), total_protected=True)
    assert found.total_suppressed
    assert hidden_of(found.cells) == {"culture"}


def test_series_hide_small_buckets_and_keep_empty_ones() -> None:
    found = suppress_series([Cell("mon", 30, 12), Cell("tue", 3, 2), Cell("wed", 0, 0), Cell("thu", 9, 7)])
    assert [cell.value for cell in found.cells] == [30, None, 0, None]


def test_empty_input() -> None:
    assert suppress_breakdown([], PROTECTED_AUDIENCES).cells == ()
    assert suppress_table([], PROTECTED_AUDIENCES) == ()


def test_bad_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        suppress_breakdown([Cell("a", 1, 1), Cell("a", 2, 2)], set())
    with pytest.raises(ValueError, match="negative"):
        suppress_breakdown([Cell("a", 1, -1)], set())


@given(st.lists(figures, min_size=1, max_size=6), st.integers(0, 63))
def test_no_hidden_figure_of_a_breakdown_follows_from_the_rest(given: list[tuple[int, int]], mask: int) -> None:
    cells = [Cell(number, float(value), authors) for number, (authors, value) in enumerate(given)]
    protected = {number for number in range(len(cells)) if mask >> number & 1}
    found = suppress_breakdown(cells, protected)
    hidden = [cell for cell, shown in zip(cells, found.cells, strict=True) if shown.suppressed]
    assert all(cell in hidden for cell in cells if cell.key in protected and 0 < cell.authors < MIN_AUTHORS)
    if hidden and not found.total_suppressed:
        rest = int(sum(cell.value or 0 for cell in hidden))
        # A reader knows that each is at least 1 and what they add up to: more than one solution must remain for each.
        assert len(hidden) > 1
        assert rest > len(hidden)
        assert sum(cell.authors for cell in hidden) >= MIN_AUTHORS


def table_of(
    given: list[tuple[int, int]], rows: tuple[str, ...] = ROWS, columns: tuple[str, ...] = COLUMNS
) -> list[Cell[Key]]:
    """Inner cells and all margins; nobody writes in two cells."""
    inner = dict(zip(product(rows, columns), given, strict=True))
    cells: list[Cell[Key]] = [Cell(key, value, authors) for key, (authors, value) in inner.items()]
    for key in [*product(rows, [None]), *product([None], columns), (None, None)]:
        parts = [
            figure for (row, column), figure in inner.items() if key[0] in (row, None) and key[1] in (column, None)
        ]
        cells.append(Cell(key, sum(value for _, value in parts), sum(authors for authors, _ in parts)))
    return cells


@given(st.lists(figures, min_size=12, max_size=12))
def test_no_hidden_figure_of_a_table_follows_from_the_rest(given: list[tuple[int, int]]) -> None:
    shown = suppress_table(table_of(given), PROTECTED_AUDIENCES)
    for cell, result in zip(table_of(given), shown, strict=True):
        if cell.key[1] in PROTECTED_AUDIENCES and 0 < cell.authors < MIN_AUTHORS:
            assert result.suppressed
    hidden = {cell.key for cell in shown if cell.suppressed}
    assert not _deducible(hidden)


def test_two_groups_of_hidden_cells_must_not_be_joined_by_one() -> None:
    """Every row and column hides two or more, yet the cell that joins the two squares follows from all sums."""
    rows, columns = ("r1", "r2", "r3", "r4"), ("c1", "c2", "c3", "c4")
    small = {0, 1, 4, 5, 6, 10, 11, 14, 15}
    given = [(3, 5) if number in small else (20, 30) for number in range(16)]
    shown = suppress_table(table_of(given, rows, columns), columns)
    hidden = {cell.key for cell in shown if cell.suppressed}
    assert {("r1", "c1"), ("r2", "c3"), ("r4", "c4")} < hidden
    assert len(hidden) > len(small)
    assert not _deducible(hidden, rows, columns)


def _deducible(
    hidden: set[Key], inner_rows: tuple[str, ...] = ROWS, inner_columns: tuple[str, ...] = COLUMNS
) -> set[Key]:
    """Hidden keys that a reader computes by rational elimination from the sums of rows, columns and margins."""
    lines = [[(row, column) for column in (*inner_columns, None)] for row in (*inner_rows, None)]
    lines += [[(row, column) for row in (*inner_rows, None)] for column in (*inner_columns, None)]
    sums: list[dict[Key, int]] = [{**dict.fromkeys(line[:-1], 1), line[-1]: -1} for line in lines]
    unknown = sorted(hidden, key=str)
    rows = [[each.get(key, 0) for key in unknown] for each in sums]
    return {key for index, key in enumerate(unknown) if _fixed(rows, index)}


def _fixed(rows: list[list[int]], index: int) -> bool:
    """Whether the unit vector lies in the row space: adding it does not raise the rank (whole numbers, exact)."""
    unit = [int(i == index) for i in range(len(rows[0]))]
    return _rank(rows) == _rank([*rows, unit])


def _rank(rows: list[list[int]]) -> int:
    left = [row[:] for row in rows]
    rank = 0
    for column in range(len(left[0])):
        pivot = next((i for i in range(rank, len(left)) if left[i][column]), None)
        if pivot is None:
            continue
        left[rank], left[pivot] = left[pivot], left[rank]
        for i in range(rank + 1, len(left)):
            factor, base = left[i][column], left[rank][column]
            if factor:
                left[i] = [a * base - b * factor for a, b in zip(left[i], left[rank], strict=True)]
        rank += 1
    return rank


def test_a_table_without_small_groups_is_shown_whole() -> None:
    assert not any(cell.suppressed for cell in suppress_table(table_of([(9, 9)] * 12), PROTECTED_AUDIENCES))


def test_a_cross_of_hidden_cells_needs_two_in_every_row_and_column() -> None:
    given = [(9, 9)] * 12
    given[1] = (2, 3)  # brand × employee
    shown = suppress_table(table_of(given), PROTECTED_AUDIENCES)
    inner = [cell.key for cell in shown if cell.suppressed and None not in cell.key]
    assert ("brand", "employee") in inner
    assert len(inner) == 4
