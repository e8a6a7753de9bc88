"""Posts through the whole pipeline beside the bare model: `python -m bench.pipeline [--posts N] [--processes N]`.

Baseline: `tag_posts` alone on the same texts, in as many processes as the service has, batches as the service's.
Ours: a CSV file is imported while the same number of processes tag what it brought, from the first row read to the
last mention rolled up, on the embedded PostgreSQL in a temporary folder. The two take turns, `--rounds` times, and the
best round of each counts. In the end the cells are counted anew.
"""

import argparse
import csv
import json
import multiprocessing as mp
import os
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from bench.storage import PROFILE, WORDS
from config.settings import get_settings
from nlp.result import TagInput
from nlp.tag import tag_posts
from storage import db, embedded, mentions, profile, rollups
from workers.analyze import analyze
from workers.imports import import_rows

_SPAWN = mp.get_context("spawn")  # as Celery's processes: no engine and no model of the parent's


def main() -> None:
    """Command line; prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=2_000, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=get_settings().worker_processes)
    given = parser.parse_args()
    rounds = [_texts(given.posts, number) for number in range(given.rounds)]
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["DATA_DIR"] = folder
        get_settings.cache_clear()
        with embedded.running(Path(folder), "bench.pipeline"):
            db.migrate()
            with db.transaction() as session:
                profile.save_profile(session, PROFILE, origin="file", user_id=None, now=datetime.now(UTC))
            pairs = [_round(texts, given.processes, Path(folder) / "posts.csv") for texts in rounds]
            with db.reading() as session:
                wrong, left = rollups.check(session), mentions.pending_count(session)
            db.connect().dispose()
    if wrong or left:
        raise SystemExit(f"{left} mentions wait still; {len(wrong)} cells are wrong: {wrong[:3]}")
    bare, whole = (max(rates) for rates in zip(*pairs, strict=True))
    figures = {"bare_model_posts_per_second": bare, "pipeline_posts_per_second": whole, "ratio": whole / bare}
    print(json.dumps({name: round(value, 2) for name, value in figures.items()}))


def _round(texts: list[str], processes: int, file: Path) -> tuple[float, float]:
    """Posts per second of the bare model and of the whole pipeline."""
    _write(file, texts)
    bare = _seconds(processes, _tag_share, texts)
    whole = _seconds(processes, _tag_pending, texts, lambda: _import(file))
    return len(texts) / bare, len(texts) / whole


def _texts(count: int, round_number: int) -> list[str]:
    """Posts of about twenty words, no two alike, so that stories and cells have their usual work."""
    chance = random.Random(round_number)
    return [f"Acme {' '.join(chance.choices(WORDS, k=4))} was a good idea but {' '.join(chance.choices(WORDS, k=8))} "
            f"is too slow for what I pay, number {round_number}-{number}" for number in range(count)]  # fmt: skip


def _write(file: Path, texts: list[str]) -> None:
    now, chance = datetime.now(UTC), random.Random(12)
    with file.open("w", newline="", encoding="utf-8") as opened:
        rows = csv.writer(opened)
        rows.writerow(("id", "date", "author", "text"))
        for number, text in enumerate(texts):  # ids of other rounds would be known already
            at = now - timedelta(minutes=chance.randrange(14 * 24 * 60))
            rows.writerow((text.rpartition(" ")[2], at.isoformat(), f"person{number % 997}", text))


def _seconds(
    processes: int,
    work: Callable[[list[str], Barrier, Event], None],
    texts: list[str],
    beside: Callable[[], None] = lambda: None,
) -> float:
    """Time from the moment when every process has its model loaded to the end of the last one."""
    ready, over = _SPAWN.Barrier(processes + 1), _SPAWN.Event()
    shares = [texts[at::processes] for at in range(processes)]
    family = [_SPAWN.Process(target=work, args=(share, ready, over)) for share in shares]
    for process in family:
        process.start()
    ready.wait()
    started = time.perf_counter()
    beside()
    over.set()
    for process in family:
        process.join()
    if any(process.exitcode for process in family):
        raise SystemExit("A process of the measurement failed.")
    return time.perf_counter() - started


def _import(file: Path) -> None:
    import_rows(file, "posts", {}, "bench")


def _tag_share(texts: list[str], ready: Barrier, _over: Event) -> None:
    """The model alone, over one process's share."""
    size = get_settings().analyze_batch
    inputs = [TagInput(str(number), text) for number, text in enumerate(texts)]
    tag_posts(inputs[:8])
    ready.wait()
    for start in range(0, len(inputs), size):
        tag_posts(inputs[start : start + size])


def _tag_pending(_texts: list[str], ready: Barrier, over: Event) -> None:
    """What a process of the worker does, until the import is over and nothing waits."""
    size = get_settings().analyze_batch
    tag_posts([TagInput("warm", "Acme is warm.")])
    ready.wait()
    while True:
        last = over.is_set()
        if analyze(size) == 0:
            if last:
                return
            time.sleep(0.02)


if __name__ == "__main__":
    main()
