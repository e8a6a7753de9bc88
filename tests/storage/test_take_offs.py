"""Take-offs: found against own history at the same age, read by the advocate, counted for the programme."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import advocacy, take_offs, users
from storage.advocacy import Choices
from storage.viewer import NotAllowed, Viewer, viewer_for
from tests import factories as make
from tests.factories import NOW

HOUR = timedelta(hours=1)


def an_advocate(session: Session, name: str, latest: int, now: datetime = NOW, title: str = "Post 9") -> Viewer:
    """Nine earlier posts of about fifty likes after two hours, and one of now."""
    user = users.create_user(session, f"{name}@acme.example", name, "advocate", None, now).id
    me = advocacy.join(session, user, "employee", "1", "I agree.", now - timedelta(days=90))
    viewer = viewer_for("advocate", user, me)
    for number in range(10):
        at = now - (timedelta(days=40 - 2 * number) if number < 9 else 2 * HOUR)
        share = advocacy.add_share(
            session, viewer, me, platform="x", native_id=f"{name}{number}", url=f"https://x.com/a/status/{number}",
            title=f"Post {number}" if number < 9 else title, own_words=True, published_at=at, followers=None, now=at,
        )  # fmt: skip
        likes = 45 + number if number < 9 else latest
        advocacy.add_reading(session, viewer, share, {"likes": likes}, "platform", at + 1.5 * HOUR)
        advocacy.add_reading(session, viewer, share, {"likes": 90 * likes}, "platform", at + 50 * HOUR)
    return viewer


def test_it_is_found_once_told_to_its_author_and_counted_without_a_name(session: Session) -> None:
    loud = an_advocate(session, "ada", 900)
    an_advocate(session, "bo", 60)
    assert take_offs.find(session, NOW) == 1
    assert take_offs.find(session, NOW) == 0

    assert loud.advocate_id is not None
    (mine,) = take_offs.own(session, loud, loud.advocate_id, NOW - HOUR)
    assert (mine.title, mine.counter, mine.value, mine.usual, mine.earlier) == ("Post 9", "likes", 900, 49, 9)
    with pytest.raises(NotAllowed):
        take_offs.own(session, make.MARKETING, loud.advocate_id, NOW)
    with pytest.raises(NotAllowed):
        take_offs.programme(session, make.ADVOCATE, NOW - HOUR, NOW)
    seen = take_offs.programme(session, make.MARKETING, NOW - HOUR, NOW)
    assert (seen.shares, seen.suppressed) == (None, True)

    assert take_offs.to_tell(session, NOW) == [], "nobody asked for a mail"
    advocacy.choose(session, loud, loud.advocate_id, Choices("all", False, False, True, False, None, None))
    assert [each.email for each in take_offs.to_tell(session, NOW)] == ["ada@acme.example"]


def test_old_readings_and_leavers_are_no_news(session: Session) -> None:
    viewer = an_advocate(session, "ada", 900)
    assert viewer.advocate_id is not None
    session.execute(text("DELETE FROM share_readings WHERE observed_at < :until"), {"until": NOW - timedelta(days=3)})
    session.execute(text("UPDATE share_readings SET observed_at = observed_at + interval '60 days'"))
    assert take_offs.find(session, NOW) == 0
    session.execute(text("UPDATE advocates SET left_at = :now"), {"now": NOW})
    assert take_offs.find(session, NOW) == 0
