"""Clicks on disk."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.clicks import Seen
from storage.spool import Spool, _seen, line_of

NOW = datetime(2026, 3, 2, 9, 0, 0, 125_000, tzinfo=UTC)
CLICK = Seen(7, NOW, "", b"v" * 16)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - the zone comes next
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)


@given(
    st.integers(1, 2**60), MOMENTS, st.sampled_from(["", "link preview", "GE\tT\n request"]), st.none() | st.binary()
)
def test_a_line_is_one_click_whatever_is_in_it(link: int, at: datetime, reason: str, visitor: bytes | None) -> None:
    line = line_of(Seen(link, at, reason, visitor)).decode("ascii")
    assert line.count("\n") == 1
    expected = Seen(link, at, reason.replace("\t", "").replace("\n", ""), visitor)
    assert _seen(line.removesuffix("\n")) == expected
    assert _seen(line[: len(line) // 2]) is None


def test_what_was_written_is_cut_into_batches_and_gone_when_done(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "clicks", largest=60)
    assert spool.cut() == []
    for _ in range(3):
        spool.append(line_of(CLICK))
    batches = spool.cut()
    assert [len(batch.read()) for batch in batches] == [2, 1]
    assert len({batch.id for batch in batches}) == 2
    assert spool.cut() == []
    spool.give_back(batches)
    for batch in spool.cut():
        batch.done()
    assert list(spool.folder.iterdir()) == []


def test_only_what_nobody_holds_is_an_orphan(tmp_path: Path) -> None:
    spool, other = Spool(tmp_path), Spool(tmp_path)
    assert list(Spool(tmp_path / "none").orphans()) == []
    spool.append(line_of(CLICK))
    waiting = spool.cut()
    assert list(other.orphans()) == []
    spool.give_back(waiting)
    spool.close()
    (found,) = other.orphans()
    assert found.read() == [CLICK]
    assert list(spool.orphans()) == []
    found.done()
    assert list(other.orphans()) == []


def test_torn_lines_lose_only_themselves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = line_of(CLICK) + line_of(Seen(8, NOW + timedelta(days=1), "link preview", None))
    (tmp_path / "a.clicks").write_bytes(b"7\tx\n\xff\xfe\x00\n" + whole + line_of(CLICK)[:-3])
    (batch,) = Spool(tmp_path).orphans()
    assert [each.link_id for each in batch.read()] == [7, 8]
    assert "3 lines" in caplog.text
    batch.done()


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "file" / "clicks")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="directory"):
        spool.append(line_of(CLICK))
    assert os.listdir(tmp_path) == ["file"]
