"""Who says what of which theme, counted once for all views of a side: by audience, and inside against outside.

Themes overlap: a mention may stand in several. Answers to surveys are the inside, and in no other figure; of the
outside counts what `storage.counted` does not leave out. Answers without a respondent cannot be told apart; of them at
least as many people are counted as gave one and the same question an answer, never more.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import UNKNOWN, blocks, days_within, shared_blocks, told_of
from metrics.gaps import Heard
from metrics.suppress import MIN_AUTHORS
from nlp.themes import theme_facets
from storage.blocks import Span, ToldDays, in_blocks, midnight, span, staff_blocks, whole_days
from storage.counted import is_left_out, uncounted
from storage.profile import own_company
from storage.respondents import Respondents
from storage.viewer import STAFF_AUDIENCES, Viewer, count_labels

CUSTOMERS = "csat"  # the type of surveys that customers answer; all others are answered by people who work here
SIDES = ("employer", "brand")
# Of candidates, too, only whole blocks of days are told (`metrics.blocks`): no rule protects them, but a recruiter may
# know each of a few.
CANDIDATE = "candidate"
OUTSIDE = "outside"  # public talk

# Whoever spoke stands there as often as they did: to tell them apart is what sets are for.
_SAID = text("""
SELECT theme, facet, audience, side, day, count(*) AS mentions,
    count(*) FILTER (WHERE sentiment = 'positive') AS positive,
    count(*) FILTER (WHERE sentiment = 'negative') AS negative,
    count(*) FILTER (WHERE sentiment IN ('positive', 'neutral', 'negative')) AS judged,
    array_agg(author) FILTER (WHERE author IS NOT NULL) AS people,
    array_agg(question) FILTER (WHERE author IS NULL) AS questions
FROM (
    SELECT t.theme, m.facet, m.audience, m.sentiment, date_trunc('day', m.published_at, 'UTC') AS day,
        coalesce(m.author_key, CASE WHEN p.id IS NULL THEN m.id::text END) AS author,
        concat(p.source_id, ' ', p.title) AS question,
        CASE WHEN p.id IS NULL THEN 'outside'
             WHEN (coalesce(p.stated ->> 'survey_type', '') = :customers) = :brand THEN 'inside'
             ELSE 'other' END AS side
    FROM mentions m LEFT JOIN posts p
            ON p.id = m.post_id AND p.kind = 'survey' AND p.published_at >= :start AND p.published_at < :end
        CROSS JOIN LATERAL unnest(m.themes) AS t(theme)
    WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
      AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND m.themes && CAST(:themes AS text[])
      AND t.theme = ANY(CAST(:themes AS text[]))
      AND (m.published_at >= :first AND m.published_at < :until OR m.audience = ANY(CAST(:guarded AS text[]))
           OR p.id IS NOT NULL)
) said GROUP BY 1, 2, 3, 4, 5 ORDER BY day
""")


@dataclass(frozen=True, slots=True)
class Voice:
    """What a group said of a theme."""

    mentions: int
    positive: int
    heard: Heard


@dataclass(frozen=True, slots=True)
class ThemeVoices:
    """One theme of one window; a voice is None where it is held back.

    `whole` and `audiences` are of what is said in public, as the side "outside" is. Of surveys, "inside" and "other",
    whole blocks of days are told.
    """

    theme: str
    whole: Voice | None
    audiences: Mapping[str, Voice | None]
    sides: Mapping[str, Voice | None]

    def shown(self, audience: str | None) -> Voice | None:
        """What may be shown of an audience, or of everybody (None)."""
        return self.whole if audience is None else self.audiences.get(audience)


@dataclass(frozen=True, slots=True)
class SideVoices:
    """The themes of a side by name, in a window and in the one before."""

    now: Mapping[str, ThemeVoices]
    before: Mapping[str, ThemeVoices]


def theme_voices(
    session: Session, viewer: Viewer, side: str, start: datetime, end: datetime, before: datetime | None = None
) -> SideVoices:
    """Voices on the themes of a side ("employer", "brand") of the own company; `before`: start of the window before.

    Windows are cut to whole days (UTC), but for the day that still runs. Raises `NotAllowed` for a side outside the
    role.
    """
    if side not in SIDES:
        raise ValueError(f"side: {side!r} is not one of {', '.join(SIDES)}")
    labels = count_labels(viewer, side)
    own = own_company(session)
    around = span(session, own.id, before or start, end) if own else None
    if own is None or around is None:
        return SideVoices({}, {})
    said = _read(session, own.id, labels, side, around)
    earlier = whole_days(around, before, start) if before is not None else Span(around.first, around.first)
    staff, now = staff_blocks(session, own.id, labels, around), whole_days(around, start, end)
    return SideVoices(_window(said, now, staff.within([now])), _window(said, earlier, staff.within([earlier])))


def themes_of(side: str) -> list[str]:
    """The themes of a side, in the order of the lexicon."""
    return [theme for theme, facet in theme_facets().items() if facet == side]


@dataclass(frozen=True, slots=True)
class Saying:
    """What some people said on one day."""

    day: date
    mentions: int
    positive: int
    negative: int
    judged: int
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Said(Saying):
    """What one group said of a theme on one day."""

    facet: str
    audience: str
    side: str


def _read(session: Session, company_id: int, labels: list[str], side: str, around: Span) -> dict[str, list[_Said]]:
    """What was said, by theme: all of it in the days asked for, and in the quarters around what blocks are made of."""
    start, end = around.gathered()
    values = {
        "company": company_id,
        "start": start,
        "end": end,
        "facets": labels,
        "themes": themes_of(side),
        "customers": CUSTOMERS,
        "brand": side == "brand",
        "first": midnight(around.first),
        "until": midnight(around.until),
        "guarded": [*STAFF_AUDIENCES, CANDIDATE, UNKNOWN],
    }
    said: dict[str, list[_Said]] = defaultdict(list)
    respondents, left = Respondents(), uncounted(session, company_id, labels, start, end)
    for row in session.execute(_SAID, values):
        if row.side == OUTSIDE and is_left_out(left, row.facet, row.audience, row.day):
            continue
        day, people = respondents.of(row, row.theme, row.audience, row.side)
        counts = (row.mentions, row.positive, row.negative, row.judged)
        said[row.theme].append(_Said(day, *counts, people, row.facet, row.audience, row.side))
    return said


def _window(said: Mapping[str, list[_Said]], window: Span, staff: ToldDays) -> dict[str, ThemeVoices]:
    found = {}
    for theme, everything in said.items():
        outside = [each for each in everything if each.side == OUTSIDE]
        public = [each for each in outside if window.first <= each.day < window.until]
        sides = _sides(everything, window)
        if public:
            sides[OUTSIDE] = _whole(public)
        if sides:
            found[theme] = ThemeVoices(theme, sides.get(OUTSIDE), _audiences(outside, window, staff), sides)
    return found


def _whole(said: Sequence[_Said]) -> Voice | None:
    voice = voice_of(said)
    return voice if voice.heard.people >= MIN_AUTHORS else None


def _audiences(everything: Sequence[_Said], window: Span, staff: ToldDays) -> dict[str, Voice | None]:
    """Each audience by the days that count, label by label as everywhere."""
    found: dict[str, list[_Said]] = {each.audience: [] for each in everything}
    for label in sorted({each.facet for each in everything}):
        said = [each for each in everything if each.facet == label]
        days = _days(said, window, {name: days for (where, name), days in staff.days.items() if where == label})
        for each in said:
            if each.day in days[each.audience]:
                found[each.audience].append(each)
    return {audience: voice_of(said) if said else None for audience, said in found.items()}


def _days(said: Sequence[_Said], window: Span, staff: Mapping[str, frozenset[date]]) -> dict[str, frozenset[date]]:
    """Which days count for which audience of a label; of staff none that is not told of them as a whole."""
    voices: dict[str, dict[date, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in said:
        voices[each.audience][each.day] |= each.people
    crowd = {name: people for name, people in voices.items() if name in STAFF_AUDIENCES or name == UNKNOWN}
    shared = shared_blocks(crowd, STAFF_AUDIENCES)
    clear = frozenset(window.days()).difference(*crowd.values())
    days = {}
    for name, people in voices.items():
        found = blocks(people) if name == CANDIDATE else told_of(name, shared, crowd, STAFF_AUDIENCES)
        among = staff.get(name, frozenset()) if name in STAFF_AUDIENCES else None
        days[name] = days_within(found, window.first, window.until, among)
        if name not in crowd and name != CANDIDATE:
            days[name] |= clear
    return days


def _sides(everything: Sequence[_Said], window: Span) -> dict[str, Voice | None]:
    """What surveys say, by whole blocks of days; None of a survey in the quarters around that is not told."""
    found: dict[str, Voice | None] = {}
    for side in sorted({each.side for each in everything} - {OUTSIDE}):
        some = in_blocks([each for each in everything if each.side == side], window)
        found[side] = voice_of(some) if some else None
    return found


def voice_of(said: Sequence[Saying]) -> Voice:
    """Days taken together."""
    people = frozenset().union(*(each.people for each in said))
    judged, negative = sum(each.judged for each in said), sum(each.negative for each in said)
    mentions, positive = sum(each.mentions for each in said), sum(each.positive for each in said)
    return Voice(mentions, positive, Heard(judged, negative, len(people)))
