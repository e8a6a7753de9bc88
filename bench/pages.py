"""What the listening pages cost at many mentions, beside the same at 100,000 in the same run.

`python -m bench.pages [--mentions N ...]` fills databases on the embedded PostgreSQL in temporary folders, by SQL: half
a year of brand and employer talk, a tenth of it by staff, 20,000 authors, five sources, every twentieth mention a copy.
It asks every page as administrator through the application itself and prints the median of some requests in
milliseconds, with the processor time of the application and of the database in brackets: on a machine that does other
things as well, trust these. Ten million take about half an hour and 15 GB of disk.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench import processor
from bench.storage import PROFILE
from config.settings import get_settings
from storage import db, embedded, profile, recount, sources, users

SMALL = 100_000
REQUESTS = 10
PAGES = (
    "/overview",
    "/brand",
    "/employer?days=30",
    "/inside-outside?days=90",
    "/mentions",
    "/mentions?audience=employee&facet=employer",
)
EMAIL, PASSWORD = "bench@acme.example", "a long enough password"

_POSTS = text("""
INSERT INTO posts (id, source_id, native_id, kind, text, text_hash, author_key, own_account, published_at, date_from,
    collected_at, matched_version) OVERRIDING SYSTEM VALUE
SELECT n, (CAST(:sources AS integer[]))[1 + n % 5], n::text, 'post', 'Acme talk ' || n, decode(md5(n::text), 'hex'),
    md5('author' || n % 20000), false, CAST(:now AS timestamptz) - make_interval(secs => n * :step), 'source',
    CAST(:now AS timestamptz) - make_interval(secs => n * :step), :version
FROM generate_series(1, :count) AS n
""")
_STORIES = text("""
INSERT INTO stories (id, company_id, signature, first_at, first_mention_id) OVERRIDING SYSTEM VALUE
SELECT id, :company, '', published_at, id FROM posts WHERE id % 20 > 0
""")
_MENTIONS = text("""
INSERT INTO mentions (id, post_id, company_id, source_id, published_at, author_key, own_account, added_at, analyzed_at,
    counted, story_id, sentiment, audience, facet, themes, scores, model) OVERRIDING SYSTEM VALUE
SELECT id, id, :company, source_id, published_at, author_key, false, :now, :now, true,
    CASE WHEN id % 20 = 0 THEN id - 1 ELSE id END,
    (ARRAY['negative', 'neutral', 'positive', 'unsure'])[1 + id % 4],
    (ARRAY['consumer', 'consumer', 'consumer', 'unknown', 'unknown', 'other', 'candidate', 'employee', 'consumer',
        CASE WHEN id % 7 = 0 THEN 'alumnus' ELSE 'consumer' END])[1 + id % 10],
    (ARRAY['brand', 'brand', 'employer', 'neither', 'brand', 'both'])[1 + (id / 10) % 6],
    CASE WHEN id % 3 = 0 THEN ARRAY['pay'] WHEN id % 3 = 1 THEN ARRAY['price', 'quality'] ELSE ARRAY[]::text[] END,
    '{}', 'bench'
FROM posts
""")
_ROLLUPS = text("""
INSERT INTO rollups (company_id, hour, source_id, facet, audience, sentiment, mentions, stories, owned)
SELECT company_id, date_trunc('hour', published_at, 'UTC'), source_id, facet, audience, sentiment, count(*),
    count(*) FILTER (WHERE id = story_id), 0
FROM mentions GROUP BY 1, 2, 3, 4, 5, 6
""")
_INDEXES = text("""
SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname
WHERE tablename IN ('posts', 'mentions', 'stories')
  AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = pg_class.oid)
""")
_IN_BULK = (
    "SET LOCAL synchronous_commit = off",
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL maintenance_work_mem = '256MB'",
    "SET LOCAL session_replication_role = replica",  # rows fit together by themselves
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request, in milliseconds: on the clock, and of the processor for application and database."""

    clock: float
    application: float
    database: float

    def __str__(self) -> str:
        return f"{self.clock:.0f} ({self.application:.0f} + {self.database:.0f})"

    @property
    def work(self) -> float:
        """Of the processor, in all."""
        return self.application + self.database


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, nargs="+", default=[1_000_000])
    sizes = [SMALL, *parser.parse_args().mentions]
    logging.disable(logging.WARNING)
    found = {size: _measured(size) for size in sizes}
    print(f"{'milliseconds (processor: application + database)':<50}" + "".join(f"{size:>28,}" for size in sizes))
    for page in PAGES:
        print(f"{page:<50}" + "".join(f"{_told(found[size][page], found[SMALL][page]):>28}" for size in sizes))


def _told(cost: Cost, small: Cost) -> str:
    ratio = "" if cost is small else f"  {cost.clock / small.clock:.1f} x, {cost.work / small.work:.1f} x"
    return f"{cost}{ratio}"


def _measured(count: int) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["DATA_DIR"] = folder
        get_settings.cache_clear()
        with embedded.running(Path(folder), "bench.pages"):
            db.migrate()
            with db.transaction() as session:
                _fill(session, count, datetime.now(UTC))
            with db.connect().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("SET statement_timeout = 0"))
                connection.execute(text("VACUUM ANALYZE"))
            try:
                return _asked(Path(folder))
            finally:
                db.connect().dispose()


def _fill(session: Session, count: int, now: datetime) -> None:
    """Rows first and indexes after, which takes a third of the time."""
    profile.save_profile(session, PROFILE, origin="file", user_id=None, now=now)
    users.create_user(session, EMAIL, "Bench", "administrator", PASSWORD, now)
    own = profile.own_company(session)
    values = {
        "sources": [sources.get_or_make(session, "import", f"Source {number}", "import", now) for number in range(5)],
        "now": now,
        "count": count,
        "step": 180 * 86_400 / count,
        "company": own.id if own else 0,
        "version": profile.matcher(session).version,
    }
    for setting in _IN_BULK:
        session.execute(text(setting))
    indexes = session.execute(_INDEXES).all()
    for index in indexes:
        session.execute(text(f"DROP INDEX {index.indexname}"))
    for query in (_POSTS, _STORIES, _MENTIONS, _ROLLUPS):
        session.execute(query, values)
    for index in indexes:
        session.execute(text(index.indexdef))
    session.execute(text("ANALYZE"))
    recount.mend_days(session)


def _asked(folder: Path) -> dict[str, Cost]:
    from api.app import create_app  # after the settings are made

    with TestClient(create_app(), base_url="http://localhost") as client:
        client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
        return {page: _cost(client, page, folder) for page in PAGES}


def _cost(client: TestClient, page: str, folder: Path) -> Cost:
    """The median on the clock and the mean of processor time, which comes in ticks, after one request to warm up."""
    _once(client, page)
    application, database = processor.own(), processor.database(folder)
    clock = statistics.median([_once(client, page) for _ in range(REQUESTS)])
    application, database = processor.own() - application, processor.database(folder) - database
    return Cost(clock, application / REQUESTS, database / REQUESTS)


def _once(client: TestClient, page: str) -> float:
    started = time.perf_counter()
    answer = client.get(page, follow_redirects=False)
    if answer.status_code != 200:
        raise SystemExit(f"{page}: {answer.status_code}")
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
