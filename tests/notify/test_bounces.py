"""Delivery reports: of the standard and of older servers; what is none says nothing, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.bounces import Bounce, read_report
from tests.notify.reports import PLAIN, report

OURS = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("inside", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize(
    ("status", "permanent"), [("5.1.1", True), ("5.2.2", False), ("4.4.7", False), ("5.7.1 (x)", True)]
)
def test_a_report_names_recipient_mail_and_how_lasting_it_is(inside: str, status: str, permanent: bool) -> None:
    (found,) = read_report(report(OURS, status=status, inside=inside))
    assert (found.recipient, found.message, found.permanent) == ("lead@acme.example", OURS, permanent)
    assert "User unknown" in found.detail


def test_older_servers_write_it_into_the_text() -> None:
    (found,) = read_report(PLAIN.format(message=OURS, recipient="lead@acme.example").encode())
    assert found == Bounce("lead@acme.example", OURS, True, "Remote host said: 550 5.1.1 no such user")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"From: ada@acme.example\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack at 5.1.1 550 then.",
        report(OURS, action="delayed"),
        report(OURS, action="delivered"),
        b"From: postmaster@mx.example\nSubject: Hello\n\nNothing with a code.",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n" * 500,
        report(OURS)[:300],
    ],
)
def test_what_reports_no_failure_says_nothing(data: bytes) -> None:
    assert read_report(data) == ()


def test_foreign_ids_and_hostile_fields_are_words() -> None:
    (found,) = read_report(report("evil", recipient="=?utf-8?q?x=0D=0ABcc=3A?= y@z.example"))
    assert (found.message, found.recipient) == (None, "y@z.example")
    assert "\n" not in found.detail


@given(st.binary(max_size=300), st.integers(0, 900))
def test_no_wreck_breaks_the_reader(junk: bytes, at: int) -> None:
    whole = report(OURS)
    read_report(whole[:at] + junk + whole[at:])
