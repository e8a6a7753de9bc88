"""Advocates: joining, leaving, shares, readings, links, clicks, reach, the programme."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from advocacy.clicks import Click
from storage import advocacy, clicks
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer, viewer_for
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HOUR, MARKETING, NOW

HOSTS = ["careers.acme.example"]
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"
MONTH = (NOW - 30 * DAY, NOW + DAY)


def an_advocate(session: Session, name: str = "ada") -> Viewer:
    user = make.a_user(session, "advocate", f"{name}@acme.example")
    assert user.user_id is not None
    advocate_id = advocacy.join(session, user.user_id, "employee", "2026-01", "I agree to be counted.", NOW - DAY)
    return viewer_for("advocate", user.user_id, advocate_id)


def share(session: Session, who: Viewer, native_id: str = "1", followers: int | None = 100) -> int:
    return advocacy.add_share(
        session,
        who,
        who.advocate_id or 0,
        platform="linkedin",
        native_id=native_id,
        url=f"https://www.linkedin.com/feed/update/{native_id}",
        title="We hire",
        own_words=True,
        published_at=NOW - HOUR,
        followers=followers,
        now=NOW,
    )


def test_joining_twice_is_joining_once(session: Session) -> None:
    who = an_advocate(session)
    assert who.user_id is not None
    assert advocacy.join(session, who.user_id, "alumnus", "2", "Again.", NOW) == who.advocate_id
    row = advocacy.advocate_of(session, who.user_id)
    assert row is not None
    assert (row.standing, row.consent_version) == ("employee", "2026-01")
    with pytest.raises(ValueError, match="standing"):
        advocacy.join(session, who.user_id, "boss", "1", "I agree.", NOW)


def test_a_share_is_noted_once_with_its_latest_readings(session: Session) -> None:
    who = an_advocate(session)
    share_id = share(session, who)
    with pytest.raises(ValueError, match="already"):
        share(session, who)
    advocacy.add_reading(session, who, share_id, {"impressions": 40, "likes": 3}, "advocate", NOW)
    advocacy.add_reading(session, who, share_id, {"impressions": 70}, "advocate", NOW + HOUR)
    (row,) = advocacy.shares(session, who, who.advocate_id or 0)
    assert {name: reading.value for name, reading in row.readings.items()} == {"impressions": 70, "likes": 3}
    with pytest.raises(ValueError, match="likes"):
        advocacy.add_reading(session, who, share_id, {"likes": -1}, "advocate", NOW)
    with pytest.raises(ValueError, match="origin"):
        advocacy.add_reading(session, who, share_id, {"likes": 1}, "hearsay", NOW)
    advocacy.update_share(session, who, share_id, title="New \x00 title", followers=120)
    advocacy.delete_share(session, who, share_id)
    assert advocacy.shares(session, who, who.advocate_id or 0) == ()


def test_advocates_see_themselves_only_and_nobody_else_sees_one(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    share_id = share(session, ada)
    for stranger in (bo, ADMINISTRATOR, make.HR):
        with pytest.raises(NotAllowed):
            advocacy.shares(session, stranger, ada.advocate_id or 0)
        with pytest.raises(NotAllowed):
            advocacy.reach(session, stranger, ada.advocate_id, *MONTH)
        with pytest.raises(NotAllowed):
            advocacy.delete_share(session, stranger, share_id)
    with pytest.raises(NotAllowed):
        advocacy.programme(session, ada, *MONTH, now=NOW)


def test_reach_keeps_measured_estimated_and_potential_apart(session: Session) -> None:
    who = an_advocate(session)
    measured, _ = share(session, who, "1", 100), share(session, who, "2", 300)
    share(session, who, "3", None)
    advocacy.add_reading(session, who, measured, {"impressions": 40}, "advocate", NOW)
    found = advocacy.reach(session, who, who.advocate_id, *MONTH)
    report = found.report
    assert report is not None
    assert report.measured_impressions.value == 40
    assert report.estimated_impressions.value == 30
    assert report.potential_impressions.value == 400
    assert report.potential_impressions.unknown == 1
    assert found.as_of == NOW


def test_the_programme_hides_fewer_than_five_people(session: Session) -> None:
    for number in range(4):
        share(session, an_advocate(session, f"a{number}"), str(number))
    hidden = advocacy.programme(session, MARKETING, *MONTH, now=NOW)
    assert (hidden.suppressed, hidden.shares, hidden.reach.report, hidden.joined_now) == (True, None, None, 4)
    share(session, an_advocate(session, "a5"), "5")
    advocacy.record_day(session, NOW)
    advocacy.record_day(session, NOW + HOUR)
    shown = advocacy.programme(session, MARKETING, *MONTH, now=NOW)
    assert (shown.suppressed, shown.shares, shown.active.value, len(shown.days)) == (False, 5, 1.0, 1)
    assert shown.reach.report is not None


def test_whoever_left_is_not_known_again_by_times(session: Session) -> None:
    who = an_advocate(session)
    number, share_id = who.advocate_id or 0, share(session, who)
    for hours, views in ((1, 40), (3, 60), (30, 90)):
        advocacy.add_reading(session, who, share_id, {"impressions": views}, "advocate", NOW + timedelta(hours=hours))
    link = advocacy.make_link(session, who, number, "https://careers.acme.example/", HOSTS, "x", NOW)
    advocacy.add_click(session, link.code, Click(NOW, "GET", BROWSER, "192.0.2.1"))
    target = clicks.targets(session, [link.code])[link.code].link_id
    reach = advocacy.reach(session, who, number, NOW - timedelta(days=9), NOW + timedelta(days=9))
    advocacy.leave(session, who, number, NOW + timedelta(hours=31))
    clicks.store(session, [clicks.Seen(target, NOW, "", b"late")], "spooled before", NOW)
    times = {
        name: list(session.scalars(text(f"SELECT {column} FROM {name} ORDER BY 1")))
        for name, column in (("share_readings", "observed_at"), ("clicks", "at"), ("links", "closed_at"))
    }
    today = NOW.replace(hour=0, minute=0)
    assert times == {
        "share_readings": [today, today + timedelta(days=1)],
        "clicks": [today, today],
        "links": [today + timedelta(days=1)],
    }
    assert session.scalar(text("SELECT count(*) FROM clicks WHERE visitor IS NOT NULL")) == 0
    kept = advocacy.reach(session, SYSTEM, number, NOW - timedelta(days=9), NOW + timedelta(days=9))
    assert kept.report == reach.report


def test_leaving_takes_everything_that_names(session: Session) -> None:
    who = an_advocate(session)
    share_id = share(session, who)
    advocacy.add_reading(session, who, share_id, {"impressions": 40}, "advocate", NOW)
    link = advocacy.make_link(session, who, who.advocate_id or 0, "https://careers.acme.example/", HOSTS, "x", NOW)
    advocacy.add_click(session, link.code, Click(NOW, "GET", BROWSER, "192.0.2.1"))
    receipt = advocacy.leave(session, who, who.advocate_id or 0, NOW)
    assert (receipt.shares_anonymised, receipt.links_closed) == (1, 1)
    assert advocacy.add_click(session, link.code, Click(NOW, "GET", BROWSER, "192.0.2.1")) is None
    assert advocacy.advocate_of(session, who.user_id or 0) is None
    stored = session.execute(text("SELECT url, native_id, title FROM shares")).one()
    assert tuple(stored) == (None, None, None)
    code, made = session.execute(text("SELECT code, created_at FROM links")).one()
    assert code != link.code, "the code stands in a public post"
    assert made == NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    assert session.scalar(text("SELECT count(*) FROM clicks WHERE visitor IS NOT NULL")) == 0
    assert session.scalar(text("SELECT value FROM share_readings")) == 40
    assert session.scalar(text("SELECT left_at FROM advocates")) == made
    with pytest.raises(NotFound):
        advocacy.leave(session, who, who.advocate_id or 0, NOW)
