"""Import of files: recognised, streamed, and every bad row named."""

import json
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from collectors.files import FileError, MappingError, Row, RowError, guess_mapping, open_rows
from collectors.post import RawPost


def written(folder: Path, text: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def posts(path: Path, kind: str = "posts", mapping: Mapping[str, str] | None = None) -> list[RawPost]:
    rows = list(open_rows(path, kind, mapping))
    assert [row for row in rows if isinstance(row, RowError)] == []
    return [row.post for row in rows if isinstance(row, Row)]


def errors(path: Path, kind: str = "posts") -> list[str]:
    return [str(row) for row in open_rows(path, kind) if isinstance(row, RowError)]


def test_posts_with_everything(tmp_path: Path) -> None:
    text = (
        "Tweet ID,Full Text,Created At,Screen Name,Likes,Retweets,Views,Followers,Language,Permalink,Region\n"
        '9007199254740993,"Acme, again",2024-01-15T10:30:00+01:00,@jane_d,"1,234",0,1.2k,50,en,https://x.com/a,EU\n'
    )
    post = posts(written(tmp_path, text))[0]
    assert (post.native_id, post.text, post.lang, post.url) == (
        "9007199254740993",
        "Acme, again",
        "en",
        "https://x.com/a",
    )
    assert post.published_at == datetime(2024, 1, 15, 9, 30, tzinfo=UTC)
    assert post.counters == {"likes": 1234, "reposts": 0, "views": 1200}
    assert post.followers == 50
    assert post.author is not None
    assert post.author.handle == "jane_d"
    assert post.raw == {}


def test_review_is_put_together_from_its_parts(tmp_path: Path) -> None:
    text = (
        "date_review;current;overall_rating;headline;pros;cons\n"
        "15.01.2024;Former Employee, more than 1 year;4,0;Fine place;Pay;Hours\n"
        "16.01.2024;Current Employee;2;;;Long hours\n"
    )
    former, current = posts(written(tmp_path, text), "reviews")
    assert (former.text, former.title, former.rating, former.kind) == (
        "Pros: Pay\nCons: Hours",
        "Fine place",
        4.0,
        "review",
    )
    assert former.stated == {"kind": "review", "stars": "4", "author_status": "former employee"}
    assert former.raw == {"pros": "Pay", "cons": "Hours"}
    assert current.text == "Cons: Long hours"
    assert current.stated["author_status"] == "current employee"


@pytest.mark.parametrize(
    ("given", "survey", "status"),
    [
        ("Exit interview", "exit", "former employee"),
        ("Q3 Engagement", "engagement", "current employee"),
        ("stay", "stay", "current employee"),
        ("NPS", "csat", "customer"),
        ("Canteen", "canteen", None),
    ],
)
def test_survey_states_who_answers(tmp_path: Path, given: str, survey: str, status: str | None) -> None:
    post = posts(written(tmp_path, f"survey type,answer\n{given},Nothing.\n"), "survey")[0]
    assert post.kind == "survey"
    assert (post.stated["survey_type"], post.stated.get("author_status")) == (survey, status)


def test_mapping_goes_before_headings(tmp_path: Path) -> None:
    path = written(tmp_path, "Text,Was denken Sie?,Wer\nint. Nr. 7,Alles gut,Ann\n")
    assert posts(path)[0].text == "int. Nr. 7"
    post = posts(path, "survey", {"text": "was denken sie", "survey_type": "=exit", "author": ""})[0]
    assert post.text == "Alles gut"
    assert post.stated["survey_type"] == "exit"
    assert posts(path, "posts", {"author": ""})[0].author is None


def test_wrong_mappings_name_field_or_column(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n")
    for mapping, message in (
        ({}, "text: no column with text was recognised among: a, b"),
        ({"text": "c"}, "text: the file has no column 'c'"),
        ({"txt": "a"}, "txt: no field of posts"),
        ({"text": "a", "date_order": "ymd"}, "date_order: must be"),
        ({"text": "a", "rating_scale": "7"}, "rating_scale: must be"),
    ):
        with pytest.raises(MappingError, match=message):
            open_rows(path, "posts", mapping)
    with pytest.raises(MappingError, match="kind: must be one of"):
        open_rows(path, "letters")


def test_preview_shows_what_was_decided(tmp_path: Path) -> None:
    path = written(tmp_path, "date\ttext\trating\tregion\n03/04/2024\thello\t9\tEU\n")
    guess = guess_mapping(path, "reviews")
    assert guess.fields == {"published_at": "date", "text": "text", "rating": "rating"}
    assert guess.unused == ("region",)
    assert (guess.format.name, guess.format.encoding, guess.format.delimiter) == ("csv", "utf-8", "\t")
    assert (guess.date_order, guess.rating_scale) == ("dmy", 10)
    assert "whether the day or the month is first" in guess.notes[0]
    assert posts(path, "reviews")[0].rating == 4.5


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "gb18030"]
)
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    said = (
        "这家公司的服务非常好，我会再来"
        if encoding == "gb18030"
        else "Größe, Qualität und Service wären schön für façade"
    )
    rows = "".join(f"{said} {number};2024-01-{number + 10}\n" for number in range(15))
    path = written(tmp_path, f"text;date\n{rows}", encoding=encoding)
    assert [post.text for post in posts(path)][:2] == [f"{said} 0", f"{said} 1"]


def test_one_windows_row_in_a_utf8_file_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes("text\nschön und größer, Qualität\n".encode() + "schön\n".encode("cp1252"))
    assert [post.text for post in posts(path)] == ["schön und größer, Qualität", "schön"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    rows = [["id", "text", "date"], ["1", "a, b; c", "2024-01-01"], ["2", "x, y; z\nnew line", "2024-01-02"]]
    lines = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    assert [post.text for post in posts(written(tmp_path, lines))] == ["a, b; c", "x, y; z\nnew line"]


def test_excel_hint_and_one_column_files(tmp_path: Path) -> None:
    assert posts(written(tmp_path, "sep=;\nid;text\n1;a,b,c\n"))[0].text == "a,b,c"
    assert [post.text for post in posts(written(tmp_path, "text\nhello, you\n".replace(", ", " ")))] == ["hello you"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-01-15", "2024-01-15T00:00"),
        ("2024-01-15 10:30:00 UTC", "2024-01-15T10:30"),
        ("20240115", "2024-01-15T00:00"),
        ("1705314600", "2024-01-15T10:30"),
        ("1705314600000", "2024-01-15T10:30"),
        ("45306.4375", "2024-01-15T10:30"),
        ("15/01/2024 10:30", "2024-01-15T10:30"),
        ("15.1.24", "2024-01-15T00:00"),
        ("2024/01/15 10:30 PM", "2024-01-15T22:30"),
        ("15 Jan 2024", "2024-01-15T00:00"),
        ("15. Januar 2024 10:30", "2024-01-15T10:30"),
        ("15 de enero de 2024", "2024-01-15T00:00"),
        ("Monday, January 15th, 2024 10:30 am", "2024-01-15T10:30"),
        ("Mon Jan 15 10:30:00 +0000 2024", "2024-01-15T10:30"),
        ("Mon, 15 Jan 2024 10:30:00 +0200", "2024-01-15T08:30"),
    ],
)
def test_dates_in_many_spellings(tmp_path: Path, value: str, expected: str) -> None:
    published = posts(written(tmp_path, f'text\tdate\nx\t"{value}"\n'))[0].published_at
    assert published is not None
    assert published.strftime("%Y-%m-%dT%H:%M") == expected


def test_order_of_day_and_month_is_decided_by_the_column(tmp_path: Path) -> None:
    american = posts(written(tmp_path, "text,date\na,03/04/2024\nb,03/25/2024\n"))
    european = posts(written(tmp_path, "text,date\na,03/04/2024\nb,25/03/2024\n"))
    told = posts(written(tmp_path, "text,date\na,03/04/2024\n"), "posts", {"date_order": "mdy"})
    assert [one[0].published_at and one[0].published_at.month for one in (american, european, told)] == [3, 4, 3]


def test_bad_rows_are_named_and_good_ones_kept(tmp_path: Path) -> None:
    text = (
        "id,text,date,likes\n"
        "1,good,2024-01-01,5\n"
        "2,,2024-01-01,5\n"
        "3,x,31/31/2024,5\n"
        "4,x,2024-01-01,many\n"
        "5,x,2024-01-01,5,extra\n"
        '6,"two\nlines",2024-01-01,1\n'
        "1,other text,2024-01-01,5\n"
        "\n"
        "7,short\n"
    )
    path = written(tmp_path, text)
    assert errors(path) == [
        "line 3: text: is empty",
        "line 4: published_at: '31/31/2024' is not a date",
        "line 5: likes: what stands there is not a count",
        "line 6: has 5 cells under 4 headings",
        "line 9: id: repeats the id of line 2",
    ]
    good = [row for row in open_rows(path, "posts") if isinstance(row, Row)]
    assert [(row.line, row.post.native_id) for row in good] == [(2, "1"), (7, "6"), (11, "7")]


@pytest.mark.parametrize(
    ("rating", "stars"),
    [
        ("5", 5.0),
        ("4,5", 4.5),
        ("4/5", 4.0),
        ("8/10", 4.0),
        ("★★★", 3.0),
        ("80%", 4.0),
        ("3 stars", 3.0),
        ("", None),
        ("0", 1.0),
    ],
)
def test_ratings_become_stars_from_one_to_five(tmp_path: Path, rating: str, stars: float | None) -> None:
    assert posts(written(tmp_path, f"text;rating\nx;{rating}\n"), "reviews")[0].rating == stars


def test_rating_outside_the_scale_is_a_bad_row(tmp_path: Path) -> None:
    rows = "".join(f"x{number};4\n" for number in range(1_100))
    assert errors(written(tmp_path, f"text;rating\n{rows}y;6\nz;good\n"), "reviews") == [
        "line 1102: rating: '6' is not between 0 and 5",
        "line 1103: rating: what stands there is not a rating",
    ]


def test_ids_from_content_are_steady_and_tell_equal_rows_apart(tmp_path: Path) -> None:
    first = posts(written(tmp_path, "answer,date\nNothing.,2024-01-01\nNothing.,2024-01-01\nPay,\n"), "survey")
    again = posts(written(tmp_path, "date,answer\n2024-01-01,Nothing.\n,Pay\n2024-01-01,Nothing.\n"), "survey")
    assert len({post.native_id for post in first}) == 3
    assert {post.native_id for post in first} == {post.native_id for post in again}


def test_unclosed_quote_and_endless_line_cost_one_row_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.tables.MAX_LINE_CHARS", 10_000)
    path = written(tmp_path, f'id,text\n1,a\n2,{"x" * 50_000}\n3,b\n4,"open\n' + "5,lost\n" * 3_000)
    rows = list(open_rows(path, "posts"))
    assert [row.post.text for row in rows[:1] + rows[2:3] if isinstance(row, Row)] == ["a", "b"]
    assert isinstance(rows[1], RowError)
    assert "longer than 10,000" in rows[1].reason
    assert "quotation mark may not be closed" in "".join(str(row) for row in rows if isinstance(row, RowError))


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        {"id": 1, "text": "a\u0000", "created_at": 1705314600, "public_metrics": {"likes": 3}, "tags": ["x"]},
        {"id": 2, "text": "b", "new": True},
    ]
    text = "\n".join([json.dumps(lines[0]), "{broken", '"text"', "", json.dumps(lines[1]), "[" * 100_000])
    path = written(tmp_path, text, "posts.jsonl")
    rows = list(open_rows(path, "posts", {"likes": "public_metrics.likes"}))
    good = [row.post for row in rows if isinstance(row, Row)]
    assert [(post.native_id, post.counters) for post in good] == [("1", {"likes": 3}), ("2", {})]
    assert good[0].published_at == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert [row.line for row in rows if isinstance(row, RowError)] == [2, 3, 6]


def test_xlsx_with_real_dates_formulas_and_gaps(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows: list[list[object]] = [
        ["Review ID", "Comments", "Date", "Stars", "Status"],
        [7, "Good place", datetime(2024, 1, 15, 10, 30), 4, "current"],  # noqa: DTZ001 - Excel knows no zones
        [],
        [8, "=1+1", date(2024, 1, 16), 5.0, "former"],
        [9, 12.0, 45306, None, None],
    ]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "file.xlsx")
    found = list(open_rows(tmp_path / "file.xlsx", "reviews"))
    assert [row.line for row in found] == [2, 4, 5]
    first, formula, number = found
    assert isinstance(first, Row)
    assert (first.post.native_id, first.post.rating) == ("7", 4.0)
    assert first.post.published_at == datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
    assert isinstance(formula, RowError)  # never calculated by a spreadsheet program: there is no value to read
    assert isinstance(number, Row)
    assert (number.post.text, number.post.published_at) == ("12", datetime(2024, 1, 15, tzinfo=UTC))


def test_xlsx_bombs_and_wrecks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb, wreck, other = tmp_path / "bomb.xlsx", tmp_path / "wreck.xlsx", tmp_path / "other.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    wreck.write_bytes(bomb.read_bytes()[:100])
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", b"hello")
    monkeypatch.setattr("collectors.tables.MAX_UNPACKED_BYTES", 1_000_000)
    for path, message in ((bomb, "unpacks to more"), (wreck, "damaged"), (other, "not an XLSX file")):
        with pytest.raises(FileError, match=message):
            open_rows(path, "posts")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"id,text\n", "headings and no rows"),
        (b'[{"text": "a"}]', "JSON list"),
        (b"{broken\n", "no line with a JSON object"),
        (b"%PDF-1.7", "neither CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old .xls"),
        (b",".join([b"a"] * 2_000) + b"\n", "columns"),
    ],
)
def test_files_that_cannot_be_read_are_refused_whole(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message):
        open_rows(path, "posts")


def test_many_rows_stream_in_bounded_memory_with_progress(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("text,date\n")
        file.writelines(f"Row {number} says that the app is fine {'x' * 4_000},2024-01-01\n" for number in range(4_000))
    heard: list[tuple[int, int]] = []
    tracemalloc.start()
    count = sum(isinstance(row, Row) for row in open_rows(path, "posts", progress=lambda *at: heard.append(at)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4_000
    assert peak < path.stat().st_size * 0.7
    assert heard[-1][0] > heard[0][0]
    assert heard[-1][1] == path.stat().st_size


def test_hostile_cells_pass_or_are_named(tmp_path: Path) -> None:
    text = (
        'text,likes,date\n"=HYPERLINK(""http://a"")",5,2024-01-01\nnul\x00nul 👩‍💻 שלום,5,2024-01-01\n'
        + "y,5,"
        + "1" * 5_000
        + "\n"
    )
    rows = list(open_rows(written(tmp_path, text), "posts"))
    assert [row.post.text for row in rows if isinstance(row, Row)] == ['=HYPERLINK("http://a")', "nul\x00nul 👩‍💻 שלום"]
    assert isinstance(rows[-1], RowError)
    assert len(rows[-1].reason) < 200
