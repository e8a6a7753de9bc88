"""The blocks of one facet label in one quarter, by who spoke there; what nobody asks for is not worked out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from metrics.blocks import CLAIMED, UNKNOWN, Block, People, Voices, blocks, shared_blocks, still_enough, told_of
from metrics.suppress import MIN_AUTHORS
from storage.answers import ANSWER
from storage.crowds import GUARDED, SAMPLE
from storage.first_labels import first_label
from storage.viewer import STAFF_AUDIENCES

STAFF = sorted(STAFF_AUDIENCES)
OTHERS = ("candidate", "consumer", "other")  # audiences that are not guarded
_Voices = defaultdict[str, defaultdict[str, dict[date, frozenset[str]]]]  # by label and audience
_CROWD = [f"one of a crowd {number}" for number in range(MIN_AUTHORS)]  # of five people it is all the same who they are

_VOICES = text(f"""
SELECT d.facet, d.audience, d.day, v.people
FROM (
    SELECT DISTINCT company_id, facet, audience, day FROM rollup_days
    WHERE company_id = :company AND day >= :start AND day < :end AND mentions > owned
      AND facet = ANY(CAST(:facets AS text[])) AND audience = ANY(CAST(:audiences AS text[]))
) d LEFT JOIN crowded_days c USING (company_id, day, facet, audience) CROSS JOIN LATERAL (
    SELECT CASE WHEN c.company_id IS NOT NULL THEN CAST(:crowd AS text[]) ELSE (
        SELECT array_agg(s.author)
        FROM (
            SELECT CASE WHEN m.id = ANY(CAST(:moved AS bigint[])) THEN 'claimed'
                ELSE coalesce(m.author_key, m.id::text) END AS author
            FROM mentions m
            WHERE m.company_id = d.company_id AND m.audience = d.audience AND m.facet = d.facet
              AND m.published_at >= d.day AND m.published_at < d.day + interval '24 hours' AND m.counted
              AND NOT m.own_account AND NOT {ANSWER}
            ORDER BY m.published_at, m.id LIMIT :sample
        ) s
    ) END AS people
) v
WHERE v.people IS NOT NULL ORDER BY d.day
""")  # noqa: S608 - a constant

# Mentions that readers put into other groups by correcting their labels, with the labels before.
_MOVED = text(f"""
SELECT m.id, coalesce(m.author_key, m.id::text) AS author, date_trunc('day', m.published_at, 'UTC') AS day,
    {first_label("facet")} AS facet, {first_label("audience")} AS audience
FROM (SELECT DISTINCT mention_id FROM corrections WHERE head IN ('audience', 'facet') AND old <> new) c
JOIN mentions m ON m.id = c.mention_id
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted AND NOT m.own_account
  AND NOT {ANSWER}
""")  # noqa: S608 - constants


class LabelBlocks:
    """By who spoke, and by who did before readers corrected labels."""

    def __init__(self, spoke: Voices, before: Voices) -> None:
        self._spoke, self._before = spoke, before

    @cached_property
    def read(self) -> Mapping[str, tuple[Block, ...]]:
        """The blocks that hold five people of one audience of staff, whose texts may be read."""
        spoke, before = self._spoke, self._before
        return {name: still_enough(blocks(before.get(name, {})), spoke[name]) for name in STAFF if name in spoke}

    @cached_property
    def left_out(self) -> Mapping[str, frozenset[date]]:
        """The days of staff in none of these."""
        return {name: frozenset(self._spoke[name]) - days for name, days in self._days.items()}

    @cached_property
    def told(self) -> Mapping[str, tuple[Block, ...]]:
        """The shared blocks, per audience that may be told of them."""
        now, before = self._counted
        shared = shared_blocks(before, STAFF_AUDIENCES)

        def told(name: str) -> tuple[Block, ...]:
            return told_of(name, told_of(name, shared, before, STAFF_AUDIENCES), now, STAFF_AUDIENCES)

        return {name: told(name) for name in (*self.read, UNKNOWN)} | dict.fromkeys(OTHERS, told(OTHERS[0]))

    @cached_property
    def crowd(self) -> frozenset[date]:
        """The days on which staff or the unknown spoke."""
        return frozenset[date]().union(*(days for voices in self._counted for days in voices.values()))

    @cached_property
    def _days(self) -> Mapping[str, frozenset[date]]:
        return {name: frozenset[date]().union(*found) for name, found in self.read.items()}

    @cached_property
    def _counted(self) -> tuple[Voices, Voices]:
        return self._only(self._spoke), self._only(self._before)

    def _only(self, voices: Voices) -> Voices:
        """The voices, those of staff on the days that may be read only."""
        read = self._days
        return {name: _on(people, read[name]) if name in read else people for name, people in voices.items()}


def _on(people: People, days: frozenset[date]) -> People:
    return {day: who for day, who in people.items() if day in days}


def label_blocks(
    session: Session, company_id: int, labels: Sequence[str], start: datetime, end: datetime
) -> dict[str, LabelBlocks]:
    """Those of each label in [start, end), a quarter."""
    values = {"company": company_id, "start": start, "end": end, "facets": list(labels)}
    moved = session.execute(_MOVED, values).all()
    sampled = {"audiences": list(GUARDED), "moved": [row.id for row in moved], "crowd": _CROWD, "sample": SAMPLE}
    spoke: _Voices = defaultdict(lambda: defaultdict(dict))
    for row in session.execute(_VOICES, values | sampled):
        spoke[row.facet][row.audience][row.day.astimezone(UTC).date()] = frozenset(row.people)
    before = _before_corrections(spoke, moved) if moved else spoke
    return {label: LabelBlocks(spoke[label], before[label]) for label in labels}


def _before_corrections(told: _Voices, moved: Sequence[Row[Any]]) -> _Voices:
    """Who spoke by the labels that the mentions had: a reader who corrects some moves no bound of a block."""
    found: _Voices = defaultdict(lambda: defaultdict(dict))
    for label, spoke in told.items():
        for audience, days in spoke.items():
            found[label][audience] = {day: people - {CLAIMED} for day, people in days.items()}
    for row in moved:
        if row.audience in STAFF_AUDIENCES or row.audience == UNKNOWN:
            days, day = found[row.facet][row.audience], row.day.astimezone(UTC).date()
            days[day] = days.get(day, frozenset()) | {row.author}
    return found
