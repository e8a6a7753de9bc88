"""The figures of `nlp.evaluate` as JSON of the contract's shape and as tables for people."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from nlp.behaviour.measure import BehaviourFigures
from nlp.figures import COVERAGES, FileFigures, HeadFigures
from nlp.theme_figures import ThemeSetFigures

_DASH = "\u2013"


def file_json(one: FileFigures, *, curves: bool, by: str | None) -> dict[str, object]:
    """The contract's shape; `curve` per head, `by` and `groups` only when they were asked for."""

    def heads(found: dict[str, HeadFigures]) -> dict[str, object]:
        plain = {head: asdict(figures) for head, figures in found.items()}
        return {head: one if curves else {k: v for k, v in one.items() if k != "curve"} for head, one in plain.items()}

    answer: dict[str, object] = {"file": one.file, "rows": one.rows, "heads": heads(one.heads)}
    answer["texts_per_second"] = one.texts_per_second
    if by:
        answer |= {"by": by, "groups": {group: heads(found) for group, found in one.groups.items()}}
    return answer


def show_files(files: Sequence[FileFigures], console: Console, *, curves: bool) -> None:
    """One table a file and one a group of it; with `curves` the accuracy at each coverage beside it."""
    for one in files:
        speed = _DASH if one.texts_per_second is None else f"{one.texts_per_second:.0f} texts/s"
        _show_heads(f"{one.file} \u00b7 {one.rows} rows \u00b7 {speed}", one.heads, console, curves=curves)
        for group, heads in one.groups.items():
            _show_heads(f"{one.file} \u00b7 {group}", heads, console, curves=curves)


def _show_heads(title: str, heads: dict[str, HeadFigures], console: Console, *, curves: bool) -> None:
    names = ("head", "n", "accuracy", "macro recall", "macro F1", "ece", "unsure", "accuracy of the sure")
    table = _table(title, names)
    for head, found in heads.items():
        values = (
            found.accuracy,
            found.macro_recall,
            found.macro_f1,
            found.ece,
            found.share_unsure,
            found.accuracy_sure,
        )
        table.add_row(head, str(found.n), *map(_share, values))
    console.print(table)
    if curves and heads:
        table = _table("accuracy by coverage", ("head", *(f"{share} %" for share in COVERAGES), "area"))
        for head, found in heads.items():
            table.add_row(
                head, *(_share(found.curve.accuracy_at[share]) for share in COVERAGES), _share(found.curve.area)
            )
        console.print(table)


def show_behaviour(found: BehaviourFigures, console: Console, *, verbose: bool) -> None:
    """Failure rates per capability and kind, the fairness figures, with `verbose` every failing case."""
    title = f"behaviour \u00b7 {found.n} cases \u00b7 {found.failed} fail"
    table = _table(title, ("capability", "kind", "n", "failed", "rate", "of them abstained"))
    for cell in found.cells:
        table.add_row(cell.capability, cell.kind, str(cell.n), str(cell.failed), _share(cell.rate), str(cell.abstained))
    console.print(table)
    table = _table("what a swap changes", ("swapped", "head", "cases", "label changes", "mean change of probability"))
    for one in found.fairness:
        table.add_row(one.swapped, one.head, str(one.n), _share(one.share_changed), _share(one.mean_change))
    console.print(table)
    for failure in found.failures if verbose else ():
        console.print(f"{failure.id}: {failure.what}\n    {failure.text}", markup=False, highlight=False)


def show_themes(sets: Sequence[ThemeSetFigures], console: Console) -> None:
    """One table a set: precision, recall and F1 per theme, micro and macro."""
    for one in sets:
        overlap = "" if one.span_overlap is None else f" \u00b7 overlap of spans {one.span_overlap:.3f}"
        table = _table(f"{one.name} \u00b7 {one.rows} rows{overlap}", ("theme", "n", "precision", "recall", "F1"))
        for theme, found in one.per_theme.items():
            table.add_row(theme, str(found.n), _share(found.precision), _share(found.recall), _share(found.f1))
        for name, found in (("micro", one.micro), ("macro", one.macro)):
            table.add_row(name, str(found.n), _share(found.precision), _share(found.recall), _share(found.f1))
        console.print(table)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _share(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"
