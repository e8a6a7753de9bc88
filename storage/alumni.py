"""Alumni as a group: what they say, how many would come back, how many opted in as advocates.

Texts are read to count, and none leaves this module.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from metrics.blocks import Block, days_within, shared_blocks
from metrics.suppress import Cell, suppress_breakdown
from nlp.boomerang import wants_back
from storage.answers import ANSWER
from storage.blocks import Span, span, staff_blocks
from storage.discretion import public_names
from storage.employer import FORMER, AudienceRow, EmployerVoice, ThemePair
from storage.models.advocacy import Advocate
from storage.profile import own_company
from storage.viewer import Viewer, count_labels

_Said = dict[str, defaultdict[date, set[str]]]  # who said yes or no on which day
READ = 5_000  # the newest texts of a window that are read for the wish to return

_TEXTS = text(f"""
SELECT coalesce(m.author_key, m.id::text) AS author, date_trunc('day', m.published_at, 'UTC') AS day, m.facet, p.text
FROM mentions m JOIN posts p ON p.id = m.post_id
WHERE m.company_id = :company AND m.audience = :former AND m.published_at >= :start AND m.published_at < :end
  AND m.counted AND NOT m.own_account AND m.facet = ANY(CAST(:facets AS text[])) AND NOT {ANSWER}
ORDER BY m.published_at DESC, m.id DESC LIMIT :limit
""")  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Interest:
    """Of so many alumni heard (`people`), how many say that they would come back; None where hidden. Told of blocks of
    days in which nobody or five people say so, and nobody or five do not.

    `read`: their texts of these days, None where hidden; `cut`: there are older ones that were not read.
    """

    people: int | None
    would_return: int | None
    suppressed: bool
    read: int | None
    cut: bool = False


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
        return Interest(None, None, True, None)
    start, end = window.gathered()
    values = {"company": own.id, "former": FORMER, "facets": labels, "limit": READ, "start": start, "end": end}
    names = public_names(session)
    rows = session.execute(_TEXTS, values).all()
    said: dict[str, _Said] = {label: {"yes": defaultdict(set), "no": defaultdict(set)} for label in labels}
    texts: Counter[tuple[str, date]] = Counter()
    for row in rows:
        day = row.day.astimezone(UTC).date()
        said[row.facet]["yes" if wants_back(row.text, names) else "no"][day].add(row.author)
        texts[row.facet, day] += 1
    alumni = staff_blocks(session, own.id, labels, window).told
    told = {
        (label, day) for label in labels for day in _told_days(said[label], alumni.get((label, FORMER), ()), window)
    }
    if not told:
        return Interest(None, None, True, None)
    wishing, others = ({who for label, day in told for who in said[label][name][day]} for name in ("yes", "no"))
    read = sum(texts[where] for where in told)
    return Interest(len(wishing | others), len(wishing), False, read, len(rows) == READ)


def _told_days(said: _Said, alumni: Sequence[Block], window: Span) -> frozenset[date]:
    """The days in which nobody or five people wish to return, and nobody or five do not.

    They are made of the blocks in which alumni are told anyway: other days, held against those, would tell of few.
    """
    ends = {max(block): block for block in alumni}
    voices = {
        name: {end: who for end, block in ends.items() if (who := frozenset().union(*(spoke[day] for day in block)))}
        for name, spoke in said.items()
    }
    joint = (frozenset().union(*(ends[end] for end in found)) for found in shared_blocks(voices, set(voices)))
    return days_within(joint, window.first, window.until)


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
