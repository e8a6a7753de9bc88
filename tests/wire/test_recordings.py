"""Recordings are read from any depth; what cannot be read is named and costs nothing else."""

import gzip
import json
from pathlib import Path

import pytest

from tests.wire.recordings import read_folder


def _line(path: str = "/a", **more: object) -> str:
    response = {"status": 200, "headers": {}, "body": {"ok": True}}
    return json.dumps({"id": "r1", "request": {"method": "GET", "path": path, **more}, "response": response})


def test_lines_are_found_at_any_depth_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.jsonl.gz").write_bytes(gzip.compress(_line("/packed").encode()))
    (tmp_path / "b.jsonl").write_text(_line("/plain", query={"tag": ["x", "y"], "n": 3}) + "\n\n")
    library = read_folder(tmp_path)
    assert {each.path for each in library.recordings} == {"/packed", "/plain"}
    plain = next(each for each in library.recordings if each.path == "/plain")
    assert plain.query == {"tag": ("x", "y"), "n": ("3",)}
    assert library.problems == ()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("{", "line 2: Expecting"),
        ('{"request": {"path": "/x"}, "response": {}}', "line 2: 'status' is missing"),
        ('{"request": {"path": "/x"}, "response": {"status": 999}}', "999 is no status"),
        ('{"request": {"path": 5}, "response": {"status": 200}}', "the path is no text"),
        ('{"request": null, "response": {"status": 200}}', "line 2"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_kept(broken: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{_line('/one')}\n{broken}\n{_line('/three')}\n")
    library = read_folder(tmp_path)
    assert [each.path for each in library.recordings] == ["/one", "/three"]
    assert len(library.problems) == 1
    assert words in library.problems[0]


def test_a_text_may_hold_separators_that_end_no_line(tmp_path: Path) -> None:
    line = json.dumps({"request": {"path": "/a"}, "response": {"status": 200, "body": "one\u2028two"}})
    (tmp_path / "a.jsonl").write_text(line.replace("\\u2028", "\u2028"))
    assert read_folder(tmp_path).problems == ()


def test_saved_pages_stand_at_their_own_paths(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    for name in ("one.xml.gz", "two.xml.gz"):
        (tmp_path / "feeds" / name).write_bytes(gzip.compress(name.encode()))
    entries = [
        {"file": "one.xml.gz", "url": "https://news.example/rss?all=1", "content_type": "application/rss+xml"},
        {"file": "two.xml.gz", "url": None},
        {"file": "three.xml.gz", "url": "https://news.example/lost"},
    ]
    (tmp_path / "feeds" / "index.json").write_text(json.dumps({"feeds": entries}))
    library = read_folder(tmp_path)
    assert [(each.path, each.answer.body) for each in library.recordings] == [
        ("/rss", b"one.xml.gz"),
        ("/feeds/two.xml", b"two.xml.gz"),
    ]
    assert "entry 3" in library.problems[0]


@pytest.mark.parametrize("make", [lambda folder: None, lambda folder: (folder / "a.jsonl").write_text("")])
def test_a_folder_with_nothing_to_serve_says_what_is_looked_for(make: object, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path)
    with pytest.raises(ValueError, match="holds nothing to serve"):
        read_folder(tmp_path)
    with pytest.raises(ValueError, match="There is no folder"):
        read_folder(tmp_path / "absent")


@pytest.mark.shared
def test_every_recording_beside_the_repository_can_be_read(shared: Path) -> None:
    library = read_folder(shared / "wire" / "mastodon")
    assert len(library.recordings) == 149
    assert library.problems == ()
