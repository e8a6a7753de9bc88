"""Days of a series where the clocks change at midnight."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy.orm import Session

from storage.rollups import SeriesFilter, series
from tests import factories as make
from tests.factories import MARKETING


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Atlantic/Azores", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), 25),  # at 01:00 it is midnight again
        ("America/Santiago", datetime(2025, 9, 7, 4, 30, tzinfo=UTC), 23),  # there is no midnight
    ],
)
def test_a_day_with_two_midnights_or_none_is_counted_whole(
    session: Session, zone: str, day: datetime, hours: int
) -> None:
    world = make.set_up(session)
    for number in range(3):
        at = day + timedelta(hours=number)
        make.heard(session, world, {str(number): make.different(number)}, at=at)
    wanted = SeriesFilter(day - timedelta(days=1), day + timedelta(days=1, hours=2), timezone=zone)
    found = series(session, MARKETING, wanted)
    assert [bucket.mentions for bucket in found] == [0, 3, 0]
    assert [b.start - a.start for a, b in pairwise(found)] == [timedelta(hours=24), timedelta(hours=hours)]
