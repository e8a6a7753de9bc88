"""Whom an event reaches and when: quiet hours, the cap and its summary, escalations, many recipients in portions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from alerts.rules import ALL, VOLUME, Finding, Intent
from config.settings import Settings
from storage import incidents, outbox, readers, summaries, telling
from storage.outbox import MailRow
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import World
from workers.tell import _sum_up, write_mails

NIGHT = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
MORNING = datetime(2026, 3, 5, 6, 0, tzinfo=UTC)  # 07:00 there
HOUR = timedelta(hours=1)
COMPANIES = '[company]\nname = "Acme"\n[[rivals]]\nname = "Contoso"\n'
PROFILE = f"""
{COMPANIES}
[[recipients]]
email = "ada@acme.example"
quiet_hours = "22:00-07:00"
timezone = "Europe/Berlin"
daily_cap = 2

[escalation]
after_minutes = 20
to = ["PR", "boss@acme.example"]

[[on_call]]
name = "PR"
people = ["ada@acme.example", "bo@acme.example"]
from = "2026-03-02"
days = 2
"""


@pytest.fixture
def configured(settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A mail server by name; nothing is sent here, and nothing drawn, which takes the most time."""
    monkeypatch.setattr(telling, "points", lambda *_: ())
    return settings(smtp_host="mail.acme.example", mail_from="Outspoken <o@acme.example>")


@pytest.fixture
def town(session: Session) -> World:
    return make.set_up(session, toml=PROFILE)


def an_event(
    session: Session, town: World, now: datetime, severity: str = "high", facet: str = "brand", kind: str = VOLUME
) -> int:
    finding = Finding(
        kind, town.acme, facet, ALL, now - HOUR, HOUR, 17, 4, 7, 17, 9, severity, "Points.", notes=("Short history.",)
    )
    (event,) = incidents.save(session, [Intent("open", None, finding, severity, "News.", True)], now)
    return event


def mails(session: Session) -> list[MailRow]:
    return list(reversed(outbox.list_mails(session, SYSTEM, limit=200)))


def test_what_comes_at_night_waits_for_the_morning_and_only_the_newest_goes(
    session: Session, town: World, configured: Settings
) -> None:
    write_mails(session, an_event(session, town, NIGHT), NIGHT, configured)
    (incident,) = incidents.open_incidents(session, town.acme)
    (closing,) = incidents.save(session, [Intent("close", incident.id, None, "high", "Quiet.", True)], NIGHT + HOUR)
    write_mails(session, closing, NIGHT + HOUR, configured)

    assert [(mail.state, mail.next_try_at) for mail in mails(session)] == [("replaced", None), ("waiting", MORNING)]
    assert outbox.claim(session, MORNING - HOUR) == []
    (sent,) = outbox.claim(session, MORNING)
    assert "Over: Acme" in sent.mail.subject


def test_what_is_critical_is_told_at_night(session: Session, town: World, configured: Settings) -> None:
    write_mails(session, an_event(session, town, NIGHT, "critical"), NIGHT, configured)
    assert len(outbox.claim(session, NIGHT)) == 1


def test_beyond_the_cap_one_mail_at_the_end_lists_the_rest(session: Session, town: World, configured: Settings) -> None:
    noon = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    for minutes, (facet, kind) in enumerate(
        (facet, kind) for kind in (VOLUME, "negative_share") for facet in ("brand", "employer")
    ):
        at = noon + timedelta(minutes=minutes)
        write_mails(session, an_event(session, town, at, facet=facet, kind=kind), at, configured)
    assert [mail.state for mail in mails(session)] == ["waiting", "waiting", "summed", "summed"]

    next_morning = MORNING + timedelta(days=1)
    assert summaries.due_summaries(session, next_morning - HOUR) == ()
    (due,) = summaries.due_summaries(session, next_morning)
    _sum_up(session, due, next_morning, configured)
    assert summaries.due_summaries(session, next_morning) == ()
    (summary, *_) = outbox.list_mails(session, SYSTEM)
    assert summary.subject == "Acme: 2 more alerts beyond 2 a day"
    assert summary.facet == ALL
    text = outbox.get_mail(session, SYSTEM, summary.id).text
    assert text.count("/incidents/") == 2


def test_nobody_acknowledges_and_whoever_is_on_call_is_told_once(
    session: Session, town: World, configured: Settings
) -> None:
    write_mails(session, an_event(session, town, NIGHT), NIGHT, configured)
    assert readers.escalate(session, NIGHT + timedelta(minutes=19)) == []
    late = NIGHT + timedelta(minutes=20)
    (event,) = readers.escalate(session, late)
    assert readers.escalate(session, late + HOUR) == []
    write_mails(session, event, late, configured)

    escalated = mails(session)[1:]
    assert {mail.recipient for mail in escalated} == {"bo@acme.example", "boss@acme.example"}
    assert {(mail.state, mail.next_try_at) for mail in escalated} == {("waiting", late)}
    assert escalated[0].subject.startswith("Not acknowledged: Acme")
    (incident,) = incidents.open_incidents(session, town.acme)
    last = incidents.timeline(session, SYSTEM, incident.id)[-1]
    assert (last.kind, last.text) == (
        "escalated",
        "Nobody acknowledged it within 20 minutes: told to bo@acme.example, boss@acme.example.",
    )


@pytest.mark.parametrize("what", ["acknowledged", "closed", "medium"])
def test_what_somebody_cares_for_is_not_escalated(session: Session, town: World, what: str) -> None:
    an_event(session, town, NIGHT, "medium" if what == "medium" else "high")
    (incident,) = incidents.open_incidents(session, town.acme)
    if what == "acknowledged":
        incidents.acknowledge(session, SYSTEM, incident.id, NIGHT)
    if what == "closed":
        incidents.close(session, SYSTEM, incident.id, NIGHT)
    assert readers.escalate(session, NIGHT + HOUR) == []


def test_languages_of_the_mentions_decide_where_they_are_known(session: Session, configured: Settings) -> None:
    narrow = f'{COMPANIES}[[recipients]]\nemail = "a@b.example"\nlanguages = ["fr"]\n'
    town = make.set_up(session, toml=narrow)
    write_mails(session, an_event(session, town, NIGHT), NIGHT, configured)
    assert len(mails(session)) == 1  # nothing is known of its mentions
    make.heard(session, town, [make.different(number) for number in range(5)], at=NIGHT - timedelta(minutes=5))
    write_mails(session, an_event(session, town, NIGHT, facet="brand", kind="negative_share"), NIGHT, configured)
    assert len(mails(session)) == 1  # they are English


def test_many_recipients_are_told_in_portions_and_each_once(session: Session, configured: Settings) -> None:
    people = "".join(f'[[recipients]]\nemail = "p{number}@acme.example"\n' for number in range(7))
    town = make.set_up(session, toml=COMPANIES + people)
    event = an_event(session, town, NIGHT)
    done = [write_mails(session, event, NIGHT, configured, at_once=3) for _ in range(4)]
    assert done == [False, False, True, True]
    assert len({mail.recipient for mail in mails(session)}) == len(mails(session)) == 7
