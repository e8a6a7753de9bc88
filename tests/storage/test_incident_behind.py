"""What a mail tells of the mentions behind an incident, and what it keeps to itself."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.rules import Intent
from notify.facts import Behind, SourceStep, ThemeCount
from notify.wording import headline
from storage import incidents
from storage.incident_behind import behind
from storage.post_mortem import post_mortem
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import HR, MARKETING, NOW, World
from tests.storage.test_incidents import a_finding, opened

MINUTE = make.HOUR / 60


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def _told(session: Session, world: World, viewer: object = SYSTEM, **more: object) -> Behind | None:
    number = len(incidents.open_incidents(session, world.acme))
    row = incidents.find(session, SYSTEM, opened(session, world, subject=f"no. {number}", **more)[0])
    return behind(session, viewer, row)  # type: ignore[arg-type]


def test_themes_sentiment_way_and_reach_of_a_story(session: Session, world: World) -> None:
    for number in range(6):
        source = world.news if number < 2 else world.forum
        at = NOW - 20 * MINUTE + number * MINUTE
        make.say(session, world, f"a{number}", make.different(number), at, source_id=source, followers=100 * number)
        make.judge(
            session, "negative" if number else "unsure", themes=("service", "price") if number > 2 else ("price",)
        )
    make.say(session, world, "own", make.different(9), NOW - 30 * MINUTE, own_account=True)
    make.judge(session, "positive")
    session.execute(text("UPDATE sources SET kind = 'youtube' WHERE id = :news"), {"news": world.news})
    views = (
        "INSERT INTO counter_snapshots SELECT id, 'views', published_at + make_interval(mins => n), 10 * n FROM posts, "
    )
    session.execute(text(f"{views} generate_series(1, 2) n WHERE native_id = 'a1'"))

    found = _told(session, world)
    assert found is not None
    assert (found.mentions, found.judged, found.negative, found.unsure) == (6, 5, 5, 1)
    assert found.themes == (ThemeCount("price", 6), ThemeCount("service", 3))
    assert found.sources == (SourceStep("News", NOW - 20 * MINUTE, 2), SourceStep("Forum", NOW - 18 * MINUTE, 4))
    assert (found.views, found.viewed) == (20, 1), "the latest reading, of those that have one"
    assert (found.followers, found.accounts, found.faceless) == (1500, 6, 0)


def test_a_reader_of_one_side_learns_of_that_side(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(n) for n in range(3)], labels=("negative", "consumer", "brand"))
    make.heard(session, world, [make.different(9)], labels=("positive", "candidate", "employer"))
    both, brand, employer = (_told(session, world, who, facet="all") for who in (SYSTEM, MARKETING, HR))
    assert both is not None
    assert brand is not None
    assert employer is not None
    assert (both.mentions, brand.mentions, employer.mentions) == (4, 3, 1)
    assert not employer.reach_told or employer.followers is None


def test_few_employees_stay_hidden_and_their_followers_are_never_told(session: Session, world: World) -> None:
    few = [make.different(n) for n in range(4)]
    make.heard(session, world, few, labels=("negative", "employee", "employer"))
    slices = {"facet": "employer", "audience": "employee"}
    assert _told(session, world, **slices) is None
    assert _told(session, world, facet="employer") is None, "of few on the employer side, whoever they are"
    others = [make.different(n, "Acme news") for n in range(5)]
    make.heard(session, world, others, source_id=world.news, labels=("negative", "employee", "employer"))
    more = [make.different(n, "Acme more") for n in range(5)]
    make.heard(session, world, more, source_id=world.news, labels=("negative", "employee", "employer"))
    found = _told(session, world, facet="employer", audience="employee", severity="high")
    assert found is not None
    assert (found.sources, found.hidden, found.reach_told) == ((), 2, False), "four of a forum, told by the difference"


def test_whether_all_are_staff_follows_from_nothing(session: Session, world: World) -> None:
    told = []
    for audience in ("employee", "candidate"):
        for source, people in ((world.forum, 6), (world.news, 2)):
            texts = [make.different(n, f"Acme {audience} {source}") for n in range(people)]
            authors = tuple(f"{audience} {source} {n}" for n in range(people))
            labels = ("negative", audience, "employer")
            make.heard(session, world, texts, source_id=source, labels=labels, authors=authors)
        told.append(_told(session, world, facet="employer", audience="all", severity="high"))
        session.execute(text("DELETE FROM mentions"))
    assert told[0] is not None
    assert told[0] == told[1]
    assert (told[0].mentions, told[0].sources, told[0].rounded) == (8, (), False)


def test_recipients_read_of_their_side_only(session: Session, world: World) -> None:
    make.heard(session, world, [make.different(1)], labels=("negative", "consumer", "brand"))
    make.heard(session, world, [make.different(2)], labels=("negative", "candidate", "employer"))
    found = incidents.facts(session, opened(session, world, facet="all", severity="high")[1], NOW)
    assert found is not None
    counts = {}
    for address in ("lead@acme.example", "hr@acme.example", "oncall@acme.example"):
        told = incidents.for_recipient(session, found[0], address).behind
        counts[address.split("@")[0]] = told.mentions if told else 0
    assert counts == {"lead": 2, "hr": 1, "oncall": 2}


def test_a_share_that_a_spike_takes_in_is_told_as_a_share(session: Session, world: World) -> None:
    incident_id, _ = opened(session, world)
    share = {"kind": "negative_share", "expected_low": 0.1, "expected_high": 0.4, "n": 30, "window": 5 * make.HOUR}
    finding = a_finding(world, 0.8, severity="high", **share)  # type: ignore[arg-type]
    (event,) = incidents.save(session, [Intent("grow", incident_id, finding, "high", "Rose.", True)], NOW + make.HOUR)
    found = incidents.facts(session, event, NOW + make.HOUR)
    assert found is not None
    assert "80 % of 30 mentions" in headline(found[0])
    (closing,) = incidents.save(session, [Intent("close", incident_id, None, "high", "Quiet.", True)], NOW + make.DAY)
    over = incidents.facts(session, closing, NOW + make.DAY)
    assert over is not None
    assert "at most 17 stories" in headline(over[0])
    report = post_mortem(session, SYSTEM, incident_id)
    assert report is not None
    assert [step.observed for step in report.growth] == [17]
