"""Reading mentions: pages, words, roles, small groups, protected texts."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from storage import mentions
from storage.mentions import MentionFilter, search
from storage.totals import totals
from storage.viewer import SYSTEM, NotAllowed, NotFound, Viewer
from tests import factories as make
from tests.factories import ADMINISTRATOR, ADVOCATE, HR, LEADERSHIP, MARKETING, NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def test_pages_follow_each_other_without_gaps_or_repeats(session: Session, world: World) -> None:
    for hour in range(5):
        make.heard(session, world, [make.different(hour * 10 + n) for n in range(3)], at=NOW - hour * make.HOUR)
    seen: list[int] = []
    after = None
    while True:
        page = search(session, MARKETING, MentionFilter(), limit=4, after=after)
        seen += [item.id for item in page.items]
        make.heard(session, world, [make.different(1000 + len(seen))], at=NOW + len(seen) * make.HOUR)
        if page.next is None:
            break
        after = page.next
    assert len(seen) == len(set(seen)) == 15


@pytest.mark.parametrize(
    "cursor",
    ["", "!", "bnVsbA", "W10", base64.urlsafe_b64encode(b'["2026-01-01", 1]').decode(), "[" * 5000, "\ud800"],
)
def test_a_bad_cursor_is_a_value_error(session: Session, world: World, cursor: str) -> None:
    with pytest.raises(ValueError, match="after"):
        search(session, MARKETING, MentionFilter(), after=cursor)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=40))
def test_any_words_can_be_looked_for(session: Session, words: str) -> None:
    make.set_up(session)
    search(session, MARKETING, MentionFilter(q=words))


def test_words_phrases_and_exclusions_are_found(session: Session, world: World) -> None:
    make.heard(session, world, ["Acme sells a red kettle", "Acme sells a kettle that is red", "Acme closes"])

    def found(words: str) -> int:
        return len(search(session, MARKETING, MentionFilter(q=words)).items)

    assert [found("kettle"), found('"red kettle"'), found("kettle -that"), found("closes or red"), found("!!")] == [
        2,
        1,
        1,
        3,
        0,
    ]


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [(MARKETING, {"brand", "both"}), (HR, {"employer", "both"}), (ADMINISTRATOR, {"brand", "employer", "both"})],
)
def test_roles_read_texts_of_their_facets(session: Session, world: World, viewer: Viewer, seen: set[str]) -> None:
    for number, facet in enumerate(("brand", "employer", "both")):
        make.heard(session, world, [make.different(number)], labels=("neutral", "consumer", facet))
    assert {item.facet for item in search(session, viewer, MentionFilter()).items} == seen


def test_leadership_and_advocates_read_no_texts(session: Session, world: World) -> None:
    (mention_id,) = make.heard(session, world, [make.different(1)])
    for viewer in (LEADERSHIP, ADVOCATE):
        with pytest.raises(NotAllowed):
            search(session, viewer, MentionFilter())
        with pytest.raises(NotAllowed):
            mentions.get(session, viewer, mention_id)


def test_another_roles_facet_is_refused_by_name(session: Session, world: World) -> None:
    with pytest.raises(NotAllowed):
        search(session, MARKETING, MentionFilter(facet="employer"))
    with pytest.raises(ValueError, match="facet"):
        search(session, MARKETING, MentionFilter(facet="everything"))
    (mention_id,) = make.heard(session, world, [make.different(1)], labels=("neutral", "consumer", "employer"))
    with pytest.raises(NotAllowed):
        mentions.get(session, MARKETING, mention_id)
    with pytest.raises(NotFound):
        mentions.get(session, MARKETING, 10**12)


def test_protected_mentions_are_counted_as_hidden_only(session: Session, world: World) -> None:
    (mention_id,) = make.heard(session, world, [make.different(1)], protected=True)
    page = search(session, ADMINISTRATOR, MentionFilter())
    assert (page.items, page.hidden) == ((), 1)
    with pytest.raises(NotAllowed):
        mentions.get(session, ADMINISTRATOR, mention_id)


def test_few_employees_are_held_back_and_five_are_not(session: Session, world: World) -> None:
    labels = ("negative", "employee", "employer")
    (first, *_) = make.heard(session, world, [make.different(n) for n in range(4)], labels=labels)
    page = search(session, HR, MentionFilter())
    assert (page.items, page.small_groups, page.hidden) == ((), ("employee",), 0)
    (brand,) = make.heard(session, world, [make.different(20)], labels=("negative", "consumer", "brand"))
    refusals = set()
    for mention_id in (first, brand):  # one cannot be told from the other
        with pytest.raises(NotAllowed) as refused:
            mentions.get(session, HR, mention_id)
        refusals.add(str(refused.value))
    assert len(refusals) == 1
    make.heard(session, world, {"fifth": make.different(9)}, labels=labels, authors=make.AUTHORS[4:])
    assert len(search(session, HR, MentionFilter()).items) == 5
    assert mentions.get(session, HR, first).text == make.different(0)


def test_pages_are_filled_over_what_is_held_back(session: Session, world: World) -> None:
    for minute in range(12):
        labels = ("negative", "employee", "employer") if minute % 4 else ("neutral", "consumer", "both")
        text = {f"n{minute}": make.different(minute)}
        make.heard(session, world, text, labels=labels, at=NOW - minute * make.HOUR / 60, authors=make.AUTHORS[:4])
    found, after = [], None
    for _ in range(5):
        page = search(session, HR, MentionFilter(), limit=2, after=after)
        found += [item.text for item in page.items]
        after = page.next
        if after is None:
            break
    assert found == [make.different(minute) for minute in (0, 4, 8)]
    assert after is None


@pytest.mark.parametrize("into", [True, False])
def test_no_correction_opens_a_small_group(session: Session, world: World, into: bool) -> None:
    candidate, employee = (("neutral", audience, "employer") for audience in ("candidate", "employee"))
    texts = [make.different(number) for number in range(10)]
    few = make.heard(session, world, texts[:3], labels=employee, at=NOW - 5 * make.DAY)
    five = make.heard(session, world, texts[3:8], labels=employee, at=NOW - 9 * make.DAY)
    others = make.heard(session, world, texts[8:], labels=candidate, authors=make.AUTHORS[3:])
    assert {item.id for item in search(session, HR, MentionFilter()).items} == {*five, *others}
    reader = make.a_user(session, "hr")
    for mention_id in others if into else five[:2]:  # three and these two would be five; three are left and join them
        mentions.correct(session, reader, mention_id, "audience", "employee" if into else "candidate", NOW)
    read = {item.id for item in search(session, HR, MentionFilter()).items}
    assert read == (set(five) if into else {*five[:2], *others})
    assert not read & set(few)


def test_no_search_tells_of_words_in_what_is_held_back(session: Session, world: World) -> None:
    make.heard(session, world, {"shown": "Acme octopus"}, labels=("neutral", "candidate", "employer"))
    few, long_ago = ("neutral", "employee", "employer"), NOW - 5 * make.DAY
    make.heard(session, world, {"few": "Acme quicksilver"}, labels=few, at=long_ago)
    make.heard(session, world, {"union": "Acme gorgonzola"}, labels=few, at=long_ago, protected=True)
    words = ("octopus OR quicksilver", "octopus OR gorgonzola", "octopus OR neither", "octopus")
    pages = [search(session, HR, MentionFilter(q=each), limit=1) for each in words]
    assert {(len(page.items), page.next, page.hidden, page.small_groups) for page in pages} == {
        (1, None, 1, ("employee",))
    }


def test_texts_of_staff_are_read_in_windows_that_hold_their_block(session: Session, world: World) -> None:
    labels = ("negative", "employee", "employer")
    for back in range(3):
        said = [make.different(10 * back + number) for number in range(2)]
        some = make.AUTHORS[2 * back : 2 * back + 2]
        make.heard(session, world, said, labels=labels, at=NOW - back * make.DAY, authors=some)
    assert len(search(session, HR, MentionFilter(start=NOW - 3 * make.DAY)).items) == 6
    narrow = search(session, HR, MentionFilter(start=NOW - make.DAY))
    assert (narrow.items, narrow.small_groups) == ((), ("employee",))


def test_public_talk_opens_no_few_answers_to_a_survey(session: Session, world: World) -> None:
    for number in range(5):
        kind = "survey" if number > 1 else "post"
        make.say(session, world, f"n{number}", make.different(number), author_key=make.AUTHORS[number], kind=kind)
    make.judge(session, "negative", "alumnus", "employer")
    read = search(session, HR, MentionFilter()).items
    assert [item.kind for item in read] == ["post", "post"]
    for number in range(5, 7):
        author = make.author(f"more {number}")
        make.say(session, world, f"n{number}", make.different(number), author_key=author, kind="survey")
    make.judge(session, "negative", "alumnus", "employer")
    assert len(search(session, HR, MentionFilter()).items) == 7


def test_no_correction_opens_few_answers_to_a_survey(session: Session, world: World) -> None:
    for number in range(7):
        author = make.author(f"answers {number}")
        make.say(session, world, f"n{number}", make.different(number), author_key=author, kind="survey")
        make.judge(session, "negative", "alumnus" if number < 3 else "consumer", "employer")
    reader = make.a_user(session, "administrator")
    said = search(session, reader, MentionFilter()).items
    assert len(said) == 4
    for item in said:
        mentions.correct(session, reader, item.id, "audience", "alumnus", NOW)
    assert search(session, reader, MentionFilter()).items == ()


def test_nothing_is_left_of_a_total_when_all_that_may_be_read_is_subtracted(session: Session, world: World) -> None:
    for facet in ("employer", "brand"):
        make.heard(session, world, [make.different(1, f"Acme {facet}")], labels=("neutral", "unknown", facet))
        make.heard(session, world, [make.different(2, f"Acme {facet}")], labels=("neutral", "employee", facet))
    read = search(session, ADMINISTRATOR, MentionFilter()).items
    assert sorted((item.facet, item.audience) for item in read) == [("brand", "unknown"), ("employer", "unknown")]
    assert totals(session, ADMINISTRATOR, None, NOW, NOW + make.DAY).mentions == 2


def test_filters_narrow(session: Session, world: World) -> None:
    make.heard(session, world, {"1": "Acme kettle", "2": "Acme lamp"}, labels=("positive", "consumer", "brand"))
    make.heard(session, world, {"3": "Acme chair"}, labels=("negative", "candidate", "both"), source_id=world.news)
    make.say(session, world, "4", "Acme table", at=NOW - 3 * make.DAY)
    make.judge(session, themes=("price",))

    def texts(**wanted: object) -> set[str]:
        items = search(session, ADMINISTRATOR, MentionFilter(**wanted)).items  # type: ignore[arg-type]
        return {item.text.removeprefix("Acme ") for item in items}

    assert texts(sentiment="positive") == {"kettle", "lamp"}
    assert texts(audience="candidate") == {"chair"}
    assert texts(source_id=world.news) == {"chair"}
    assert texts(facet="employer") == {"chair"}
    assert texts(theme="price") == {"table"}
    assert texts(start=NOW - make.DAY) == {"kettle", "lamp", "chair"}
    assert texts(end=NOW - make.DAY) == {"table"}
    assert texts(company_id=world.contoso) == set()
    assert texts(start=datetime(1, 1, 1, tzinfo=UTC), end=datetime(9999, 1, 1, tzinfo=UTC), lang="de") == set()


def test_one_mention_with_all_that_is_known(session: Session, world: World) -> None:
    words = "Acme closes its branch in the old town because nobody went there any more, says the mayor"
    make.say(session, world, "1", words, counters={"likes": 3}, title="Local news")
    make.say(session, world, "2", words, source_id=world.news)
    make.judge(session)
    page = search(session, MARKETING, MentionFilter(q="mayor"))
    assert [item.copies for item in page.items] == [2, 2]
    first = next(item for item in page.items if item.title)
    detail = mentions.get(session, MARKETING, first.id)
    assert [(each.counter, each.value) for each in detail.counters] == [("likes", 3)]
    assert [copy.source for copy in detail.copies] == ["News"]
    assert detail.scores["sentiment"]["neutral"] == 1.0


def test_copies_do_not_lead_to_a_small_group(session: Session, world: World) -> None:
    text = make.different(1)
    (said,) = make.heard(session, world, {"a": text})
    make.heard(session, world, {"b": text}, source_id=world.news, labels=("neutral", "employee", "both"))
    assert mentions.get(session, MARKETING, said).copies == ()
    assert [item.copies for item in search(session, MARKETING, MentionFilter()).items] == [1]
    assert len(mentions.get(session, SYSTEM, said).copies) == 1


def test_a_long_text_is_cut_in_the_list(session: Session, world: World) -> None:
    make.heard(session, world, ["Acme " + "long " * 1000])
    (item,) = search(session, MARKETING, MentionFilter()).items
    assert (len(item.text), item.cut) == (1000, True)
    assert len(mentions.get(session, MARKETING, item.id).text) == 5005


def test_nothing_is_found_in_an_empty_database(session: Session) -> None:
    assert search(session, MARKETING, MentionFilter()).items == ()
    assert mentions.pending_count(session) == 0
    assert mentions.claim_pending(session, 10) == []
    assert mentions.save_analysis(session, [], NOW) == []


def test_a_preview_says_what_a_query_keeps_drops_and_adds(session: Session, world: World) -> None:
    make.heard(session, world, {"1": "Acme kettle", "2": "Acme lamp", "3": "Initech lamp"})
    matcher = mentions.single_query("acme AND kettle OR initech", world.acme)
    shown = mentions.preview(session, ADMINISTRATOR, mentions.single_query("(acme AND kettle) OR initech", world.acme))
    assert matcher.version == -1
    assert (shown.kept_count, shown.dropped_count, shown.newly_count, shown.scanned) == (1, 1, 1, 3)
    assert shown.newly[0].text == "Initech lamp"
    assert shown.kept[0].explanation.found[0].term == "acme"
    with pytest.raises(NotAllowed):
        mentions.preview(session, MARKETING, matcher)


def test_a_preview_shows_why_a_long_post_is_kept(session: Session, world: World) -> None:
    make.heard(session, world, ["A kettle. " + "Steam and more steam. " * 100 + "At last: Acme."])
    (row,) = mentions.preview(session, ADMINISTRATOR, mentions.single_query("acme", world.acme)).kept
    (found,) = row.explanation.found
    assert (row.explanation.kept, row.explanation.missing) == (True, ())
    assert row.text.startswith("… ")
    assert row.text[found.start : found.end] == "Acme"


def test_a_term_far_behind_the_first_is_no_find_of_the_excerpt(session: Session, world: World) -> None:
    make.heard(session, world, ["Acme kettle. " + "Steam and more steam. " * 100 + "Acme again."])
    (row,) = mentions.preview(session, ADMINISTRATOR, mentions.single_query("acme", world.acme)).kept
    assert [(each.start, each.end) for each in row.explanation.found] == [(0, 4)]
    assert len(row.text) == 600


def test_times_far_away_are_no_error(session: Session, world: World) -> None:
    wanted = MentionFilter(start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC) - timedelta(1))
    assert search(session, MARKETING, wanted).items == ()
