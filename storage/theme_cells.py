"""Counts by theme: of whole days those that are kept, of the hours at the ends of a window the mentions themselves."""

from datetime import datetime

from sqlalchemy.orm import Session

from storage.answers import ANSWER, days_in
from storage.blocks import midnight, span

_MENTIONS = f"""
    SELECT m.company_id, m.published_at, t.theme, m.source_id, m.facet, m.audience, m.sentiment, 1,
        CASE WHEN s.id IS NULL THEN 0 ELSE 1 END
    FROM mentions m CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
        LEFT JOIN stories s ON s.id = m.story_id AND s.first_mention_id = m.id
    WHERE m.company_id = :company AND m.counted AND NOT m.own_account AND NOT {ANSWER}
"""  # noqa: S608 - a constant
# Without owned voice and answers to surveys; values: "company", "start", "end" and `kept_days`.
THEME_CELLS = f"""(
    SELECT company_id, day AS hour, theme, source_id, facet, audience, sentiment, mentions, stories FROM rollup_themes
    WHERE company_id = :company AND day >= :first_day AND day < :end_day
    UNION ALL {_MENTIONS} AND m.published_at >= :start AND m.published_at < :first_day
    UNION ALL {_MENTIONS} AND m.published_at >= :end_day AND m.published_at < :end
)"""  # noqa: S608 - constants


def kept_days(session: Session, company_id: int, start: datetime, end: datetime) -> dict[str, datetime]:
    """As `days_in`; the day that still runs counts as a whole where the window reaches the newest mention."""
    found = days_in(start, end)
    window = span(session, company_id, start, end)
    if window is not None and midnight(window.until) > end and window.first < window.until:
        found = {"first_day": min(found["first_day"], midnight(window.first)), "end_day": midnight(window.until)}
    return found
