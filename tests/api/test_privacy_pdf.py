"""The privacy pack as PDF: the same rows as the HTML file's, the same file for the same pack, and harmless names."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import lxml.html
import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader

from api import auth
from api.dashboard.pdf_text import LOST, REGULAR, paragraph, printable, style
from api.dashboard.privacy_pack import Kept, Pack, Part, Row
from api.dashboard.privacy_pdf import as_pdf
from config.settings import Settings
from storage import audit, db, sources, users
from storage.viewer import SYSTEM
from tests.api import world
from tests.api.world import NOW
from tests.dashboard.forms import post

PACK = Pack(
    NOW,
    "Acme",
    (
        Part("Sources", ("Source", "Kept"), (Row(("News", "9 days")), Row(("Forum", "5 days"), "changed")), "A note."),
        Part("Scope", ("What",), (), ""),
    ),
    Kept(4, NOW - timedelta(days=30), {}),
)


@pytest.fixture
def reader(client: TestClient, company: None, settings: Callable[..., Settings], tmp_path: Path) -> TestClient:
    """An administrator at the pages."""
    settings(data_dir=tmp_path, mention_days=91, smtp_host="mail.acme.example")
    user_id, _ = world.add_person("administrator")
    with db.transaction() as session:
        client.cookies.set(auth.COOKIE, users.start_session(session, user_id, NOW, 1))
    return client


def pages_of(file: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(file)).pages]


def squeezed(*texts: str) -> str:
    """Letters only: lines wrap anywhere."""
    return "".join("".join(texts).split())


def rows_of(html: str) -> Iterator[str]:
    """Every title, note, head and row of the HTML file, as the PDF should have it."""
    for element in lxml.html.fromstring(html).xpath("//h1 | //h2 | //section/p | //tr"):
        parts = element.findall("*") if element.tag == "tr" else [element]
        yield squeezed(*(printable(part.text_content()) for part in parts))


def one(*rows: Row, company: str = "Acme") -> bytes:
    return as_pdf(replace(PACK, company=company, parts=(Part("Rows", ("What", "Value"), rows, ""),)))


def test_it_holds_every_section_and_row_of_the_html_file(
    reader: TestClient, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    post(reader, "/privacy-pack/keep")
    settings(data_dir=tmp_path, mention_days=45)
    with db.transaction() as session:
        for name in ("Ωμέγα & Жук <b>News</b>", "新闻", "a" * 150):
            sources.add_source(session, SYSTEM, "feed", name, {"url": "https://news.example/feed"}, NOW)
    answer = reader.get("/privacy-pack.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].endswith('.pdf"')
    text = squeezed(*pages_of(answer.content))
    expected = list(rows_of(reader.get("/privacy-pack/file").text))
    assert len(expected) > 120
    assert [row for row in expected if row not in text] == []
    assert squeezed("Ωμέγα & Жук <b>News</b> feed on") in text
    assert len(answer.content) < 150_000
    with db.reading() as session:
        assert "taken as a PDF" in [entry.subject for entry in audit.entries(session, SYSTEM)]


def test_equal_packs_give_equal_files_without_anything_active() -> None:
    file = as_pdf(PACK)
    assert as_pdf(PACK) == file
    assert as_pdf(replace(PACK, made_at=NOW + timedelta(seconds=1))) != file
    read = PdfReader(BytesIO(file))
    assert read.metadata is not None
    assert (read.metadata.title, read.metadata.creation_date) == ("Privacy pack of Acme", NOW.replace(microsecond=0))
    assert not {"/Annots", "/AA"} & {key for page in read.pages for key in page}
    assert not {"/OpenAction", "/AcroForm", "/AA"} & set(read.root_object)
    assert not [word for word in (b"/JavaScript", b"/URI", b"/Launch", b"/EmbeddedFile", b"Helvetica") if word in file]


def test_contents_pages_and_changes_are_told_in_words() -> None:
    first, second = pages_of(as_pdf(PACK))
    assert "1 row differs from version 4" in first
    assert squeezed("1. Sources 2 1 changed 2 2. Scope 0 none 2") in squeezed(first)
    assert "Page 2 of 2" in second
    assert "after version 4" in second
    assert squeezed("Source Kept Since News 9 days Forum 5 days changed") in squeezed(second)
    assert "None." in second
    never = replace(PACK, since=None, parts=(Part("Sources", ("Source",), (Row(("News",)),), ""),))
    assert "before any version was kept" in pages_of(as_pdf(never))[1]


def test_what_is_gone_is_struck_through_and_may_have_had_other_columns() -> None:
    changed, gone = (one(Row(("a", "b")), Row(("c", "d", "e"), change)) for change in ("changed", "gone"))
    assert squeezed("c d e gone") in squeezed(*pages_of(gone))

    def lines(file: bytes) -> int:
        contents = PdfReader(BytesIO(file)).pages[1].get_contents()
        assert contents is not None
        return contents.get_data().count(b" l S")

    assert lines(gone) == lines(changed) + 3


def test_heads_are_repeated_and_a_row_longer_than_a_page_goes_on() -> None:
    words = [f"w{number}" for number in range(3_000)]
    pages = pages_of(one(*(Row((f"row {number}", "x")) for number in range(60)), Row(("long", " ".join(words)))))
    assert len(pages) > 4
    assert all("What Value" in " ".join(page.split()) for page in pages[1:])
    assert [word for word in words if word not in " ".join(pages).split()] == []
    assert f"Page 2 of {len(pages)}" in pages[1]


def test_what_is_written_from_right_to_left_is_turned_line_by_line() -> None:
    look = style("cell", REGULAR, 8.5)
    assert paragraph("שלום (12) עולם", look, 400).getPlainText() == "םלוע (12) םולש"
    assert paragraph("Acme שלום עולם, ok", look, 400).getPlainText() == "Acme םלוע םולש, ok"
    assert paragraph("نور", look, 400).getPlainText() == "\u0631\ufeee\ufee7"  # the forms that join
    lines = paragraph("אחד שתיים שלוש", look, 1).getPlainText()
    assert [lines.index(word[::-1]) for word in ("אחד", "שתיים", "שלוש")] == sorted(
        lines.index(word[::-1]) for word in ("אחד", "שתיים", "שלוש")
    )


def test_large_fonts_are_the_readers_and_all_others_are_in_the_file() -> None:
    held = {}
    for page in PdfReader(BytesIO(one(Row(("新闻", "שלום 日本ニュース 한국"))))).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            of = font.get_object()
            described = of.get("/FontDescriptor") or of["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            held[of["/BaseFont"].rpartition("+")[2].rpartition("/")[2]] = "/FontFile2" in described.get_object()
    assert held == {"Roboto-Regular": True, "Roboto-Bold": True, "FiraGO-Regular": True,
                    "STSong-Light": False, "HeiseiKakuGo-W5": False, "HYGothic-Medium": False}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<a href='https://evil.example'>Acme</a>", "<a href='https://evil.example'>Acme</a>"),
        ("&lt;b&gt; <para> </font", "&lt;b&gt; <para> </font"),
        ("a\x00b\x07c\n\td\u2028e", f"a{LOST}b{LOST}c d e"),
        ("\u202egpj.exe\u202c\u200b\u2066", f"{LOST}gpj.exe{LOST}{LOST}{LOST}"),
        ("Acme שלום 新闻 한국 ニュース 🎉 \ud800 क", f"Acme שלום 新闻 한국 ニュース {LOST} {LOST} {LOST}"),
        ("Zoe\u0308", "Zoë"),
        ("W" * 800, "W" * 800),
    ],
)
def test_hostile_names_are_letters(name: str, shown: str) -> None:
    assert printable(name) == shown
    file = one(Row((name, "it")), company=name)
    assert squeezed(shown, "it") in squeezed(*pages_of(file)[1:])
    assert b"/URI" not in file
