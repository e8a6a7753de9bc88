"""The employer side in depth: movement, current against former, stars, rivals, places; and what stays hidden."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage import mentions
from storage.employer import employer_voice
from storage.employer_places import places
from storage.employer_reviews import lifetime, month_ratings, rival_reviews
from storage.mentions import MentionFilter
from storage.theme_quotes import theme_quotes
from storage.viewer import NotAllowed
from tests import factories as make
from tests.factories import DAY, HR, LEADERSHIP, MARKETING, NOW, World

START, END, BEFORE = NOW - 30 * DAY, NOW + DAY, NOW - 61 * DAY


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def speak(
    session: Session,
    world: World,
    mark: str,
    people: int,
    *,
    count: int = 0,
    mood: str = "positive",
    audience: str = "employee",
    themes: Sequence[str] = ("pay",),
    at: datetime = NOW - DAY,
    source_id: int | None = None,
    about: str = "Acme",
    **more: Any,
) -> None:
    """Posts (one of each person, or `count`) on the employer side."""
    posts = [
        make.a_post(
            f"{mark}{number}",
            make.different(number, f"{about} {mark}"),
            at,
            author_key=make.author(f"{mark}{number % people}"),
            **more,
        )
        for number in range(count or people)
    ]
    mentions.add_new(session, source_id or world.forum, posts, world.matcher, NOW)
    make.judge(session, mood, audience, "employer", themes=tuple(themes))


def test_a_theme_moves_against_the_window_before_where_both_say_enough(session: Session, world: World) -> None:
    speak(session, world, "a", 25, mood="negative")
    speak(session, world, "b", 25, at=START - 5 * DAY)
    speak(session, world, "c", 6, themes=("culture",))
    speak(session, world, "d", 25, themes=("culture",), at=START - 5 * DAY)
    pay, culture = employer_voice(session, HR, START, END, BEFORE).themes
    assert pay.change is not None
    assert (pay.theme, pay.change.value, pay.change.clear) == ("pay", 1.0, True)
    assert (culture.theme, culture.change) == ("culture", None)
    assert employer_voice(session, HR, START, END, None).themes[0].change is None


def test_current_stands_beside_former(session: Session, world: World) -> None:
    speak(session, world, "a", 25, mood="negative")
    speak(session, world, "b", 25, audience="alumnus")
    found = employer_voice(session, HR, START, END, None)
    (pair,) = found.pairs
    assert pair.difference is not None
    assert (pair.difference.value, pair.difference.clear) == (1.0, True)
    rows = {row.audience: row.net.value for row in found.audiences if row.net}
    assert rows == {"employee": -100.0, "alumnus": 100.0}


def test_few_alumni_are_in_no_figure_and_hide_no_others(session: Session, world: World) -> None:
    speak(session, world, "a", 25)
    speak(session, world, "b", 3, audience="alumnus")
    found = employer_voice(session, HR, START, END, None)
    assert [(pair.current is None, pair.former) for pair in found.pairs] == [(False, None)]
    assert {row.audience: row.mentions for row in found.audiences}["employee"] == 25
    assert [row.voice.mentions for row in found.themes if row.voice] == [25]


def test_candidates_and_the_hiring_process(session: Session, world: World) -> None:
    speak(session, world, "a", 6, audience="candidate", themes=("hiring_process",), mood="negative")
    found = employer_voice(session, HR, START, END, None)
    assert found.hiring is not None
    assert found.hiring.voice is not None
    assert found.hiring.voice.heard.share == 1.0
    assert found.candidates is not None
    assert found.candidates.mentions == 6


def test_months_are_whole_and_small_ones_hidden(session: Session, world: World) -> None:
    for month, people in ((12, 9), (1, 2), (2, 6)):
        year = 2025 if month == 12 else 2026
        at = datetime(year, month, 10, tzinfo=UTC)
        speak(session, world, f"m{month}", people, at=at, kind="review", rating=4.0)
    speak(session, world, "now", 9, kind="review", rating=1.0)  # the month that runs
    found = {each.month.month: each.rating for each in month_ratings(session, HR, NOW)}
    assert len(found) == 12
    assert found[1] is None
    december, april, february = found[12], found[4], found[2]
    assert february is not None
    assert february.n == 6
    assert december is not None
    assert april is not None
    assert (december.mean, december.n, april.mean, april.n) == (4.0, 9, None, 0)


def test_the_lifetime_star_stands_apart_and_nonsense_is_left_out(session: Session, world: World) -> None:
    stated = {"lifetime_stars": "4.1", "lifetime_reviews": "1,204"}
    speak(session, world, "a", 1, kind="review", rating=2.0, stated=stated)
    speak(session, world, "b", 1, source_id=world.news, kind="review", rating=2.0, stated={"lifetime_stars": "99"})
    (found,) = lifetime(session, HR, END)
    assert (found.source, found.stars, found.reviews) == ("Forum", 4.1, 1204)


def test_rivals_are_compared_on_shared_sources_only(session: Session, world: World) -> None:
    speak(session, world, "a", 6, kind="review", rating=4.0)
    speak(session, world, "b", 9, kind="review", rating=1.0, source_id=world.news)
    speak(session, world, "c", 7, kind="review", rating=3.0, about="Contoso")
    (found,) = rival_reviews(session, LEADERSHIP, START, END)
    assert found.own is not None
    assert found.rival is not None
    assert (found.sources, found.own.mean, found.own.n, found.rival.mean) == (("Forum",), 4.0, 6, 3.0)


def test_a_source_of_few_reviews_is_in_no_comparison(session: Session, world: World) -> None:
    speak(session, world, "a", 6, kind="review", rating=4.0)
    speak(session, world, "b", 1, kind="review", rating=1.0, source_id=world.news)
    speak(session, world, "c", 7, kind="review", rating=3.0, about="Contoso")
    speak(session, world, "d", 7, kind="review", rating=2.0, about="Contoso", source_id=world.news)
    (found,) = rival_reviews(session, LEADERSHIP, START, END)
    assert found.own is not None
    assert (found.sources, found.own.n, found.suppressed) == (("Forum",), 6, False)


def test_places_of_few_people_are_not_even_named(session: Session, world: World) -> None:
    for place, people in (("Leeds", 9), ("Lyon", 6), ("Graz", 2)):
        speak(session, world, place, people, stated={"location": place})
    speak(session, world, "x", 30)
    found = places(session, HR, "location", START, END)
    assert [(row.name, row.voice.mentions) for row in found.rows] == [("Leeds", 9), ("Lyon", 6)]
    assert places(session, HR, "team", START, END).rows == ()


def test_readers_who_file_mentions_elsewhere_move_no_bound_of_a_place(session: Session, world: World) -> None:
    here = {"location": "Lyon"}
    speak(session, world, "a", 5, stated=here, audience="candidate", at=NOW - 2 * DAY)
    speak(session, world, "b", 1, stated=here, audience="candidate", at=NOW - DAY)
    first = places(session, HR, "location", START, END)
    reader = make.a_user(session, "administrator")
    said = mentions.search(session, reader, MentionFilter(end=NOW - DAY)).items
    mentions.correct(session, reader, said[0].id, "facet", "brand", NOW)
    assert [row.voice.mentions for row in first.rows] == [5]
    assert places(session, HR, "location", START, END).rows == (), "else the one of the next day would be told"


def test_quotes_leave_out_staff_and_few_candidates(session: Session, world: World) -> None:
    speak(session, world, "a", 9)
    speak(session, world, "b", 4, audience="candidate")
    speak(session, world, "c", 9, audience="unknown")
    assert theme_quotes(session, HR, ["pay"], START, END) == {}
    speak(session, world, "d", 1, audience="candidate")
    assert theme_quotes(session, HR, ["pay"], START, END)["pay"].audience == "candidate"
    with pytest.raises(NotAllowed):
        theme_quotes(session, LEADERSHIP, ["pay"], START, END)


def test_answers_to_surveys_are_not_quoted(session: Session, world: World) -> None:
    month = NOW.replace(day=1, hour=0, minute=0)
    speak(session, world, "a", 9, audience="candidate", at=month, kind="survey")
    assert theme_quotes(session, HR, ["pay"], START, END) == {}


def test_marketing_reads_nothing_of_it(session: Session, world: World) -> None:
    for read in (
        lambda: employer_voice(session, MARKETING, START, END, None),
        lambda: places(session, MARKETING, "team", START, END),
        lambda: month_ratings(session, MARKETING, NOW),
        lambda: rival_reviews(session, MARKETING, START, END),
        lambda: lifetime(session, MARKETING, END),
    ):
        with pytest.raises(NotAllowed):
            read()
