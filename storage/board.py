"""The board of acts: off unless the company wants it, names only of those who want theirs shown.

Acts count, results don't: no click, like or follower earns a point, and nothing that is done on X does, since X forbids
to reward it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from metrics.suppress import MIN_AUTHORS
from storage.viewer import NotAllowed, Viewer

POINTS = {"own_words": 2, "shared": 1, "asked": 1, "answered": 1}
NO_POINTS = ("x",)


@dataclass(frozen=True, slots=True)
class Acts:
    """What a person did in a window: shares in own words, other shares, questions asked, questions answered."""

    name: str
    own_words: int
    shared: int
    asked: int
    answered: int

    @property
    def points(self) -> int:
        """The sum of acts, each by its points."""
        return sum(getattr(self, act) * points for act, points in POINTS.items())


@dataclass(frozen=True, slots=True)
class Board:
    """Those who want to be named, by points and then by name; `unnamed`: how many others did something (None: fewer
    than five, which is not said)."""

    rows: tuple[Acts, ...]
    unnamed: int | None


_ACTS = text("""
SELECT u.name, a.on_leaderboard,
    (SELECT count(*) FROM shares s WHERE s.advocate_id = a.id AND s.own_words AND s.deleted_at IS NULL
        AND s.platform <> ALL(CAST(:none AS text[])) AND s.published_at >= :start AND s.published_at < :end) AS own,
    (SELECT count(*) FROM shares s WHERE s.advocate_id = a.id AND NOT s.own_words AND s.deleted_at IS NULL
        AND s.platform <> ALL(CAST(:none AS text[])) AND s.published_at >= :start AND s.published_at < :end) AS shared,
    (SELECT count(*) FROM campaign_questions q WHERE q.user_id = u.id AND NOT q.anonymous
        AND q.asked_at >= :start AND q.asked_at < :end) AS asked,
    (SELECT count(*) FROM campaign_questions q WHERE q.answered_by = u.id
        AND q.answered_at >= :start AND q.answered_at < :end) AS answered
FROM advocates a JOIN users u ON u.id = a.user_id WHERE a.left_at IS NULL
""")


def board(session: Session, viewer: Viewer, start: datetime, end: datetime) -> Board:
    """Acts in [start, end), for advocates and those who see the programme."""
    if viewer.role != "system" and viewer.advocate_id is None and not viewer.aggregate_facets:
        raise NotAllowed("The board is for those who take part.")
    found = session.execute(_ACTS, {"none": list(NO_POINTS), "start": start, "end": end}).all()
    acts = [(row.on_leaderboard, Acts(row.name, row.own, row.shared, row.asked, row.answered)) for row in found]
    named = [each for shown, each in acts if shown and each.points]
    others = sum(bool(each.points) for shown, each in acts if not shown)
    rows = tuple(sorted(named, key=lambda each: (-each.points, each.name.casefold())))
    return Board(rows, others if others >= MIN_AUTHORS else None)
