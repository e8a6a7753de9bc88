"""How far the intervals of change and lift can be trusted: `python -m bench.uplift [--runs 400] [--only change|lift]`.

Series and posts are simulated with a known truth. Printed for each kind: how often the 95 % interval holds the truth,
how often a series that nothing happened to is called clear (`Effect.clear`: the interval leaves 0 out and made-up
starts seldom stand out as much), and how wide the usual interval is.
"""

import argparse
import math
import statistics
import time
from dataclasses import dataclass

import numpy as np

from metrics.lift import lift
from metrics.uplift import interrupted

WEEK = np.array([1.2, 1.1, 1.0, 1.0, 0.9, 0.4, 0.4])
TRUE = 0.3
TRUE_LIFT = 2.0


@dataclass(frozen=True, slots=True)
class Kind:
    """Daily counts: `level` on a usual day, times a week, a trend, and noise that hangs together from day to day."""

    name: str
    weeks: int = 8
    after: int = 14
    level: float = 30.0
    hangs: float = 0.0  # correlation of the noise from one day to the next
    noise: float = 0.0  # its standard deviation on the logarithmic scale
    spread: float = 0.0  # variance of what is independent from day to day, beyond chance (negative binomial)
    trend: float = 0.0  # per week
    missing: float = 0.0


KINDS = (
    Kind("pure chance, no more"),
    Kind("overdispersed", spread=0.2),
    Kind("a little, trend 2 % a week", spread=0.05, trend=0.02),
    Kind("autocorrelated 0.3", hangs=0.3, noise=0.3, spread=0.05),
    Kind("autocorrelated 0.5, trend 3 %", hangs=0.5, noise=0.3, spread=0.05, trend=0.03),
    Kind("autocorrelated 0.6", hangs=0.6, noise=0.3, spread=0.05),
    Kind("autocorrelated 0.8", hangs=0.8, noise=0.3, spread=0.05),
    Kind("4 weeks before", weeks=4, hangs=0.3, noise=0.3, spread=0.05),
    Kind("4 weeks, 1 after, 0.6", weeks=4, after=7, hangs=0.6, noise=0.3, spread=0.05),
    Kind("4 a day", level=4.0, hangs=0.3, noise=0.3, spread=0.1),
    Kind("every fifth day missing", hangs=0.4, noise=0.3, spread=0.05, trend=0.02, missing=0.2),
    Kind("28 days after", after=28, hangs=0.5, noise=0.3, spread=0.05),
    Kind("300 a day", level=300.0, hangs=0.4, noise=0.2, spread=0.02, trend=0.02),
)


@dataclass(frozen=True, slots=True)
class Posts:
    """Posts of `people` advocates, `each` on average, against `page` posts; `alike`: the share of the variance that
    people differ by."""

    people: int
    each: float
    page: int
    alike: float
    level: float = 20.0


POSTS = (
    Posts(5, 6, 25, 0.0),
    Posts(5, 6, 25, 0.3),
    Posts(10, 4, 30, 0.3),
    Posts(10, 4, 30, 0.0, level=3.0),
    Posts(20, 3, 40, 0.3),
    Posts(20, 5, 60, 0.5, level=100.0),
    Posts(40, 3, 100, 0.3),
)


def series(kind: Kind, rise: float, rng: np.random.Generator) -> list[float | None]:
    """One simulated series."""
    days = np.arange(kind.weeks * 7 + kind.after)
    noise = np.zeros(len(days))
    for day in days:
        before = noise[day - 1] * kind.hangs if day else 0.0
        noise[day] = before + rng.normal() * kind.noise * (math.sqrt(1 - kind.hangs**2) if day else 1.0)
    mean = kind.level * WEEK[days % 7] * np.exp(kind.trend * days / 7 + noise - kind.noise**2 / 2)
    mean[kind.weeks * 7 :] *= 1 + rise
    if kind.spread:
        mean = mean * rng.gamma(1 / kind.spread, kind.spread, len(days))
    return [None if rng.random() < kind.missing else float(value) for value in rng.poisson(mean)]


def change(kind: Kind, runs: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Coverage, share of false alarms, usual width of the interval."""
    held, widths, alarms = 0, [], 0
    for _ in range(runs):
        found = interrupted(series(kind, TRUE, rng), kind.weeks * 7, placebos=False)
        low, high = found.low or 0.0, found.high or 0.0
        held += low <= TRUE <= high
        widths.append(high - low)
        quiet = series(kind, 0.0, rng)
        alarms += _called(quiet, kind.weeks * 7)
    return held / runs, alarms / runs, statistics.median(widths)


def _called(quiet: list[float | None], start: int) -> bool:
    """The made-up starts are only asked where the interval alone would call it."""
    return interrupted(quiet, start, placebos=False).clear and interrupted(quiet, start).clear


def posts(kind: Posts, runs: int, rng: np.random.Generator) -> tuple[float, float]:
    """Coverage, and the usual ratio of the interval's ends."""
    held, widths = [], []
    for _ in range(runs):
        usual = rng.normal(0, math.sqrt(kind.alike), kind.people)
        own = [_figures(TRUE_LIFT * kind.level * math.exp(each), 1 - kind.alike, kind.each, rng) for each in usual]
        page = rng.poisson(kind.level * np.exp(rng.normal(0, 1, kind.page))).astype(float)
        found = lift(own, list(page))
        if found.low is not None and found.high is not None:
            held.append(found.low <= TRUE_LIFT <= found.high)
            widths.append(found.high / found.low)
    return sum(held) / len(held), statistics.median(widths)


def _figures(level: float, variance: float, each: float, rng: np.random.Generator) -> list[float]:
    number = max(1, rng.poisson(each))
    return [float(value) for value in rng.poisson(level * np.exp(rng.normal(0, math.sqrt(variance), number)))]


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", choices=("change", "lift"))
    asked = options.parse_args()
    rng = np.random.default_rng(asked.seed)
    started = time.perf_counter()
    if asked.only != "lift":
        _print_change(asked.runs, rng)
    if asked.only != "change":
        _print_lift(asked.runs, rng)
    print(f"{time.perf_counter() - started:.0f} s")


def _print_change(runs: int, rng: np.random.Generator) -> None:
    print(f"Change against expectation, true rise {TRUE:.0%}, {runs} runs of each kind")
    print("| daily counts | holds the truth | false alarms | width |\n|---|---|---|---|", flush=True)
    for kind in KINDS:
        held, alarms, width = change(kind, runs, rng)
        print(f"| {kind.name} | {held:.1%} | {alarms:.1%} | {width:.0%} |", flush=True)


def _print_lift(runs: int, rng: np.random.Generator) -> None:
    print(f"Advocacy lift, true lift {TRUE_LIFT}, {runs} runs of each kind")
    print("| advocates × posts | page posts | alike | level | holds the truth | high ÷ low |")
    print("|---|---|---|---|---|---|")
    for each in POSTS:
        held, width = posts(each, runs, rng)
        head = f"| {each.people} × {each.each:g} | {each.page} | {each.alike:g} | {each.level:g} |"
        print(f"{head} {held:.1%} | {width:.1f} |", flush=True)


if __name__ == "__main__":
    main()
