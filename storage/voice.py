"""Inside against outside: what surveys say of a theme beside what is said of it in public.

On the employer side, inside are all surveys of people who work or worked here (exit, stay, engagement, …); on the
brand side the surveys of customers. Both sides carry the same themes, found by the same words.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.gaps import Gap, Heard, gap, ranked
from storage.blocks import in_blocks, span
from storage.first_labels import first_label
from storage.profile import own_company
from storage.respondents import Respondents
from storage.theme_voices import CUSTOMERS, ThemeVoices, Voice, theme_voices
from storage.totals import as_of
from storage.viewer import Viewer, count_labels

_NOBODY = Voice(0, 0, Heard(0, 0, 0))

_SURVEYS = text(f"""
SELECT survey, day, count(*) FILTER (WHERE here) AS answers,
    array_agg(DISTINCT author) FILTER (WHERE here AND was AND author IS NOT NULL) AS people,
    array_agg(question) FILTER (WHERE here AND was AND author IS NULL) AS questions,
    array_agg(DISTINCT coalesce(author, id::text)) FILTER (WHERE was AND NOT here) AS gone
FROM (
    SELECT coalesce(p.stated ->> 'survey_type', '') AS survey, date_trunc('day', m.published_at, 'UTC') AS day,
        m.id, m.author_key AS author, concat(p.source_id, ' ', p.title) AS question,
        m.facet = ANY(CAST(:facets AS text[])) AS here,
        {first_label("facet")} = ANY(CAST(:facets AS text[])) AS was
    FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.company_id = :company AND p.published_at >= :start AND p.published_at < :end AND m.counted
      AND NOT m.own_account AND p.kind = 'survey'
) given WHERE (here OR was) AND (survey = :customers) = :brand GROUP BY 1, 2 ORDER BY 1, 2
""")  # noqa: S608 - names of our own


@dataclass(frozen=True, slots=True)
class SurveyPart:
    """The answers of one type of survey, by whole blocks of days; `survey` empty: none was named. None where too few
    people answered."""

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
    inside, outside = (each.sides.get(name, _NOBODY) for name in ("inside", "outside"))
    heard = [_NOBODY.heard if voice is None else voice.heard for voice in (inside, outside)]
    return gap(each.theme, *heard, hidden=inside is None or outside is None)


@dataclass(frozen=True, slots=True)
class _Answers:
    day: date
    answers: int
    people: frozenset[str]


def _surveys(session: Session, viewer: Viewer, side: str, start: datetime, end: datetime) -> tuple[SurveyPart, ...]:
    labels = count_labels(viewer, side)
    own = own_company(session)
    window = span(session, own.id, start, end) if own else None
    if own is None or window is None:
        return ()
    first, until = window.gathered()
    values = {"company": own.id, "start": first, "end": until, "facets": labels}
    given: dict[str, list[_Answers]] = defaultdict(list)
    before: dict[str, dict[date, frozenset[str]]] = defaultdict(dict)
    respondents = Respondents()
    for row in session.execute(_SURVEYS, {**values, "customers": CUSTOMERS, "brand": side == "brand"}):
        day, people = respondents.of(row, row.survey)
        given[row.survey].append(_Answers(day, row.answers, people))
        before[row.survey][day] = people | set(row.gone or ())  # readers who file answers elsewhere move no bound
    return tuple(_survey(name, in_blocks(each, window, before[name])) for name, each in given.items())


def _survey(name: str, told: list[_Answers]) -> SurveyPart:
    if not told:
        return SurveyPart(name, None, None, suppressed=True)
    people = frozenset().union(*(each.people for each in told))
    return SurveyPart(name, sum(each.answers for each in told), len(people), suppressed=False)
