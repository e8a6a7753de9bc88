"""Messages to Slack and Teams: the subject, the arithmetic and the link. No text of a mention is ever in them.

Everything that others wrote stands in fields that know no markup; what Slack reads as markup anyway is escaped.
Shapes: Slack, "Incoming webhooks" and "Block Kit"; Microsoft, "Adaptive Cards" 1.4 posted to a Teams workflow.
"""

from collections.abc import Mapping
from urllib.parse import quote

from notify.cleaning import clean_text, is_web_address
from notify.facts import AlertFacts
from notify.wording import headline, sentences

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]
HEADER_CHARS = 150  # Slack refuses longer headers
LINE_CHARS = 1_000
MOST_LINES = 8
_TONES = {"low": "Default", "medium": "Accent", "high": "Warning", "critical": "Attention"}


def lines_of(facts: AlertFacts) -> tuple[str, ...]:
    """How much against what is normal, how complete, and what is not known; one sentence each, cleaned."""
    told = [*sentences(facts), f"Severity: {facts.severity}. {facts.severity_reason}", *facts.unknowns]
    return tuple(clean_text(line, LINE_CHARS) for line in told if line.strip())[:MOST_LINES]


def slack(facts: AlertFacts, message_id: str) -> dict[str, JsonValue]:
    """The body for an incoming webhook of Slack."""
    subject = headline(facts)
    body = [_plain_section(line) for line in lines_of(facts)]
    link: list[JsonValue] = []
    if is_web_address(facts.link):
        link.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{_slack_url(facts.link)}|Open it>"}})
    note = f"{'Demo data. ' if facts.demo else ''}Message {message_id}"
    return {
        "text": slack_escaped(subject),  # what notifications show; Slack reads markup in it
        "mrkdwn": False,
        "unfurl_links": False,
        "blocks": [
            {"type": "header", "text": _plain(clean_text(subject, HEADER_CHARS))},
            *body,
            *link,
            {"type": "context", "elements": [_plain(note)]},
        ],
    }


def teams(facts: AlertFacts, message_id: str) -> dict[str, JsonValue]:
    """The body for a workflow of Teams that posts an adaptive card."""
    runs: list[JsonValue] = [_rich(headline(facts), weight="Bolder", size="Medium", tone=_TONES.get(facts.severity))]
    runs += [_rich(line) for line in lines_of(facts)]
    runs.append(_rich(f"{'Demo data. ' if facts.demo else ''}Message {message_id}", size="Small"))
    card: dict[str, JsonValue] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": runs,
    }
    if is_web_address(facts.link):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open it", "url": facts.link}]
    attachment: JsonValue = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def slack_escaped(text: str) -> str:
    """Without what Slack reads as a mention, a channel or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_url(url: str) -> str:
    return slack_escaped(quote(url, safe=":/?#[]@!$&'()*+,;=%~"))


def _plain(text: str) -> dict[str, JsonValue]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _plain_section(text: str) -> JsonValue:
    return {"type": "section", "text": _plain(text)}


def _rich(text: str, *, weight: str = "Default", size: str = "Default", tone: str | None = None) -> JsonValue:
    """A run of rich text: unlike a text block it knows no Markdown; only the braces of date functions are broken."""
    run: Mapping[str, JsonValue] = {
        "type": "TextRun",
        "text": text.replace("{{", "{ {"),
        "weight": weight,
        "size": size,
        "color": tone or "Default",
    }
    return {"type": "RichTextBlock", "inlines": [dict(run)]}
