"""From stories to a new theme: vectors, an incident with its words, the panel of its side, and what takes them away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from config.settings import Settings
from storage import db, incidents, mentions, telling, vectors
from storage.topics import TopicRow, new_topics
from storage.viewer import SYSTEM, Viewer
from tests import factories as make
from tests.conftest import MailSink
from tests.factories import World
from tests.workers.conftest import count
from workers import topics
from workers.tell import tell
from workers.tell_mail import send_mails
from workers.topics import find_topics

MINUTE = timedelta(minutes=1)
NEW = "Acme froze severance for the depot crew in hall"


@dataclass
class Weights:
    """In place of the network: texts on severance lie together, all others far from each other."""

    meta: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(version="test-1"))
    read: int = 0

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read += len(texts)
        chance = np.random.default_rng(len(texts[0]) + self.read)
        rows = chance.normal(size=(len(texts), 384))
        shared = np.random.default_rng(5).normal(size=384)
        for row, each in enumerate(texts):
            if "severance" in each:
                rows[row] = shared + 0.3 * rows[row]
        return (rows + 1.0).astype(np.float32)


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> Weights:
    made = Weights()
    monkeypatch.setattr(topics, "network_in_force", lambda: made)
    return made


@pytest.fixture
def talk(world: World, weights: Weights) -> World:
    """Four weeks about this and that; since yesterday eight employees tell of something new."""
    now = datetime.now(UTC)
    with db.transaction() as session:
        posts = [make.a_post(f"old {n}", make.different(n), now - timedelta(hours=80 + 5 * n)) for n in range(120)]
        mentions.add_new(session, world.forum, posts, world.matcher, now)
        make.judge(session, facet="brand", now=now)
        fresh = [
            make.a_post(f"new {n}", f"{NEW} {n}: {make.different(200 + n)}", now - timedelta(hours=1 + n))
            for n in range(8)
        ]
        mentions.add_new(session, world.forum, fresh, world.matcher, now)
        make.judge(session, "negative", "employee", "employer", now=now)
    return world


def _panel(world: World, viewer: Viewer, facet: str) -> tuple[TopicRow, ...]:
    with db.reading() as session:
        return new_topics(session, viewer, world.acme, facet, datetime.now(UTC))


def test_a_new_theme_is_an_incident_once_and_shown_to_its_side(talk: World, weights: Weights) -> None:
    find_topics()
    find_topics()
    with db.reading() as session:
        (row,) = incidents.list_incidents(session, SYSTEM).items
        quotes = telling.examples(session, SYSTEM, row)
    assert (row.kind, row.facet, row.observed, row.n) == ("new_theme", "employer", 8.0, 8)
    assert len(row.subject.split(", ")) == 4
    assert set(row.subject.split(", ")) <= set(NEW.split())
    assert quotes == (), "employees are never quoted"
    assert weights.read == 128, "each story is read once"
    (shown,) = _panel(talk, make.HR, "employer")
    assert (shown.authors, shown.stories_before, shown.incident_id) == (8, 120, row.id)
    assert _panel(talk, make.MARKETING, "employer") == ()
    assert _panel(talk, make.ADMINISTRATOR, "brand") == ()


def test_vectors_of_other_weights_are_made_anew(talk: World, weights: Weights) -> None:
    find_topics()
    weights.meta.version = "test-2"
    find_topics()
    assert count("mention_vectors", "space = 'test-2'") == 128
    assert count("mention_vectors") == 128
    assert count("topics") == 1, "the same stories are the same topic"
    with db.transaction() as session, pytest.raises(ValueError, match="384"):
        vectors.save(session, "wide", [1], np.ones((1, 768), dtype=np.float32))


def test_vectors_leave_with_mentions_edits_and_time(talk: World) -> None:
    find_topics()
    now = datetime.now(UTC)
    with db.transaction() as session:
        changed = make.a_post("new 1", "Acme is fine again", now - timedelta(hours=2))
        mentions.add_new(session, talk.forum, [changed], talk.matcher, now)
        session.execute(text("DELETE FROM posts WHERE native_id IN ('new 2', 'new 3', 'new 4', 'new 5')"))
    assert count("mention_vectors") == 123
    assert _panel(talk, make.HR, "employer") == (), "fewer than five are left"
    with db.transaction() as session:
        vectors.forget(session, now + timedelta(days=40))
    assert count("mention_vectors") == 0


def test_little_coverage_judges_nothing(talk: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.rollups.too_little_covered", lambda _session, _now: True)
    find_topics()
    assert count("incidents") == 0
    assert count("topics") == 0


def test_a_story_of_employees_that_reaches_consumers_is_told_by_mail(
    talk: World, settings: Callable[..., Settings], smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "points", lambda *_: ())  # drawing takes the most time
    settings(smtp_host=smtp.host, smtp_port=smtp.port, smtp_security="none", mail_from="Outspoken <o@acme.example>")
    now = datetime.now(UTC)
    with db.transaction() as session:
        told = [make.a_post(f"out {n}", f"{NEW} {n}: {make.different(300 + n)}", now - n * MINUTE) for n in range(14)]
        mentions.add_new(session, talk.news, told, talk.matcher, now)
        make.judge(session, "negative", "consumer", "brand", now=now)
    find_topics()
    find_topics()
    with db.reading() as session:
        row = next(each for each in incidents.list_incidents(session, SYSTEM).items if each.kind == "spill_over")
        events = incidents.events_to_tell(session, 10)
    assert count("incidents", "kind = 'spill_over'") == 1
    assert (row.facet, row.observed, row.n) == ("both", 14.0, 14)
    for event_id in events:
        tell(event_id)
    send_mails()

    (mail,) = (mail for mail in smtp.messages if "brand side, too" in str(mail["Subject"]))
    subject = str(mail["Subject"])
    assert subject.startswith("Acme: a story about work is now told by 14 people on the brand side, too: “")
    body = mail.get_body(("plain",))
    assert body is not None
    words = " ".join(body.get_content().split())
    assert "First told on the employer side" in words
    assert "whether the one caused the other nobody can tell" in words
    assert "Began on Forum" in words
    assert "; then News" in words
