"""Inside against outside: surveys beside public talk, both hidden below five people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from storage import mentions
from storage.theme_voices import theme_voices
from storage.viewer import NotAllowed
from storage.voice import inside_outside
from tests import factories as make
from tests.factories import ADVOCATE, DAY, HR, LEADERSHIP, MARKETING, NOW, World

START, END = NOW - 30 * DAY, NOW + DAY
STAY = {"kind": "survey", "survey_type": "stay"}


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def speak(
    session: Session,
    world: World,
    count: int,
    people: Sequence[str] | None,
    *,
    negative: int = 0,
    themes: Sequence[str] = ("pay",),
    audience: str = "employee",
    facet: str = "employer",
    mark: str = "",
    at: datetime = NOW,
    **more: Any,
) -> None:
    """So many posts by so many people (None: nobody is told apart), the first of them negative."""
    for first, last, mood in ((0, negative, "negative"), (negative, count, "positive")):
        posts = [
            make.a_post(
                f"{mark}{audience}{number}{more.get('title', '')}",
                make.different(number, f"Acme {mark}"),
                at,
                author_key=None if people is None else make.author(people[number % len(people)]),
                **more,
            )
            for number in range(first, last)
        ]
        mentions.add_new(session, world.forum, posts, world.matcher, NOW)
        make.judge(session, mood, audience, facet, themes=tuple(themes))


def named(mark: str, count: int) -> list[str]:
    return [f"{mark}{number}" for number in range(count)]


def test_a_gap_has_both_shares_of_how_many_and_an_interval(session: Session, world: World) -> None:
    speak(session, world, 30, named("in", 30), negative=24, mark="s", kind="survey", stated=STAY)
    speak(session, world, 40, named("out", 40), negative=8, mark="p")
    (found,) = inside_outside(session, HR, "employer", START, END).gaps
    assert found.inside is not None
    assert found.outside is not None
    assert (found.inside.judged, found.inside.negative, found.outside.judged, found.outside.negative) == (30, 24, 40, 8)
    assert found.difference == pytest.approx(0.6)
    assert found.least is not None
    assert 0.3 < found.least < 0.6


@pytest.mark.parametrize(("inside", "outside"), [(4, 30), (30, 4)])
def test_a_small_side_hides_both(session: Session, world: World, inside: int, outside: int) -> None:
    speak(session, world, 30, named("in", inside), mark="s", kind="survey", stated=STAY)
    speak(session, world, 30, named("out", outside), mark="p", negative=10)
    (found,) = inside_outside(session, HR, "employer", START, END).gaps
    assert found.suppressed
    assert (found.inside, found.outside, found.difference) == (None, None, None)


def test_answers_without_respondents_are_as_few_people_as_they_can_be(session: Session, world: World) -> None:
    for question in "abc":
        speak(session, world, 4, None, mark=question, kind="survey", stated=STAY, title=f"Question {question}")
    speak(session, world, 30, named("out", 30), mark="p")
    found = inside_outside(session, HR, "employer", START, END)
    assert found.gaps[0].suppressed
    assert [(part.survey, part.people, part.suppressed) for part in found.surveys] == [("stay", None, True)]


def test_customers_surveys_belong_to_the_brand(session: Session, world: World) -> None:
    csat = {"kind": "survey", "survey_type": "csat"}
    said: dict[str, Any] = {"themes": ("price",), "audience": "consumer", "facet": "brand"}
    speak(session, world, 20, named("in", 20), negative=15, mark="s", kind="survey", stated=csat, **said)
    speak(session, world, 20, named("out", 20), negative=5, mark="p", **said)
    found = inside_outside(session, MARKETING, "brand", START, END)
    assert [(each.theme, each.difference) for each in found.gaps] == [("price", 0.5)]
    assert [(part.survey, part.answers) for part in found.surveys] == [("csat", 20)]
    with pytest.raises(NotAllowed):
        inside_outside(session, HR, "brand", START, END)
    with pytest.raises(NotAllowed):
        inside_outside(session, MARKETING, "employer", START, END)
    with pytest.raises(NotAllowed):
        inside_outside(session, ADVOCATE, "employer", START, END)


def test_few_employees_who_speak_of_a_brand_theme_in_a_survey_are_in_no_figure(session: Session, world: World) -> None:
    said: dict[str, Any] = {"themes": ("price",), "facet": "both"}
    csat = {"kind": "survey", "survey_type": "csat"}
    speak(session, world, 20, named("in", 20), mark="s", kind="survey", stated=csat, audience="consumer", **said)
    speak(session, world, 20, named("out", 20), mark="p", audience="consumer", **said)
    speak(session, world, 2, named("few", 2), mark="e", kind="survey", stated=STAY, **said)
    (found,) = inside_outside(session, MARKETING, "brand", START, END).gaps
    assert [each.people for each in (found.inside, found.outside) if each is not None] == [20, 20]


def test_a_small_audience_of_a_theme_hides_on_its_days_whoever_spoke_beside_it(session: Session, world: World) -> None:
    speak(session, world, 20, named("c", 20), audience="consumer", mark="c")
    speak(session, world, 9, named("d", 9), audience="candidate", mark="d")
    speak(session, world, 3, named("e", 3), audience="employee", mark="e")
    speak(session, world, 2, named("f", 2), at=NOW - 40 * DAY, audience="employee", mark="f")
    pay = theme_voices(session, LEADERSHIP, "employer", START, END).now["pay"]
    shown = {name: pay.shown(name) is not None for name in pay.audiences}
    assert shown == {"consumer": False, "candidate": True, "employee": False}
    assert pay.shown(None) is not None


def test_a_theme_of_few_people_is_hidden_as_a_whole(session: Session, world: World) -> None:
    speak(session, world, 12, named("c", 4), audience="consumer")
    pay = theme_voices(session, HR, "employer", START, END).now["pay"]
    assert pay.shown(None) is None


def test_a_theme_of_which_only_few_of_staff_speak_is_not_named(session: Session, world: World) -> None:
    speak(session, world, 12, named("e", 4), audience="employee")
    assert "pay" not in theme_voices(session, HR, "employer", START, END).now
