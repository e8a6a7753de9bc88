"""How good `alerts.replay` is, on series that its few parameters were not chosen on: `python -m bench.alert_series`.

Part 1 replays the five labelled series of ../shared (or OUTSPOKEN_SHARED), with two rules beside it in the same run:
the one that it replaced and a vendor's published one. Part 2 cross-validates: the threshold is chosen on three or four
of the series, and only the others are scored. Part 3 runs the rules over made streams of 5-minute counts with bursts,
a campaign's step and an outage of known time. Part 4 replays real counts of airline tweets.
"""

import gzip
import importlib.util
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import numpy as np

from alerts.stream import StreamDetector
from bench.former_alerts import StreamDetector as FormerDetector
from metrics.stats import FloatArray

NAMES = ("AAPL", "AMZN", "CRM", "CVS", "FB")
STEP = timedelta(minutes=5)
HOUR, DAY, WEEK = 12, 288, 2016  # rows
GRID = (0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)  # thresholds to choose from
OURS, FORMER, VENDOR = "outspoken", "outspoken, former rule", "4 x weekly mean, 24 h rest"
RATES = (0.1, 0.5, 2.0, 10.0, 100.0, 1000.0)
FACTORS = (3.0, 5.0, 10.0, 30.0)
SEEDS = 6


@dataclass(frozen=True, slots=True)
class Burst:
    """A burst of known time (rows) and size (times the mean rate)."""

    start: int
    rows: int
    factor: float


def scores(counts: Sequence[float], former: bool = False) -> FloatArray:
    """The score of each row, in thresholds of the balanced setting."""
    if former:
        old = FormerDetector(STEP)
        return np.array([old.push(count).score / 2.25 for count in counts])
    detector = StreamDetector(STEP)
    return np.array([detector.push(count).score for count in counts])


def alerts(score: FloatArray, threshold: float = 1.0) -> list[int]:
    """Rows that alert: from the threshold on, then 24 hours of rest."""
    rows: list[int] = []
    for row in np.flatnonzero(score >= threshold):
        if not rows or row - rows[-1] >= DAY:
            rows.append(int(row))
    return rows


def vendor_rule(counts: Sequence[float]) -> list[int]:
    """Last hour above 4 times the mean hour of the past 7 days, checked hourly, at most one alert in 24 hours."""
    rows: list[int] = []
    week: deque[float] = deque(maxlen=WEEK)
    hour: deque[float] = deque(maxlen=HOUR)
    for row, count in enumerate(counts):
        if len(hour) == HOUR:
            week.append(hour[0])
        hour.append(count)
        due = row % HOUR == HOUR - 1 and len(week) >= DAY and (not rows or row - rows[-1] >= DAY)
        if due and sum(hour) > 4 * HOUR * sum(week) / len(week):
            rows.append(row)
    return rows


class Labelled:
    """The labelled series and their official scorer."""

    def __init__(self, shared: Path) -> None:
        self._nab = _module(shared / "tools" / "nab_score.py")
        data = shared / "data" / "alerts"
        windows, points = self._nab.read_windows(data / "windows.json"), self._nab.read_points(data / "points.json")
        self.counts: dict[str, list[float]] = {}
        self._grids: dict[str, Any] = {}
        self._instants: dict[str, Any] = {}
        for name in NAMES:
            table = self._nab.read_csv(data / f"{name}.csv")
            self.counts[name] = [float(value) for value in table["value"]]
            self._grids[name] = self._nab.make_grid(name, table["timestamp"], self._nab.windows_of(windows, name))
            self._instants[name] = self._nab.windows_of(points, name)

    def total(self, rows: dict[str, list[int]]) -> dict[str, Any]:
        """The scorer's totals over the series that are named."""
        flags = []
        for name, alerted in rows.items():
            flags.append(np.zeros(len(self.counts[name]), dtype=bool))
            flags[-1][alerted] = True
        grids = [self._grids[name] for name in rows]
        told = self._nab.evaluate(grids, dict.fromkeys(self._nab.PROFILES, flags), 60.0, self._instants)
        found: dict[str, Any] = told["total"]
        return found

    def points(self, rows: dict[str, list[int]]) -> list[float]:
        """Standard, low false positives, low false negatives."""
        total = self.total(rows)
        return [total[profile]["normalised"] for profile in self._nab.PROFILES]


def labelled(series: Labelled) -> None:
    """Parts 1 and 2."""
    ours = {name: scores(counts) for name, counts in series.counts.items()}
    rules = {
        OURS: {name: alerts(score) for name, score in ours.items()},
        FORMER: {name: alerts(scores(counts, former=True)) for name, counts in series.counts.items()},
        VENDOR: {name: vendor_rule(counts) for name, counts in series.counts.items()},
    }
    for label, rows in rules.items():
        print(f"{label:<28} {_told(series, rows)}")
    print(f"{'leave one series out':<28} {_told(series, _held_out(series, ours))}")
    pairs = [series.points(_chosen(series, ours, pair)) for pair in combinations(NAMES, 2)]
    print(f"{'leave two out, mean of ten':<28} {' / '.join(f'{mean:.1f}' for mean in np.mean(pairs, axis=0))}")
    for threshold in GRID:
        rows = {name: alerts(score, threshold) for name, score in ours.items()}
        print(f"  threshold {threshold:<17} {_told(series, rows)}")


def _held_out(series: Labelled, score: dict[str, FloatArray]) -> dict[str, list[int]]:
    return {name: _chosen(series, score, (name,))[name] for name in NAMES}


def _chosen(series: Labelled, score: dict[str, FloatArray], out: Sequence[str]) -> dict[str, list[int]]:
    """Alerts of the series left out, at the threshold that is best on the others (mean with its neighbours)."""
    worth = [
        float(np.mean(series.points({name: alerts(score[name], each) for name in NAMES if name not in out})))
        for each in GRID
    ]
    smooth = [float(np.mean(worth[max(0, place - 1) : place + 2])) for place in range(len(GRID))]
    best = GRID[int(np.argmax(smooth))]
    return {name: alerts(score[name], best) for name in out}


def _told(series: Labelled, rows: dict[str, list[int]]) -> str:
    felt = series.total(rows)["operations"]
    return (
        f"{' / '.join(f'{each:.1f}' for each in series.points(rows))}   found {felt['found']}/{felt['windows']}   "
        f"{felt['false_rows_per_week']:.2f} false alarms per series-week   "
        f"delay from the label {felt['median_from_label_min']:.0f} min"
    )


def made(per_hour: float, seed: int, bursts: bool, step: bool = False) -> tuple[FloatArray, list[Burst]]:
    """Six weeks of 5-minute counts: rhythms of day and week, a trend, hours of uneven luck, copies in clumps.

    From the third week on one burst a week of each size, in three shapes; or, in the fifth, a campaign that stays.
    """
    rng = np.random.default_rng(seed)
    hours = np.arange(6 * WEEK) / HOUR
    rate = 1 + 0.6 * np.sin(2 * np.pi * (hours % 24 - 8) / 24)
    rate = rate * (1 - 0.3 * (hours // 24 % 7 >= 5)) * (1 + 0.3 * hours / hours[-1])
    rate *= np.repeat(rng.gamma(5, 1 / 5, 6 * WEEK // HOUR), HOUR)
    told = []
    for week, factor in enumerate(rng.permutation(FACTORS) if bursts else ()):
        start, rows = (2 + week) * WEEK + int(rng.integers(0, 6 * DAY)), HOUR * int(rng.choice([1, 3]))
        place = (np.arange(rows) + 0.5) / rows
        shape = (np.ones(rows), 3 * np.exp(-3 * place), 2 * place)[rng.integers(3)]
        rate[start : start + rows] += factor * shape
        told.append(Burst(start, rows, float(factor)))
    if step:
        rate[4 * WEEK + 100 :] *= 2.5
    stories = rng.poisson(rate * per_hour / HOUR / 1.5)
    copies = rng.negative_binomial(np.maximum(stories, 1e-9), 1 / 1.5)
    return (stories + copies).astype(np.float64), told


def simulated() -> None:
    """Part 3."""
    for per_hour in RATES:
        for label, rule in (("ours", scores), ("former", lambda counts: scores(counts, former=True))):
            print(f"{per_hour:>7g} per hour  {label:<7} {_simulate(per_hour, rule)}")


def _simulate(per_hour: float, rule: Callable[[Sequence[float]], FloatArray]) -> str:
    false, delays, found = 0, [], dict.fromkeys(FACTORS, 0)
    for seed in range(SEEDS):
        counts, bursts = made(per_hour, seed, bursts=True)
        rows = [row for row in alerts(rule(counts.tolist())) if row >= 2 * WEEK]
        for burst in bursts:
            hits = [row for row in rows if burst.start <= row < burst.start + burst.rows + HOUR]
            found[burst.factor] += bool(hits)
            delays += [5 * (hits[0] - burst.start)] if hits else []
            rows = [row for row in rows if row not in hits]
        false += len(rows)
    steps = [len([row for row in alerts(rule(_steps(per_hour, seed))) if row >= 4 * WEEK]) for seed in range(2)]
    shares = ", ".join(f"+{factor:.0f}x: {hits}/{SEEDS}" for factor, hits in found.items())
    delay = f"{median(delays):.0f} min" if delays else "-"
    return f"{false / SEEDS / 4:.2f} false per week   {shares}   delay {delay}   after a step {np.mean(steps):.1f}"


def _steps(per_hour: float, seed: int) -> list[float]:
    """A campaign's step that stays, then an outage of half a day."""
    counts = made(per_hour, 100 + seed, bursts=False, step=True)[0]
    counts[5 * WEEK : 5 * WEEK + DAY // 2] = 0.0
    values: list[float] = counts.tolist()
    return values


def real(path: Path) -> Iterator[str]:
    """Part 4: alerts on tweets to airlines of 16 to 24 February 2015; the 22nd is when complaints rise."""
    times: dict[str, list[datetime]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["created_at"] and len(row["created_at"]) > 10:
                at = datetime.fromisoformat(row["created_at"].replace("Z", "+00:00"))
                times.setdefault(row["brand"], []).append(at)
    for company, moments in sorted(times.items()):
        first = min(moments).replace(minute=0, second=0, microsecond=0)
        rows = np.array([(at - first) // STEP for at in moments])
        counts = np.bincount(rows, minlength=rows.max() + 1).astype(np.float64).tolist()
        for label, former in (("ours", False), ("former", True)):
            told = [f"{first + row * STEP:%d %b %H:%M}" for row in alerts(scores(counts, former))]
            yield f"{company:<16} {len(moments):>5} tweets   {label:<7} {', '.join(told) or '-'}"


def main() -> int:
    """Print all four parts."""
    shared = Path(os.environ.get("OUTSPOKEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if shared.is_dir():
        print("NAB score (standard / low FP / low FN)")
        labelled(Labelled(shared))
    else:
        print("no labelled series: set OUTSPOKEN_SHARED")
    print("\nmade streams, 5-minute counts")
    simulated()
    tweets = shared / "data" / "nlp" / "airline_tweets.jsonl.gz"
    if tweets.is_file():
        print("\nairline tweets, alerts at")
        for line in real(tweets):
            print(line)
    return 0


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("nab_score", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nab_score"] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
