"""Alumni as a group: the wish to return and the advocates among them, hidden where few."""

import pytest
from sqlalchemy.orm import Session

from storage import mentions
from storage.alumni import AlumniVoice, alumni_voice
from storage.employer import employer_voice
from storage.models.advocacy import Advocate
from tests import factories as make
from tests.factories import DAY, LEADERSHIP, NOW, World

START, END = NOW - 30 * DAY, NOW + DAY
FIRST = NOW.replace(day=1, hour=0, minute=0)


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def speak(
    session: Session, world: World, mark: str, people: int, words: str, days_ago: int = 0, kind: str = "post"
) -> None:
    """Alumni post, or answer a survey, which carries the first instant of its month."""
    at = NOW - days_ago * DAY if kind == "post" else FIRST
    posts = [
        make.a_post(
            f"{mark}{n}",
            f"{make.different(n, f'Acme {mark}')}. {words}",
            at,
            author_key=make.author(f"{mark}{n}"),
            kind=kind,
        )
        for n in range(people)
    ]
    mentions.add_new(session, world.forum, posts, world.matcher, NOW)
    make.judge(session, "positive", "alumnus", "employer", themes=("culture",))


def heard(session: Session) -> AlumniVoice:
    return alumni_voice(session, LEADERSHIP, employer_voice(session, LEADERSHIP, START, END, None))


def test_who_would_return_is_counted_by_people(session: Session, world: World) -> None:
    speak(session, world, "a", 6, "I would go back in a heartbeat.")
    speak(session, world, "b", 9, "I would never go back.")
    found = heard(session)
    assert (found.interest.people, found.interest.would_return) == (15, 6)
    assert [pair.theme for pair in found.themes] == ["culture"]


@pytest.mark.parametrize(("wishing", "others"), [(3, 9), (9, 3), (2, 2)])
def test_few_on_either_side_are_hidden(session: Session, world: World, wishing: int, others: int) -> None:
    speak(session, world, "a", wishing, "I would go back in a heartbeat.")
    speak(session, world, "b", others, "Fine.")
    found = heard(session).interest
    assert (found.suppressed, found.people, found.would_return) == (True, None, None)


def test_no_text_of_a_hidden_alumnus_is_counted(session: Session, world: World) -> None:
    speak(session, world, "a", 3, "Fine.")
    assert (heard(session).interest.suppressed, heard(session).interest.read) == (True, None)
    speak(session, world, "b", 6, "Fine.", days_ago=3)
    assert (heard(session).interest.people, heard(session).interest.read) == (6, 6)


def test_who_would_return_is_told_of_blocks_in_which_alumni_are_told_anyway(session: Session, world: World) -> None:
    speak(session, world, "a", 3, "I would go back in a heartbeat.", days_ago=9)
    speak(session, world, "b", 4, "Fine.", days_ago=9)  # a block of seven, too few for either side
    speak(session, world, "c", 2, "I would go back in a heartbeat.", days_ago=6)
    speak(session, world, "d", 1, "Fine.", days_ago=6)  # five on either side now, and three who could be subtracted
    assert heard(session).interest.suppressed
    speak(session, world, "e", 2, "Fine.", days_ago=4)
    found = heard(session).interest
    assert (found.people, found.would_return, found.read) == (12, 5, 12)


def test_answers_to_surveys_are_not_counted_beside_public_talk(session: Session, world: World) -> None:
    speak(session, world, "a", 6, "Fine.", days_ago=(NOW - FIRST).days)
    speak(session, world, "b", 1, "Fine.", kind="survey")
    assert (heard(session).interest.people, heard(session).interest.read) == (6, 6)


def test_nobody_at_all_is_no_secret(session: Session, world: World) -> None:
    speak(session, world, "b", 9, "Fine.")
    assert heard(session).interest.would_return == 0


@pytest.mark.parametrize(("employees", "alumni", "shown"), [(9, 5, 5), (9, 4, None), (3, 7, None), (0, 0, 0)])
def test_advocates_among_alumni(session: Session, world: World, employees: int, alumni: int, shown: int | None) -> None:
    said = {"joined_at": NOW, "consent_version": "1", "consent_text": "Yes"}
    session.add_all([Advocate(standing="employee", **said) for _ in range(employees)])
    session.add_all([Advocate(standing="alumnus", **said) for _ in range(alumni)])
    session.add(Advocate(standing="alumnus", left_at=NOW, **said))
    session.flush()
    assert heard(session).advocates == shown
