"""The recording that answers is the one that the service would have given."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.wire.faults import fault_of, read_fault, spoiled
from tests.wire.recordings import Recording
from tests.wire.replay import Answer, Request
from tests.wire.tape import Found, Tape, shifted

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _recorded(target: str, body: str, group: str = "g", step: int = 0, status: int = 200, **more: str) -> Recording:
    parts = urlsplit(target)
    query = {key: tuple(values) for key, values in parse_qs(parts.query).items()}
    answer = Answer(status, {}, body.encode())
    method, sent = more.get("method", "GET"), more.get("sent", "")
    return Recording(body, group, step, method, parts.netloc, parts.path, query, sent, answer)


def _asked(target: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] | None = None) -> Request:
    return Request(urlsplit(target).path, {}, headers or {}, method, body, target)


def _names(tape: Tape, *targets: str) -> list[str]:
    found = [tape.find(_asked(target), NOW) for target in targets]
    return [each.recording.name if each else "nothing" for each in found]


def test_the_same_request_again_gets_the_next_answer_and_the_last_one_stays() -> None:
    tape = Tape([_recorded("/p", "after the edit", step=2), _recorded("/p", "before", step=1)])
    assert _names(tape, "/p", "/p", "/p") == ["before", "after the edit", "after the edit"]


def test_a_refusal_that_was_recorded_first_comes_first() -> None:
    tape = Tape([_recorded("/p", "refused", step=0, status=401), _recorded("/p", "let in", step=1)])
    assert _names(tape, "/p", "/p") == ["refused", "let in"]


def test_of_recordings_that_fit_alike_a_success_answers() -> None:
    tape = Tape([_recorded("/p?q=a", "refused", "one", status=401), _recorded("/p?q=b", "page", "two")])
    assert _names(tape, "/p?q=c") == ["page"]


def test_the_page_that_is_asked_for_outweighs_all_else() -> None:
    first = _recorded("/p?q=acme&size=10&lang=en", "page 1")
    second = _recorded("/p?q=acme&next_token=x", "page 2")
    tape = Tape([first, second])
    assert _names(tape, "/p?q=acme&size=10&lang=en&next_token=x", "/p?q=other") == ["page 2", "page 1"]


def test_a_client_goes_on_with_the_recording_it_began() -> None:
    tape = Tape([*_of("a"), *_of("b")])
    assert _names(tape, "/only-b", "/both") == ["only-b of b", "both of b"]


def _of(group: str) -> list[Recording]:
    return [_recorded(f"/{path}", f"{path} of {group}", group) for path in (f"only-{group}", "both")]


def test_a_path_may_begin_with_its_host() -> None:
    tape = Tape([_recorded("//a.example/p", "of a"), _recorded("//b.example/p", "of b", "h")])
    assert _names(tape, "/b.example/p", "/a.example/p/", "/c.example/p") == ["of b", "of a", "nothing"]


def test_bodies_tell_requests_apart() -> None:
    tape = Tape(
        [
            _recorded("/more", "first", method="POST", sent='{"children": "a"}'),
            _recorded("/more", "second", method="POST", sent='{"children": "b"}'),
        ]
    )
    form = {"content-type": "application/x-www-form-urlencoded"}
    found = tape.find(_asked("/more", "POST", b"children=b", form), NOW)
    assert isinstance(found, Found)
    assert (found.recording.name, found.exact) == ("second", True)


def test_one_path_may_stand_in_for_another() -> None:
    tape = Tape([_recorded("/2/search/all", "all")], aliases={"/2/search/recent": "/2/search/all"})
    assert _names(tape, "/2/search/recent") == ["all"]


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("see https://api.example/x", "see http://here:1/x"),
        (r'"https:\/\/api.example\/x"', r'"http:\/\/here:1\/x"'),
        ("?next=https%3A%2F%2Fapi.example%2Fx", "?next=http%3A%2F%2Fhere%3A1%2Fx"),
        ("https://one.pds.example/x", "http://here:1/x"),
        ("https://api.example.com/x", "https://api.example.com/x"),
    ],
)
def test_addresses_of_real_hosts_lead_here(text: str, edited: str) -> None:
    recording = Recording("r", "g", 0, "GET", "", "/p", {}, "", Answer(200, {"link": text}, text.encode()))
    tape = Tape([recording], base="http://here:1", rewrite=["api.example", "*.pds.example"])
    found = tape.find(_asked("/p"), NOW)
    assert found is not None
    assert found.answer.body == edited.encode()
    assert found.answer.headers == {"link": edited}


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ({"date": "Tue, 16 Nov 2021 21:00:00 UTC", "x-rate-limit-reset": "1637097000"}, "x-rate-limit-reset", 600),
        ({"date": "Tue, 16 Nov 2021 21:00:00 GMT", "ratelimit-reset": "1637097000"}, "ratelimit-reset", 600),
        ({"x-rate-limit-reset": "1637097000"}, "x-rate-limit-reset", 300),
    ],
)
def test_limits_end_as_long_from_now_as_they_did(headers: dict[str, str], name: str, value: int) -> None:
    assert int(shifted(headers, "", NOW)[name]) - NOW.timestamp() == value


def test_every_form_of_a_reset_is_kept() -> None:
    headers = {"X-RateLimit-Reset": "2026-08-01T13:50:00.872845Z", "x-ratelimit-used": "3", "retry-after": "30"}
    later = shifted(headers, "2026-08-01T13:45:00Z", NOW)
    assert later == {**headers, "X-RateLimit-Reset": "2026-03-04T12:05:00.872845Z"}
    assert shifted({"x-ratelimit-reset": "291"}, "", NOW) == {"x-ratelimit-reset": "291"}


@pytest.mark.parametrize("text", ["429", "teapot@2", "200@1", "drop@0", "drop@3-2", "429@x", ""])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no fault|counted from 1"):
        read_fault(text)


def test_a_fault_comes_at_its_requests_only() -> None:
    faults = [read_fault("429@2"), read_fault("drop@4-5")]
    kinds = [each.kind if (each := fault_of(faults, number)) else "" for number in range(1, 7)]
    assert kinds == ["", "429", "", "drop", "drop", ""]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"x-rate-limit-remaining": "9", "x-rate-limit-reset": "1637097000"},
            {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(NOW.timestamp()) + 60)},
        ),
        ({"x-ratelimit-reset": "291"}, {"x-ratelimit-reset": "60"}),
        ({"x-ratelimit-reset": "2026-01-01T00:00:00.000000Z"}, {"x-ratelimit-reset": "2026-03-04T12:01:00.000000Z"}),
        ({"date": "now"}, {"retry-after": "60"}),
    ],
)
def test_a_refusal_speaks_the_platforms_own_headers(headers: dict[str, str], expected: dict[str, str]) -> None:
    answer = spoiled(read_fault("429@1"), Answer(200, headers, b"{}"), NOW)
    assert answer.status == 429
    assert answer.headers == {"content-type": "application/json", **expected}
