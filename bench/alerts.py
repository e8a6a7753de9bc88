"""How good and how fast the hourly volume rule is, beside the rule that it replaced: `python -m bench.alerts`.

Part 1 runs `alerts.detect` hour by hour over made streams with a daily and weekly rhythm and bursts of known size, of
single stories and of clumps. Part 2 does so on real titles of Hacker News by company, where ../shared (or
OUTSPOKEN_SHARED) has them. Part 3 measures speed against the former rules in the same run. Counts at a fixed step
(`alerts.replay`) have a bench of their own: `bench.alert_series`.
"""

import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.detect import FLOOR, SENSITIVITY, detect
from alerts.rules import VOLUME, HourCount, Series
from alerts.stream import StreamDetector
from alerts.volume import volume_spike
from bench.former_alerts import StreamDetector as FormerDetector
from bench.former_alerts import former_spike

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKS = 7
KNOWN = 28 * 24  # hours before the first verdict
BURST_HOURS = 3
APART = 41  # hours between tried bursts
FACTORS = (3.0, 5.0, 10.0)
BAR = SENSITIVITY["balanced"]
PLACES = {1: range(KNOWN - 3, KNOWN + 1), 3: range(KNOWN - 1, KNOWN + 1)}
RATES = (0.1, 0.5, 2.0, 10.0, 50.0, 500.0)
Counts = npt.NDArray[np.int64]
Rule = Callable[[Counts, int], bool]


def ours(counts: Counts, place: int) -> bool:
    """Whether a window that ends with the hour rings; all four weeks before it and nothing after are known."""
    series = _series(counts, place)
    now = series.hours[-1].hour + HOUR
    found = detect(series, now - timedelta(seconds=1))
    return any(finding.kind == VOLUME and finding.at + finding.window == now for finding in found)


def former(counts: Counts, place: int) -> bool:
    """The same by the former rule."""
    stories = counts[max(0, place - KNOWN) : place + 1].astype(np.float64).tolist()
    return former_spike(stories, len(stories) - 1)


def made(per_hour: float, clump: float, rng: np.random.Generator) -> Counts:
    """Hourly counts with rhythms of day and week, overdispersed as mentions are, in clumps of that mean size."""
    clock = np.arange(WEEKS * 168)
    rhythm = 1 + 0.6 * np.sin(2 * np.pi * (clock % 24 - 8) / 24) - 0.3 * (clock // 24 % 7 >= 5)
    stories = rng.negative_binomial(5, 5 / (5 + per_hour / clump * rhythm))
    if clump > 1:
        stories = stories + rng.negative_binomial(np.maximum(stories, 1e-9), 1 / clump)
    return stories.astype(np.int64)


def simulate(rule: Rule, per_hour: float, clump: float, seed: int = 7) -> str:
    """False hours and false alarms (6 hours apart) per week, and the share of bursts of three hours that are found."""
    rng = np.random.default_rng(seed)
    counts = made(per_hour, clump, rng)
    ringing = np.array([place for place in range(KNOWN, len(counts)) if rule(counts, place)])
    alarms = int(len(ringing) > 0) + int((np.diff(ringing) > 6).sum())
    told = []
    for factor in FACTORS:
        places = range(KNOWN, len(counts) - BURST_HOURS, APART)
        found = sum(_burst_found(rule, counts, place, factor * per_hour, rng) for place in places)
        told.append(f"+{factor:.0f}x {100 * found / len(places):3.0f} %")
    weeks = WEEKS - 4
    return f"{len(ringing) / weeks:5.2f} hours, {alarms / weeks:.2f} alarms per week   {', '.join(told)}"


def titles(path: Path) -> Iterator[str]:
    """Hours of the real month that ring by either rule, after two weeks, by company."""
    by_hour: dict[str, Counter[int]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    times = [datetime.fromisoformat(row["created_at"].replace("Z", "+00:00")) for row in rows]
    first = min(times).replace(minute=0, second=0)
    for row, at in zip(rows, times, strict=True):
        for company in row["companies"]:
            by_hour.setdefault(company, Counter())[(at - first) // HOUR] += 1
    hours = (max(times) - first) // HOUR + 1
    for company, counted in sorted(by_hour.items(), key=lambda item: -item[1].total())[:6]:
        counts = np.array([counted[hour] for hour in range(hours)])
        told = []
        for label, rule in (("ours", ours), ("former", former)):
            ringing = [hour for hour in range(336, hours) if rule(counts, hour)]
            told.append(f"{label}: {', '.join(f'{first + hour * HOUR:%d %b %H}h' for hour in ringing) or '-'}")
        yield f"{company:<12} {counts.sum():>4} titles   {'   '.join(told)}"


def speed() -> None:
    """Microseconds of this process per row and per series, beside the former rules; 10,000 a minute are wanted."""
    values = np.random.default_rng(1).poisson(9, 20_000).astype(np.float64).tolist()
    rows = [_per_item(detector(timedelta(minutes=5)).push, values) for detector in (StreamDetector, FormerDetector)]
    told = f"{rows[0]:.0f} µs, former rule {rows[1]:.0f} µs ({rows[1] / rows[0]:.1f} x)"
    print(f"replay, per row of 5 minutes: {told}; {60e6 / rows[0]:,.0f} rows a minute")
    for per_hour in (0.2, 2.0, 9.0):
        counts = np.random.default_rng(1).poisson(per_hour, KNOWN + 1)
        series, stories = _series(counts, KNOWN), counts.astype(np.float64).tolist()
        new = _per_item(lambda item: detect(item, item.hours[-1].hour + HOUR / 2), [series] * 100)
        volume = _per_item(lambda item: volume_spike(item, item.hours, PLACES, BAR, FLOOR), [series] * 100)
        old = _per_item(lambda item: [former_spike(item, KNOWN - back) for back in range(4)], [stories] * 100)
        told = (
            f"{volume:.0f} µs, former rule {old:.0f} µs; all of detect {new:.0f} µs, {60e6 / new:,.0f} series a minute"
        )
        print(f"volume, four weeks of {per_hour:g} stories an hour: {told}")


def _per_item(call: Callable[[Any], object], items: Sequence[Any]) -> float:
    began = time.process_time()
    for item in items:
        call(item)
    return 1e6 * (time.process_time() - began) / len(items)


def main() -> int:
    """Print all three parts."""
    print(f"hourly rule on made streams, balanced; bursts of {BURST_HOURS} hours found")
    for clump in (1.0, 1.5):
        for per_hour in RATES:
            for label, rule in (("ours", ours), ("former", former)):
                print(
                    f"clumps of {clump:g}  {per_hour:>5g}/h  {label:<7} {simulate(rule, per_hour, clump)}", flush=True
                )
    path = Path(os.environ.get("OUTSPOKEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    path = path / "data" / "nlp" / "hackernews_company_titles.jsonl.gz"
    if path.is_file():
        print("\ntitles of Hacker News, hours that ring")
        for line in titles(path):
            print(line)
    print()
    speed()
    return 0


def _burst_found(rule: Rule, counts: Counts, place: int, extra: float, rng: np.random.Generator) -> bool:
    burst = counts.copy()
    burst[place : place + BURST_HOURS] += rng.poisson(extra, BURST_HOURS)
    return any(rule(burst, place + hour) for hour in range(BURST_HOURS))


def _series(counts: Counts, last: int) -> Series:
    """Four weeks and the hour `last`, the running one."""
    hours = tuple(
        HourCount(START + place * HOUR, int(counts[place]), int(counts[place]), neutral=int(counts[place]))
        for place in range(max(0, last - KNOWN), last + 1)
    )
    return Series(1, "Acme", "all", "all", hours, authors_hour=99, authors=99, coverage=1.0)


if __name__ == "__main__":
    sys.exit(main())
