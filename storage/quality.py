"""How good the tags are (Q1 to Q4 of the metric definitions): checks of a random sample, what people corrected by
themselves, how the labels drift, and what stood behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from metrics import coarse
from metrics.drift import Drift, drift
from metrics.stats import Proportion, proportion
from storage.answers import CELLS
from storage.counted import COUNTED, MENTIONS, left_out
from storage.profile import companies
from storage.quality_checks import SCALES, Checked, checked
from storage.rollups import as_of
from storage.suppression import MIN_AUTHORS
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

BASE_WEEKS = 4
FEWEST_WEEKS, MOST_WEEKS = 4, 26
_WEEK = timedelta(days=7)
_MOST_CHANGES = 12


@dataclass(frozen=True, slots=True)
class TagQuality:
    """Counts of one window. `read` mentions were opened by somebody, `corrected` ones changed, at least once each, both
    by people's own choice; checks of drawn mentions are in neither. What is counted by audience is rounded down to
    fives: from the others, which are known, employees and alumni would follow."""

    mentions: int
    unsure: int
    unknown_audience: int
    languages: Mapping[str, int]  # mentions by language, the most frequent first
    models: Mapping[str, int]  # mentions by model version
    taxonomies: Mapping[str, int]  # mentions by version of the labels
    read: int
    corrected: int
    corrections: Mapping[str, int]  # by head


@dataclass(frozen=True, slots=True)
class Change:
    """So many mentions were corrected from one label to another by people's own choice; of the audience in fives."""

    head: str
    old: str
    new: str
    mentions: int


@dataclass(frozen=True, slots=True)
class Week:
    """A whole week from Monday (UTC): the share unsure, and each head's labels against the four weeks before.

    `drift` is None with too few mentions, and for the audience also where fewer than five employees and alumni wrote;
    that one is worked out of counts in fives.
    """

    start: datetime
    unsure: Proportion
    drift: Mapping[str, Drift | None]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All that the Quality page tells of a window."""

    start: datetime
    end: datetime
    as_of: datetime | None
    tags: TagQuality
    checked: Checked
    changes: tuple[Change, ...]
    weeks: tuple[Week, ...]


_MENTIONS = text(f"""
SELECT count(*) AS mentions, count(*) FILTER (WHERE sentiment = 'unsure') AS unsure,
       count(*) FILTER (WHERE audience = 'unknown') AS unknown
FROM {MENTIONS} r WHERE published_at >= :start AND published_at < :end AND counted
  AND facet = ANY(CAST(:facets AS text[])) AND {COUNTED}
""")  # noqa: S608 - constants
_BY = f"""
SELECT coalesce({{column}}, 'unknown') AS key, count(*) AS n FROM {MENTIONS} r
WHERE published_at >= :start AND published_at < :end AND counted AND facet = ANY(CAST(:facets AS text[])) AND {COUNTED}
GROUP BY 1 ORDER BY n DESC, 1 LIMIT 12
"""  # noqa: S608 - constants
_LANGUAGES = text(_BY.format(column="lang"))
_MODELS = text(_BY.format(column="model"))
_TAXONOMIES = text(_BY.format(column="taxonomy"))
_CORRECTIONS = text("""
SELECT c.head AS key, count(DISTINCT c.mention_id) AS n FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.at >= :start AND c.at < :end AND NOT c.sampled AND m.facet = ANY(CAST(:facets AS text[]))
GROUP BY 1 ORDER BY 1
""")
_CHANGES = text("""
SELECT c.head, c.old, c.new, count(DISTINCT c.mention_id) AS n,
    count(DISTINCT coalesce(m.author_key, m.id::text)) AS authors
FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.at >= :start AND c.at < :end AND NOT c.sampled AND m.facet = ANY(CAST(:facets AS text[]))
GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3
""")
_CORRECTED = text("""
SELECT count(DISTINCT c.mention_id) FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.at >= :start AND c.at < :end AND NOT c.sampled AND m.facet = ANY(CAST(:facets AS text[]))
""")
# A correction is a reading too, whatever way it came in.
_READ = text("""
SELECT count(*) FROM (
    SELECT CAST(substring(subject FROM '^mention ([0-9]{1,18})') AS bigint) AS id FROM audit_log
    WHERE at >= :start AND at < :end AND action IN ('mention.read', 'mention.correct')
    UNION SELECT mention_id FROM corrections WHERE at >= :start AND at < :end AND NOT sampled
) seen JOIN mentions m ON m.id = seen.id WHERE m.facet = ANY(CAST(:facets AS text[]))
""")
_WEEKS = text(f"""
SELECT date_trunc('week', hour, 'UTC') AS week, sentiment, audience, facet, sum(mentions - owned) AS n
FROM {CELLS} r WHERE hour >= :start AND hour < :end AND facet = ANY(CAST(:facets AS text[])) AND {COUNTED}
GROUP BY 1, 2, 3, 4
""")  # noqa: S608 - constants
_STAFF_AUTHORS = text(f"""
SELECT date_trunc('week', published_at, 'UTC') AS week, count(DISTINCT coalesce(author_key, id::text)) AS authors
FROM {MENTIONS} r
WHERE company_id IN (SELECT id FROM companies) AND {COUNTED} AND audience = ANY(CAST(:audiences AS text[])) AND counted
  AND NOT own_account AND published_at >= :start AND published_at < :end AND facet = ANY(CAST(:facets AS text[]))
GROUP BY 1
""")  # noqa: S608 - constants


def report(session: Session, viewer: Viewer, start: datetime, end: datetime) -> QualityReport:
    """Everything over a window, over all companies, within the facets that the viewer's role counts; raises
    `NotAllowed` for none. The weeks are the whole ones that end in it, at least the last four."""
    return QualityReport(
        start,
        end,
        as_of(session),
        tag_quality(session, viewer, start, end),
        checked(session, viewer, start, end),
        _changes(session, viewer, start, end),
        weeks(session, viewer, start, end),
    )


def tag_quality(session: Session, viewer: Viewer, start: datetime, end: datetime) -> TagQuality:
    """Counts over all companies within the facets that the viewer's role counts; raises `NotAllowed` for none."""
    values = _values(session, start, end, count_labels(viewer))
    row = session.execute(_MENTIONS, values).one()
    corrections = {each.key: _told(each.key, each.n) for each in session.execute(_CORRECTIONS, values)}
    return TagQuality(
        row.mentions,
        row.unsure,
        coarse.down(row.unknown),
        {each.key: each.n for each in session.execute(_LANGUAGES, values)},
        {each.key: each.n for each in session.execute(_MODELS, values)},
        {each.key: each.n for each in session.execute(_TAXONOMIES, values)},
        session.scalar(_READ, values) or 0,
        session.scalar(_CORRECTED, values) or 0,
        {head: n for head, n in corrections.items() if n},
    )


def weeks(session: Session, viewer: Viewer, start: datetime, end: datetime) -> tuple[Week, ...]:
    """Whole weeks, oldest first; own accounts are left out. Weeks before the first mention are not told."""
    last = _monday(end)
    wanted = min(MOST_WEEKS, max(FEWEST_WEEKS, -(-(last - start) // _WEEK)))
    values = _values(session, last - (wanted + BASE_WEEKS) * _WEEK, last, count_labels(viewer))
    rows = session.execute(_WEEKS, values).all()
    staff = {each.week: each.authors for each in session.execute(_STAFF_AUTHORS, {**values, "audiences": _STAFF})}
    first = min((row.week for row in rows if row.n), default=last)
    starts = [last - number * _WEEK for number in range(wanted, 0, -1)]
    return tuple(_week(each, rows, staff) for each in starts if each >= first)


def _values(session: Session, start: datetime, end: datetime, labels: list[str]) -> dict[str, object]:
    left = left_out(session, [company.id for company in companies(session)], labels, start, end)
    return {"start": start, "end": end, "facets": labels, **left}


_STAFF = sorted(STAFF_AUDIENCES)


def _week(start: datetime, rows: Sequence[Row[Any]], staff: Mapping[datetime, int]) -> Week:
    now = [row for row in rows if row.week == start]
    before = [row for row in rows if start - BASE_WEEKS * _WEEK <= row.week < start]
    found = {head: drift(_counts(before, head), _counts(now, head)) for head in SCALES}
    if 0 < staff.get(start, 0) < MIN_AUTHORS:
        found["audience"] = None
    sentiments = _counts(now, "sentiment")
    return Week(start, proportion(sentiments.get("unsure", 0), sum(sentiments.values())), found)


def _counts(rows: Sequence[Row[Any]], head: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        label = getattr(row, head)
        counts[label] = counts.get(label, 0) + int(row.n)
    return {label: _told(head, n) for label, n in counts.items()}


def _told(head: str, count: int) -> int:
    return coarse.down(count) if head == "audience" else count


def _changes(session: Session, viewer: Viewer, start: datetime, end: datetime) -> tuple[Change, ...]:
    """The most frequent changes; those of the audience in fives and with five authors behind them."""
    rows = session.execute(_CHANGES, {"start": start, "end": end, "facets": count_labels(viewer)})
    exact = [row for row in rows if row.head != "audience" or row.authors >= MIN_AUTHORS]
    shown = ((row, _told(row.head, row.n)) for row in exact)
    return tuple(Change(row.head, row.old, row.new, n) for row, n in shown if n)[:_MOST_CHANGES]


def _monday(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())
