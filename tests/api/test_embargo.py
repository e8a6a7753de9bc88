"""An embargoed brief leaks to nobody outside its groups: every GET route as everybody outside, tables, mails, logs."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.routing import Route

from api import auth, deps
from notify.digest import compose_digest, due_period
from storage import campaign_acts, campaign_voice, campaigns, db, digests, links, outbox, users
from storage.models.advocacy import Content
from storage.models.tables import Base
from storage.viewer import SYSTEM, NotFound, Viewer
from tests.api import world
from tests.campaign_cast import MARK, brief, person
from workers import campaign as worker

NOW = world.NOW
OPEN = NOW + timedelta(hours=2)
OUTSIDE = ("marketing", "leadership", "advocate", "auditor")
SEARCHES = (f"/mentions?q={MARK[:-1]}*", "/api/v1/mentions?q=late", "/campaigns?state=briefed", "/outbox?state=kept")
# Where the brief itself lives; nothing of it may stand in any other table.
HOME = {"campaigns", "campaign_questions", "campaign_feedback", "contents"}


class _Opened(datetime):
    """The clock of requests once the embargo is over."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_Opened":
        return cls.fromtimestamp((OPEN + timedelta(seconds=1)).timestamp(), tz)


def _routes(app: FastAPI) -> list[str]:
    found = {route.path for route in app.routes if isinstance(route, Route) and "GET" in (route.methods or ())}
    return [*sorted(found - {"/static/vega.js"}), *SEARCHES]


@contextmanager
def _signed_in(client: TestClient, viewer: Viewer | None) -> Iterator[TestClient]:
    if viewer is not None and viewer.user_id is not None:
        with db.transaction() as session:
            client.cookies.set(auth.COOKIE, users.start_session(session, viewer.user_id, NOW, 24))
    yield client
    client.cookies.clear()


def _secret(now: datetime) -> tuple[dict[str, int | str], dict[str, Viewer]]:
    """An embargoed campaign of the employer side with everything that can hang on one, and people around it."""
    with db.transaction() as session:
        people = {role: person(session, role, role) for role in OUTSIDE}
        people["inside"] = person(session, "inside", team="support")
        people["hr"] = person(session, "helga", "hr")
        made = campaigns.add(
            session, people["hr"], brief(starts_at=OPEN, embargo_until=OPEN, ends_at=OPEN + timedelta(days=8)), now
        )
        campaign_acts.brief(session, people["hr"], made, now)
        question = campaign_voice.ask(session, people["inside"], made, f"{MARK}?", anonymous=False, now=now)
        campaign_voice.answer(session, people["hr"], question, f"{MARK}!", to_all=True, now=now)
        campaign_voice.give(session, people["inside"], made, 3, f"{MARK} is late.", now)
        content = Content(
            campaign_id=made, title=MARK, angle=MARK, facts=MARK, avoid=MARK, example=MARK,
            link="https://careers.acme.example/", picture=MARK.encode(),
            picture_type="image/png", picture_alt=MARK, available_from=now, created_at=now,
        )  # fmt: skip
        session.add(content)
        session.flush()
        with pytest.raises(NotFound):
            _link(session, people["inside"], content.id, now)
    ids: dict[str, int | str] = {
        "campaign_id": made,
        "content_id": content.id,
        "question_id": question,
        "code": "abcdefg",
    }
    return ids, people


def _link(session: Session, viewer: Viewer, content_id: int, now: datetime) -> None:
    assert viewer.advocate_id is not None
    links.link_for(session, viewer, viewer.advocate_id, content_id, "x", ("careers.acme.example",), now)


def _leaks(client: TestClient, paths: list[str], ids: dict[str, int | str]) -> list[str]:
    found = []
    for path in paths:
        address = re.sub(r"\{(\w+)(:\w+)?\}", lambda match: str(ids.get(match[1], 1)), path)
        answer = client.get(address)
        if MARK.encode().lower() in answer.content.lower() or MARK.lower() in str(answer.headers).lower():
            found.append(path)
    return found


@pytest.mark.usefixtures("company")
def test_nothing_of_an_embargoed_brief_is_seen_outside(
    client: TestClient, application: FastAPI, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    ids, people = _secret(NOW)
    worker.run_campaigns(NOW)
    paths = _routes(application)
    assert _leaks(client, paths, ids) == []
    for role in OUTSIDE:
        with _signed_in(client, people[role]):
            # An auditor opens what nobody else does, and little else.
            assert _leaks(client, [path for path in paths if role != "auditor" or "audit" in path], ids) == [], role
            hidden = client.get(f"/campaigns/{ids['campaign_id']}")
            assert hidden.status_code == 404
            assert hidden.text == client.get("/campaigns/999999").text
    room = {"/campaigns", "/campaigns/{campaign_id}", "/api/v1/campaigns", "/api/v1/campaigns/{campaign_id}/questions"}
    with _signed_in(client, people["inside"]):
        assert room == set(_leaks(client, sorted(room), ids))
    _nowhere_else(caplog)
    monkeypatch.setattr(deps, "datetime", _Opened)
    for role in OUTSIDE:
        with _signed_in(client, people[role]):
            assert room <= set(_leaks(client, sorted(room), ids)), role


def _nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    """No other table, mail, digest, delivery or log line knows of it."""
    with db.reading() as session:
        for table in Base.metadata.sorted_tables:
            if table.name not in HOME:
                rows = session.execute(text(f'SELECT count(*) FROM "{table.name}" t WHERE t::text ILIKE :mark'),
                                       {"mark": f"%{MARK}%"})  # fmt: skip
                assert rows.scalar() == 0, table.name
        mails = [outbox.get_mail(session, SYSTEM, row.id) for row in outbox.list_mails(session, SYSTEM)]
        assert len(mails) == 3  # told early, the answer, a question waits
        assert all(MARK not in f"{mail.row.subject} {mail.text} {mail.html}" for mail in mails)
        monday = (NOW - timedelta(days=NOW.weekday())).replace(hour=9)
        period = due_period("weekly", "UTC", monday)
        assert period is not None
        facts = digests.digest(session, ("brand", "employer"), "UTC", period, NOW)
        assert facts is None or MARK not in compose_digest(facts, "lead@acme.example").text
    assert MARK.lower() not in caplog.text.lower()
