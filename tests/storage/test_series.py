"""Counts over time and by trait: buckets, time zones, small groups, share of voice, what alerts read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.rules import ALL
from collectors.base import CollectError, Outcome
from storage import mentions, rollups, sources, vectors
from storage.rollups import SeriesFilter, breakdown, series, totals
from storage.viewer import NotAllowed
from tests import factories as make
from tests.factories import ADMINISTRATOR, ADVOCATE, DAY, HOUR, HR, LEADERSHIP, MARKETING, NOW, World

WEEK = (NOW - 7 * DAY, NOW + DAY)
EMPLOYEE = ("negative", "employee", "employer")
CONSUMER = ("positive", "consumer", "employer")


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def _texts(first: int, count: int) -> list[str]:
    return [make.different(number) for number in range(first, first + count)]


def test_hours_without_mentions_are_zero_and_in_order(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 2), at=NOW - 2 * HOUR)
    make.heard(session, world, _texts(9, 1), at=NOW)
    found = series(session, MARKETING, SeriesFilter(NOW - 3 * HOUR, NOW, bucket="hour"))
    assert [bucket.mentions for bucket in found] == [0, 2, 0, 1]
    assert found[0].start == datetime(2026, 3, 4, 9, tzinfo=UTC)


def test_days_begin_where_people_live(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 1), at=datetime(2026, 3, 28, 23, 30, tzinfo=UTC))  # 00:30 in Berlin
    wanted = SeriesFilter(
        datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC), timezone="Europe/Berlin"
    )
    found = series(session, MARKETING, wanted)
    assert [bucket.mentions for bucket in found] == [0, 1, 0]
    lengths = [b.start - a.start for a, b in pairwise(found)]
    assert lengths == [timedelta(hours=24), timedelta(hours=23)]  # the clocks change on the 29th


def test_weeks_begin_on_monday(session: Session, world: World) -> None:
    found = series(session, MARKETING, SeriesFilter(NOW, NOW + DAY, bucket="week"))
    assert [bucket.start for bucket in found] == [datetime(2026, 3, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"bucket": "minute"}, "bucket"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"start": datetime(1900, 1, 1, tzinfo=UTC)}, "start"),
        ({"end": datetime.max.replace(tzinfo=UTC), "start": NOW}, "start"),
        ({"start": NOW + DAY, "end": NOW}, "start"),
        ({"start": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001
        ({"facet": "everything"}, "facet"),
    ],
)
def test_what_is_wrong_is_named(session: Session, world: World, change: dict[str, object], word: str) -> None:
    values: dict[str, object] = {"start": WEEK[0], "end": WEEK[1], **change}
    with pytest.raises(ValueError, match=word):
        series(session, MARKETING, SeriesFilter(**values))  # type: ignore[arg-type]


def test_roles_count_their_facets(session: Session, world: World) -> None:
    for number, facet in enumerate(("brand", "employer", "both", "neither")):
        make.heard(session, world, _texts(number, 1), labels=("neutral", "consumer", facet))
    counts = [totals(session, viewer, None, *WEEK).mentions for viewer in (MARKETING, HR, LEADERSHIP, ADMINISTRATOR)]
    assert counts == [3, 2, 4, 4]
    with pytest.raises(NotAllowed):
        totals(session, ADVOCATE, None, *WEEK)
    with pytest.raises(NotAllowed):
        series(session, MARKETING, SeriesFilter(*WEEK, facet="employer"))


def test_a_day_of_four_employees_is_hidden_and_of_five_shown(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 8), labels=EMPLOYEE, authors=make.AUTHORS[:4], at=NOW - 2 * DAY)
    make.heard(session, world, _texts(20, 5), labels=EMPLOYEE, at=NOW)
    found = series(session, HR, SeriesFilter(NOW - 3 * DAY, NOW, audience="employee"))
    assert [(bucket.mentions, bucket.suppressed, bucket.authors) for bucket in found] == [
        (None, True, None),  # nobody spoke on this day, which looks the same as few
        (None, True, None),
        (None, True, None),
        (5, False, 5),
    ]


def test_unknown_standpoints_are_told_where_nobody_of_staff_hides_among_them(session: Session, world: World) -> None:
    others = [make.author(name) for name in ("fay", "gus", "hal")]
    make.heard(session, world, _texts(0, 5), labels=EMPLOYEE)
    make.heard(session, world, _texts(10, 6), labels=CONSUMER)
    make.heard(session, world, _texts(30, 3), labels=("neutral", "unknown", "employer"), authors=others)
    cells = {cell.key: cell.mentions for cell in breakdown(session, HR, None, *WEEK, by="audience")}
    assert cells == {"consumer": 6, "employee": 5, "unknown": 3}


def _two_alumni(session: Session, world: World) -> None:
    """Two speak now, three weeks later others, so that there are enough to be read, but not on one day."""
    few = [make.author(name) for name in ("fay", "gus")]
    labels = ("neutral", "alumnus", "employer")
    make.heard(session, world, _texts(40, 2), labels=labels, authors=few)
    make.heard(session, world, _texts(45, 4), labels=labels, at=NOW + 20 * DAY)


def test_a_small_group_stands_with_the_unknown_whose_number_is_not_told(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 5), labels=EMPLOYEE)
    _two_alumni(session, world)
    make.heard(session, world, _texts(30, 4), labels=("neutral", "unknown", "employer"))
    cells = {cell.key: cell.mentions for cell in breakdown(session, HR, None, *WEEK, by="audience")}
    assert cells == {"employee": 5, "rest": 6, "alumnus": None, "unknown": None}
    assert totals(session, HR, None, *WEEK).mentions == 11
    assert totals(session, HR, None, *WEEK, audience="unknown").suppressed
    shown = series(session, HR, SeriesFilter(NOW, NOW, audience="unknown", bucket="day"))
    assert all(bucket.suppressed for bucket in shown)
    for by in ("sentiment", "source", "facet", "theme"):
        assert all(cell.suppressed for cell in breakdown(session, HR, None, *WEEK, by, audience="unknown"))


def test_too_few_of_staff_are_in_no_figure(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 4), labels=EMPLOYEE)
    make.heard(session, world, _texts(10, 6), labels=CONSUMER)
    (hour, *_) = series(session, HR, SeriesFilter(NOW, NOW + HOUR, bucket="hour"))
    assert (hour.mentions, totals(session, HR, None, *WEEK).mentions) == (6, 6)
    for by in ("facet", "source", "sentiment"):
        assert [cell.mentions for cell in breakdown(session, HR, None, *WEEK, by)] == [6]
    cells = {cell.key: cell.mentions for cell in breakdown(session, HR, None, *WEEK)}
    assert (cells["consumer"], cells["employee"], cells.get("rest")) == (6, None, None)
    assert [row.mentions for row in rollups.share_of_voice(session, HR, *WEEK)] == [6, 0]


def test_everybody_is_told_by_the_blocks_of_staff(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 2), labels=EMPLOYEE)
    make.heard(session, world, _texts(2, 3), labels=EMPLOYEE, at=NOW - 2 * DAY, authors=make.AUTHORS[2:5])
    make.heard(session, world, _texts(10, 6), labels=CONSUMER)
    make.heard(session, world, _texts(30, 4), labels=CONSUMER, at=NOW - DAY)
    cells = {cell.key: cell.mentions for cell in breakdown(session, HR, None, *WEEK, by="audience")}
    assert cells == {"employee": 5, "consumer": 10}
    days = series(session, HR, SeriesFilter(NOW - 2 * DAY, NOW, audience="consumer"))
    assert [bucket.mentions for bucket in days] == [None, 4, None]
    assert totals(session, HR, None, datetime(2026, 3, 3, tzinfo=UTC), WEEK[1], audience="consumer").mentions == 4


def test_no_audience_is_told_by_the_hour_or_by_source_where_staff_spoke(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 6), labels=EMPLOYEE)
    make.heard(session, world, _texts(10, 6), labels=CONSUMER)
    for audience in ("employee", "consumer"):
        hours = series(session, HR, SeriesFilter(NOW - HOUR, NOW, audience=audience, bucket="hour"))
        assert all(bucket.suppressed for bucket in hours)
        assert totals(session, HR, None, *WEEK, audience=audience, source_id=world.forum).suppressed
        assert totals(session, HR, None, *WEEK, audience=audience).mentions == 6
    assert {cell.key: cell.mentions for cell in breakdown(session, HR, None, *WEEK, source_id=world.forum)} == {
        "rest": 12,
        **dict.fromkeys(("candidate", "consumer", "other", "employee", "unknown")),
    }
    assert totals(session, HR, None, *WEEK, source_id=world.forum).mentions == 12


def test_the_unknown_are_told_where_no_staff_spoke(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 3), labels=("neutral", "unknown", "employer"))
    assert [(cell.key, cell.mentions) for cell in breakdown(session, HR, None, *WEEK)] == [("unknown", 3)]
    assert totals(session, HR, None, *WEEK, audience="unknown").mentions == 3


def test_a_hidden_group_is_hidden_by_every_trait(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 4), labels=EMPLOYEE)
    make.heard(session, world, _texts(10, 9), labels=CONSUMER)
    for trait in ("sentiment", "source", "facet"):
        cells = breakdown(session, HR, None, *WEEK, by=trait, audience="employee")
        assert cells
        assert all(cell.suppressed for cell in cells)


def test_few_on_several_days_count_once_they_are_five_together(session: Session, world: World) -> None:
    for back, authors in ((5, make.AUTHORS[:2]), (3, make.AUTHORS[1:4]), (1, make.AUTHORS[4:5])):
        make.heard(
            session, world, _texts(10 * back, len(authors)), labels=EMPLOYEE, authors=authors, at=NOW - back * DAY
        )
    whole = totals(session, HR, None, NOW - 6 * DAY, NOW + HOUR, audience="employee")
    assert (whole.mentions, whole.authors) == (6, 5)
    for window in ((NOW - 4 * DAY, NOW + HOUR), (NOW - 6 * DAY, NOW - 2 * DAY)):
        assert totals(session, HR, None, *window, audience="employee").suppressed
    (week,) = series(session, HR, SeriesFilter(NOW - 7 * DAY, NOW - 7 * DAY, audience="employee", bucket="week"))
    assert week.suppressed  # its days reach into the next week
    assert breakdown(session, HR, None, NOW - 6 * DAY, NOW + HOUR)[0].mentions == 6


def test_a_small_source_of_a_large_group_stays_hidden(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 10), labels=EMPLOYEE)
    make.heard(session, world, _texts(20, 2), labels=EMPLOYEE, source_id=world.news)
    found = series(session, HR, SeriesFilter(NOW, NOW + HOUR, audience="employee", source_id=world.news))
    assert [bucket.suppressed for bucket in found] == [True]
    cells = breakdown(session, HR, None, *WEEK, by="source", audience="employee")
    assert all(cell.suppressed for cell in cells)


def test_themes_are_counted(session: Session, world: World) -> None:
    make.say(session, world, "1")
    make.judge(session, themes=("price", "quality"))
    cells = breakdown(session, MARKETING, None, *WEEK, by="theme")
    assert [(cell.key, cell.mentions) for cell in cells] == [("price", 1), ("quality", 1)]


def test_a_theme_is_told_of_staff_once_five_of_them_speak_of_it(session: Session, world: World) -> None:
    for theme, people in (("pay", 5), ("culture", 4)):
        for name in range(people):
            make.say(
                session, world, f"{theme} {name}", make.different(name, f"Acme {theme}"), author_key=make.AUTHORS[name]
            )
        make.judge(session, "negative", "employee", "employer", themes=(theme,))
    for facet in (None, "employer"):
        cells = breakdown(session, HR, None, *WEEK, "theme", audience="employee", facet=facet)
        assert {cell.key: cell.mentions for cell in cells} == {"pay": 5, "culture": None}
    of_a_source = breakdown(session, HR, None, *WEEK, "theme", audience="employee", source_id=world.forum)
    assert {cell.key: cell.mentions for cell in of_a_source} == {"pay": None, "culture": None}
    whole = breakdown(session, HR, None, *WEEK, "theme")
    assert {cell.key: cell.mentions for cell in whole} == {"pay": 5, "culture": None}


def test_a_theme_is_told_of_staff_only_on_days_that_are(session: Session, world: World) -> None:
    for name in range(5):
        make.say(session, world, f"pay {name}", make.different(name), author_key=make.AUTHORS[name])
    make.judge(session, "negative", "employee", "employer", themes=("pay",))
    _two_alumni(session, world)
    cells = breakdown(session, HR, None, *WEEK, "theme", audience="employee")
    assert {cell.key: cell.mentions for cell in cells} == {"pay": None}  # two alumni would be left of the day


def test_share_of_voice_leaves_own_posts_out(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 3))
    make.heard(session, world, _texts(10, 5), own_account=True)
    make.heard(session, world, [make.different(n, "Contoso") for n in range(9)])
    acme, contoso = rollups.share_of_voice(session, MARKETING, *WEEK)
    assert (acme.mentions, acme.owned, acme.share) == (3, 5, 0.25)
    assert contoso.share == 0.75
    nobody = rollups.share_of_voice(session, MARKETING, *WEEK, source_ids=[world.news])
    assert [row.share for row in nobody] == [None, None]


def test_everything_is_empty_before_a_company_is_set_up(session: Session) -> None:
    assert series(session, MARKETING, SeriesFilter(*WEEK)) == ()
    assert totals(session, MARKETING, None, *WEEK).mentions == 0
    assert breakdown(session, MARKETING, None, *WEEK) == ()
    assert rollups.share_of_voice(session, MARKETING, *WEEK) == ()
    assert rollups.as_of(session) is None
    assert rollups.check(session) == []


def test_coverage_is_of_the_runs_that_began(session: Session, world: World) -> None:
    source_id = sources.add_source(session, ADMINISTRATOR, "hackernews", "HN", {}, NOW)
    for minute, good in enumerate((True, True, False, True)):
        claimed = sources.claim(session, source_id, NOW + timedelta(minutes=minute), force=True)
        assert claimed is not None
        if good:
            sources.finish_run(session, claimed.run_id, Outcome(True, "ok"), NOW + timedelta(minutes=minute))
        else:
            sources.fail_run(session, claimed.run_id, CollectError("unreachable", "gone"), NOW)
            sources.run_now(session, ADMINISTRATOR, source_id, NOW)
    (bucket,) = series(session, MARKETING, SeriesFilter(NOW, NOW + HOUR))
    assert bucket.coverage == 0.75
    assert totals(session, MARKETING, None, *WEEK).coverage == 0.75
    assert sources.coverage(session, NOW - DAY, NOW - HOUR) is None


def test_alerts_read_hours_without_gaps(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 3), labels=("negative", "consumer", "both"), authors=make.AUTHORS[:2])
    make.heard(session, world, _texts(10, 4), labels=EMPLOYEE, at=NOW - 5 * HOUR)
    make.heard(session, world, _texts(20, 4), at=NOW - 50 * HOUR)
    make.heard(session, world, _texts(30, 4), own_account=True)
    found = {(each.facet, each.audience): each for each in rollups.alert_series(session, world.acme, NOW)}
    assert set(found) == {
        (facet, audience)
        for facet, audience in (
            (ALL, ALL),
            (ALL, "consumer"),
            (ALL, "employee"),
            ("brand", ALL),
            ("brand", "consumer"),
            ("employer", ALL),
            ("employer", "consumer"),
            ("employer", "employee"),
        )
    }
    whole = found[ALL, ALL]
    assert len(whole.hours) == 24 * 29
    assert whole.hours[-1].hour == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert sum(hour.mentions for hour in whole.hours) == 7, "four employees are too few for any sum"
    assert (whole.hours[-1].stories, whole.hours[-1].negative) == (3, 3)
    assert (whole.authors_hour, whole.authors) == (2, 2)
    assert whole.since == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert found["employer", "employee"].hours[-6].mentions == 4


def test_reviews_are_read_by_source_and_side(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 2), at=NOW - DAY)
    make.heard(session, world, _texts(10, 5), at=NOW - HOUR, labels=("negative", "employee", "both"))
    make.heard(session, world, _texts(20, 1), at=NOW - HOUR, own_account=True)
    session.execute(text("UPDATE posts SET rating = 2"))
    make.heard(session, world, _texts(30, 2))
    found = {each.facet: each for each in rollups.rating_series(session, world.acme, NOW)}
    assert {facet: len(each.reviews) for facet, each in found.items()} == {"brand": 7, "employer": 5}
    assert {review.stars for review in found["brand"].reviews} == {2.0}
    assert rollups.rating_series(session, world.contoso, NOW) == []
    (earlier,) = rollups.rating_series(session, world.acme, NOW - 2 * HOUR)
    assert (earlier.facet, len(earlier.reviews)) == ("brand", 2)


def test_answers_to_surveys_are_in_no_figure_of_public_talk(session: Session, world: World) -> None:
    month, later = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)
    make.heard(session, world, {"public": make.different(50)}, at=month)
    said = make.different(0)  # twice the same: one story
    texts = [said, said, *_texts(2, 4)]
    answers = [make.a_post(f"a{n}", each, month, kind="survey", rating=1.0) for n, each in enumerate(texts)]
    mentions.add_new(session, world.forum, answers, world.matcher, NOW)
    make.judge(session, "negative", "staff", "employer", now=NOW)
    assert totals(session, ADMINISTRATOR, None, *WEEK) == totals(session, MARKETING, None, *WEEK)
    assert totals(session, ADMINISTRATOR, None, *WEEK).stories == 1
    assert totals(session, HR, None, *WEEK).mentions == 0
    assert breakdown(session, HR, None, *WEEK, "theme") == breakdown(session, HR, None, *WEEK) == ()
    assert [day.mentions for day in series(session, HR, SeriesFilter(month, later))] == [0]
    assert [row.mentions for row in rollups.share_of_voice(session, ADMINISTRATOR, *WEEK)] == [1, 0]
    (whole, *_) = found = rollups.alert_series(session, world.acme, later)
    assert {(each.facet, each.audience) for each in found} == {
        (f, a) for f in (ALL, "brand") for a in (ALL, "consumer")
    }
    at_midnight = next(each for each in whole.hours if each.hour == month)
    assert (at_midnight.mentions, at_midnight.stories, at_midnight.negative, whole.authors) == (1, 1, 0, 1)
    assert rollups.rating_series(session, world.acme, later) == []
    assert {each.mention_id for each in vectors.missing(session, world.acme, "any", later, 9)} == set(
        session.scalars(text("SELECT m.id FROM mentions m JOIN posts p ON p.id = m.post_id WHERE p.kind <> 'survey'"))
    )


def test_an_hour_of_surveys_alone_begins_no_history(session: Session, world: World) -> None:
    answers = [make.a_post("a", make.different(0), datetime(2026, 3, 1, tzinfo=UTC), kind="survey")]
    mentions.add_new(session, world.forum, answers, world.matcher, NOW)
    make.judge(session, "negative", "staff", "employer", now=NOW)
    assert rollups.alert_series(session, world.acme, NOW)[0].since is None


def test_alerts_of_a_silent_company_still_have_the_series_over_all(session: Session, world: World) -> None:
    (only,) = rollups.alert_series(session, world.contoso, NOW)
    assert (only.facet, only.audience, only.authors, only.since) == (ALL, ALL, 0, None)


def test_no_sum_says_by_hiding_that_only_few_of_staff_spoke(session: Session, world: World) -> None:
    make.heard(session, world, _texts(0, 4), labels=EMPLOYEE)
    make.heard(session, world, _texts(4, 1), labels=EMPLOYEE, at=NOW - DAY, authors=make.AUTHORS[4:5])
    (hour,) = series(session, HR, SeriesFilter(NOW, NOW + HOUR, bucket="hour"))[:1]
    assert (hour.mentions, hour.suppressed) == (4, False)
    assert totals(session, HR, None, NOW, NOW + HOUR).mentions == 4
    assert [cell.mentions for cell in breakdown(session, HR, None, NOW, NOW + HOUR, "source")] == [4]


def test_a_source_that_never_worked_does_not_silence_the_alerts(session: Session, world: World) -> None:
    bad = sources.add_source(session, ADMINISTRATOR, "hackernews", "HN", {}, NOW)
    claimed = sources.claim(session, bad, NOW, force=True)
    assert claimed is not None
    sources.fail_run(session, claimed.run_id, CollectError("unreachable", "no way there"), NOW)
    (only,) = rollups.alert_series(session, world.acme, NOW + HOUR)
    assert only.coverage is None

    sources.run_now(session, ADMINISTRATOR, bad, NOW)
    again = sources.claim(session, bad, NOW, force=True)
    assert again is not None
    sources.finish_run(session, again.run_id, Outcome(True, "ok"), NOW)
    (only,) = rollups.alert_series(session, world.acme, NOW + HOUR)
    assert only.coverage == 0.5, "once it has worked, its failures count"
