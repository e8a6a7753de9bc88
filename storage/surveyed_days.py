"""On which days answers to surveys stand among what is counted: charts by day are higher there."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.profile import own_company
from storage.viewer import Viewer, count_labels

_SURVEYED = text("""
SELECT month FROM unnest(CAST(:months AS timestamptz[])) AS month WHERE EXISTS (
    SELECT 1 FROM mentions m JOIN posts p ON p.id = m.post_id
    WHERE m.company_id = :company AND m.published_at = month AND m.counted AND NOT m.own_account
      AND m.facet = ANY(CAST(:facets AS text[])) AND p.kind = 'survey'
) ORDER BY month
""")
_DAY = timedelta(days=1)


def surveyed_days(session: Session, viewer: Viewer, side: str, start: datetime, end: datetime) -> tuple[date, ...]:
    """The firsts of months in [start, end) (UTC) that hold answers to surveys, which carry their month only.

    Raises `NotAllowed` for a side ("employer", "brand") outside the role.
    """
    labels = count_labels(viewer, side)
    own = own_company(session)
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = (midnight + number * _DAY for number in range((end - midnight).days + 1))
    months = [day for day in days if day.day == 1 and start <= day < end]
    if own is None or not months:
        return ()
    found = session.scalars(_SURVEYED, {"company": own.id, "months": months, "facets": labels})
    return tuple(month.astimezone(UTC).date() for month in found)
