"""How good the tags are, as far as people's work shows it (Q3, Q4 of the metric definitions)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.viewer import Viewer, count_labels


@dataclass(frozen=True, slots=True)
class TagQuality:
    """Counts of one window. `read` mentions were opened by somebody, `corrected` ones changed, at least once each."""

    mentions: int
    unsure: int
    unknown_audience: int
    languages: Mapping[str, int]  # mentions by language, the most frequent first
    models: Mapping[str, int]  # mentions by model version
    read: int
    corrected: int
    corrections: Mapping[str, int]  # by head


_MENTIONS = text("""
SELECT count(*) AS mentions, count(*) FILTER (WHERE sentiment = 'unsure') AS unsure,
       count(*) FILTER (WHERE audience = 'unknown') AS unknown
FROM mentions WHERE published_at >= :start AND published_at < :end AND counted
  AND facet = ANY(CAST(:facets AS text[]))
""")
_BY = """
SELECT coalesce({column}, 'unknown') AS key, count(*) AS n FROM mentions
WHERE published_at >= :start AND published_at < :end AND counted AND facet = ANY(CAST(:facets AS text[]))
GROUP BY 1 ORDER BY n DESC, 1 LIMIT 12
"""
_LANGUAGES = text(_BY.format(column="lang"))
_MODELS = text(_BY.format(column="model"))
_CORRECTIONS = text("""
SELECT c.head AS key, count(DISTINCT c.mention_id) AS n FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.at >= :start AND c.at < :end AND m.facet = ANY(CAST(:facets AS text[])) GROUP BY 1 ORDER BY 1
""")
_CORRECTED = text("""
SELECT count(DISTINCT c.mention_id) FROM corrections c JOIN mentions m ON m.id = c.mention_id
WHERE c.at >= :start AND c.at < :end AND m.facet = ANY(CAST(:facets AS text[]))
""")
# A correction is a reading too, whatever way it came in.
_READ = text("""
SELECT count(*) FROM (
    SELECT CAST(substring(subject FROM '^mention ([0-9]{1,18})') AS bigint) AS id FROM audit_log
    WHERE at >= :start AND at < :end AND action IN ('mention.read', 'mention.correct')
    UNION SELECT mention_id FROM corrections WHERE at >= :start AND at < :end
) seen JOIN mentions m ON m.id = seen.id WHERE m.facet = ANY(CAST(:facets AS text[]))
""")


def tag_quality(session: Session, viewer: Viewer, start: datetime, end: datetime) -> TagQuality:
    """Counts over all companies within the facets that the viewer's role counts; raises `NotAllowed` for none."""
    values = {"start": start, "end": end, "facets": count_labels(viewer)}
    row = session.execute(_MENTIONS, values).one()
    return TagQuality(
        row.mentions,
        row.unsure,
        row.unknown,
        {each.key: each.n for each in session.execute(_LANGUAGES, values)},
        {each.key: each.n for each in session.execute(_MODELS, values)},
        session.scalar(_READ, values) or 0,
        session.scalar(_CORRECTED, values) or 0,
        {each.key: each.n for each in session.execute(_CORRECTIONS, values)},
    )
