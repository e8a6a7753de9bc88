"""What Slack, Teams and webhooks are told: figures, no texts; hostile names are words and nothing else."""

import json
from datetime import timedelta

import pytest

from notify import chat, webhook
from tests.notify.cast import NOW, facts

HOSTILE = "Acme <!channel> *bold* [x](javascript:1) <https://evil.example|ok> {{DATE(1,SHORT)}}\r\nX: y\u202e"


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook"])
def test_no_text_of_a_mention_is_told(kind: str) -> None:
    made = {
        "slack": chat.slack(facts(), "msg_1"),
        "teams": chat.teams(facts(), "msg_1"),
        "webhook": webhook.webhook(facts(), "msg_1", NOW),
    }[kind]
    told = webhook.encoded(made).decode()
    assert "cancelled my order" not in told
    assert "17 stories by 12 authors where 4–7 are normal" in told
    assert "https://outspoken.example/incidents/7" in told
    assert "msg_1" in told


def test_slack_reads_no_markup_in_names() -> None:
    body = chat.slack(facts(company=HOSTILE, unknowns=("<@U1> & co",)), "msg_1")
    assert "&lt;!channel&gt;" in str(body["text"])
    blocks = body["blocks"]
    assert isinstance(blocks, list)
    marked = [block for block in blocks if "mrkdwn" in json.dumps(block)]
    assert json.dumps(marked).count("<") == 1  # the link that is ours
    assert "\\u202e" not in json.dumps(blocks)
    assert len(str(blocks[0]["text"]["text"])) <= chat.HEADER_CHARS  # type: ignore[index, call-overload]


def test_teams_knows_no_markdown_and_no_functions_in_what_is_told() -> None:
    card = json.dumps(chat.teams(facts(company=HOSTILE), "msg_1"), ensure_ascii=False)
    assert "TextBlock" not in card.replace("RichTextBlock", "")
    assert "{{" not in card
    assert "\\r" not in card


def test_a_link_that_is_none_is_left_out() -> None:
    odd = facts(link="javascript:alert(1)")
    assert "javascript" not in json.dumps([chat.slack(odd, "m"), chat.teams(odd, "m")])


def test_a_signature_holds_for_five_minutes_and_for_these_bytes_only() -> None:
    body = webhook.encoded(webhook.webhook(facts(), "msg_1", NOW))
    headers = {name.lower(): value for name, value in webhook.signed_headers("whsec_x", "msg_1", body, NOW).items()}
    assert webhook.verified("whsec_x", headers, body, NOW + timedelta(minutes=5))
    assert not webhook.verified("whsec_x", headers, body, NOW + timedelta(minutes=5, seconds=1))
    assert not webhook.verified("whsec_x", headers, body, NOW - timedelta(minutes=6))
    assert not webhook.verified("whsec_y", headers, body, NOW)
    assert not webhook.verified("whsec_x", headers, body + b" ", NOW)
    assert not webhook.verified("whsec_x", {**headers, "outspoken-id": "msg_2"}, body, NOW)
    assert not webhook.verified("whsec_x", {}, body, NOW)
    older = {**headers, "outspoken-signature": f"v0=abc {headers['outspoken-signature']}"}
    assert webhook.verified("whsec_x", older, body, NOW)


def test_the_bytes_survive_a_store_that_orders_keys_anew() -> None:
    body = webhook.webhook(facts(), "msg_1", NOW)
    stored = dict(reversed(json.loads(json.dumps(body)).items()))
    assert webhook.encoded(stored) == webhook.encoded(body)
