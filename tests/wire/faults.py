"""Faults at a chosen request: refusals in the platform's own headers, broken, halved and slow answers."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedIOBase

from tests.wire.replay import Answer

KINDS = ("drop", "truncate", "slow", "html")
_WAIT = timedelta(seconds=60)  # until a refused client may come back
_SLOW_BYTES, _SLOW_PAUSE = 120, 1.0  # one byte a second, for two minutes


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, at which requests (counted from 1)."""

    kind: str  # a status, or one of KINDS
    first: int
    last: int


def read_fault(text: str) -> Fault:
    """`429@2`, `drop@3-5`; raise `ValueError` saying what is wrong."""
    match = re.fullmatch(r"(\w+)@(\d{1,9})(?:-(\d{1,9}))?", text)
    if match is None or not (match[1] in KINDS or re.fullmatch("[45][0-9][0-9]", match[1])):
        raise ValueError(
            f"{text!r} is no fault: write what and at which request, as 429@2 or drop@3-5; known are statuses from 400 "
            f"to 599, {', '.join(KINDS)}"
        )
    first, last = int(match[2]), int(match[3] or match[2])
    if not 1 <= first <= last:
        raise ValueError(f"{text!r}: requests are counted from 1, the smaller number first")
    return Fault(match[1], first, last)


def fault_of(faults: Sequence[Fault], number: int) -> Fault | None:
    """The fault at this request, if any."""
    return next((each for each in faults if each.first <= number <= each.last), None)


def spoiled(fault: Fault, answer: Answer, now: datetime) -> Answer:
    """What is sent instead of `answer`."""
    if fault.kind == "drop":
        return Answer(0, {}, lambda _: None)
    if fault.kind == "html":
        return Answer(200, {"content-type": "text/html"}, b"<!doctype html><html><body>Just a moment...</body></html>")
    if fault.kind in ("truncate", "slow"):
        return Answer(answer.status, answer.headers, lambda out: _partly(out, fault.kind, answer))
    status = int(fault.kind)
    headers = {"content-type": "application/json"} | (_refusal(answer.headers, now) if status == 429 else {})
    return Answer(status, headers, b'{"error": "a fault made by the replay server"}')


def _refusal(headers: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Headers of a 429 as this platform writes them: nothing left, and when that changes; else `Retry-After`."""
    found = {}
    for name, value in headers.items():
        lower = name.lower()
        if "limit" not in lower:
            continue
        found[name] = value
        if lower.endswith("remaining"):
            found[name] = "0"
        elif lower.endswith("reset"):
            found[name] = _reset(value, now)
    if not any(name.lower().endswith("reset") for name in found):
        found["retry-after"] = str(int(_WAIT.total_seconds()))
    return found


def _reset(value: str, now: datetime) -> str:
    """When the limit ends, in the form that was recorded: Unix time, ISO time or seconds."""
    if re.fullmatch(r"\d{10}(\.\d+)?", value):
        return str(int((now + _WAIT).timestamp()))
    if re.match(r"\d{4}-\d\d-\d\dT", value):
        return (now + _WAIT).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(int(_WAIT.total_seconds()))


def _partly(out: BufferedIOBase, kind: str, answer: Answer) -> None:
    """The head of the answer and half of its body; `slow` goes on byte by byte, slower than anybody waits."""
    body = answer.body if isinstance(answer.body, bytes) else b""
    lines = [f"HTTP/1.0 {answer.status} OK", f"content-length: {max(len(body), 2)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items() if name.lower() != "content-length"]
    out.write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))
    half = len(body) // 2
    out.write(body[:half])
    out.flush()
    if kind == "slow":
        for at in range(half, min(len(body), half + _SLOW_BYTES)):
            time.sleep(_SLOW_PAUSE)
            out.write(body[at : at + 1])
            out.flush()
