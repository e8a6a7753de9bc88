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

from metrics.blocks import blocks, days_within, quarter_of, quarters, still_enough
from storage.blocks import Slice, Span, midnight, span, staff_blocks
from storage.first_labels import first_label
from storage.label_blocks import STAFF
from storage.respondents import Respondents
from storage.viewer import STAFF_AUDIENCES, Viewer

# With the labels that answers had before readers corrected some.
_SURVEYED = text(f"""
SELECT m.facet, m.audience, {first_label("facet")} AS facet_before, {first_label("audience")} AS audience_before,
    date_trunc('day', m.published_at, 'UTC') AS day,
    array_agg(m.author_key) FILTER (WHERE m.author_key IS NOT NULL) AS people,
    array_agg(concat(p.source_id, ' ', p.title)) FILTER (WHERE m.author_key IS NULL) AS questions
FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.published_at >= :start AND m.published_at < :end AND m.counted
  AND NOT m.own_account AND p.kind = 'survey'
GROUP BY 1, 2, 3, 4, 5 ORDER BY 5
""")  # noqa: S608 - names of our own


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
        window = span(self._session, self._company, start, self._end)
        if window is None:
            return ()
        heard = [staff_blocks(self._session, self._company, self._labels, window).readable(window)]
        heard += [self._of_surveys(self._whole, first) for first, _ in quarters(window.first, window.until)]
        said = [(name, days) for each in heard for (label, name), days in each.items() if label in self._labels]
        spoke, read = {name for name, _ in said}, {name for name, days in said if days}
        return tuple(name for name in STAFF if name in spoke - read and name == (audience or name))

    def _of_public(self, whole: Span, quarter: date) -> dict[Slice, frozenset[date]]:
        if quarter not in self._days:
            found = staff_blocks(self._session, self._company, self._labels, Span(quarter, quarter + timedelta(days=1)))
            self._days[quarter] = found.readable(whole)
        return self._days[quarter]

    def _of_surveys(self, whole: Span, quarter: date) -> dict[Slice, frozenset[date]]:
        if quarter not in self._surveyed:
            start, end = Span(quarter, quarter + timedelta(days=1)).gathered()
            before, now = _answers(self._session, self._company, start, end)
            self._surveyed[quarter] = {
                where: days_within(still_enough(blocks(before[where]), people), whole.first, whole.until)
                for where, people in now.items()
            }
        return self._surveyed[quarter]


_Days = defaultdict[Slice, dict[date, frozenset[str]]]


def _answers(session: Session, company_id: int, start: datetime, end: datetime) -> tuple[_Days, _Days]:
    """Who answered by the labels before corrections, and of them those whose labels are the same."""
    before, now = _Days(dict), _Days(dict)
    people_before, people_same = Respondents(), Respondents()
    for row in session.execute(_SURVEYED, {"company": company_id, "start": start, "end": end}):
        was, where = (row.facet_before, row.audience_before), (row.facet, row.audience)
        day, people = people_before.of(row, *was)
        before[was][day] = before[was].get(day, frozenset()) | people
        if was == where:
            now[where][day] = people_same.of(row, *where)[1]
    return before, now
