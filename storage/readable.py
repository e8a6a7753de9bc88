"""Which texts of employees, alumni and staff may be read: those of the blocks of days that `storage.blocks` counts.

What no block of its quarter holds is in no figure either (`storage.counted`), so nothing is left when all texts that
may be read are subtracted from a total. Answers to surveys are read where five people answered, whoever else spoke in
public: who gave them is known to be one of few.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.blocks import blocks, days_within, quarter_of
from storage.blocks import STAFF, Heads, Slice, Span, midnight, span, staff_blocks, told_days
from storage.viewer import STAFF_AUDIENCES, Viewer

_SURVEYED = text("""
SELECT m.facet, m.audience, date_trunc('day', m.published_at, 'UTC') AS day,
    array_agg(m.author_key) FILTER (WHERE m.author_key IS NOT NULL) AS people,
    array_agg(concat(p.source_id, ' ', p.title)) FILTER (WHERE m.author_key IS NULL) AS questions
FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
  AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND m.audience = ANY(CAST(:staff AS text[]))
  AND p.kind = 'survey'
GROUP BY 1, 2, 3 ORDER BY 3
""")


class Readable:
    """The judgement for one viewer, company and time; blocks are looked up by quarter, when a row first needs them."""

    def __init__(
        self,
        session: Session,
        viewer: Viewer,
        company_id: int,
        labels: Sequence[str],
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> None:
        self._session, self._company, self._labels = session, company_id, labels
        self._start, self._end = start, end
        self._everything = viewer.role == "system"
        self._whole = None if self._everything else span(session, company_id, start, end)
        # By quarter: the days that may be read, of public talk and of surveys.
        self._days: dict[date, dict[Slice, frozenset[date]]] = {}
        self._surveyed: dict[date, dict[Slice, frozenset[date]]] = {}

    def shows(self, facet: str | None, audience: str | None, published_at: datetime, kind: str = "post") -> bool:
        """Whether a mention with these labels, of this kind of post, may be read."""
        if self._everything or audience not in STAFF_AUDIENCES:
            return True
        if self._whole is None:
            return False
        day, where = published_at.astimezone(UTC).date(), (str(facet), str(audience))
        of_quarter = self._of_surveys if kind == "survey" else self._of_public
        return day in of_quarter(self._whole, quarter_of(day)).get(where, ())

    def held_back(self, audience: str | None = None) -> tuple[str, ...]:
        """The audiences of which nothing may be read, of those that spoke in the quarters of the time asked for.

        Without a beginning, of the newest mention's quarter and the one before.
        """
        if self._everything or self._whole is None:
            return ()
        start = self._start
        if start is None:
            start = midnight(quarter_of(quarter_of(self._whole.until) - timedelta(days=1)))
        found = told_days(self._session, self._company, self._labels, start, self._end)
        return tuple(name for name in found.held_back() if name in STAFF_AUDIENCES and name == (audience or name))

    def _of_public(self, whole: Span, quarter: date) -> dict[Slice, frozenset[date]]:
        if quarter not in self._days:
            found = staff_blocks(self._session, self._company, self._labels, Span(quarter, quarter + timedelta(days=1)))
            self._days[quarter] = found.readable(whole)
        return self._days[quarter]

    def _of_surveys(self, whole: Span, quarter: date) -> dict[Slice, frozenset[date]]:
        if quarter not in self._surveyed:
            start, end = Span(quarter, quarter + timedelta(days=1)).gathered()
            values = {
                "company": self._company,
                "facets": list(self._labels),
                "staff": STAFF,
                "start": start,
                "end": end,
            }
            spoke: dict[Slice, dict[date, frozenset[str]]] = defaultdict(dict)
            heads = Heads()
            for row in self._session.execute(_SURVEYED, values | {"staff": STAFF}):
                day, people = heads.of(row, row.facet, row.audience)
                spoke[row.facet, row.audience][day] = people
            self._surveyed[quarter] = {
                where: days_within(blocks(days), whole.first, whole.until) for where, days in spoke.items()
            }
        return self._surveyed[quarter]
