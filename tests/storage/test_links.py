"""Tracked links and their clicks."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from advocacy.clicks import UNTRACKED, Click
from advocacy.links import LinkError
from config.settings import get_settings
from storage import advocacy
from storage.clicks import Seen, store, targets
from storage.links import LinkRow, programme_clicks
from storage.models.advocacy import Campaign, Content
from storage.viewer import NotAllowed, NotFound, Viewer
from tests.factories import DAY, MARKETING, NOW
from tests.storage.test_advocacy import BROWSER, HOSTS, an_advocate

JOBS = "https://careers.acme.example/jobs"


def a_link(session: Session, who: Viewer, expires_in: timedelta | None = None) -> LinkRow:
    expires = None if expires_in is None else NOW + expires_in
    return advocacy.make_link(session, who, who.advocate_id or 0, JOBS, HOSTS, "x", NOW, expires_at=expires)


def a_content(session: Session, link: str | None = JOBS, campaign: Campaign | None = None) -> Content:
    row = Content(
        title="We hire", angle="Why I came", link=link, available_from=NOW - DAY, created_at=NOW - DAY,
        campaign_id=campaign.id if campaign else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def an_embargoed_campaign(session: Session) -> Campaign:
    row = Campaign(
        key="spring", title="Spring", facet="employer", state="briefed", embargo_until=NOW + DAY,
        starts_at=NOW + DAY, ends_at=NOW + 9 * DAY, created_at=NOW,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def link_for(session: Session, who: Viewer, content: Content, channel: str = "x", at: timedelta = DAY * 0) -> LinkRow:
    return advocacy.link_for(session, who, who.advocate_id or 0, content.id, channel, HOSTS, NOW + at)


def test_links_lead_to_registered_hosts_and_not_back_here(session: Session) -> None:
    who = an_advocate(session)
    for url in ("https://evil.example/", f"{get_settings().base_url}/l/abc"):
        with pytest.raises(LinkError):
            advocacy.make_link(session, who, who.advocate_id or 0, url, [*HOSTS, "127.0.0.1", "localhost"], "x", NOW)
    assert targets(session, ["' OR 1=1", "\x00", "unknown"]) == {}
    assert advocacy.add_click(session, "unknown", Click(NOW, "GET", BROWSER, "192.0.2.1")) is None


def test_one_link_per_person_content_and_channel_that_follows_the_content(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    content = a_content(session)
    first = link_for(session, ada, content)
    assert link_for(session, ada, content).code == first.code
    assert len({link_for(session, ada, content, "linkedin").code, link_for(session, bo, content).code, first.code}) == 3
    content.link = "https://careers.acme.example/new"
    moved = link_for(session, ada, content)
    assert (moved.code, moved.destination) == (first.code, content.link)
    advocacy.close_link(session, ada, first.id, NOW)
    assert link_for(session, ada, content).code != first.code
    with pytest.raises(NotAllowed):
        advocacy.link_for(session, bo, ada.advocate_id or 0, content.id, "x", HOSTS, NOW)


def test_contents_that_cannot_be_shared_have_no_link(session: Session) -> None:
    who = an_advocate(session)
    with pytest.raises(LinkError, match="no address"):
        link_for(session, who, a_content(session, link=None))
    with pytest.raises(LinkError, match="registered"):
        link_for(session, who, a_content(session, link="https://evil.example/"))
    content = a_content(session, campaign=an_embargoed_campaign(session))
    with pytest.raises(NotFound):
        link_for(session, who, content)
    assert link_for(session, who, content, at=2 * DAY).campaign == "spring"
    content.withdrawn_at = NOW
    with pytest.raises(NotFound):
        link_for(session, who, content, at=2 * DAY)


def test_clicks_are_counted_raw_filtered_and_unique(session: Session) -> None:
    who = an_advocate(session)
    link = a_link(session, who)
    requests = [
        Click(NOW, "GET", BROWSER, "192.0.2.1"),
        Click(NOW + timedelta(minutes=5), "GET", BROWSER, "192.0.2.1"),  # a repeat
        Click(NOW + timedelta(minutes=45), "GET", BROWSER, "192.0.2.1"),  # counts, the same visitor
        Click(NOW, "GET", "facebookexternalhit/1.1", "192.0.2.2"),
        Click(NOW, "HEAD", BROWSER, "192.0.2.3"),
        Click(NOW, "GET", BROWSER, "192.0.2.4"),
    ]
    for request in requests:
        assert advocacy.add_click(session, link.code, request) == JOBS
    (row,) = advocacy.list_links(session, who, who.advocate_id or 0)
    assert (row.raw, row.filtered, row.unique) == (6, 3, 2)
    days = advocacy.clicks(session, who, who.advocate_id, NOW - 2 * DAY, NOW + DAY)
    assert [(day.raw, day.filtered, day.unique) for day in days] == [(0, 0, 0), (0, 0, 0), (6, 3, 2), (0, 0, 0)]
    assert "192.0.2" not in str(session.execute(text("SELECT * FROM clicks")).all())


def test_closed_and_expired_links_lead_nowhere(session: Session) -> None:
    who = an_advocate(session)
    closed, short = a_link(session, who), a_link(session, who, DAY)
    advocacy.close_link(session, who, closed.id, NOW)
    found = targets(session, [closed.code, short.code])
    assert found[closed.code].over(NOW)
    assert not found[short.code].over(NOW)
    assert found[short.code].over(NOW + DAY)


def test_a_batch_is_stored_once_in_any_order_and_without_links_that_are_gone(session: Session) -> None:
    who = an_advocate(session)
    link = a_link(session, who)
    minute, visitor = timedelta(minutes=1), b"v" * 16
    seen = [
        Seen(link.id, NOW + 10 * minute, "", visitor),
        Seen(link.id, NOW, "", visitor),  # came first: the other one is its repeat
        Seen(link.id, NOW, UNTRACKED, None),
        Seen(link.id + 999, NOW, "", visitor),
    ]
    assert store(session, seen, "batch", NOW) == 3
    assert store(session, seen, "batch", NOW) == 0
    assert store(session, [Seen(link.id, NOW + 20 * minute, "", visitor)], "late", NOW) == 1
    verdicts = session.execute(text("SELECT verdict FROM clicks ORDER BY id")).scalars().all()
    assert sorted(verdicts) == sorted(["counted", UNTRACKED, *["repeat within 30 minutes"] * 2])


def test_the_programme_tells_no_day_of_few_advocates(session: Session) -> None:
    people = [an_advocate(session, f"a{number}") for number in range(5)]
    links = [a_link(session, who) for who in people]
    for number, link in enumerate(links):
        advocacy.add_click(session, link.code, Click(NOW, "GET", BROWSER, f"192.0.2.{number}"))
    by_day = programme_clicks(session, MARKETING, NOW - 2 * DAY, NOW + DAY)
    assert [day.raw for day in by_day] == [0, 0, 5, 0]
    advocacy.add_click(session, links[0].code, Click(NOW - DAY, "GET", BROWSER, "192.0.2.1"))
    (whole,) = programme_clicks(session, MARKETING, NOW - 2 * DAY, NOW + DAY)
    assert (whole.raw, whole.filtered) == (6, 6)
