"""Mentions drawn at random for people to check: the only honest measure of the tags.

Every month has an order of its own, a keyed hash of the mention's id. Everybody walks down the same order, each as far
as their role reads, so nobody picks and people share the work: a mention is given to one person, and every fifth to
two, which shows how far people agree. Drawn are tagged, counted mentions of the companies of the profile, published in
the month or the 30 days before it by others than their own accounts, and of employees, alumni and staff those of days
that count (`storage.blocks`), without their answers to surveys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from nlp.result import AUDIENCES, FACETS, SENTIMENTS, STAFF, UNKNOWN
from storage import analysis, audit
from storage.blocks import midnight, span, staff_blocks
from storage.mention_detail import MentionDetail, get
from storage.profile import companies
from storage.viewer import STAFF_AUDIENCES, NotAllowed, Viewer, text_labels

CHOICES: dict[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "audience": (*AUDIENCES, STAFF, UNKNOWN),
    "facet": FACETS,
}
BEFORE = timedelta(days=30)
TWICE_IN = 5  # one mention of so many is given to two people
_SLACK = 25  # how far down the order a check may come from: others checked meanwhile, or a page was left open

_DUE = """
WITH seen AS (
    SELECT mention_id, count(DISTINCT coalesce(user_id, 0)) AS people, bool_or(user_id = :me) AS mine
    FROM corrections WHERE sampled GROUP BY 1
), due AS (
    SELECT m.id, hashint8extended(m.id, :seed) AS place,
        seen.people IS NULL OR (seen.people = 1 AND hashint8extended(m.id, :seed + 1) % :twice_in = 0) AS open
    FROM mentions m LEFT JOIN seen ON seen.mention_id = m.id
    WHERE m.company_id = ANY(CAST(:companies AS integer[]))
      AND m.published_at >= :start AND m.published_at < :end AND m.analyzed_at IS NOT NULL AND m.counted
      AND NOT m.protected AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[]))
      AND NOT coalesce(seen.mine, false) AND m.id <> ALL(CAST(:looked_at AS bigint[]))
      AND (m.audience <> ALL(CAST(:staff AS text[])) OR EXISTS (
          SELECT 1 FROM unnest(CAST(:day_companies AS integer[]), CAST(:day_facets AS text[]),
              CAST(:day_audiences AS text[]), CAST(:days AS timestamptz[])) AS d(company_id, facet, audience, day)
          WHERE d.company_id = m.company_id AND d.facet = m.facet AND d.audience = m.audience
            AND d.day = date_trunc('day', m.published_at, 'UTC')))
      AND (m.audience <> ALL(CAST(:staff AS text[]))
          OR NOT EXISTS (SELECT 1 FROM posts p WHERE p.id = m.post_id AND p.kind = 'survey'))
)
{then}
"""
_NEXT = text(_DUE.format(then="SELECT id FROM due WHERE open ORDER BY place, id LIMIT 1"))
_BEFORE_IT = text(
    _DUE.format(
        then="""SELECT (SELECT count(*) FROM due WHERE open AND (place, id) < (it.place, it.id))
        FROM due it WHERE it.id = :mention"""
    )
)
_LOCK = text("SELECT id FROM mentions WHERE id = :mention FOR UPDATE")  # of two clicks, the second finds the first
_LOOKED_AT = text("""
SELECT DISTINCT CAST(substring(subject FROM '^mention ([0-9]{1,18})') AS bigint) AS id FROM audit_log
WHERE user_id = :me AND action = 'quality.check' AND at >= :month
""")
_PROGRESS = text("""
SELECT count(DISTINCT mention_id) FILTER (WHERE user_id = :me) AS mine, count(DISTINCT mention_id) AS everybody
FROM corrections WHERE sampled AND at >= :month
""")
_OWN = text("""
SELECT c.head, c.old, c.new, c.model = m.model AS same_model, m.scores -> c.head AS scores
FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.mention_id = :mention AND c.user_id = :me AND c.sampled ORDER BY c.at, c.id
""")


@dataclass(frozen=True, slots=True)
class Progress:
    """Mentions checked in this calendar month (UTC)."""

    mine: int
    everybody: int


@dataclass(frozen=True, slots=True)
class Judged:
    """One head of a check that the viewer made: both labels, and the model's probabilities where it still has them."""

    head: str
    model_said: str
    person_said: str
    scores: Mapping[str, float]


def draw(session: Session, viewer: Viewer, now: datetime) -> MentionDetail | None:
    """The next mention for this person, None when they have checked all there are; record that it was read.

    Raises `NotAllowed` for roles that read no texts and for who is no signed-in person.
    """
    found = session.scalar(_NEXT, _values(session, viewer, now))
    if found is None:
        return None
    audit.record(session, viewer, "quality.read", f"mention {found}", now)
    return get(session, viewer, found)


def enter(session: Session, viewer: Viewer, mention_id: int, labels: Mapping[str, str], now: datetime) -> None:
    """Store a person's labels of a mention that was drawn for them; heads that they can't tell are left out.

    Raises `ValueError` for a label that does not exist and for a mention that is not the one to check: nobody picks.
    """
    for head, label in labels.items():
        if label not in CHOICES.get(head, ()):
            raise ValueError(f"{head}: {label!r} is not one of {', '.join(CHOICES.get(head, ()))}")
    session.execute(_LOCK, {"mention": mention_id})
    before = session.scalar(_BEFORE_IT, {**_values(session, viewer, now), "mention": mention_id})
    if before is None or before > _SLACK:
        raise ValueError("This mention is not the one to check now; perhaps you have checked it before.")
    get(session, viewer, mention_id)
    for head in sorted(labels, key=lambda name: name == "facet"):  # last: it may leave the viewer's side by it
        analysis.check(session, viewer, mention_id, head, labels[head], now)
    told = [f"{head} is {labels[head]}" if head in labels else f"{head} can't be told" for head in CHOICES]
    audit.record(session, viewer, "quality.check", f"mention {mention_id}: {', '.join(told)}", now)


def own_check(session: Session, viewer: Viewer, mention_id: int) -> tuple[Judged, ...]:
    """What the viewer said of a mention, beside what the model had said; empty when they did not check it."""
    rows = session.execute(_OWN, {"mention": mention_id, "me": _person(viewer)})
    return tuple(Judged(r.head, r.old, r.new, (r.scores or {}) if r.same_model else {}) for r in rows)


def progress(session: Session, viewer: Viewer, now: datetime) -> Progress:
    """How many mentions were checked this month."""
    row = session.execute(_PROGRESS, {"me": viewer.user_id, "month": _month(now)}).one()
    return Progress(row.mine, row.everybody)


def _values(session: Session, viewer: Viewer, now: datetime) -> dict[str, object]:
    month, me, facets = _month(now), _person(viewer), text_labels(viewer)
    tracked = [company.id for company in companies(session)]
    start = month - BEFORE
    days = []
    for company_id in tracked:
        window = span(session, company_id, start, now)
        if window is not None:
            found = staff_blocks(session, company_id, facets, window).readable(window)
            days += [(company_id, *where, midnight(day)) for where, each in found.items() for day in each]
    columns = ("day_companies", "day_facets", "day_audiences", "days")
    return {
        "me": me,
        "seed": int.from_bytes(sha256(f"checks of {month:%Y-%m}".encode()).digest()[:7]),
        "twice_in": TWICE_IN,
        "start": start,
        "end": now,
        "companies": tracked,
        "facets": facets,
        "staff": sorted(STAFF_AUDIENCES),
        **{name: [row[at] for row in days] for at, name in enumerate(columns)},
        "looked_at": list(session.scalars(_LOOKED_AT, {"me": me, "month": month})),
    }


def _person(viewer: Viewer) -> int:
    if viewer.user_id is None or not viewer.facets:
        raise NotAllowed("Checks are made by people who read mentions.")
    return viewer.user_id


def _month(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
