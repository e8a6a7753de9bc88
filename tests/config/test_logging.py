"""Log lines carry neither secrets nor authors, whichever way they came in."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from collectors.post import RawAuthor, RawPost
from config.logging import redacted_text, setup_logging


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    assert isinstance(found, dict)
    return found


def test_structlog_and_standard_lines_look_alike(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", json=True)
    structlog.get_logger("a").info("collected", source=3, posts=10)
    line = logged(capsys)
    assert (line["event"], line["source"], line["level"], line["logger"]) == ("collected", 3, "info", "a")
    logging.getLogger("b").warning("plain %s", "text")
    line = logged(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("plain text", "warning", "b")


def test_secrets_and_authors_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("INFO", json=True)
    author = RawAuthor("x", handle="jane_d")
    structlog.get_logger().info(
        "run",
        author=author,
        post=RawPost("1", "says jane_d", None, author=author),
        smtp_password="hunter2",
        key=SecretStr("hunter2"),
        nested={"api_key": "hunter2", "list": [author, "postgresql://me:hunter2@host/db"]},
        url="https://a.example/feed?access_token=hunter2&page=2",
        header="Authorization: Bearer hunter2hunter2",
    )
    written = capsys.readouterr().err
    assert "hunter2" not in written
    assert "jane_d" not in written
    assert "page=2" in written


def test_tracebacks_are_redacted_and_show_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        setup_logging("INFO", json=as_json)
        try:
            _fail("hunter" + str(2))
        except RuntimeError:
            structlog.get_logger().exception("failed")
        written = capsys.readouterr().err
        assert "RuntimeError" in written
        assert "hunter2" not in written


def _fail(password: str) -> None:
    raise RuntimeError(f"cannot reach redis://:{password}@host:1")


def test_level_filters_and_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("httpx").info("GET https://a.example")
    assert capsys.readouterr().err == ""
    with pytest.raises(ValueError, match="log_level"):
        setup_logging("LOUD")


def test_ordinary_text_stays() -> None:
    text = "see https://a.example/@name?monkey=1 and mail a@b.example; token of thanks"
    assert redacted_text(text) == text
