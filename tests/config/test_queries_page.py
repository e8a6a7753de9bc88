"""The examples of docs/queries.md say what the code does."""

import re
from pathlib import Path

import pytest

from config.lint import lint
from config.query import QueryError, parse_query

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
REMARKS = re.findall(r"^\| (error|warning|hint): [^|]+\| (.+) \|$", PAGE, re.MULTILINE)
REFUSED = re.findall(r"`([^`]+)`", PAGE.split("## What is refused")[1].split("The message")[0])


@pytest.mark.parametrize(("severity", "examples"), REMARKS)
def test_the_table_of_remarks(severity: str, examples: str) -> None:
    for example in re.findall(r"`([^`]+)`", examples):
        assert severity in {remark.severity for remark in lint(example)}, example


@pytest.mark.parametrize("example", [each for each in REFUSED if len(each) > 1])
def test_what_is_refused(example: str) -> None:
    with pytest.raises(QueryError, match="not supported"):
        parse_query(example)


def test_the_page_has_examples() -> None:
    assert len(REMARKS) == 8
    assert len(REFUSED) == 7
