"""Imported survey answers fall under the rule of small groups, by people and not by answers."""

from pathlib import Path

import pytest
from sqlalchemy import text

from storage import db
from storage.mentions import MentionFilter, search
from tests import factories as make
from tests.factories import HR, World
from workers.imports import import_rows


def shown(folder: Path, people: int, answers: int) -> tuple[int, tuple[str, ...]]:
    """How many answers HR sees of an exit survey, and which groups are held back."""
    path = folder / "exit.csv"
    lines = [
        f"R-{person},Question {number},{make.different(person * 10 + number, 'Acme')}"
        for person in range(people)
        for number in range(answers)
    ]
    path.write_text("response id,question,answer\n" + "\n".join(lines), encoding="utf-8")
    report = import_rows(path, "survey", {"survey_type": "=exit"}, "Exit survey")
    assert (report.bad, report.added, report.mentions) == (0, people * answers, people * answers)
    with db.transaction() as session:
        make.judge(session, "negative", "alumnus", "employer")
    with db.reading() as session:
        page = search(session, HR, MentionFilter(start=make.NOW - 4000 * make.DAY, end=make.NOW + 4000 * make.DAY))
    return len(page.items), page.small_groups


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("people", "answers", "seen"), [(1, 6, 0), (4, 2, 0), (5, 1, 5)])
def test_few_people_stay_hidden_however_much_they_wrote(tmp_path: Path, people: int, answers: int, seen: int) -> None:
    found, held_back = shown(tmp_path, people, answers)
    assert found == seen
    assert ("alumnus" in held_back) == (seen == 0)


def test_no_person_reaches_the_database(world: World, tmp_path: Path) -> None:
    path = tmp_path / "stay.csv"
    path.write_text(
        "employee id,name,email,answer\nEMP-08151,Rosamunde Lux,rosa@acme.example,Acme is fine\n", encoding="utf-8"
    )
    assert import_rows(path, "survey", {"survey_type": "=stay"}, "Stay survey").added == 1
    assert import_rows(path, "survey", {"survey_type": "=stay"}, "Stay survey").added == 0
    with db.reading() as session:
        (row,) = session.scalars(text("SELECT p::text FROM posts p")).all()
    assert not any(word in row for word in ("08151", "Rosamunde", "rosa@"))
    assert world.acme
