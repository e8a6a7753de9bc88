"""How fast storage takes posts and tags, beside a loop that does the same row by row, in the same run.

`python -m bench.storage [--posts N]` makes an own database on the embedded PostgreSQL in a temporary folder. It prints
rows per second and the ratio to the naive loop: one INSERT … ON CONFLICT per post and per mention; per mention one
UPDATE of its tags and one upsert of its cell (and no stories at all, which favours the naive side).
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.post import Post
from config.settings import get_settings
from nlp.result import Tags, Verdict
from nlp.stories import bands, signature
from storage import db, embedded, mentions, profile, rollups, sources
from storage.mentions import Analyzed
from storage.profile import CompiledMatcher

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
BATCH = 500
TAGGED = 256  # as the worker's setting
PROFILE = '[company]\nname = "Acme"\n[[rivals]]\nname = "Contoso"\n'
STEMS, ENDS = (
    ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve"),
    ("ck", "lm", "nd", "rt", "sp", "x"),
)
WORDS = tuple(stem + end for stem in STEMS for end in ENDS)

_NAIVE_POST = text("""
INSERT INTO posts (source_id, native_id, kind, text, text_hash, author_key, own_account, published_at, date_from,
    collected_at, matched_version)
VALUES (:source, :native, 'post', :body, :hash, :author, false, :at, 'source', :now, :version)
ON CONFLICT (source_id, native_id) DO UPDATE SET text = excluded.text RETURNING id
""")
_NAIVE_MENTION = text("""
INSERT INTO mentions (post_id, company_id, source_id, published_at, author_key, own_account, added_at)
VALUES (:post, :company, :source, :at, :author, false, :now) ON CONFLICT DO NOTHING
""")
_NAIVE_TAGS = text("""
UPDATE mentions SET analyzed_at = :now, counted = true, sentiment = 'neutral', audience = 'consumer', facet = 'brand',
    scores = CAST(:scores AS jsonb), model = 'bench' WHERE id = :id RETURNING company_id, source_id, published_at
""")
_NAIVE_CELL = text("""
INSERT INTO rollups (company_id, hour, source_id, facet, audience, sentiment, mentions, stories)
VALUES (:company, date_trunc('hour', CAST(:at AS timestamptz), 'UTC'), :source, 'brand', 'consumer', 'neutral', 1, 1)
ON CONFLICT (company_id, hour, source_id, facet, audience, sentiment)
DO UPDATE SET mentions = rollups.mentions + 1, stories = rollups.stories + 1
""")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    posts = _posts(parser.parse_args().posts)
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ["DATA_DIR"] = folder
        get_settings.cache_clear()
        with embedded.running(Path(folder), "bench.storage"):
            db.migrate()
            with db.transaction() as session:
                profile.save_profile(session, PROFILE, origin="file", user_id=None, now=NOW)
            _measure(posts)
            db.connect().dispose()


def _measure(posts: Sequence[Post]) -> None:
    few = posts[: max(500, len(posts) // 10)]  # the naive loop gets a part: its speed does not depend on the number
    with db.transaction() as session:
        matcher = profile.matcher(session)
        bulk, naive = (sources.get_or_make(session, "import", name, "import", NOW) for name in ("bulk", "naive"))
    _report("posts stored", _rate(len(posts), lambda: _add(posts, bulk, matcher)),
            _rate(len(few), lambda: _add_naively(few, naive, matcher)))  # fmt: skip
    prepared = _prepared(bulk)
    fast = _rate(len(prepared), lambda: _save(prepared))
    slow_ids = _pending(naive)
    _report("tags saved", fast, _rate(len(slow_ids), lambda: _save_naively(slow_ids)))
    again = _rate(len(posts), lambda: _add(posts, bulk, matcher))
    print(f"{'known posts seen again':<24}{again:>10,.0f} /s")
    with db.transaction() as session:
        session.execute(text("DELETE FROM rollups WHERE source_id = :id"), {"id": naive})
        session.execute(text("DELETE FROM mentions WHERE source_id = :id"), {"id": naive})
        problems = rollups.check(session)
    print("Rollups equal the mentions." if not problems else "\n".join(problems))


def _report(what: str, bulk: float, naive: float) -> None:
    print(f"{what:<24}{bulk:>10,.0f} /s   row by row {naive:>8,.0f} /s   {bulk / naive:.1f} x")


def _rate(count: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def _posts(count: int) -> list[Post]:
    chance = random.Random(7)
    made = []
    for number in range(count):
        words = " ".join(chance.choices(WORDS, k=20))
        name = "Acme" if number % 3 else "Contoso"
        made.append(
            Post(
                native_id=str(number),
                text=f"{name} {words} {number}",
                published_at=NOW - timedelta(minutes=chance.randrange(14 * 24 * 60)),
                author_key=sha256(b"%d" % (number % 997)).hexdigest()[:32],
                counters={"likes": number % 7},
                raw={"id": number, "tags": ["a", "b"]},
            )
        )
    return made


def _add(posts: Sequence[Post], source_id: int, matcher: CompiledMatcher) -> None:
    for start in range(0, len(posts), BATCH):
        with db.transaction() as session:
            mentions.add_new(session, source_id, posts[start : start + BATCH], matcher, NOW)


def _add_naively(posts: Sequence[Post], source_id: int, matcher: CompiledMatcher) -> None:
    for start in range(0, len(posts), BATCH):
        with db.transaction() as session:
            for post in posts[start : start + BATCH]:
                _add_one(session, post, source_id, matcher)


def _add_one(session: Session, post: Post, source_id: int, matcher: CompiledMatcher) -> None:
    values = {"source": source_id, "at": post.published_at, "author": post.author_key, "now": NOW}
    digest = sha256(post.text.encode()).digest()
    row = {"native": post.native_id, "body": post.text, "hash": digest, "version": matcher.version, **values}
    post_id = session.scalar(_NAIVE_POST, row)
    for company in matcher.match(post.text):
        session.execute(_NAIVE_MENTION, {"post": post_id, "company": company, **values})


def _prepared(source_id: int) -> list[Analyzed]:
    """Tags and signatures made beforehand, so that only storage is measured."""
    with db.reading() as session:
        query = (
            "SELECT m.id, p.text FROM mentions m JOIN posts p ON p.id = m.post_id WHERE m.source_id = :id ORDER BY 1"
        )
        rows = session.execute(text(query), {"id": source_id}).all()
    return [_analyzed(row.id, row.text) for row in rows]


def _analyzed(mention_id: int, words: str) -> Analyzed:
    labels = ("negative", "neutral", "positive")[mention_id % 3]
    heads = [Verdict(label, {label: 0.9, "other": 0.1}) for label in (labels, "consumer", "brand")]
    signed = signature(words)
    tags = Tags(str(mention_id), "en", heads[0], heads[1], heads[2], ("price",), {}, "bench", "1")
    return Analyzed(mention_id, tags, False, signed, bands(signed))


def _save(prepared: Sequence[Analyzed]) -> None:
    for start in range(0, len(prepared), TAGGED):
        part = prepared[start : start + TAGGED]
        with db.transaction() as session:
            mentions.claim_pending(session, len(part), [each.mention_id for each in part])
            mentions.save_analysis(session, part, NOW)


def _pending(source_id: int) -> list[int]:
    with db.reading() as session:
        query = text("SELECT id FROM mentions WHERE source_id = :id AND analyzed_at IS NULL ORDER BY id")
        return list(session.scalars(query, {"id": source_id}))


def _save_naively(ids: Sequence[int]) -> None:
    scores = json.dumps({"sentiment": {"neutral": 0.9, "other": 0.1}})
    for start in range(0, len(ids), TAGGED):
        with db.transaction() as session:
            for mention_id in ids[start : start + TAGGED]:
                row = session.execute(_NAIVE_TAGS, {"id": mention_id, "now": NOW, "scores": scores}).one()
                cell = {"company": row.company_id, "source": row.source_id, "at": row.published_at}
                session.execute(_NAIVE_CELL, cell)


if __name__ == "__main__":
    main()
