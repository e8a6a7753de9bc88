"""How long the listening pages and counts take at many mentions, beside the same at 100,000 in the same run.

`python -m bench.pages [--mentions N]` fills databases on the embedded PostgreSQL in temporary folders, by SQL: half a
year of brand and employer talk, a tenth of it by staff, 20,000 authors, five sources. It asks every page as
administrator through the application itself and prints the median and the slowest of some requests in milliseconds.
"""

import argparse
import logging
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.storage import PROFILE
from config.settings import get_settings
from storage import db, embedded, profile, sources, users

SMALL = 100_000
REQUESTS = 15
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
INSERT INTO posts (source_id, native_id, kind, text, text_hash, author_key, own_account, published_at, date_from,
    collected_at, matched_version)
SELECT (CAST(:sources AS integer[]))[1 + n % 5], n::text, 'post', 'Acme talk ' || n, decode(md5(n::text), 'hex'),
    md5('author' || n % 20000), false, CAST(:now AS timestamptz) - make_interval(secs => n * :step), 'source', :now,
    :version
FROM generate_series(1, :count) AS n
""")
_MENTIONS = text("""
INSERT INTO mentions (post_id, company_id, source_id, published_at, author_key, own_account, added_at, analyzed_at,
    counted, sentiment, audience, facet, themes, scores, model)
SELECT id, :company, source_id, published_at, author_key, false, :now, :now, true,
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
SELECT company_id, date_trunc('hour', published_at, 'UTC'), source_id, facet, audience, sentiment, count(*), count(*), 0
FROM mentions GROUP BY 1, 2, 3, 4, 5, 6
""")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=1_000_000)
    large = parser.parse_args().mentions
    logging.disable(logging.WARNING)
    few, many = _measured(SMALL), _measured(large)
    print(f"{'milliseconds, median (slowest)':<46}{SMALL:>16,}{large:>18,}   ratio")
    for page in PAGES:
        cells = [f"{statistics.median(times):.0f} ({max(times):.0f})" for times in (few[page], many[page])]
        ratio = statistics.median(many[page]) / statistics.median(few[page])
        print(f"{page:<46}{cells[0]:>16}{cells[1]:>18}   {ratio:.1f} x")


def _measured(count: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["DATA_DIR"] = folder
        get_settings.cache_clear()
        with embedded.running(Path(folder), "bench.pages"):
            db.migrate()
            now = datetime.now(UTC)
            with db.transaction() as session:
                _fill(session, count, now)
            with db.connect().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
            try:
                return _asked()
            finally:
                db.connect().dispose()


def _fill(session: Session, count: int, now: datetime) -> None:
    profile.save_profile(session, PROFILE, origin="file", user_id=None, now=now)
    users.create_user(session, EMAIL, "Bench", "administrator", PASSWORD, now)
    named = [sources.get_or_make(session, "import", f"Source {number}", "import", now) for number in range(5)]
    own = profile.own_company(session)
    values = {
        "sources": named,
        "now": now,
        "count": count,
        "step": 180 * 86_400 / count,
        "company": own.id if own else 0,
    }
    session.execute(text("SET LOCAL synchronous_commit = off"))
    session.execute(_POSTS, {**values, "version": profile.matcher(session).version})
    session.execute(_MENTIONS, values)
    session.execute(_ROLLUPS)


def _asked() -> dict[str, list[float]]:
    from api.app import create_app  # after the settings are made

    with TestClient(create_app(), base_url="http://localhost") as client:
        client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
        return {page: [_once(client, page) for _ in range(REQUESTS + 1)][1:] for page in PAGES}


def _once(client: TestClient, page: str) -> float:
    started = time.perf_counter()
    answer = client.get(page, follow_redirects=False)
    if answer.status_code != 200:
        raise SystemExit(f"{page}: {answer.status_code}")
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
