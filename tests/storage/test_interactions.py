"""Engagements, both date views, lift and acts, from stored shares."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import advocacy, sources
from storage.board import board
from storage.interactions import interactions, lifts
from storage.viewer import NotAllowed, Viewer
from tests.factories import ADMINISTRATOR, DAY, HOUR, MARKETING, NOW
from tests.storage.test_advocacy import an_advocate

WEEK = (NOW - 7 * DAY, NOW)


def a_share(
    session: Session, who: Viewer, number: str, days_ago: int = 1, platform: str = "linkedin", own: bool = True
) -> int:
    return advocacy.add_share(
        session, who, who.advocate_id or 0, platform=platform, native_id=f"{platform}{number}",
        url=f"https://{platform}.example/{number}", title=None, own_words=own, published_at=NOW - days_ago * DAY,
        followers=100, now=NOW - days_ago * DAY,
    )  # fmt: skip


def read(session: Session, who: Viewer, share: int, days_ago: float, **counters: int) -> None:
    advocacy.add_reading(session, who, share, counters, "platform", NOW - timedelta(days=days_ago))


def test_both_date_views_differ_as_they_say(session: Session) -> None:
    who = an_advocate(session)
    old, unread, new = (a_share(session, who, str(days), days) for days in (20, 15, 3))
    read(session, who, old, 10, impressions=100, likes=5)
    read(session, who, old, 2, impressions=90, likes=9, comments=7)  # fell; a counter that is new is no gain
    read(session, who, unread, 1, impressions=70, likes=1)
    read(session, who, new, 1, impressions=40, likes=4, outside_comments=2, comments=2)
    found = interactions(session, who, who.advocate_id, *WEEK)
    assert found is not None
    assert (found.posts, found.engagements) == (1, 6)
    views, acts = found.gained_impressions, found.gained_engagements
    assert (views.value, views.known, views.unknown) == (40 - 10, 2, 1)
    assert (acts.value, acts.unknown) == (6 + 4, 1)
    assert (found.quality.outside.value, found.quality.questions.value) == (1.0, None)
    with pytest.raises(NotAllowed):
        interactions(session, ADMINISTRATOR, who.advocate_id, *WEEK)


def test_the_programme_tells_nothing_of_few(session: Session) -> None:
    people = [an_advocate(session, f"a{number}") for number in range(5)]
    for number, who in enumerate(people[:4]):
        read(session, who, a_share(session, who, str(number)), 0.5, likes=2)
    assert interactions(session, MARKETING, None, *WEEK) is None
    a_share(session, people[4], "4")
    found = interactions(session, MARKETING, None, *WEEK)
    assert found is not None
    assert (found.posts, found.engagements, found.with_engagements) == (5, 8, 4)
    with pytest.raises(NotAllowed):
        interactions(session, people[0], None, *WEEK)


def test_lift_compares_with_the_companys_own_posts(session: Session) -> None:
    source = sources.get_or_make(session, "x_owned", "X", "dashboard", NOW)
    add = (
        "INSERT INTO posts (source_id, native_id, kind, text, text_hash, own_account, published_at, date_from, "
        "collected_at, matched_version) SELECT :source, 'p' || n, 'post', '', '', true, "
        "CAST(:now AS timestamptz) - interval '9 days', 'platform', :now, 0 FROM generate_series(1, 25) AS n"
    )
    session.execute(text(add), {"now": NOW, "source": source})
    session.execute(
        text("INSERT INTO counter_snapshots SELECT id, 'likes', CAST(:at AS timestamptz), 4 + id % 3 FROM posts"),
        {"at": NOW - HOUR},
    )
    for number in range(6):
        who = an_advocate(session, f"a{number}")
        for post in range(4):
            read(session, who, a_share(session, who, f"{number}-{post}", 5, "x"), 1, likes=9 + (number + post) % 3)
    (found,) = lifts(session, MARKETING, NOW)
    assert (found.platform, found.engagements.posts, found.engagements.page_posts) == ("x", 24, 25)
    assert found.engagements.value == 2.0
    assert found.impressions.value is None
    assert "are needed" in found.impressions.reason


def test_acts_count_by_the_wish_of_each_and_never_on_x(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    a_share(session, ada, "1")
    a_share(session, ada, "2", own=False)
    a_share(session, ada, "3", platform="x")
    a_share(session, bo, "4")
    assert board(session, bo, *WEEK).rows == ()
    session.execute(text("UPDATE advocates SET on_leaderboard = (id = :id)"), {"id": ada.advocate_id})
    found = board(session, bo, *WEEK)
    (row,) = found.rows
    assert (row.own_words, row.shared, row.points) == (1, 1, 3)
    assert found.unnamed is None
