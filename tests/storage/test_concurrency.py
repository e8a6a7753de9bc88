"""Many processes at once, and processes that are killed: nothing lost, nothing doubled, no dead-lock."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from storage import analysis, db, erasures, mentions, outbox, rollups, sources
from storage.removal import remove_source_mentions
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import NOW, World

POSTS = 60
COPIED = "Acme closes its branch in the old town because nobody went there any more, says the mayor"


@pytest.fixture
def world(clean_database: Engine) -> World:
    with db.transaction() as session:
        return make.set_up(session)


def _at_once(jobs: Sequence[Callable[[], object]]) -> None:
    """Run all at the same time; errors come up."""
    barrier = Barrier(len(jobs))

    def wait_and_run(job: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(wait_and_run, job) for job in jobs]:
            done.result(timeout=100)


def _add(world: World, numbers: Sequence[int], word: str = "") -> None:
    posts = [make.a_post(str(n), COPIED if n % 3 == 0 else make.different(n) + word) for n in numbers]
    for start in range(0, len(posts), 10):
        with db.transaction() as session:
            mentions.add_new(session, world.forum, posts[start : start + 10], world.matcher, NOW)


def _analyse(rounds: int, label: str) -> None:
    for _ in range(rounds):
        with db.transaction() as session:
            waiting = mentions.claim_pending(session, 7)
            results = [make.analyzed(each.id, each.text, make.tags(each.id, label)) for each in waiting]
            mentions.save_analysis(session, results, NOW)


def _delete(world: World, numbers: Sequence[int]) -> None:
    for number in numbers:
        with db.transaction() as session:
            mentions.mark_deleted(session, world.forum, [str(number), str(number + 1)], NOW)


def _analyse_and_be_killed() -> None:
    with db.transaction() as session:
        make.judge(session)
        backend = session.scalar(text("SELECT pg_backend_pid()"))
        with db.transaction() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
        session.execute(text("SELECT 1"))


def _finish() -> None:
    with db.transaction() as session:
        make.judge(session)


def test_everything_at_once_keeps_the_counts_exact(world: World) -> None:
    numbers = list(range(POSTS))
    _add(world, numbers)
    _at_once(
        [
            partial(_add, world, numbers, " edited"),
            partial(_add, world, numbers[::-1], " edited"),
            partial(_analyse, 12, "positive"),
            partial(_analyse, 12, "negative"),
            partial(_delete, world, range(0, 20, 2)),
        ]
    )
    _finish()
    with db.reading() as session:
        assert rollups.check(session) == []
        total = rollups.totals(session, SYSTEM, world.acme, NOW - make.DAY, NOW + make.DAY)
        assert total.mentions == POSTS - 20
        assert mentions.pending_count(session) == 0


def test_two_workers_never_take_the_same_mention(world: World) -> None:
    _add(world, range(POSTS))
    with db.transaction() as one, db.transaction() as other:
        first = {each.id for each in mentions.claim_pending(one, 40)}
        second = {each.id for each in mentions.claim_pending(other, 40)}
    assert len(first) == 40
    assert len(second) == 20
    assert not first & second


def test_a_connection_killed_in_mid_batch_loses_and_doubles_nothing(world: World) -> None:
    _add(world, range(POSTS))
    with pytest.raises(OperationalError):
        _analyse_and_be_killed()
    with db.reading() as session:
        assert mentions.pending_count(session) == POSTS
        assert rollups.check(session) == []
    _finish()
    with db.reading() as session:
        assert mentions.pending_count(session) == 0
        assert rollups.check(session) == []


def test_an_error_in_the_callers_transaction_undoes_posts_and_cursor(world: World) -> None:
    def broken() -> None:
        with db.transaction() as session:
            posts = [make.a_post("1", make.different(1))]
            mentions.add_new(session, world.forum, posts, world.matcher, NOW, cursor={"page": 2})
            raise RuntimeError("the process ends here")

    with pytest.raises(RuntimeError):
        broken()
    with db.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM posts")) == 0
        assert session.scalar(text("SELECT cursor FROM sources WHERE id = :id"), {"id": world.forum}) == {}


def test_a_source_is_claimed_by_one(world: World) -> None:
    with db.transaction() as session:
        session.execute(text("UPDATE sources SET kind = 'feed', next_check_at = :now"), {"now": NOW})
    claimed: list[int] = []

    def claim() -> None:
        with db.transaction() as session:
            if (found := sources.claim(session, world.forum, NOW)) is not None:
                claimed.append(found.run_id)

    _at_once([claim] * 4)
    assert len(claimed) == 1


def test_a_mail_is_claimed_by_one(world: World) -> None:
    from tests.storage.test_outbox import a_mail

    with db.transaction() as session:
        for number in range(6):
            outbox.put(session, a_mail(str(number)), None, "brand", NOW, smtp=True)
    taken: list[int] = []

    def claim() -> None:
        with db.transaction() as session:
            taken.extend(mail.id for mail in outbox.claim(session, NOW, limit=4))

    _at_once([claim] * 3)
    assert len(taken) == len(set(taken)) == 6


def test_what_waits_for_the_commit_runs_after_it_and_never_after_a_rollback(world: World) -> None:
    seen: list[str] = []

    def broken() -> None:
        with db.transaction() as session:
            db.after_commit(session, lambda: seen.append("never"))
            raise RuntimeError("undone")

    with db.transaction() as session:
        db.after_commit(session, lambda: seen.append("told"))
        assert seen == []
    with pytest.raises(RuntimeError):
        broken()
    assert seen == ["told"]


def test_a_job_that_cannot_be_queued_does_not_undo_the_commit(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> None:
        raise ConnectionError("the broker is down")

    with db.transaction() as session:
        mentions.add_new(session, world.forum, [make.a_post("1")], world.matcher, NOW)
        db.after_commit(session, refuse)
    with db.reading() as session:
        assert mentions.pending_count(session) == 1
    assert "upkeep will pick it up" in caplog.text


def _expire(_: World) -> None:
    settings = Settings(unmatched_days=1_000, mention_days=1_000, employer_days=1, protected_days=1)
    with db.transaction() as session:
        mentions.delete_expired(session, NOW + 5 * make.DAY, settings)


def _erase(_: World) -> None:
    with db.transaction() as session:
        erasures.erase(session, SYSTEM, [make.author("one")], "reddit", "asked", NOW, refuse=False)


def _remove_sources(world: World) -> None:
    with db.transaction() as session:
        remove_source_mentions(session, [world.forum, world.news])


@pytest.mark.parametrize("remove", [_expire, _erase, _remove_sources])
def test_whoever_removes_in_steps_waits_for_no_worker_with_a_company_in_hand(
    world: World, remove: Callable[[World], None]
) -> None:
    """Of two sources and by two rules; a worker tags the second mention meanwhile."""
    with db.transaction() as session:
        for source, facet, hidden in ((world.forum, "employer", False), (world.news, "brand", True)):
            post = make.a_post("1", make.different(source), author_key=make.author("one"))
            mentions.add_new(session, source, [post], world.matcher, NOW)
            make.judge(session, facet=facet, protected=hidden)
        second = session.scalar(text("SELECT max(id) FROM mentions"))
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as session:
            (held,) = analysis.claim_tagged(session, [second or 0])
            removing = pool.submit(remove, world)
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not removing.done() and not session.scalar(waiting):
                pass
            results = [make.analyzed(held.id, held.text, make.tags(held.id, "negative"))]
            mentions.save_analysis(session, results, NOW)
        removing.result(timeout=60)
    with db.reading() as session:
        assert rollups.check(session) == []
