"""The command line in this process, on the real database."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO

import pytest

import manage

Runner = Callable[..., "Ran"]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it said; `out` as it was printed, `said` both streams in one line."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return " ".join((self.out + self.err).split())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """`run("source", "list", typed="…")`: words of the command line, and what stands on standard input."""

    def call(*words: str, typed: str = "") -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["manage.py", *words])
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        monkeypatch.setenv("COLUMNS", "300")
        try:
            code = manage.main()
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return call
