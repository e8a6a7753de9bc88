"""Digests reach each recipient once per period, with what their sides allow and nobody else's words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.settings import Settings
from storage import db, digests, outbox
from storage.viewer import SYSTEM
from tests import factories as make
from tests.workers.conftest import count
from workers.tell_digest import send_digests

MORNING = datetime(2026, 3, 5, 7, 0, tzinfo=UTC)
PROFILE = """
[company]
name = "Acme"
[[rivals]]
name = "Contoso"
[[recipients]]
email = "ada@acme.example"
digest = "daily"
timezone = "Europe/Berlin"
[[recipients]]
email = "hr@acme.example"
digest = "daily"
facets = ["employer"]
timezone = "Europe/Berlin"
[[recipients]]
email = "none@acme.example"
"""
BRAND, JOB, STAFF = "Acme lost my parcel again today", "Acme never answered my application", "Acme pays us too little"


@pytest.fixture
def town(clean_database: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day on which customers, a candidate and one employee speak."""
    monkeypatch.setattr(digests, "_points", lambda *_: ())  # nothing to draw
    at = MORNING - timedelta(hours=15)
    with db.transaction() as session:
        world = make.set_up(session, toml=PROFILE)
        make.heard(session, world, [f"{BRAND} {n}" for n in ("one", "two", "three")], at=at)
        make.heard(session, world, [JOB], at=at, labels=("negative", "candidate", "employer"))
        make.heard(session, world, [STAFF], at=at, labels=("negative", "employee", "employer"))


def texts() -> dict[str, str]:
    with db.reading() as session:
        rows = outbox.list_mails(session, SYSTEM)
        return {row.recipient: outbox.get_mail(session, SYSTEM, row.id).text for row in rows}


def test_everybody_reads_their_sides_once(town: None, settings: Callable[..., Settings]) -> None:
    settings(smtp_host="mail.acme.example", mail_from="o@acme.example")
    send_digests(MORNING - timedelta(minutes=1))
    assert texts() == {}
    send_digests(MORNING)
    send_digests(MORNING + timedelta(hours=2))

    found = texts()
    assert set(found) == {"ada@acme.example", "hr@acme.example"}
    assert BRAND in found["ada@acme.example"]
    assert BRAND not in found["hr@acme.example"]
    assert JOB in found["hr@acme.example"]
    assert not any(STAFF in text for text in found.values())
    assert count("outbox") == 2
    send_digests(MORNING + timedelta(days=1))
    assert count("outbox") == 4


def test_without_news_nothing_is_sent_unless_the_settings_say_so(town: None, settings: Callable[..., Settings]) -> None:
    settings(smtp_host="mail.acme.example", mail_from="o@acme.example")
    send_digests(MORNING + timedelta(days=3))
    assert count("outbox", "state = 'nothing'") == 2
    settings(digest_always=True)
    send_digests(MORNING + timedelta(days=4))
    assert count("outbox", "state = 'waiting'") == 2
