"""Alumni as a group: what they say, how many would come back, how many opted in as advocates.

Texts are read to count, and none leaves this module.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from metrics.blocks import days_within, joint_blocks
from metrics.suppress import Cell, suppress_breakdown
from nlp.boomerang import wants_back
from storage.blocks import span
from storage.discretion import public_names
from storage.employer import FORMER, AudienceRow, EmployerVoice, ThemePair
from storage.models.advocacy import Advocate
from storage.profile import own_company
from storage.viewer import Viewer, count_labels

READ = 5_000  # the newest texts of a window that are read for the wish to return

_TEXTS = text("""
SELECT coalesce(m.author_key, m.id::text) AS author, date_trunc('day', m.published_at, 'UTC') AS day, p.text
FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.audience = :former AND m.published_at >= :start AND m.published_at < :end
  AND m.counted AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[]))
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Interest:
    """Of so many alumni heard (`people`), how many say that they would come back; None where hidden. Told of blocks of
    days in which nobody or five people say so, and nobody or five do not."""

    people: int | None
    would_return: int | None
    suppressed: bool
    read: int  # texts; as many as `READ` where there may be more


@dataclass(frozen=True, slots=True)
class AlumniVoice:
    """`row` None: no alumnus was heard. `advocates` None: hidden, because they are fewer than five (or the employees
    among the advocates are, whose number would follow)."""

    row: AudienceRow | None
    themes: tuple[ThemePair, ...]
    interest: Interest
    advocates: int | None


def alumni_voice(session: Session, viewer: Viewer, found: EmployerVoice) -> AlumniVoice:
    """Alumni in the window of `found`; raises `NotAllowed` without the employer side."""
    row = found.row(FORMER)
    themes = tuple(pair for pair in found.pairs if pair.former is not None)
    return AlumniVoice(row, themes, _interest(session, viewer, found), _advocates(session))


def _interest(session: Session, viewer: Viewer, found: EmployerVoice) -> Interest:
    labels = count_labels(viewer, "employer")
    own = own_company(session)
    window = span(session, own.id, found.start, found.end) if own else None
    if own is None or window is None:
        return Interest(None, None, True, 0)
    start, end = window.gathered()
    values = {"company": own.id, "former": FORMER, "facets": labels, "limit": READ, "start": start, "end": end}
    names = public_names(session)
    rows = session.execute(_TEXTS, values).all()
    said: dict[str, dict[date, set[str]]] = {"yes": defaultdict(set), "no": defaultdict(set)}
    for row in rows:
        said["yes" if wants_back(row.text, names) else "no"][row.day.astimezone(UTC).date()].add(row.author)
    told = days_within(joint_blocks(said), window.first, window.until)
    wishing, others = ({who for day in told for who in said[name].get(day, ())} for name in ("yes", "no"))
    if not told:
        return Interest(None, None, True, len(rows))
    return Interest(len(wishing | others), len(wishing), False, len(rows))


def _advocates(session: Session) -> int | None:
    query = (
        select(Advocate.standing, func.count().label("people"))
        .where(Advocate.left_at.is_(None))
        .group_by(Advocate.standing)
    )
    counted: dict[str, int] = {row.standing: row.people for row in session.execute(query)}
    cells = [Cell(name, None, counted.get(name, 0)) for name in ("employee", FORMER)]
    found = suppress_breakdown(cells, {"employee", FORMER})
    return None if found.cells[1].suppressed else counted.get(FORMER, 0)
