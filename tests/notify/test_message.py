import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notify.cleaning import clean_line, clean_text, is_web_address
from notify.email import build
from notify.facts import Behind, Example, SourceStep, ThemeCount
from notify.message import compose_alert
from tests.notify.cast import EXAMPLES, HOUR, NOW, POINTS, facts

SENDER = "Outspoken <outspoken@acme.example>"


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Acme, employer side: 17 stories from candidates in the last hour, expected 4–7"),
        ({"audience": "all", "facet": "all"}, "Acme: 17 stories in the last hour, expected 4–7"),
        ({"demo": True, "facet": "brand", "audience": "consumer"},
         "[Demo] Acme, brand side: 17 stories from consumers in the last hour, expected 4–7"),
        ({"action": "grown", "observed": 1400.0},
         "Growing: Acme, employer side: 1,400 stories from candidates in the last hour, expected 4–7"),
        ({"window_start": NOW - 5 * HOUR},
         "Acme, employer side: 17 stories from candidates in the hour from 30 Mar 09:20 UTC, expected 4–7"),
        ({"kind": "negative_share", "observed": 0.62, "n": 40, "expected_high": 0.3, "window": 3 * HOUR},
         "Acme, employer side: 62 % of 40 mentions from candidates in the last 3 hours negative, alarm above 30 %"),
        ({"kind": "positive_share", "observed": 0.88, "n": 50, "expected_high": 0.7, "window": 3 * HOUR},
         "Acme, employer side: only 12 % of 50 mentions from candidates in the last 3 hours positive, "
         "alarm below 30 %"),
        ({"kind": "positive_share", "action": "closed", "observed": 0.9, "opened_at": NOW - HOUR, "audience": "all"},
         "Over: Acme, employer side: positive share back to normal after 1 hour, 10 % at its lowest"),
        ({"kind": "rating_drop", "observed": 1.42, "n": 12, "expected_high": 0.8, "audience": "all"},
         "Acme, employer side: the last 12 reviews give 1.4 stars less than before, alarm from 0.8 on"),
        ({"kind": "rating_drop", "action": "closed", "observed": 1.42, "opened_at": NOW - HOUR, "audience": "all"},
         "Over: Acme, employer side: ratings no longer fall after 1 hour, at most 1.4 stars below the usual"),
        ({"kind": "new_theme", "observed": 11.0, "expected_high": 7.2, "audience": "all", "subject": "layoffs, pay"},
         "Acme, employer side: new theme “layoffs, pay”, 11 people in three days, alarm from 8 on"),
        ({"kind": "new_theme", "action": "closed", "observed": 1.0, "opened_at": NOW - HOUR, "subject": "no. 4"},
         "Over: Acme, employer side: the theme (no. 4) is no longer new or told by few after 1 hour, at most 1 person"),
        ({"kind": "spill_over", "facet": "both", "observed": 9.0, "audience": "all", "subject": "layoffs"},
         "Acme: a story about work is now told by 9 people on the brand side, too: “layoffs”"),
        ({"kind": "rival_event", "facet": "all", "audience": "all", "subject": "more stories"},
         "Rival Acme: 17 stories in the last hour, expected 4–7"),
        ({"kind": "rival_event", "facet": "all", "audience": "all", "subject": "more negative", "observed": 0.62,
          "n": 40, "expected_high": 0.3},
         "Rival Acme: 62 % of 40 mentions in the last hour negative, alarm above 30 %"),
        ({"action": "closed", "observed": 40.0, "opened_at": NOW - 9 * HOUR, "audience": "all"},
         "Over: Acme, employer side: mentions back to normal after 9 hours, at most 40 stories in an hour"),
        ({"action": "closed", "observed": 40.0, "opened_at": NOW - 357 * HOUR, "audience": "all"},
         "Over: Acme, employer side: mentions back to normal after 15 days, at most 40 stories in an hour"),
        ({"kind": "source_silence", "facet": "all", "audience": "all", "source_name": "Reddit", "observed": 30.0},
         "Acme: Reddit is silent, nothing for 30 hours"),
    ],
)  # fmt: skip
def test_the_subject_says_what_happened(changes: dict[str, Any], subject: str) -> None:
    assert compose_alert(facts(**changes)).subject == subject


def test_both_parts_tell_number_coverage_time_and_what_is_unknown() -> None:
    mail = compose_alert(facts(audience="all"))
    for part in (mail.text, mail.html):
        for words in ("17 stories by 12 authors", "97 % of the scheduled", "30 Mar 2026, 14:20 UTC", "4.2 times as far",
                      "How many people saw the posts.", "They cancelled my order, one.", "incidents/7"):  # fmt: skip
            assert words in part


def test_three_examples_at_most() -> None:
    text = compose_alert(facts(audience="all")).text
    assert "three" in text
    assert "four" not in text


@pytest.mark.parametrize("audience", ["employee", "alumnus", "staff"])
def test_protected_audiences_are_never_quoted(audience: str) -> None:
    for mail in (compose_alert(facts(audience=audience)), compose_alert(facts(audience="all", examples=[
        Example("They cancelled my leave", "Blind", "https://a.example/", NOW, "negative", audience)]))):  # fmt: skip
        assert "cancelled" not in mail.text
        assert "cancelled" not in mail.html


def test_hidden_quotes_are_explained() -> None:
    assert "a quote could give a person away" in compose_alert(facts(audience="employee")).text


def test_foreign_text_is_escaped_in_html() -> None:
    hostile = "<img src=x onerror=alert(1)>{{ facts }}{% raw %}<mj-text>"
    html = compose_alert(facts(audience="all", examples=(Example(hostile, hostile, "x", NOW, "x"),))).html
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;{{ facts }}" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://a.example/\r\nBcc: b", "//evil", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    assert not is_web_address(url)
    mail = compose_alert(facts(audience="all", link=url, unsubscribe_url=url, examples=(
        Example("words", "X", url, NOW, "neutral"),)))  # fmt: skip
    assert "href" not in mail.html
    assert "List-Unsubscribe" not in mail.headers


def test_other_scripts_survive_and_overrides_do_not() -> None:
    example = Example("שלום 👩‍🚒 مرحبا \u202eevil\u2066", "X", "https://x.com/i/status/1", NOW, "neutral")
    mail = compose_alert(facts(audience="all", examples=(example,)))
    assert "שלום 👩‍🚒 مرحبا evil" in mail.text
    assert 'dir="auto"' in mail.html
    assert not set("\u202e\u2066") & set(mail.html)


def test_long_texts_are_cut() -> None:
    example = Example("word " * 100_000, "X", "https://x.com/i/status/1", NOW, "neutral")
    assert len(compose_alert(facts(audience="all", examples=(example,))).text) < 2000


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80))
def test_no_value_ends_a_header_line(text: str) -> None:
    hostile = f"A{text}\r\nBcc: victim@example.org\r\n\r\nbody\x85\u2028x"
    mail = compose_alert(facts(company=hostile, source_name=hostile, severity=hostile, kind="source_silence"))
    message = build(mail, SENDER)
    assert message["Bcc"] is None
    for name, value in message.items():
        assert not re.search(r"[\r\n]", value), name


def test_a_hostile_recipient_adds_nobody() -> None:
    message = build(compose_alert(facts(to=("lee@acme.example\r\nBcc: v@example.org",))), SENDER)
    assert message["Bcc"] is None


def test_headers_mark_a_machine_and_offer_a_way_out() -> None:
    headers = compose_alert(facts()).headers
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Precedence"] == "bulk"
    assert headers["List-Unsubscribe"] == "<https://outspoken.example/mails>"


def test_composing_is_pure_and_keys_tell_mails_apart() -> None:
    first = compose_alert(facts(points=POINTS))
    assert first == compose_alert(facts(points=POINTS))
    others: list[dict[str, Any]] = [
        {"revision": 1},
        {"action": "grown"},
        {"incident_id": 8},
        {"to": ("kim@acme.example",)},
    ]
    keys = {first.dedupe_key, *(compose_alert(facts(**change)).dedupe_key for change in others)}
    assert len(keys) == 5


def test_the_chart_is_in_the_mail_and_named_in_the_html() -> None:
    mail = compose_alert(facts(points=POINTS))
    (picture,) = mail.attachments
    assert picture.png.startswith(b"\x89PNG")
    assert f'src="cid:{picture.cid}"' in mail.html
    assert f"Chart: {picture.description}" in mail.text
    assert compose_alert(facts()).attachments == ()


def test_nothing_is_loaded_from_elsewhere() -> None:
    html = compose_alert(facts(points=POINTS, audience="all")).html
    loaded = re.findall(r'(?:src|url\()\s*=?\s*["\']?([a-z]+:[^"\')\s]+)', html)
    assert loaded == ["cid:chart@outspoken"]
    assert "<link" not in html


def test_a_demo_says_so_everywhere() -> None:
    mail = compose_alert(facts(demo=True))
    assert "[Demo]" in mail.subject
    assert "demo data" in mail.text
    assert "Demo data" in mail.html


def test_unknown_coverage_is_not_zero() -> None:
    assert "Coverage is unknown" in compose_alert(facts(coverage=None)).text


@given(st.text(max_size=300), st.integers(1, 40))
@example("0 \x1b 0", 4)
def test_cleaned_text_is_one_short_line(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)
    assert len(cleaned) <= limit
    assert cleaned.splitlines() in ([], [cleaned])
    assert clean_text(cleaned, limit) == cleaned


def test_cleaned_lines_keep_their_words() -> None:
    assert clean_line(" a\tb\r\nc\0d ") == "a b cd"


def test_the_least_expected_range_is_nothing() -> None:
    assert (
        "expected 0–0" in compose_alert(facts(expected_low=0.0, expected_high=0.5, window=timedelta(hours=1))).subject
    )


def test_examples_of_others_stay_when_the_slice_is_open() -> None:
    assert compose_alert(facts(audience="all", examples=EXAMPLES[:1])).text.count("They cancelled") == 1


def test_both_parts_tell_what_is_behind_it_and_the_subject_its_gist() -> None:
    steps = (SourceStep("Reddit", NOW - HOUR, 12), SourceStep("X", NOW, 5))
    themes = (ThemeCount("job_security", 11), ThemeCount("pay", 4))
    told = Behind(17, 14, 11, 3, themes, steps, views=12_400, viewed=3, followers=45_000, accounts=9, faceless=5)
    mail = compose_alert(facts(audience="all", behind=told))
    assert mail.subject.endswith("expected 4–7, mostly negative, about job security")
    for words in (
        "About: job security (11), pay (4), of 17 mentions",
        "11 of 14 judged mentions are negative; 3 of 17 are unsure",
        "Began on Reddit 30 Mar 13:20 UTC (12 mentions); then X 30 Mar 14:20 UTC (5 mentions)",
        "Measured reach: shown 12,400 times, as platforms report for 3 of 17 mentions.",
        "Potential reach: 45,000 followers of 9 of 14 accounts",
    ):
        assert words in mail.text
        assert words in mail.html


def test_what_is_unknown_or_hidden_behind_it_is_no_zero() -> None:
    unknown = compose_alert(facts(audience="all", behind=Behind(3, 0, 0, 3, faceless=3))).text
    assert "Measured reach: unknown" in unknown
    assert "Potential reach: unknown for all 3 accounts" in unknown
    hidden = compose_alert(facts(behind=Behind(9, 9, 4, 0, hidden=2, reach_told=False)))
    assert "Where it began stays hidden" in hidden.text
    assert "reach" not in hidden.text
    assert "mostly" not in hidden.subject
    assert "What is behind it" not in compose_alert(facts(audience="employee")).text
