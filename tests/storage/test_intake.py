"""What goes in: natural keys, edits, deletions, counters, hostile texts, changed profiles."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage import mentions, profile, rollups, sources
from storage.viewer import NotAllowed
from tests import factories as make
from tests.factories import NOW


def test_storing_twice_adds_nothing(session: Session) -> None:
    world = make.set_up(session)
    first = make.say(session, world, "1")
    again = make.say(session, world, "1")
    assert (first.posts_added, first.mentions_added, first.native_ids_added) == (1, 1, ("1",))
    assert (again.posts_added, again.posts_changed, again.mention_ids_pending) == (0, 0, ())


def test_of_duplicates_in_a_batch_the_last_wins(session: Session) -> None:
    world = make.set_up(session)
    posts = [make.a_post("1", "Acme is bad"), make.a_post("2", "Contoso"), make.a_post("1", "Acme is good")]
    added = mentions.add_new(session, world.forum, posts, world.matcher, NOW)
    assert added.posts_added == 2
    assert {each.text for each in mentions.claim_pending(session, 9)} == {"Acme is good", "Contoso"}


def test_the_same_id_of_another_source_is_another_post(session: Session) -> None:
    world = make.set_up(session)
    assert make.say(session, world, "1").posts_added == 1
    assert make.say(session, world, "1", source_id=world.news).posts_added == 1


def test_an_edit_is_analysed_again_and_counts_meanwhile(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, {"1": "Acme is bad"}, labels=("negative", "consumer", "brand"))
    edited = make.say(session, world, "1", "Acme is good after all", now=NOW + make.HOUR)
    assert (edited.posts_changed, edited.native_ids_changed, len(edited.mention_ids_pending)) == (1, ("1",), 1)
    day = (NOW - make.DAY, NOW + make.DAY)
    assert rollups.totals(session, make.MARKETING, None, *day).negative == 1
    assert mentions.search(session, make.MARKETING, mentions.MentionFilter()).items == ()
    make.judge(session, "positive")
    total = rollups.totals(session, make.MARKETING, None, *day)
    assert (total.negative, total.positive) == (0, 1)
    assert mentions.search(session, make.MARKETING, mentions.MentionFilter()).items[0].edited_at == NOW + make.HOUR


def test_an_edit_moves_the_mention_to_the_company_it_names_now(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, {"1": "Acme is bad"})
    make.say(session, world, "1", "Contoso is bad")
    make.judge(session)
    rows = session.execute(text("SELECT company_id, count(*) FROM mentions GROUP BY 1")).all()
    assert rows == [(world.contoso, 1)]
    assert rollups.check(session) == []


def test_a_deleted_post_stays_away(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, {"1": "Acme is bad", "2": "Acme is good"})
    assert mentions.mark_deleted(session, world.forum, ["1", "nobody"], NOW) == 1
    assert mentions.mark_deleted(session, world.forum, ["1"], NOW) == 0
    late = make.say(session, world, "1", "Acme is bad, I say")
    assert (late.posts_added, late.posts_changed, late.mentions_added) == (0, 0, 0)
    left = session.execute(text("SELECT text, title, author_key, raw, url FROM posts WHERE native_id = '1'")).one()
    assert tuple(left) == ("", None, None, {}, None)


def test_counters_are_stored_when_they_move(session: Session) -> None:
    world = make.set_up(session)
    for minute, likes in enumerate((1, 1, 2, 2, 1)):
        at = NOW + timedelta(minutes=minute)
        make.say(session, world, "1", counters={"likes": likes, "views": 10}, now=at)
    rows = session.execute(text("SELECT counter, value FROM counter_snapshots ORDER BY counter, observed_at")).all()
    assert rows == [("likes", 1), ("likes", 2), ("likes", 1), ("views", 10)]


def test_counters_that_mean_nothing_are_unknown(session: Session) -> None:
    world = make.set_up(session)
    make.say(session, world, "1", counters={"likes": -1, "views": 2**70}, followers=2**70)
    assert session.scalar(text("SELECT count(*) FROM counter_snapshots")) == 0
    assert session.scalar(text("SELECT followers FROM posts")) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "Acme \x00 nul",
        "Acme \ud800 surrogate",
        "Acme '); DROP TABLE posts; --",
        "Acme \u202e reversed",
        "Acme " + "x" * 300_000,
        'Acme {"a": "\\u0000"}',
        "Acme 🫠" * 100,
    ],
)
def test_hostile_text_costs_no_other_post(session: Session, hostile: str) -> None:
    world = make.set_up(session)
    bad = make.a_post(
        "bad",
        hostile,
        title=hostile[:100],
        url=hostile[:50],
        raw={"a": [hostile[:50], {hostile[:20]: float("nan")}]},
        stated={"kind": hostile[:20]},
    )
    added = mentions.add_new(session, world.forum, [make.a_post("1"), bad], world.matcher, NOW)
    assert added.mentions_added == 2
    assert len(make.judge(session)) == 2


def test_monstrous_ids_and_words_cost_no_other_post(session: Session) -> None:
    world = make.set_up(session)
    crowded = "Acme " + " ".join(f"{chr(0x20000 + n // 200)}{chr(0x20000 + n % 200)}" for n in range(33_000))
    posts = [
        make.a_post("x" * 100_000),
        make.a_post("x" * 100_001),
        make.a_post("crowded", crowded),
        make.a_post("1"),
    ]
    assert mentions.add_new(session, world.forum, posts, world.matcher, NOW).mentions_added == 4
    assert mentions.mark_deleted(session, world.forum, ["x" * 100_000], NOW) == 1


def test_an_empty_batch_still_moves_the_cursor(session: Session) -> None:
    world = make.set_up(session)
    mentions.add_new(session, world.forum, [], world.matcher, NOW, cursor={"page": 3})
    assert session.scalar(text("SELECT cursor FROM sources WHERE id = :id"), {"id": world.forum}) == {"page": 3}


def test_without_a_profile_posts_wait_for_one(session: Session) -> None:
    from storage import sources

    source_id = sources.get_or_make(session, "import", "Forum", "import", NOW)
    added = mentions.add_new(session, source_id, [make.a_post("1")], profile.matcher(session), NOW)
    assert (added.posts_added, added.unmatched) == (1, 1)
    make.set_up(session)
    matcher = profile.matcher(session)
    assert mentions.rematch(session, matcher, NOW) == 1
    assert mentions.rematch(session, matcher, NOW) == 0
    assert mentions.pending_count(session) == 1


def test_a_changed_profile_adds_and_removes_mentions(session: Session) -> None:
    world = make.set_up(session)
    make.heard(session, world, {"1": "Acme is loud", "2": "Initech is loud", "3": "Acme of Ohio is loud"})
    toml = make.PROFILE.replace('name = "Acme"', 'name = "Acme"\naliases = ["Initech"]\nexcluded = ["ohio"]')
    profile.save_profile(session, toml, origin="dashboard", user_id=None, now=NOW)
    assert mentions.rematch(session, profile.matcher(session), NOW) == 3
    make.judge(session)
    items = mentions.search(session, make.MARKETING, mentions.MentionFilter()).items
    assert {item.text for item in items} == {"Acme is loud", "Initech is loud"}
    assert rollups.check(session) == []


def test_what_a_new_recipient_changes_needs_no_matching(session: Session) -> None:
    world = make.set_up(session)
    make.say(session, world, "1")
    toml = make.PROFILE + '\n[[recipients]]\nemail = "new@acme.example"\n'
    profile.save_profile(session, toml, origin="dashboard", user_id=None, now=NOW)
    assert mentions.rematch(session, profile.matcher(session), NOW) == 0


def test_old_posts_expire_with_their_counts(session: Session) -> None:
    from config.settings import Settings

    world = make.set_up(session)
    long_ago = NOW - timedelta(days=800)
    post = make.a_post("old", "Acme was fine", long_ago)
    mentions.add_new(session, world.forum, [post], world.matcher, long_ago)
    make.heard(session, world, {"new": "Acme is fine"})
    mentions.add_new(session, world.forum, [make.a_post("nobody", "so what")], world.matcher, NOW - 20 * make.DAY)
    assert mentions.delete_expired(session, NOW, Settings()) == 2
    assert mentions.delete_expired(session, NOW, Settings()) == 0
    assert session.scalars(text("SELECT native_id FROM posts")).all() == ["new"]
    assert rollups.check(session) == []


def test_a_text_that_cannot_be_tagged_is_in_no_list_and_no_count(session: Session) -> None:
    world = make.set_up(session)
    (mention_id,) = make.say(session, world, "1").mention_ids_pending
    assert mentions.count_attempt(session, [mention_id]) == {mention_id: 1}
    mentions.mark_failed(session, [mention_id], "the model\x00 died", NOW)
    assert mentions.pending_count(session) == 0
    assert mentions.search(session, make.ADMINISTRATOR, mentions.MentionFilter()).items == ()
    with pytest.raises(NotAllowed):
        mentions.get(session, make.ADMINISTRATOR, mention_id)
    assert rollups.check(session) == []


def mentioned(session: Session) -> list[tuple[str, int]]:
    rows = session.execute(
        text("SELECT p.native_id, m.company_id FROM mentions m JOIN posts p ON p.id = m.post_id ORDER BY 1, 2")
    )
    return [(row[0], row[1]) for row in rows]


def test_a_review_is_about_the_company_of_its_source_though_it_names_nobody(session: Session) -> None:
    world = make.set_up(session)
    ours = sources.get_or_make(session, "import", "Our reviews", "import", NOW, about="own")
    theirs = sources.get_or_make(session, "import", "Their reviews", "import", NOW, about="contoso")
    added = make.say(session, world, "1", "Rude at the till", source_id=ours, kind="review")
    make.say(session, world, "2", "Rude at the till", source_id=theirs, kind="review")
    make.say(session, world, "3", "Nicer than Contoso", source_id=ours, kind="survey")
    make.say(session, world, "4", "Rude at the till", source_id=ours, kind="post")
    make.say(session, world, "5", "Rude at the till", kind="review")
    assert (added.mentions_added, added.unmatched) == (1, 0)
    assert mentioned(session) == [
        ("1", world.acme), ("2", world.contoso), ("3", world.acme), ("3", world.contoso),
    ]  # fmt: skip


def test_a_review_keeps_its_company_when_it_is_edited_and_when_the_profile_changes(session: Session) -> None:
    world = make.set_up(session)
    ours = sources.get_or_make(session, "import", "Our reviews", "import", NOW, about="own")
    make.say(session, world, "1", "Rude at the till", source_id=ours, kind="review")
    make.say(session, world, "1", "Rude, and slow", source_id=ours, kind="review", now=NOW + make.HOUR)
    assert mentioned(session) == [("1", world.acme)]
    changed = make.PROFILE.replace('name = "Acme"', 'name = "Acme"\naliases = ["Acme Works"]')
    profile.save_profile(session, changed, origin="file", user_id=None, now=NOW)
    assert mentions.rematch(session, profile.matcher(session), NOW) == 1
    assert mentioned(session) == [("1", world.acme)]


def test_a_source_is_about_nobody_unheard_of(session: Session) -> None:
    make.set_up(session)
    with pytest.raises(ValueError, match=r"about: .* acme, contoso"):
        sources.get_or_make(session, "import", "Reviews", "import", NOW, about="globex")
