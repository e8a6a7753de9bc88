"""What there is to share: who sees and writes it, when, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from advocacy.content import Draft
from advocacy.pictures import Picture
from storage import advocacy, content_edits, contents, sharing
from storage.models.advocacy import Campaign
from storage.models.users import User
from storage.viewer import NotAllowed, NotFound, Viewer, viewer_for
from tests.factories import DAY, HR, LEADERSHIP, MARKETING, NOW

HOSTS = ("careers.acme.example",)
DRAFT = Draft(
    title="The quiet kettle",
    angle="Two years of work for forty seconds",
    available_from=NOW - DAY,
    prompts=("What surprised you?",),
    facts="It boils in forty seconds\nNinety prototypes",
    avoid="Prices",
    example="Our new kettle boils in forty seconds.",
    link="https://careers.acme.example/jobs",
    platforms=("x", "linkedin"),
)
PICTURE = Picture("image/png", b"\x89PNG", 1, 1)


def an_advocate(session: Session, name: str = "ada", role: str = "advocate") -> Viewer:
    """Somebody who joined; without a password, whose hash would cost these tests their time."""
    person = User(email=f"{name}@acme.example", name=name.title(), role=role, created_at=NOW)
    session.add(person)
    session.flush()
    return viewer_for(role, person.id, advocacy.join(session, person.id, "employee", "1", "I agree", NOW - 9 * DAY))


def a_campaign(session: Session, facet: str = "brand", *, state: str = "briefed", embargo: timedelta = DAY) -> int:
    """A campaign whose embargo ends after NOW by `embargo`."""
    row = Campaign(
        key=f"{facet}-{state}",
        title="Launch",
        facet=facet,
        state=state,
        embargo_until=NOW + embargo,
        starts_at=NOW + embargo,
        ends_at=NOW + 30 * DAY,
        created_at=NOW,
    )
    session.add(row)
    session.flush()
    return row.id


def test_what_is_written_is_offered_to_who_joined(session: Session) -> None:
    made = content_edits.add(session, MARKETING, replace(DRAFT, picture_alt="A kettle"), HOSTS, NOW, PICTURE)
    ada = an_advocate(session)
    (row,) = contents.available(session, ada, NOW)
    assert (row.id, row.prompts, row.platforms, row.state) == (
        made,
        ("What surprised you?",),
        ("linkedin", "x"),
        "available",
    )
    assert (row.has_picture, row.shared_by, row.may_change) == (True, None, False)
    assert contents.picture(session, ada, made, NOW) == ("image/png", PICTURE.data)
    assert contents.available(session, HR, NOW) == ()
    with pytest.raises(NotAllowed):
        contents.find(session, LEADERSHIP, made, NOW)


def test_dates_and_withdrawal_end_it_for_advocates_and_not_for_editors(session: Session) -> None:
    early = content_edits.add(session, MARKETING, replace(DRAFT, available_from=NOW + DAY), HOSTS, NOW)
    over = content_edits.add(session, HR, replace(DRAFT, available_until=NOW), HOSTS, NOW)
    gone = content_edits.add(session, HR, DRAFT, HOSTS, NOW)
    content_edits.withdraw(session, MARKETING, gone, NOW)
    content_edits.withdraw(session, MARKETING, gone, NOW + DAY)
    ada = an_advocate(session)
    assert contents.available(session, ada, NOW) == ()
    for each in (early, over, gone):
        with pytest.raises(NotFound):
            contents.find(session, ada, each, NOW)
    states = {
        state: [row.id for row in contents.list_contents(session, HR, NOW, state=state).items]
        for state in contents.STATES
    }
    assert states == {"available": [], "planned": [early], "over": [over], "withdrawn": [gone]}
    assert contents.find(session, HR, gone, NOW).withdrawn_at == NOW
    with pytest.raises(NotFound):
        contents.picture(session, HR, gone, NOW)


def test_an_embargo_hides_a_content_from_everybody_who_could_share_it(session: Session) -> None:
    campaign = a_campaign(session)
    made = content_edits.add(session, MARKETING, replace(DRAFT, campaign_id=campaign), HOSTS, NOW)
    ada, editor = an_advocate(session), an_advocate(session, "mo", "marketing")
    assert contents.available(session, ada, NOW) == contents.available(session, editor, NOW) == ()
    for viewer in (ada, HR):
        with pytest.raises(NotFound):
            contents.find(session, viewer, made, NOW)
        with pytest.raises(NotFound):
            contents.picture(session, viewer, made, NOW)
        assert contents.list_contents(session, viewer, NOW).items == ()
    with pytest.raises(NotFound):
        contents.to_share(session, editor, made, NOW)
    assert sharing.suggested(session, editor, contents.available(session, editor, NOW), NOW, 3) == ()
    assert contents.find(session, editor, made, NOW).state == "planned"
    assert [row.id for row in contents.available(session, ada, NOW + DAY)] == [made]
    session.execute(update(Campaign).values(state="draft"))
    assert contents.available(session, ada, NOW + DAY) == ()


def test_each_side_writes_for_its_own_campaigns(session: Session) -> None:
    brand = a_campaign(session, embargo=-DAY)
    with pytest.raises(ValueError, match="campaign: there is no such"):
        content_edits.add(session, HR, replace(DRAFT, campaign_id=brand), HOSTS, NOW)
    made = content_edits.add(session, MARKETING, replace(DRAFT, campaign_id=brand), HOSTS, NOW)
    assert not contents.find(session, HR, made, NOW).may_change
    with pytest.raises(NotAllowed):
        content_edits.change(session, HR, made, DRAFT, HOSTS, NOW)
    assert content_edits.writable_campaigns(session, HR, NOW) == ()
    assert content_edits.writable_campaigns(session, MARKETING, NOW) == ((brand, "Launch"),)


def test_others_write_nothing(session: Session) -> None:
    made = content_edits.add(session, MARKETING, DRAFT, HOSTS, NOW)
    for viewer in (LEADERSHIP, an_advocate(session)):
        with pytest.raises(NotAllowed):
            content_edits.add(session, viewer, DRAFT, HOSTS, NOW)
        with pytest.raises(NotAllowed):
            content_edits.withdraw(session, viewer, made, NOW)


def test_a_change_keeps_the_picture_until_it_is_dropped(session: Session) -> None:
    draft = replace(DRAFT, picture_alt="A kettle")
    made = content_edits.add(session, MARKETING, draft, HOSTS, NOW, PICTURE)
    content_edits.change(session, MARKETING, made, replace(draft, title="Other"), HOSTS, NOW)
    assert contents.picture(session, MARKETING, made, NOW)[1] == PICTURE.data
    with pytest.raises(ValueError, match="picture_alt: say what"):
        content_edits.change(session, MARKETING, made, DRAFT, HOSTS, NOW)
    content_edits.change(session, MARKETING, made, DRAFT, HOSTS, NOW, drop_picture=True)
    found = contents.find(session, MARKETING, made, NOW)
    assert (found.title, found.has_picture, found.picture_alt) == (DRAFT.title, False, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": "  "}, "title: give it"),
        ({"angle": ""}, "angle: say in a sentence"),
        ({"facts": "x" * 3_001}, "facts: use at most 3,000"),
        ({"prompts": ("a", *map(str, range(9)))}, "prompts: 8 questions"),
        ({"prompts": ("x" * 201,)}, "prompts: use at most 200"),
        ({"language": "tlh"}, "language: 'tlh'"),
        ({"platforms": ("myspace",)}, "platforms: 'myspace'"),
        ({"available_until": NOW - 2 * DAY}, "available_until: must lie after"),
        ({"link": "https://evil.example/"}, "link: evil.example is not a registered host"),
        ({"link": "javascript:alert(1)"}, "link: "),
        ({"campaign_id": 999}, "campaign: there is no such"),
    ],
)
def test_what_is_wrong_is_named(session: Session, change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        content_edits.add(session, MARKETING, replace(DRAFT, **change), HOSTS, NOW)  # type: ignore[arg-type]


def test_hostile_texts_are_stored_as_texts(session: Session) -> None:
    made = content_edits.add(session, MARKETING, replace(DRAFT, title="a\x00b\ud800\n c", facts="\x00"), HOSTS, NOW)
    found = contents.find(session, MARKETING, made, NOW)
    assert (found.title, found.facts) == ("ab? c", "")


def test_pages_go_on_where_the_last_one_ended(session: Session) -> None:
    made = [content_edits.add(session, MARKETING, DRAFT, HOSTS, NOW) for _ in range(3)]
    first = contents.list_contents(session, MARKETING, NOW, limit=2)
    assert [row.id for row in first.items] == made[:0:-1]
    rest = contents.list_contents(session, MARKETING, NOW, limit=2, after=first.next)
    assert ([row.id for row in rest.items], rest.next) == ([made[0]], None)
    with pytest.raises(ValueError, match="cursor"):
        contents.list_contents(session, MARKETING, NOW, after="?")
    with pytest.raises(ValueError, match="state: 'lost'"):
        contents.list_contents(session, MARKETING, NOW, state="lost")
