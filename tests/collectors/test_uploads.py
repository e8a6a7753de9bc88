"""Uploaded files are kept for a day at most, and what became of them is told even when the worker is gone."""

import io
import os
import time
from pathlib import Path

import pytest

from collectors import uploads
from collectors.uploads import Progress


def _keep(folder: Path, content: bytes = b"text\nhello\n") -> uploads.Upload:
    return uploads.keep(folder, io.BytesIO(content), "posts.csv", "posts", 7)


def _age(path: Path, seconds: int) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_file_is_found_again_by_its_token_alone(tmp_path: Path) -> None:
    kept = _keep(tmp_path)
    assert uploads.find(tmp_path, kept.token) == kept
    assert kept.path.read_bytes() == b"text\nhello\n"
    assert kept.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "a" * 24, "x" * 500])
def test_a_strange_token_finds_nothing(token: str, tmp_path: Path) -> None:
    _keep(tmp_path)
    assert uploads.find(tmp_path, token) is None


def test_a_file_that_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    with pytest.raises(uploads.UploadError, match="command line takes larger ones"):
        _keep(tmp_path)
    assert list((tmp_path / "uploads").iterdir()) == []


def test_files_of_yesterday_go_when_a_new_one_comes(tmp_path: Path) -> None:
    old = _keep(tmp_path)
    for path in (tmp_path / "uploads").iterdir():
        _age(path, uploads.KEPT_SECONDS + 60)
    new = _keep(tmp_path)
    assert uploads.find(tmp_path, old.token) is None
    assert uploads.find(tmp_path, new.token) is not None


def test_progress_is_told_and_read(tmp_path: Path) -> None:
    token = _keep(tmp_path).token
    assert uploads.progress_of(tmp_path, token) is None
    told = Progress("done", rows=5, added=2, changed=1, bad=1, problems=((3, None, "is empty"), (4, "rating", "is 9")))
    uploads.tell(tmp_path, token, told)
    assert uploads.progress_of(tmp_path, token) == told
    assert told.known == 1
    assert Progress("running", done=30, total=120).percent == 25
    assert Progress("running", done=30).percent == 0


def test_a_worker_that_fell_silent_is_told_as_a_failure(tmp_path: Path) -> None:
    token = _keep(tmp_path).token
    uploads.tell(tmp_path, token, Progress("running", done=1, total=2))
    _age(tmp_path / "uploads" / f"{token}.progress", 3600)
    found = uploads.progress_of(tmp_path, token)
    assert found is not None
    assert found.state == "failed"
    assert "send the file again" in found.error
