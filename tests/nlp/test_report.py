"""The tables of the evaluation hold the figures, and "–" where there is none."""

from collections.abc import Callable
from io import StringIO

from rich.console import Console

from nlp.behaviour.measure import BehaviourFigures, Cell, Failure, SwapFigures
from nlp.figures import FileFigures
from nlp.report import show_behaviour, show_files, show_themes
from nlp.theme_figures import ThemeFigures, ThemeSetFigures


def shown(show: Callable[[Console], None]) -> str:
    out = StringIO()
    show(Console(file=out, width=160))
    return out.getvalue()


BEHAVIOUR = BehaviourFigures(
    n=2,
    failed=1,
    cells=[Cell("irony", "MFT", 2, 1, 0, 0.5)],
    fairness=[SwapFigures("company", "facet", 4, 0.25, 0.0125)],
    failures=[Failure("irony-mft-01", "sentiment positive, wanted negative", "oh [bold]great[/bold]")],
)


def test_failing_cases_are_shown_only_when_asked_for() -> None:
    quiet = shown(lambda console: show_behaviour(BEHAVIOUR, console, verbose=False))
    loud = shown(lambda console: show_behaviour(BEHAVIOUR, console, verbose=True))
    assert "2 cases" in quiet
    assert "0.500" in quiet
    assert "0.250" in quiet
    assert "irony-mft-01" not in quiet
    assert "irony-mft-01: sentiment positive, wanted negative" in loud
    assert "oh [bold]great[/bold]" in loud


def test_themes_never_found_have_no_precision() -> None:
    none = ThemeFigures(3, None, 0.0, 0.0)
    table = shown(
        lambda console: show_themes([ThemeSetFigures("sample", 9, {"trust": none}, none, none, 0.75)], console)
    )
    assert "9 rows" in table
    assert "0.750" in table
    assert "–" in table


def test_a_file_without_rows_has_no_speed() -> None:
    table = shown(lambda console: show_files([FileFigures("empty.jsonl", 0, {}, None)], console, curves=True))
    assert "empty.jsonl" in table
    assert "texts/s" not in table
