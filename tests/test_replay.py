"""`python -m tests.replay` over a real socket: what it serves, what it says, how it fails."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from http.client import IncompleteRead, RemoteDisconnected
from pathlib import Path

import pytest

from config.settings import ROOT
from tests.conftest import free_port
from tests.replay import Player, main
from tests.wire.faults import read_fault
from tests.wire.recordings import read_folder
from tests.wire.replay import serving
from tests.wire.tape import Tape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two answers of one service."""
    lines = [
        {"id": f"r{n}", "group": "g", "step": n, "request": {"method": "GET", "path": "/p"},
         "response": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"n": n}}}
        for n in (1, 2)
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    return tmp_path


def test_answers_come_in_turn_and_each_request_is_said(folder: Path) -> None:
    said: list[str] = []
    tape = Tape(read_folder(folder).recordings)
    with serving(lambda base: Player(base, tape, [], said.append)) as server:
        bodies = [urllib.request.urlopen(server.url("/p?key=s3cret")).read() for _ in range(3)]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(urllib.request.Request(server.url("/other"), method="DELETE"))
        assert urllib.request.urlopen(server.url("/")).read() == b"/p"
    assert bodies == [b'{"n": 1}', b'{"n": 2}', b'{"n": 2}']
    assert "~ r1" in said[0]
    assert "DELETE /other -> 404" in said[3]
    assert "s3cret" not in "".join(said)


def test_faults_happen_on_the_wire(folder: Path) -> None:
    tape = Tape(read_folder(folder).recordings)
    faults = [read_fault(text) for text in ("403@1", "drop@2", "truncate@3", "html@4")]
    with serving(lambda base: Player(base, tape, faults, lambda _: None)) as server:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(server.url("/p"))
        with pytest.raises(RemoteDisconnected):
            urllib.request.urlopen(server.url("/p"))
        with pytest.raises(IncompleteRead):
            urllib.request.urlopen(server.url("/p")).read()
        assert b"<!doctype html>" in urllib.request.urlopen(server.url("/p")).read()
        assert urllib.request.urlopen(server.url("/p")).status == 200


def test_nothing_to_serve_and_a_taken_port_are_one_sentence(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert main([str(empty)]) == 1
    assert "holds nothing to serve" in capsys.readouterr().err
    with serving(lambda base: Player(base, Tape([]), [], lambda _: None)) as server:
        port = server.base_url.rpartition(":")[2]
        assert main([str(folder), "--port", port]) == 1
    assert f"Port {port} is taken" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--fault", "tea@1"], ["--port", "99999"], ["--alias", "no"]])
def test_a_wrong_option_is_named(words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(folder), *words])
    assert words[0] in capsys.readouterr().err


def test_it_runs_by_hand_until_it_is_stopped(folder: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.replay", str(folder), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("2 answers")
        assert process.stdout.readline().startswith(f"Serving at http://127.0.0.1:{port}")
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/p").status == 200
        assert "GET /p -> 200 r1" in process.stdout.readline()
        process.terminate()
        assert process.wait(20) == 0
