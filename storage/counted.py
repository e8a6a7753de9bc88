"""What figures over everybody leave out: what no block of days holds, and answers to surveys.

Whoever reads texts one by one (`storage.readable`) could subtract them from a total that has more: the few who are
held back would be what is left, with hour, source and sentiment. So they are in no figure, until five spoke.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from storage.answers import ANSWER, months_in
from storage.blocks import Span, midnight, span, staff_blocks

# Of cells or mentions `r` with an `hour`; values: `left_out`.
COUNTED = """((r.company_id, r.facet, r.audience, date_trunc('day', r.hour, 'UTC')) NOT IN (SELECT * FROM unnest(
        CAST(:no_companies AS smallint[]), CAST(:no_facets AS text[]), CAST(:no_audiences AS text[]),
        CAST(:no_days AS timestamptz[]))))"""
# Mentions `r` with their `hour`, without answers to surveys.
MENTIONS = f"(SELECT m.*, m.published_at AS hour FROM mentions m WHERE NOT {ANSWER})"  # noqa: S608 - a constant
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
Uncounted = set[tuple[str, str, date]]  # facet label, audience and day


def left_out(
    session: Session, company_ids: Iterable[int], labels: Sequence[str], start: datetime, end: datetime
) -> dict[str, object]:
    """Parameters of `COUNTED` and of `storage.answers.CELLS` for [start, end)."""
    rows = [
        (company_id, label, audience, midnight(day))
        for company_id in company_ids
        for label, audience, day in uncounted(session, company_id, labels, start, end)
    ]
    columns = ("no_companies", "no_facets", "no_audiences", "no_days")
    return {name: [row[at] for row in rows] for at, name in enumerate(columns)} | {"months": months_in(start, end)}


def uncounted(session: Session, company_id: int, labels: Sequence[str], start: datetime, end: datetime) -> Uncounted:
    """What no block holds, in the quarters around [start, end)."""
    whole = span(session, company_id, None, None)
    if whole is None or start >= end:
        return set()
    first = max(whole.first, start.astimezone(UTC).date())
    until = min(whole.until, (end - _INSTANT).astimezone(UTC).date() + _DAY)
    if first >= until:
        return set()
    found = staff_blocks(session, company_id, labels, Span(first, until)).left_out
    return {(*where, day) for where, days in found.items() for day in days}


def is_left_out(uncounted: Uncounted, facet: str, audience: str, at: datetime) -> bool:
    """Whether a mention of this time is in no figure."""
    return (facet, audience, at.astimezone(UTC).date()) in uncounted
