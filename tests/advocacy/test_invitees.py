"""Lists of people to invite, as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.invitees import BadLine, Invitee, read_list


def test_addresses_alone_or_with_names() -> None:
    people, bad = read_list("ada@acme.example\n\n  Bo Marten <bo@acme.example>\nnobody\n")
    assert [(each.line, each.email) for each in people] == [(1, "ada@acme.example"), (3, "bo@acme.example")]
    assert [(each.line, each.reason) for each in bad] == [(4, "there is no address on this line")]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_with_its_columns_in_any_order(mark: str) -> None:
    lines = ["\ufeffTeam,E-Mail,Location", '"Support",ada@acme.example,Leeds', ",bo@acme.example", "Sales,,York"]
    people, bad = read_list("\n".join(lines).replace(",", mark))
    assert people == (Invitee(2, "ada@acme.example", "Support", "Leeds"), Invitee(3, "bo@acme.example"))
    assert bad == (BadLine(4, "Sales, , York", "there is no address on this line"),)


def test_a_table_without_addresses_is_told() -> None:
    assert read_list("Name,Team\nAda,Support")[1][0].reason == "this names no column of addresses; call it email"


def test_a_quotation_mark_spoils_its_own_line_only() -> None:
    people, _ = read_list('"ada@acme.example\nbo@acme.example\n')
    assert people[-1] == Invitee(2, "bo@acme.example")


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 60,000"):
        read_list("a@b.example\n" * 60_001)


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_every_line_is_told(text: str) -> None:
    people, bad = read_list(text)
    lines = [each.line for each in people] + [each.line for each in bad]
    assert len(lines) == len(set(lines))
