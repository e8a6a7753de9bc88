"""From a content to a public post: suggestions, likeness to colleagues, and posts reported twice, wrongly or late."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from advocacy.shares import PublicPost, read_share
from storage import advocacy, content_edits, contents, links, sharing
from storage.contents import ContentRow
from storage.models.advocacy import Campaign, Share
from storage.models.people import AdvocateAccount
from storage.sharing import Judged
from storage.viewer import NotFound, Viewer
from tests.factories import DAY, MARKETING, NOW
from tests.storage.test_contents import DRAFT, HOSTS, an_advocate

POST = PublicPost("x", "1900000000000000000", "https://x.com/i/status/1900000000000000000")
TEXT = "Ninety prototypes stood on my desk before one of them stopped shouting at the cat."


def _content(session: Session, viewer: Viewer, title: str = "The quiet kettle") -> ContentRow:
    made = content_edits.add(session, MARKETING, replace(DRAFT, title=title), HOSTS, NOW)
    return contents.find(session, viewer, made, NOW)


def _judged(text: str = TEXT) -> Judged:
    return Judged(own_words=True, disclosed=True, signature=sharing.signed(text))


def _share(session: Session, share_id: int) -> Share:
    return session.scalars(select(Share).where(Share.id == share_id)).one()


def test_a_post_is_tied_to_content_and_link(session: Session) -> None:
    ada = an_advocate(session)
    content = _content(session, ada)
    assert ada.advocate_id is not None
    link = links.link_for(session, ada, ada.advocate_id, content.id, "x", HOSTS, NOW)
    made = sharing.note_share(session, ada, content, POST, _judged(), NOW + DAY, NOW)
    share = _share(session, made)
    assert (share.content_id, share.own_words, share.disclosed, share.published_at) == (content.id, True, True, NOW)
    assert links.own_link(session, ada, link.id).share_id == made
    assert [(each.content_id, each.platform) for each in sharing.shared(session, ada)] == [(content.id, "x")]


def test_the_same_post_reported_twice_is_one_share(session: Session) -> None:
    ada = an_advocate(session)
    content = _content(session, ada)
    first = sharing.note_share(session, ada, content, POST, Judged(own_words=False), NOW, NOW)
    assert sharing.note_share(session, ada, content, POST, _judged(), NOW, NOW) == first
    assert _share(session, first).own_words  # the second time its text was there
    assert sharing.note_share(session, ada, content, POST, Judged(own_words=False), NOW, NOW) == first
    assert _share(session, first).signature is not None


def test_a_post_from_before_the_content_is_none_of_its_campaigns(session: Session) -> None:
    ada = an_advocate(session)
    campaign = Campaign(
        key="repair", title="Repair", facet="brand", state="live", starts_at=NOW, ends_at=NOW + DAY, created_at=NOW
    )
    session.add(campaign)
    session.flush()
    content = replace(_content(session, ada), campaign_id=campaign.id)
    old = sharing.note_share(session, ada, content, POST, _judged(), NOW - 400 * DAY, NOW)
    later = replace(POST, native_id="2", url="https://x.com/i/status/2")
    new = sharing.note_share(session, ada, content, later, _judged(), NOW, NOW)
    assert (_share(session, old).content_id, _share(session, old).campaign_id) == (content.id, None)
    assert _share(session, new).campaign_id == campaign.id


def test_a_post_that_was_noted_by_hand_is_tied(session: Session) -> None:
    ada = an_advocate(session)
    assert ada.advocate_id is not None
    noted = advocacy.add_share(
        session, ada, ada.advocate_id, platform="x", native_id=POST.native_id, url=POST.url, title="Mine",
        own_words=False, published_at=NOW, followers=None, now=NOW,
    )  # fmt: skip
    content = _content(session, ada)
    assert sharing.note_share(session, ada, content, POST, _judged(), NOW, NOW) == noted
    assert (_share(session, noted).content_id, _share(session, noted).title) == (content.id, "Mine")
    with pytest.raises(ValueError, match="for another content"):
        sharing.note_share(session, ada, _content(session, ada), POST, _judged(), NOW, NOW)


def test_a_post_of_somebody_else_is_refused(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    content = _content(session, ada)
    sharing.note_share(session, ada, content, POST, _judged(), NOW, NOW)
    with pytest.raises(ValueError, match="somebody else's"):
        sharing.note_share(session, bo, content, POST, _judged(), NOW, NOW)


def test_who_connected_an_account_posts_with_that_one(session: Session) -> None:
    ada = an_advocate(session)
    content = _content(session, ada)
    session.add(
        AdvocateAccount(
            advocate_id=ada.advocate_id, platform="bluesky", host="bsky.social", native_id="did:plc:ada",
            handle="ada.bsky.social", state="connected", connected_at=NOW,
        )
    )  # fmt: skip
    theirs = read_share("https://bsky.app/profile/eve.bsky.social/post/3kabcdefghij2")
    with pytest.raises(ValueError, match=r"by @eve\.bsky\.social"):
        sharing.note_share(session, ada, content, theirs, _judged(), NOW, NOW, author="eve.bsky.social")
    for author in ("ada.bsky.social", "did:plc:ada", None):
        assert sharing.note_share(session, ada, content, theirs, _judged(), NOW, NOW, author=author)


def test_likeness_is_to_colleagues_and_not_to_oneself(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    content, other = _content(session, ada), _content(session, ada)
    sharing.note_share(session, ada, content, POST, _judged(), NOW, NOW)
    near = sharing.signed(TEXT.replace("Ninety", "Sixty"))
    assert sharing.likeness_to_colleagues(session, ada, content.id, near, NOW) == 0.0
    assert sharing.likeness_to_colleagues(session, bo, content.id, near, NOW) > 0.5
    assert sharing.likeness_to_colleagues(session, bo, other.id, near, NOW) > 0.5
    assert sharing.likeness_to_colleagues(session, bo, content.id, near, NOW + timedelta(days=400)) > 0.5
    assert sharing.likeness_to_colleagues(session, bo, other.id, near, NOW + timedelta(days=400)) == 0.0
    assert (
        sharing.likeness_to_colleagues(session, bo, content.id, sharing.signed("Something else altogether"), NOW) < 0.1
    )
    assert sharing.likeness_to_colleagues(session, bo, content.id, sharing.signed("🚀"), NOW) == 0.0


def test_leaving_takes_the_signature_along(session: Session) -> None:
    ada, bo = an_advocate(session), an_advocate(session, "bo")
    content = _content(session, ada)
    made = sharing.note_share(session, ada, content, POST, _judged(), NOW, NOW)
    assert ada.advocate_id is not None
    advocacy.leave(session, ada, ada.advocate_id, NOW)
    session.expire_all()
    assert (_share(session, made).signature, _share(session, made).content_id) == (None, content.id)
    assert sharing.likeness_to_colleagues(session, bo, content.id, sharing.signed(TEXT), NOW) == 0.0
    with pytest.raises(NotFound):
        sharing.note_share(session, ada, content, replace(POST, native_id="5"), _judged(), NOW, NOW)


def test_a_week_suggests_at_most_the_cap_and_hides_what_is_secret(session: Session) -> None:
    ada = an_advocate(session)
    rows = [_content(session, ada, f"Number {number}") for number in range(5)]
    offered = contents.available(session, ada, NOW)
    assert len(offered) == 5
    first = sharing.suggested(session, ada, offered, NOW, 3)
    assert len(first) == 3
    assert sharing.suggested(session, ada, offered, NOW + timedelta(hours=1), 3) == first
    sharing.note_share(session, ada, first[0], POST, _judged(), NOW, NOW)
    content_edits.withdraw(session, MARKETING, first[1].id, NOW)
    left = contents.available(session, ada, NOW)
    assert sharing.suggested(session, ada, left, NOW, 3) == first[2:]
    assert sharing.suggested(session, ada, left, NOW, 0) == ()
    later = sharing.suggested(session, ada, left, NOW + 7 * DAY, 9)
    assert {row.id for row in later} == {row.id for row in rows} - {first[0].id, first[1].id}


def test_the_usual_server_is_that_of_the_last_post(session: Session) -> None:
    ada = an_advocate(session)
    assert sharing.usual_server(session, ada) == ""
    post = read_share("https://social.example/@ada/110000000000000000")
    sharing.note_share(session, ada, _content(session, ada), post, _judged(), NOW, NOW)
    assert sharing.usual_server(session, ada) == "social.example"
