"""One text for each theme of the employer side that may be quoted: by candidates and others, never by staff, and never
by people whose standpoint is unknown, since they may be staff."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.answers import ANSWER
from storage.discretion import public_names
from storage.highlights import unquoted_audiences
from storage.models.mentions import Mention
from storage.profile import own_company
from storage.search import MentionRow, rows_of_mentions
from storage.suppression import MIN_AUTHORS
from storage.viewer import Viewer, text_labels

_QUOTABLE = sorted({"candidate", "consumer", "other"} - unquoted_audiences("employer"))
_NEWEST = text(f"""
WITH quotable AS (
    SELECT a.audience FROM unnest(CAST(:audiences AS text[])) AS a(audience)
    WHERE (SELECT count(DISTINCT coalesce(part.author_key, part.id::text)) FROM (
        SELECT m.author_key, m.id FROM mentions m
        WHERE m.company_id = :company AND m.audience = a.audience AND m.published_at >= :start
          AND m.published_at < :end AND m.facet = ANY(CAST(:facets AS text[])) AND m.counted AND NOT {ANSWER} LIMIT 2000
    ) part) >= :least
)
SELECT DISTINCT ON (t.theme) t.theme, m.id
FROM mentions m JOIN quotable q ON q.audience = m.audience CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
  AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND t.theme = ANY(CAST(:themes AS text[]))
  AND NOT {ANSWER}
ORDER BY t.theme, m.published_at DESC, m.id DESC
""")  # noqa: S608 - a constant


def theme_quotes(
    session: Session, viewer: Viewer, themes: Sequence[str], start: datetime, end: datetime, audience: str | None = None
) -> Mapping[str, MentionRow]:
    """The newest quotable text by theme; the caller leaves out themes whose figures are hidden.

    An audience of fewer than five people is not quoted. Raises `NotAllowed` where the role reads no texts.
    """
    own = own_company(session)
    values = {
        "company": own.id if own else -1,
        "start": start,
        "end": end,
        "facets": text_labels(viewer, "employer"),
        "audiences": [name for name in _QUOTABLE if audience in (None, name)],
        "themes": list(themes),
        "least": MIN_AUTHORS,
    }
    ids = {row.theme: row.id for row in session.execute(_NEWEST, values)}
    rows = session.execute(rows_of_mentions().where(Mention.id.in_(set(ids.values()))))
    kept = public_names(session)
    found = {row.id: MentionRow.of(row, kept) for row in rows}
    return {theme: found[mention_id] for theme, mention_id in ids.items() if mention_id in found}
