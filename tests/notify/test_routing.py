"""Who is told and when: wishes, quiet hours over changes of the clock, the cap, rotas."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.recipients import KINDS, Escalation, OnCall, Recipient
from notify.routing import News, decide, escalate_to, local_day, main_languages, on_call, quiet_until, unwanted

NIGHT = Recipient(email="ada@acme.example", severity="low", quiet_hours="22:00-07:00", timezone="Europe/Berlin")
SPIKE = News("volume_spike", "brand", "consumer", "high", frozenset({"de", "en"}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nobody_told(start: datetime, end: datetime) -> int:
    return 0


@pytest.mark.parametrize(
    ("wishes", "action"),
    [
        ({}, "now"),
        ({"severity": "critical"}, "never"),
        ({"facets": ("employer",)}, "never"),
        ({"audiences": ("employee", "consumer")}, "now"),
        ({"audiences": ("employee",)}, "never"),
        ({"kinds": ("source_silence",)}, "never"),
        ({"languages": ("fr",)}, "never"),
        ({"languages": ("fr", "DE")}, "now"),
    ],
)
def test_each_wish_narrows(wishes: dict[str, object], action: str) -> None:
    recipient = Recipient.model_validate({"email": "a@b.example", **wishes})
    assert decide(SPIKE, recipient, at("2026-05-04T12:00"), nobody_told).action == action


def test_what_concerns_everybody_or_is_unknown_passes() -> None:
    narrow = Recipient(email="a@b.example", facets=("brand",), audiences=("alumnus",), languages=("fr",))
    news = News("source_silence", "all", "all", "medium")
    assert decide(news, narrow, at("2026-05-04T12:00"), nobody_told).action == "now"


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-01-10T21:30", "2026-01-11T06:00"),  # 22:30 in Berlin
        ("2026-01-10T05:59", "2026-01-10T06:00"),
        ("2026-01-10T06:00", None),  # 07:00: over
        ("2026-01-10T20:59", None),
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # clocks go forward in this night: one hour less
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # and back in this one
    ],
)
def test_quiet_hours_end_by_the_recipients_clock(now: str, until: str | None) -> None:
    assert quiet_until(NIGHT, at(now)) == (None if until is None else at(until))


def test_an_end_in_the_hour_that_comes_twice_lies_ahead() -> None:
    early = NIGHT.model_copy(update={"quiet_hours": "22:00-02:30"})
    assert quiet_until(early, at("2026-10-25T00:10")) == at("2026-10-25T00:30")  # the first 02:10
    assert quiet_until(early, at("2026-10-25T01:10")) == at("2026-10-25T01:30")  # the second


@given(
    st.integers(0, 2 * 366 * 1440).map(lambda minutes: at("2025-01-01T00:00") + timedelta(minutes=minutes)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.sampled_from(["22:00-07:00", "00:30-02:15", "12:00-11:59"]),
)
def test_quiet_hours_end_soon_and_are_over_then(now: datetime, zone: str, hours: str) -> None:
    recipient = Recipient(email="a@b.example", quiet_hours=hours, timezone=zone)
    end = quiet_until(recipient, now)
    if end is not None:
        assert now < end <= now + timedelta(hours=25)
        assert quiet_until(recipient, end) is None


def test_critical_passes_quiet_hours_and_cap() -> None:
    news = News("volume_spike", "brand", "all", "critical")
    assert decide(news, NIGHT, at("2026-01-10T23:00"), lambda start, end: 99).action == "now"
    waits = decide(SPIKE, NIGHT, at("2026-01-10T23:00"), nobody_told)
    assert (waits.action, waits.at) == ("later", at("2026-01-11T06:00"))


def test_beyond_the_cap_it_goes_into_the_summary_at_the_end_of_the_day() -> None:
    asked: list[tuple[datetime, datetime]] = []

    def ten(start: datetime, end: datetime) -> int:
        asked.append((start, end))
        return 10

    decided = decide(SPIKE, NIGHT, at("2026-01-10T12:00"), ten)
    assert (decided.action, decided.at) == ("summary", at("2026-01-11T06:00"))  # not at midnight: it is quiet then
    assert asked == [(at("2026-01-09T23:00"), at("2026-01-10T23:00"))]
    awake = NIGHT.model_copy(update={"quiet_hours": None})
    assert decide(SPIKE, awake, at("2026-01-10T12:00"), ten).at == at("2026-01-10T23:00")


def test_a_stopped_address_gets_nothing() -> None:
    critical = News("volume_spike", "brand", "all", "critical")
    assert decide(critical, NIGHT, at("2026-01-10T12:00"), nobody_told, stopped=True).action == "never"


def test_a_day_may_have_23_or_25_hours() -> None:
    lengths = [local_day(NIGHT, at(day)) for day in ("2026-03-29T12:00", "2026-10-25T12:00")]
    assert [(end - start) / timedelta(hours=1) for start, end in lengths] == [23, 25]


def test_people_take_turns_from_their_own_midnight() -> None:
    rota = OnCall.model_validate(
        {"name": "PR", "people": ["a@b.example", "c@d.example"], "from": "2026-01-05", "timezone": "Europe/Berlin"}
    )
    assert rota.start == date(2026, 1, 5)
    assert on_call(rota, at("2026-01-04T22:59")) is None
    assert on_call(rota, at("2026-01-04T23:00")) == "a@b.example"
    assert on_call(rota, at("2026-01-11T23:00")) == "c@d.example"
    assert on_call(rota, at("2026-01-19T12:00")) == "a@b.example"
    both = Escalation.model_validate({"to": ["PR", "boss@b.example", "a@b.example"]})
    assert escalate_to(both, [rota], at("2026-01-19T12:00")) == ("a@b.example", "boss@b.example")
    assert escalate_to(Escalation(), [rota], at("2026-01-01T12:00")) == ()


def test_main_languages_are_those_of_a_fifth() -> None:
    assert main_languages({"de": 80, "en": 20, "fr": 1, None: 5}) == {"de"}
    assert main_languages({None: 9}) == frozenset()


def test_every_kind_of_the_detectors_can_be_chosen() -> None:
    from alerts import rules

    kinds = {
        value for name, value in vars(rules).items() if name in ("VOLUME", "NEGATIVE", "POSITIVE", "RATING", "SILENCE")
    }
    assert kinds <= set(KINDS)


def test_a_rivals_event_is_for_those_who_ask_for_it_and_spill_over_for_both_sides() -> None:
    rival = News("rival_event", "all", "all", "low")
    everything = Recipient(email="ada@acme.example", severity="low")
    assert unwanted(rival, everything) == "told on pages and in digests only"
    assert unwanted(rival, everything.model_copy(update={"kinds": ("rival_event",)})) == ""
    spilled = News("spill_over", "both", "all", "high")
    assert unwanted(spilled, everything.model_copy(update={"facets": ("employer",)})) == ""
