"""How good and how fast the alert rules are: `python -m bench.alerts`.

Part 1 replays the labelled series of ../shared (or OUTSPOKEN_SHARED) and compares with a vendor's published rule in the
same run. Part 2 runs `alerts.detect` hour by hour over made streams with a daily and weekly rhythm and bursts of known
size. Part 3 measures speed.
"""

import importlib.util
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np

from alerts.detect import detect
from alerts.replay import replay
from alerts.rules import VOLUME, HourCount, Series

NAMES = ("AAPL", "AMZN", "CRM", "CVS", "FB")
START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKS = 8
BURST_HOURS = 3
Alerts = Callable[[Sequence[str]], list[bool]]


def ours(lines: Sequence[str]) -> list[bool]:
    """One flag per row by `alerts.replay`."""
    return [row.alert for row in replay(lines, print)]


def vendor_rule(lines: Sequence[str]) -> list[bool]:
    """Last hour above 4 times the mean hour of the past 7 days, checked hourly, at most one alert in 24 hours."""
    flags, rest = [], 0
    week: deque[float] = deque(maxlen=2016)
    hour: deque[float] = deque(maxlen=12)
    for row, line in enumerate(lines[1:], 1):
        if len(hour) == hour.maxlen:
            week.append(hour[0])
        hour.append(float(line.rpartition(",")[2]))
        rest -= 1
        mean = sum(week) / len(week) * 12 if week else 0.0
        flags.append(row % 12 == 0 and len(week) >= 288 and rest <= 0 and sum(hour) > 4 * mean)
        if flags[-1]:
            rest = 288
    return flags


def score_series(folder: Path) -> None:
    """NAB scores, false alarms and delays of both rules."""
    nab = _scorer(folder / "tools" / "nab_score.py")
    data = folder / "data" / "alerts"
    windows, points = nab.read_windows(data / "windows.json"), nab.read_points(data / "points.json")
    for label, rule in (("outspoken", ours), ("4 x weekly mean, 24 h rest", vendor_rule)):
        grids, flags, instants = [], [], {}
        for name in NAMES:
            lines = (data / f"{name}.csv").read_text(encoding="utf-8").splitlines()
            times = nab.read_csv(data / f"{name}.csv")["timestamp"]
            grids.append(nab.make_grid(name, times, nab.windows_of(windows, name)))
            instants[name] = nab.windows_of(points, name)
            flags.append(np.array(rule(lines)))
        total = nab.evaluate(grids, dict.fromkeys(nab.PROFILES, flags), 60.0, instants)["total"]
        scores = " / ".join(f"{total[profile]['normalised']:.1f}" for profile in nab.PROFILES)
        felt = total["operations"]
        print(
            f"{label:<28} {scores}   found {felt['found']}/{felt['windows']}   "
            f"{felt['false_rows_per_week']:.2f} false alarms per series-week   "
            f"delay from the label {felt['median_from_label_min']:.0f} min"
        )


def simulate(per_hour: float, sensitivity: str, seed: int) -> tuple[float, dict[float, tuple[int, int]]]:
    """False alarms per week, and per burst factor (found, tried) for bursts of three hours."""
    rng = np.random.default_rng(seed)
    hours = WEEKS * 168
    clock = np.arange(hours)
    rhythm = 1 + 0.6 * np.sin(2 * np.pi * (clock % 24 - 8) / 24) - 0.3 * (clock // 24 % 7 >= 5)
    counts = rng.negative_binomial(5, 5 / (5 + per_hour * rhythm))  # overdispersed, as mentions are
    false = sum(_alarm(counts, index, sensitivity) for index in range(672, hours)) / (WEEKS - 4)
    found = {}
    for factor in (3.0, 5.0, 10.0):
        places = range(672, hours - BURST_HOURS, 37)
        caught = sum(_burst_found(counts, place, factor * per_hour, sensitivity, rng) for place in places)
        found[factor] = (caught, len(places))
    return false, found


def speed(folder: Path | None) -> None:
    """Microseconds per row and per judged series."""
    rows = 20_000
    rng = np.random.default_rng(1)
    lines = ["timestamp,value"]
    lines += [f"{START + row * timedelta(minutes=5):%Y-%m-%d %H:%M:%S},{rng.poisson(9)}" for row in range(rows)]
    began = time.perf_counter()
    ours(lines)
    print(f"replay: {1e6 * (time.perf_counter() - began) / rows:.0f} µs per row of 5 minutes")
    series = _series(rng.poisson(9, 29 * 24), 28 * 24)
    began = time.perf_counter()
    for _ in range(200):
        detect(series, series.hours[-1].hour + HOUR / 2)
    print(f"detect: {1e6 * (time.perf_counter() - began) / 200:.0f} µs per series of four weeks")


def main() -> int:
    """Print all three parts."""
    folder = Path(os.environ.get("OUTSPOKEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if folder.is_dir():
        print("NAB score (standard / low FP / low FN) on the five series that the rule was chosen on")
        score_series(folder)
    else:
        print("no labelled series: set OUTSPOKEN_SHARED")
    print("\nhourly rule on made streams: false alarms per week, bursts of three hours found")
    for per_hour in (0.5, 2.0, 10.0, 50.0):
        for sensitivity in ("sensitive", "balanced", "strict"):
            false, found = simulate(per_hour, sensitivity, seed=7)
            told = ", ".join(f"+{factor:.0f}x: {hit}/{tried}" for factor, (hit, tried) in found.items())
            print(f"{per_hour:>5} stories/h  {sensitivity:<9} {false:5.2f} hours/week   {told}")
    print()
    speed(folder)
    return 0


def _alarm(counts: np.ndarray, index: int, sensitivity: str) -> bool:
    series = _series(counts, index)
    found = detect(series, series.hours[-1].hour + HOUR - timedelta(seconds=1), sensitivity)
    return any(finding.kind == VOLUME and finding.at == series.hours[-1].hour for finding in found)


def _burst_found(counts: np.ndarray, place: int, extra: float, sensitivity: str, rng: np.random.Generator) -> bool:
    burst = counts.copy()
    burst[place : place + BURST_HOURS] += rng.poisson(extra, BURST_HOURS)
    return any(_alarm(burst, place + hour, sensitivity) for hour in range(BURST_HOURS))


def _series(counts: np.ndarray, last: int) -> Series:
    """Four weeks and the hour `last`, the running one."""
    hours = tuple(
        HourCount(START + int(index) * HOUR, int(counts[index]), int(counts[index]), neutral=int(counts[index]))
        for index in range(max(0, last - 672), last + 1)
    )
    return Series(1, "Acme", "all", "all", hours, authors_hour=99, authors=99, coverage=1.0)


def _scorer(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("nab_score", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nab_score"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
