"""Which story a mention belongs to: near copies of the same company within 14 days find each other by their bands.

Two transactions that analyse the first copies of a story at once can't make it twice: assignment runs under the
company's lock (`storage.cells.lock_companies`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from nlp.stories import SAME_STORY, similarity

WINDOW = timedelta(days=14)
_PER_BAND = 20  # newest stories looked at per band; bounds the work when a template fills one band with thousands

# Numbers come as one text each: reading 4,096 elements of an array takes the client longer than the query takes.
_CANDIDATES = text("""
SELECT q.at, near.story_id
FROM unnest(CAST(string_to_array(:ats, ',') AS integer[]), CAST(string_to_array(:bands, ',') AS bigint[]))
    AS q(at, band)
JOIN unnest(CAST(:companies AS smallint[]), CAST(:published AS timestamptz[])) WITH ORDINALITY
    AS m(company_id, published_at, at) ON m.at = q.at
CROSS JOIN LATERAL (
    SELECT b.story_id FROM story_bands b JOIN stories s ON s.id = b.story_id
    WHERE b.company_id = m.company_id AND b.band = q.band
      AND b.first_at BETWEEN m.published_at - CAST(:reach AS interval) AND m.published_at + CAST(:reach AS interval)
    ORDER BY b.first_at DESC, b.story_id LIMIT :per_band
) near
GROUP BY q.at, near.story_id
""")
_SIGNATURES = text("SELECT id, signature FROM stories WHERE id = ANY(CAST(:ids AS bigint[]))")
_NEW_IDS = text("SELECT nextval(pg_get_serial_sequence('stories', 'id')) FROM generate_series(1, CAST(:n AS integer))")
_ADD_STORIES = text("""
INSERT INTO stories (id, company_id, signature, first_at)
SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:companies AS smallint[]), CAST(:signatures AS bytea[]),
                     CAST(:firsts AS timestamptz[]))
""")
_ADD_BANDS = text("""
INSERT INTO story_bands (company_id, band, story_id, first_at)
SELECT s.company_id, b.band, s.id, s.first_at
FROM unnest(CAST(string_to_array(:ids, ',') AS bigint[]), CAST(string_to_array(:bands, ',') AS bigint[]))
    AS b(story_id, band) JOIN stories s ON s.id = b.story_id
ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A mention that looks for its story; `story_id` is the one it has."""

    mention_id: int
    company_id: int
    published_at: datetime
    signature: bytes
    bands: tuple[int, ...]
    story_id: int | None


@dataclass(slots=True)
class _Fresh:
    """A story made in this batch; its id comes when all are known."""

    mention: Unplaced
    id: int = 0


def place(session: Session, mentions: Sequence[Unplaced]) -> dict[int, int]:
    """Mention id → story id; stories that are missing are made. The caller holds the companies' locks."""
    near = _stored_candidates(session, mentions)
    wanted = {story for stories in near.values() for story in stories}
    signatures: dict[int, bytes] = {
        row.id: row.signature for row in session.execute(_SIGNATURES, {"ids": list(wanted)})
    }
    fresh: list[_Fresh] = []
    by_band: dict[tuple[int, int], list[_Fresh]] = defaultdict(list)
    placed: dict[int, int] = {}
    waiting: dict[int, _Fresh] = {}
    for at, mention in enumerate(mentions):
        stored = _best_stored(mention, near[at], signatures)
        if stored is not None:
            placed[mention.mention_id] = stored
            continue
        story = _best_fresh(mention, by_band)
        if story is None:
            story = _Fresh(mention)
            fresh.append(story)
            for band in mention.bands:
                by_band[mention.company_id, band].append(story)
        waiting[mention.mention_id] = story
    _add(session, fresh)
    return placed | {mention_id: story.id for mention_id, story in waiting.items()}


def _stored_candidates(session: Session, mentions: Sequence[Unplaced]) -> dict[int, set[int]]:
    near: dict[int, set[int]] = defaultdict(set)
    asked = [(at, band) for at, mention in enumerate(mentions, 1) for band in mention.bands]
    rows = session.execute(
        _CANDIDATES,
        {
            "ats": ",".join(str(at) for at, _ in asked),
            "bands": ",".join(str(band) for _, band in asked),
            "companies": [mention.company_id for mention in mentions],
            "published": [mention.published_at for mention in mentions],
            "reach": WINDOW,
            "per_band": _PER_BAND,
        },
    )
    for at, story_id in rows:
        near[at - 1].add(story_id)
    for at, mention in enumerate(mentions):
        if mention.story_id is not None:
            near[at].add(mention.story_id)
    return near


def _best_stored(mention: Unplaced, near: set[int], signatures: dict[int, bytes]) -> int | None:
    """The most similar stored story; its present one among equals, so that repeating an analysis moves nothing."""
    ranks = [
        (similarity(mention.signature, signatures[story_id]), story_id == mention.story_id, -story_id)
        for story_id in near
        if story_id in signatures
    ]
    likeness, _, story_id = max(ranks, default=(0.0, False, 0))
    return -story_id if likeness >= SAME_STORY else None


def _best_fresh(mention: Unplaced, by_band: dict[tuple[int, int], list[_Fresh]]) -> _Fresh | None:
    for band in mention.bands:
        for story in by_band.get((mention.company_id, band), [])[-_PER_BAND:]:
            apart = abs(story.mention.published_at - mention.published_at)
            if apart <= WINDOW and similarity(story.mention.signature, mention.signature) >= SAME_STORY:
                return story
    return None


def _add(session: Session, fresh: Sequence[_Fresh]) -> None:
    if not fresh:
        return
    for story, new_id in zip(fresh, session.scalars(_NEW_IDS, {"n": len(fresh)}), strict=True):
        story.id = new_id
    session.execute(
        _ADD_STORIES,
        {
            "ids": [story.id for story in fresh],
            "companies": [story.mention.company_id for story in fresh],
            "signatures": [story.mention.signature for story in fresh],
            "firsts": [story.mention.published_at for story in fresh],
        },
    )
    bands = [(story.id, band) for story in fresh for band in story.mention.bands]
    values = {
        "ids": ",".join(str(story_id) for story_id, _ in bands),
        "bands": ",".join(str(band) for _, band in bands),
    }
    session.execute(_ADD_BANDS, values)
