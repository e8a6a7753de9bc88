import pytest

from config.lint import Lint, lint


def said(text: str) -> list[tuple[str, int | None]]:
    return [(remark.severity, remark.column) for remark in lint(text)]


@pytest.mark.parametrize(
    "text",
    [
        "acme",
        '"acme bank" OR acmebank*',
        "apple AND iphone",
        "apple juice",
        "(acme OR contoso) -river",
        "楽天",
        '"of acme"',
    ],
)
def test_sound_queries_pass_without_a_word(text: str) -> None:
    assert lint(text) == ()


@pytest.mark.parametrize(
    ("text", "severity", "column", "words"),
    [
        ('acme "bank', "error", 6, "no partner"),
        ("&&& OR acme", "error", 1, "no letter"),
        ("-river", "error", None, "only says what must not occur"),
        ("acme OR -river", "error", None, "An alternative"),
        ("acme -acme", "error", 7, "never match"),
        ('"acme bank" -acme', "error", 14, "never match"),
        ("acme* AND NOT (river OR acm*)", "error", 25, "never match"),
        ("contoso OR (acme -acme)", "warning", 19, "never match"),
        ("apple", "warning", 1, "ordinary word"),
        ("the", "warning", 1, "very common"),
        ("acme OR of", "warning", 9, "short"),
        ("shell -oil", "warning", 1, "ordinary word"),
        ("ac*", "warning", 1, "starts with"),
        ('acme OR "of the"', "warning", 9, "very common"),
        ("acme or contoso", "warning", 6, "it is OR"),
        ("acme OR contoso OR Acme", "warning", 20, "twice"),
        ('acme OR "acme bank"', "hint", 9, "adds nothing"),
        ("AT&T", "hint", 1, "at t"),
        ("acme OR contoso AND bank", "hint", 9, "parentheses"),
    ],
)
def test_remarks(text: str, severity: str, column: int | None, words: str) -> None:
    found = [remark for remark in lint(text) if words in remark.message]
    assert [(remark.severity, remark.column) for remark in found] == [(severity, column)]


def test_every_ordinary_alternative_is_named_once() -> None:
    assert said("(the OR acme) AND (shell OR oil)") == [("warning", 2), ("warning", 20)]


def test_errors_come_first() -> None:
    remarks = lint("the OR (a AND NOT b) OR NOT c")
    assert remarks[0].severity == "error"


def test_a_large_query_is_read_quickly_enough_to_save() -> None:
    assert lint(" OR ".join(f'"name{n} acme{n}"' for n in range(1_900))) == ()


def test_remarks_are_plain_data() -> None:
    assert Lint("hint", "x", None) == Lint("hint", "x", None)
