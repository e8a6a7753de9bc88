"""How early and how quiet the tests of sentiment and of ratings are: `python -m bench.sentiment_alerts`.

Three rules run side by side on the same made streams: ours; the rule that it replaced (the shortest window of 1 to 24
hours with 20 judged mentions, lower bound of the 90 % Wilson interval 10 points above the share of four weeks); and a
z test over a fixed window of 24 hours (two proportions, alarm above 3). Part 1: false alarms in four weeks, over
streams of independent mentions, of clumps and of a daily rhythm, looked at every hour. Part 2: mentions from a rise of
the true share from 20 % until the alarm, looked at after every mention. Part 3: the hand-labelled stream of airline
tweets, airline by airline, where ../shared (or OUTSPOKEN_SHARED) has it. Part 4: drops of ratings. Part 5: the errors
of the model on labelled sets of ../shared, which `alerts.negative` has as constants: enter them there when the weights
change.
"""

import gzip
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import numpy as np

from alerts.negative import RISE
from alerts.rating import LEAST_BEFORE, MOST_BEFORE, MOST_REVIEWS, bar, strongest_drop
from alerts.sequential import BASELINE_HOURS, LEAST_JUDGED, Confusion, FloatArray, IntArray, ringing
from metrics.stats import wilson
from nlp.result import TagInput
from nlp.tag import tag_posts

USUAL = 0.2
DAY = 24
QUIET = 6  # hours without an alarm until the next one counts as another, as an incident closes
WEEKS = 32
RUNS = 60
MOST_MENTIONS = 1_500
PERFECT, MODEL = Confusion(), Confusion(0.75, 0.90)
Rule = Callable[[IntArray, IntArray, float], bool]


@dataclass(frozen=True, slots=True)
class Clumps:
    """Stories of so many mentions on average, alike in sentiment with a probability, spread over hours."""

    size: float
    alike: float
    hours: float


STREAMS: dict[str, Clumps | None] = {
    "independent": None,
    "daily rhythm of the share, 12 to 28 %": None,
    "clumps of 3 within an hour": Clumps(3, 0.8, 1),
    "clumps of 6 within 6 hours": Clumps(6, 0.8, 6),
}


def ours(judged: IntArray, negative: IntArray, informedness: float) -> bool:
    """The sequential test."""
    return ringing(judged, negative, design=RISE * informedness) is not None


def former(judged: IntArray, negative: IntArray, informedness: float) -> bool:
    """The window rule that it replaced; it did not know of the model's errors."""
    n, x = int(judged[:-DAY].sum()), int(negative[:-DAY].sum())
    if n < LEAST_JUDGED:
        return False
    recent, events = np.cumsum(judged[: -DAY - 1 : -1]), np.cumsum(negative[: -DAY - 1 : -1])
    enough = np.flatnonzero(recent >= LEAST_JUDGED)
    if len(enough) == 0:
        return False
    share = wilson(int(events[enough[0]]), int(recent[enough[0]]), 0.90)
    return share is not None and share.low > x / n + RISE


def fixed_window(judged: IntArray, negative: IntArray, informedness: float) -> bool:
    """z of the last 24 hours against the weeks before, above 3."""
    n, x = int(judged[-DAY:].sum()), int(negative[-DAY:].sum())
    base_n, base_x = int(judged[:-DAY].sum()), int(negative[:-DAY].sum())
    if min(n, base_n) < LEAST_JUDGED:
        return False
    pooled = (x + base_x) / (n + base_n)
    spread = sqrt(pooled * (1 - pooled) * (1 / n + 1 / base_n))
    return spread > 0 and (x / n - base_x / base_n) / spread > 3


RULES: dict[str, Rule] = {"sequential": ours, "former rule": former, "z, 24 h": fixed_window}


def stream(
    rng: np.random.Generator, per_hour: float, hours: int, share: float, clumps: Clumps | None, swing: float = 0.0
) -> tuple[IntArray, IntArray]:
    """Judged and negative mentions by hour; `swing`: how far the share moves up and down within a day."""
    if clumps is None:
        judged = rng.poisson(per_hour, hours)
        shares = share + swing * np.sin(2 * np.pi * np.arange(hours) / DAY)
        return judged, rng.binomial(judged, shares)
    stories = rng.poisson(per_hour * hours / clumps.size)
    of = np.repeat(np.arange(stories), rng.geometric(1 / clumps.size, stories))
    at = rng.uniform(0, hours, stories)[of] + rng.exponential(clumps.hours, len(of))
    bad = np.where(rng.random(len(of)) < clumps.alike, (rng.random(stories) < share)[of], rng.random(len(of)) < share)
    kept = at < hours
    places = at[kept].astype(np.int64)
    return np.bincount(places, minlength=hours), np.bincount(places[bad[kept]], minlength=hours)


def episodes(alarms: Sequence[bool]) -> int:
    """Alarms that are six hours and more apart."""
    places = np.flatnonzero(alarms)
    return int(len(places) > 0) + int((np.diff(places) > QUIET).sum())


def false_alarms(per_hour: float, name: str, seed: int) -> dict[str, float]:
    """Alarms in four weeks without any rise, looked at at the end of each hour."""
    rng = np.random.default_rng(seed)
    hours = BASELINE_HOURS + 168 * WEEKS
    swing = 0.08 if "rhythm" in name else 0.0
    judged, negative = stream(rng, per_hour, hours, USUAL, STREAMS[name], swing)
    ends = range(BASELINE_HOURS, hours)
    return {
        label: 4 / WEEKS * episodes([rule(*_until(judged, negative, end), 1.0) for end in ends])
        for label, rule in RULES.items()
    }


def delay(per_hour: float, share: float, errors: Confusion, rng: np.random.Generator) -> dict[str, int]:
    """Mentions from the rise until each rule's alarm, at most 1,500; the rise begins within an hour."""
    before, after = stream(rng, per_hour, BASELINE_HOURS, errors.observed(USUAL), None)
    times = np.cumsum(rng.exponential(1 / per_hour, MOST_MENTIONS)).astype(np.int64)
    bad = rng.random(MOST_MENTIONS) < errors.observed(share)
    judged = np.concatenate((before, np.zeros(times[-1] + 1, dtype=np.int64)))
    negative = np.concatenate((after, np.zeros(times[-1] + 1, dtype=np.int64)))
    found: dict[str, int] = {}
    for number, (hour, is_bad) in enumerate(zip(times, bad, strict=True), 1):
        place = BASELINE_HOURS + int(hour)
        judged[place] += 1
        negative[place] += is_bad
        if is_bad:  # another mention alone never rings
            now = _until(judged, negative, place + 1)
            found |= {label: number for label, rule in _open(found) if rule(*now, errors.informedness)}
        if len(found) == len(RULES):
            break
    return {label: found.get(label, MOST_MENTIONS) for label in RULES}


def airlines(path: Path) -> None:
    """Alarms before 21 February 2015, and from its start until the next alarm, by airline."""
    streams: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            at = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
            streams[row["brand"]].append((at, row["sentiment"] == "negative"))
    for airline, tweets in sorted(streams.items()):
        print(f"  {airline:<16}" + "".join(f"{_replayed(sorted(tweets), rule):<44}" for rule in RULES.values()))


def _replayed(tweets: Sequence[tuple[datetime, bool]], rule: Rule) -> str:
    """One airline under one rule, looked at after every hour before the change and every tweet after it."""
    change = datetime(2015, 2, 21, tzinfo=UTC)
    start = tweets[0][0].replace(minute=0, second=0)
    hours = 1 + int((tweets[-1][0] - start).total_seconds() // 3600)
    judged, negative = np.zeros(hours, dtype=np.int64), np.zeros(hours, dtype=np.int64)
    before: list[bool] = []
    since, last = 0, -1
    for at, is_bad in tweets:
        place = int((at - start).total_seconds() // 3600)
        if at < change and place != last:
            before.extend(rule(judged[:end], negative[:end], 1.0) for end in range(max(DAY + 1, last + 1), place + 1))
        last = place
        judged[place] += 1
        negative[place] += is_bad
        since += at >= change
        if at >= change and place > DAY and rule(judged[: place + 1], negative[: place + 1], 1.0):
            return f"{episodes(before)} before; {since} tweets, {(at - change).total_seconds() / 3600:.1f} h"
    return f"{episodes(before)} before; none in {since} tweets"


def ratings(name: str, chances: Sequence[float], seed: int) -> None:
    """Reviews to a false alarm, and reviews until a fall by one star is found."""
    rng = np.random.default_rng(seed)
    stars = rng.choice(np.arange(1.0, 6.0), 15_000, p=chances)
    alarms = [_drops(stars[: end + 1]) for end in range(MOST_BEFORE, len(stars))]
    places = np.flatnonzero(alarms)
    count = int(len(places) > 0) + int((np.diff(places) > LEAST_BEFORE).sum())
    delays = []
    for _ in range(RUNS):
        past = rng.choice(np.arange(1.0, 6.0), MOST_BEFORE, p=chances)
        fallen = np.concatenate((past, np.maximum(1.0, rng.choice(np.arange(1.0, 6.0), 300, p=chances) - _fall(rng))))
        rings = (end - MOST_BEFORE for end in range(MOST_BEFORE + 1, len(fallen) + 1) if _drops(fallen[:end]))
        delays.append(next(rings, 300))
    print(
        f"  {name:<28} one false alarm in {len(alarms) / max(1, count):,.0f} reviews; stars lower by 1.3 on average: "
        f"found after {np.median(delays):.0f} ({np.percentile(delays, 90):.0f}) reviews"
    )


def model_errors(path: Path, rows: int = 1_500) -> None:
    """Sensitivity and specificity of the built-in model among sure answers, on rows that it was not trained on."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        found = [row for line in lines if (row := json.loads(line)).get("sentiment")]
    unseen = [row for row in found if row.get("split") == "dev"] or found
    order = np.random.default_rng(1).permutation(len(unseen))[:rows]
    chosen = [unseen[place] for place in order]
    tags = tag_posts([TagInput(str(at), row["text"]) for at, row in enumerate(chosen)], 2)
    sure = [(row["sentiment"], one.sentiment.label) for row, one in zip(chosen, tags, strict=True)]
    sure = [pair for pair in sure if pair[1] != "unsure"]
    told = []
    for label in ("negative", "positive"):
        hits = [guess == label for truth, guess in sure if truth == label]
        others = [guess != label for truth, guess in sure if truth != label]
        told.append(f"{label} {np.mean(hits):.2f} / {np.mean(others):.2f}")
    print(f"  {path.name.partition('.')[0]:<20} {', '.join(told)} (of {len(sure):,} sure answers)")


def main() -> int:
    """Print all five parts."""
    print(f"false alarms in four weeks, share 20 %: {', '.join(RULES)}")
    for name in STREAMS:
        for per_hour in (0.5, 2.0, 10.0, 50.0):
            alarms = false_alarms(per_hour, name, seed=3)
            print(
                f"  {name:<38} {per_hour:>4}/h   " + "   ".join(f"{alarms[label]:5.2f}" for label in RULES), flush=True
            )
    print("\nmentions from 20 % until the alarm, median (90th percentile): " + ", ".join(RULES))
    rng = np.random.default_rng(5)
    for errors in (PERFECT, MODEL):
        for per_hour in (2.0, 10.0, 50.0):
            for share in (0.3, 0.4, 0.5, 0.6):
                _print_delays(per_hour, share, errors, rng)
    folder = Path(os.environ.get("OUTSPOKEN_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    sets = folder / "data" / "nlp"
    path = sets / "airline_tweets.jsonl.gz"
    print(f"\nairline tweets, labels by people, from 21 February 2015, 00:00 UTC on: {', '.join(RULES)}")
    if path.is_file():
        airlines(path)
    else:
        print("  not here: set OUTSPOKEN_SHARED")
    print("\nratings, balanced")
    ratings("many fives, some ones", (0.13, 0.05, 0.07, 0.15, 0.6), seed=1)
    ratings("bell-shaped", (0.05, 0.2, 0.4, 0.25, 0.1), seed=1)
    print("\nsensitivity / specificity of the built-in model")
    for name in ("semeval2013_2016", "target_tweets2014", "airline_tweets"):
        if (sets / f"{name}.jsonl.gz").is_file():
            model_errors(sets / f"{name}.jsonl.gz")
    return 0


def _print_delays(per_hour: float, share: float, errors: Confusion, rng: np.random.Generator) -> None:
    runs = [delay(per_hour, share, errors, rng) for _ in range(RUNS)]
    medians = "   ".join(_median([run[label] for run in runs]) for label in RULES)
    print(f"  {errors.sensitivity:.2f}/{errors.specificity:.2f} {per_hour:>4}/h to {share:.0%}   {medians}", flush=True)


def _until(judged: IntArray, negative: IntArray, end: int) -> tuple[IntArray, IntArray]:
    first = max(0, end - BASELINE_HOURS)
    return judged[first:end], negative[first:end]


def _open(found: dict[str, int]) -> list[tuple[str, Rule]]:
    return [(label, rule) for label, rule in RULES.items() if label not in found]


def _median(values: Sequence[int]) -> str:
    words = f"{np.median(values):.0f} ({np.percentile(values, 90):.0f})"
    return f"{words:<12}"


def _drops(stars: FloatArray) -> bool:
    recent = stars[-MOST_BEFORE - MOST_REVIEWS :]
    found = strongest_drop(recent.tolist(), range(max(1, len(recent) - MOST_REVIEWS), len(recent)))
    return found is not None and found.evidence >= bar(1_000.0)


def _fall(rng: np.random.Generator) -> FloatArray:
    return rng.choice([0.0, 2.0], 300, p=[0.25, 0.75])


if __name__ == "__main__":
    sys.exit(main())
