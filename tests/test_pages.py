"""What the pages of the documentation refer to is there."""

import re
from pathlib import Path

import pytest

from config.settings import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
RULES = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_is_dead(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_rule_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", RULES)
    missing = [name for file, name in named if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")]
    assert missing == []
    rows = re.findall(r"^\| (\d+)\. .*::test_", RULES, re.MULTILINE)
    assert rows == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize("page", ["rules.md", "architecture.md", "adding-a-collector.md", "model.md"])
def test_paths_that_a_page_names_exist(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    paths = re.findall(
        r"`((?:api|advocacy|alerts|collectors|commands|config|metrics|nlp|notify|storage|tests|workers)/[\w./-]*)`",
        text,
    )
    assert [path for path in paths if not (ROOT / path).exists()] == []
