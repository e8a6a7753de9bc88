"""Drafts of answers: one writes, another reads, a change takes the reading away."""

import pytest
from sqlalchemy.orm import Session

from storage import audit, mentions
from storage.review_answers import DraftChangedError, answer_of, mark_read, save_answer
from storage.viewer import SYSTEM, NotAllowed, NotFound
from tests import factories as make
from tests.factories import MARKETING, NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


def review(session: Session, world: World, kind: str = "review") -> int:
    added = make.say(session, world, "r", "Acme pays late", kind=kind)
    make.judge(session, "negative", "other", "employer")
    return added.mention_ids_pending[0]


def test_one_writes_and_another_reads(session: Session, world: World) -> None:
    mention_id = review(session, world)
    writer, reader = make.a_user(session, "hr"), make.a_user(session, "administrator")
    save_answer(session, writer, mention_id, "Thank you.", 0, NOW)
    with pytest.raises(NotAllowed):
        mark_read(session, writer, mention_id, 1, NOW)
    mark_read(session, reader, mention_id, 1, NOW)
    _, draft = answer_of(session, writer, mention_id)
    assert draft is not None
    assert (draft.version, draft.writer, draft.reader) == (1, "Hr", "Administrator")
    acts = {entry.action for entry in audit.entries(session, SYSTEM)}
    assert {"review_answer.save", "review_answer.read"} <= acts


def test_a_change_needs_a_new_reading_and_the_same_text_does_not(session: Session, world: World) -> None:
    mention_id = review(session, world)
    writer, reader = make.a_user(session, "hr"), make.a_user(session, "administrator")
    save_answer(session, writer, mention_id, "Thank you.", 0, NOW)
    mark_read(session, reader, mention_id, 1, NOW)
    save_answer(session, reader, mention_id, "Thank you.", 1, NOW)
    save_answer(session, writer, mention_id, "Thank you!", 1, NOW)
    _, draft = answer_of(session, writer, mention_id)
    assert draft is not None
    assert (draft.version, draft.read_at) == (2, None)
    with pytest.raises(DraftChangedError):
        mark_read(session, reader, mention_id, 1, NOW)


def test_nobody_overwrites_what_they_have_not_seen(session: Session, world: World) -> None:
    mention_id = review(session, world)
    writer = make.a_user(session, "hr")
    with pytest.raises(DraftChangedError):
        save_answer(session, writer, mention_id, "Thank you.", 3, NOW)
    save_answer(session, writer, mention_id, "Thank you.", 0, NOW)
    with pytest.raises(DraftChangedError):
        save_answer(session, writer, mention_id, "Thanks.", 0, NOW)


def test_only_reviews_of_the_own_side_have_drafts(session: Session, world: World) -> None:
    mention_id = review(session, world)
    with pytest.raises(NotAllowed):
        answer_of(session, MARKETING, mention_id)
    with pytest.raises(ValueError, match="Write an answer"):
        save_answer(session, make.a_user(session, "hr"), mention_id, "  ", 0, NOW)


def test_a_post_is_no_review(session: Session, world: World) -> None:
    mention_id = review(session, world, "post")
    with pytest.raises(NotFound):
        answer_of(session, make.a_user(session, "hr"), mention_id)


def test_the_draft_goes_with_the_review(session: Session, world: World) -> None:
    mention_id = review(session, world)
    writer = make.a_user(session, "hr")
    save_answer(session, writer, mention_id, "Thank you.", 0, NOW)
    mentions.mark_deleted(session, world.forum, ["r"], NOW)
    with pytest.raises(NotFound):
        answer_of(session, writer, mention_id)
