"""A small company, its people and what is said about it, stored by the service's own functions.

Calls and pages read the clock of `Clock` here (`clock_of_requests`), so that no test hangs on the hour or the day it
runs at: what is said "two hours ago" lies on the same day at every run.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from alerts.rules import Finding, Intent
from api import deps
from api.dashboard import wording
from collectors.post import Post
from nlp.result import Tags, Verdict
from nlp.stories import bands, signature
from storage import db, incidents, mentions, planned_events, profile, sources, users
from storage.viewer import viewer_for

NOW = datetime.fromisoformat(os.environ.get("OUTSPOKEN_TESTS_NOW", "2026-09-16T12:30:00+00:00"))  # a Wednesday
PASSWORD = "correct horse battery"
ROLES = ("marketing", "hr", "leadership", "advocate", "administrator", "auditor")
PROFILE = """
[company]
name = "Acme"
careers_hosts = ["careers.acme.example"]

[[company.accounts]]
platform = "forum"
handle = "acme"

[[rivals]]
name = "Globex"
"""


class Clock(datetime):
    """`datetime` to whom asks for the time of a request: it begins at `NOW` and is a millisecond later at each look."""

    _looks = count()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Clock":
        return cls.fromtimestamp(NOW.timestamp() + next(cls._looks) / 1_000, tz)


def now() -> datetime:
    """What the next call of the service would take for the time."""
    return Clock.now(UTC)


@contextmanager
def clock_of_requests() -> Iterator[None]:
    """Calls and pages read `Clock` meanwhile; workers, the database and tracked links keep the machine's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deps, "datetime", Clock)
        patch.setattr(wording, "datetime", Clock)
        yield


@dataclass(frozen=True, slots=True)
class Said:
    """One post about Acme with the tags it gets."""

    text: str
    author: str | None = "someone"
    facet: str = "brand"
    audience: str = "consumer"
    sentiment: str = "neutral"
    themes: tuple[str, ...] = ()
    hours_ago: float = 2
    protected: bool = False
    own_account: bool = False
    counters: Mapping[str, int] = field(default_factory=dict)


def set_up_company() -> None:
    """Acme and its rival are in force."""
    with db.transaction() as session:
        profile.save_profile(session, PROFILE, origin="dashboard", user_id=None, now=NOW)


def add_person(role: str, name: str = "") -> tuple[int, str]:
    """An account of a role; returns its id and mail address."""
    email = f"{name or role}@acme.example"
    with db.transaction() as session:
        user = users.create_user(session, email, (name or role).title(), role, PASSWORD, NOW)
    return user.id, email


def add_token(user_id: int, scopes: Sequence[str] = users.SCOPES) -> dict[str, str]:
    """The header of a new token."""
    with db.transaction() as session:
        _, secret = users.create_token(session, user_id, "tests", frozenset(scopes), NOW)
    return {"Authorization": f"Bearer {secret}"}


def forget_tries() -> None:
    """Nobody has failed to sign in yet."""
    with db.transaction() as session:
        session.execute(text("DELETE FROM sign_in_tries"))


def say(*said: Said, source: str = "Forum") -> list[int]:
    """Store posts and their tags as collectors and workers do; returns the ids of the mentions in the order given."""
    with db.transaction() as session:
        source_id = sources.get_or_make(session, "api", source, "api", NOW)
        posts = [_post(number, each) for number, each in enumerate(said)]
        matcher = profile.matcher(session)
        ids = [mentions.add_new(session, source_id, [post], matcher, NOW).mention_ids_pending[0] for post in posts]
        mentions.save_analysis(
            session, [_analyzed(mention_id, each) for mention_id, each in zip(ids, said, strict=True)], NOW
        )
    return ids


def _post(number: int, said: Said) -> Post:
    return Post(
        native_id=f"{number}-{said.text[:40]}",
        text=f"Acme: {said.text}",
        published_at=NOW - timedelta(hours=said.hours_ago),
        url=f"https://forum.example/{number}",
        author_key=said.author,
        own_account=said.own_account,
        counters=said.counters,
    )


def _analyzed(mention_id: int, said: Said) -> mentions.Analyzed:
    tags = Tags(
        id=str(mention_id),
        lang="en",
        sentiment=Verdict(said.sentiment, {said.sentiment: 1.0}),
        audience=Verdict(said.audience, {said.audience: 1.0}),
        facet=Verdict(said.facet, {said.facet: 1.0}),
        themes=said.themes,
        evidence={},
        model="test",
        taxonomy="1",
    )
    signed = signature(said.text)
    return mentions.Analyzed(mention_id, tags, said.protected, signed, bands(signed))


def open_incident(session: Session, facet: str = "brand", **changes: Any) -> int:
    """An open incident of Acme, its finding changed by `changes`; returns its id."""
    own = profile.own_company(session)
    assert own is not None
    finding = Finding(
        kind="volume_spike",
        company_id=own.id,
        facet=facet,
        audience="all",
        at=NOW - timedelta(hours=1),
        window=timedelta(hours=1),
        observed=17,
        expected_low=1,
        expected_high=7,
        n=17,
        authors=11,
        severity="high",
        severity_reason="17 stories against at most 7 expected",
    )
    finding = replace(finding, **changes)
    incidents.save(session, [Intent("open", None, finding, "high", "A spike began.", tell=False)], NOW)
    return incidents.open_incidents(session, own.id)[-1].id


def plan_launch(session: Session) -> tuple[int, int]:
    """A planned event of Acme's on the brand side, running now; returns the company's id and its own."""
    own = profile.own_company(session)
    assert own is not None
    launch = planned_events.Draft("Launch", "brand", NOW - timedelta(hours=1), NOW + timedelta(days=1))
    return own.id, planned_events.add(session, viewer_for("marketing"), launch, NOW)
