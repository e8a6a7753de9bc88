"""`manage.py quality`: the figures of the Quality page as text and as the API's JSON."""

import json

import pytest

from storage import db, mentions
from tests import factories as make
from tests.commands.conftest import Runner

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")


def test_without_checks_it_says_what_to_do(run: Runner) -> None:
    ran = run("quality")
    assert ran.code == 0
    assert "let people “Check a few”" in ran.said
    assert "No whole week with mentions." in ran.said


def test_checks_are_printed_and_answered_as_json(run: Runner) -> None:
    from commands.terminal import now

    at = now()
    with db.transaction() as session:
        world = make.set_up(session, at)
        texts = [make.different(number) for number in range(4)]
        ids = make.heard(session, world, texts, at=at - make.DAY, labels=("neutral", "consumer", "brand"))
        reader = make.a_user(session)
        for mention_id, label in zip(ids, ("neutral", "neutral", "neutral", "negative"), strict=True):
            mentions.check(session, reader, mention_id, "sentiment", label, at)
    ran = run("quality", "--days", "7")
    assert "4 mentions drawn at random were checked by 1 person." in ran.said
    assert "sentiment: right 75 % (30 % to 95 %), n = 4; answered 100 % of 4" in ran.said
    assert "neutral 100 % of 3 (44 % to 100 %) 75 % of 4" in ran.said
    found = json.loads(run("quality", "--json").out)
    assert found["checked"]["heads"][0]["confusion"]["counts"] == [[1], [3]]
    assert found["tags"]["mentions"] == 4


def test_a_window_that_is_none_is_refused(run: Runner) -> None:
    assert run("quality", "--days", "0").code != 0
