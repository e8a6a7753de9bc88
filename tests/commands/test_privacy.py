"""`manage.py dpia`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings
from tests.commands.conftest import Runner

pytestmark = pytest.mark.usefixtures("clean_database")


def test_the_pack_is_printed_and_kept(run: Runner, settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings(data_dir=tmp_path, audit_days=777)
    ran = run("dpia", "--keep")
    assert ran.code == 0
    assert ran.out.lstrip().startswith("<!doctype html>")
    assert "777 days; the chain of hashes for good" in ran.out
    assert "Kept as version 1." in ran.said
    settings(data_dir=tmp_path, audit_days=778)
    assert 'class="is-changed"' in run("dpia").out
