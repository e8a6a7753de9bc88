"""Alumni as a group: what they say, how many would come back, how many opted in as advocates.

Texts are read to count, and none leaves this module.
"""

from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from metrics.suppress import Cell, suppress_breakdown
from nlp.boomerang import wants_back
from storage.discretion import public_names
from storage.employer import FORMER, AudienceRow, EmployerVoice, ThemePair
from storage.models.advocacy import Advocate
from storage.profile import own_company
from storage.viewer import Viewer, count_labels

READ = 5_000  # the newest texts of a window that are read for the wish to return

_TEXTS = text("""
SELECT coalesce(m.author_key, m.id::text) AS author, p.text
FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.audience = :former AND m.published_at >= :start AND m.published_at < :end
  AND m.counted AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[]))
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Interest:
    """Of so many alumni heard (`people`), how many say that they would come back; None where hidden."""

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
    hidden = row is not None and row.suppressed
    return AlumniVoice(row, themes, _interest(session, viewer, found, hidden=hidden), _advocates(session))


def _interest(session: Session, viewer: Viewer, found: EmployerVoice, *, hidden: bool) -> Interest:
    own = own_company(session)
    values = {
        "company": own.id if own else -1,
        "former": FORMER,
        "start": found.start,
        "end": found.end,
        "facets": count_labels(viewer, "employer"),
        "limit": READ,
    }
    names = public_names(session)
    rows = session.execute(_TEXTS, values).all()
    everybody = {row.author for row in rows}
    wishing = {row.author for row in rows if wants_back(row.text, names)}
    cells = [Cell("yes", None, len(wishing)), Cell("no", None, len(everybody) - len(wishing))]
    total = Cell("all", None, len(everybody))
    judged = suppress_breakdown(cells, {"yes", "no"}, total=total, total_protected=True)
    if hidden or judged.total_suppressed:
        return Interest(None, None, True, len(rows))
    if judged.cells[0].suppressed:
        return Interest(len(everybody), None, True, len(rows))
    return Interest(len(everybody), len(wishing), False, len(rows))


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
