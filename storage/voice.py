"""Inside against outside: what surveys say of a theme beside what is said of it in public.

On the employer side, inside are all surveys of people who work or worked here (exit, stay, engagement, …); on the
brand side the surveys of customers. Both sides carry the same themes, found by the same words.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.gaps import Gap, Heard, gap, ranked
from metrics.suppress import Cell, suppress_breakdown
from storage.breakdowns import as_of
from storage.profile import own_company
from storage.theme_voices import CUSTOMERS, ThemeVoices, Voice, theme_voices
from storage.viewer import Viewer, count_labels

_NOBODY = Voice(0, 0, Heard(0, 0, 0))

_SURVEYS = text("""
SELECT survey, count(*) AS answers, count(DISTINCT author) AS people FROM (
    SELECT named.survey, coalesce(m.author_key, 'nobody ' || row_number() OVER (
        PARTITION BY named.survey, p.title, m.author_key ORDER BY m.id)) AS author
    FROM mentions m JOIN posts p ON p.id = m.post_id
        CROSS JOIN LATERAL (SELECT coalesce(p.stated ->> 'survey_type', '') AS survey) named
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
      AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND p.kind = 'survey'
      AND (named.survey = :customers) = :brand
) given GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class SurveyPart:
    """The answers of one type of survey; `survey` empty: none was named. None where too few people answered."""

    survey: str
    answers: int | None
    people: int | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class InsideOutside:
    """The themes of a side, the surest large gap first, and the surveys behind the inside."""

    side: str
    start: datetime
    end: datetime
    as_of: datetime | None
    gaps: tuple[Gap, ...]
    surveys: tuple[SurveyPart, ...]


def inside_outside(session: Session, viewer: Viewer, side: str, start: datetime, end: datetime) -> InsideOutside:
    """Gaps per theme of a side ("employer", "brand"); themes that only one of both speaks of have none.

    Raises `NotAllowed` for a side outside the role.
    """
    voices = theme_voices(session, viewer, side, start, end).now
    gaps = ranked(_gap(each) for each in voices.values() if "inside" in each.sides)
    return InsideOutside(side, start, end, as_of(session), gaps, _surveys(session, viewer, side, start, end))


def _gap(each: ThemeVoices) -> Gap:
    inside, outside = (each.sides.get(name, _NOBODY).heard for name in ("inside", "outside"))
    return gap(each.theme, inside, outside, hidden=not {"inside", "outside"}.isdisjoint(each.hidden_sides()))


def _surveys(session: Session, viewer: Viewer, side: str, start: datetime, end: datetime) -> tuple[SurveyPart, ...]:
    own = own_company(session)
    values = {
        "company": own.id if own else -1,
        "start": start,
        "end": end,
        "facets": count_labels(viewer, side),
        "customers": CUSTOMERS,
        "brand": side == "brand",
    }
    cells = [Cell(row.survey, row.answers, row.people) for row in session.execute(_SURVEYS, values)]
    found = suppress_breakdown(cells, {cell.key for cell in cells})
    return tuple(
        SurveyPart(shown.key, None if shown.suppressed else int(cell.value or 0), shown.authors, shown.suppressed)
        for cell, shown in zip(cells, found.cells, strict=True)
    )
