"""Files as rows: what a damaged or doubtful one costs."""

from pathlib import Path

import pytest

from collectors.tables import BadRow, format_of, open_table


def cells(path: Path) -> list[object]:
    with open_table(path, format_of(path)) as table:
        return [row for _, row in table.rows]


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_quotation_mark_without_its_partner_is_told_and_swallows_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f'id,text\n1,"good, too"\n2,"open\n3,lost\n4,lost{ending}')
    good, bad = cells(path)
    assert good == ["1", "good, too"]
    assert isinstance(bad, BadRow)
    assert "not closed" in bad.reason


@pytest.mark.parametrize("last", ["2,end", '2,"end"', '2,"two\nlines"'])
def test_a_last_row_needs_no_line_end(tmp_path: Path, last: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f"id,text\n1,first\n{last}")
    assert [row for row in cells(path) if isinstance(row, BadRow)] == []
    assert len(cells(path)) == 2


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("La aplicación es muy lenta, mañana me voy, señor", "cp1252"),
        ("L'application est très lente et le café naïf, où êtes-vous ?", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy, a Acme je pomalý", "cp1250"),
        ("Zażółć gęślą jaźń; bank jest dobry ale wolny, nie polecam nikomu", "cp1250"),
    ],
)
def test_western_and_eastern_windows_text_are_told_apart(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(f"id\ttext\n1\t{text}\n".encode(encoding))
    assert cells(path) == [["1", text]]
