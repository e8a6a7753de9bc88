"""What a mail is, and the pure composing of an alert mail from its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from metrics.suppress import PROTECTED_AUDIENCES
from notify.behind import behind_lines
from notify.cleaning import clean_line, clean_text, is_web_address
from notify.facts import AlertFacts
from notify.palette import SEVERITY
from notify.templating import render_html, render_text
from notify.wording import headline, moment, sentences, shown_examples

if TYPE_CHECKING:
    from notify.drawing import Chart
    from notify.points import VolumePoint

CHART_ID = "chart@outspoken"


@dataclass(frozen=True, slots=True)
class Inline:
    """A picture inside the HTML part; `cid` is what the HTML calls it."""

    cid: str
    png: bytes
    description: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished mail. `dedupe_key` gives the Message-ID; `thread_key` holds the mails of one incident together."""

    subject: str
    text: str
    html: str
    to: tuple[str, ...]
    attachments: tuple[Inline, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    dedupe_key: str = ""
    thread_key: str = ""


def compose_alert(facts: AlertFacts) -> Mail:
    """The mail of one incident's opening, growth or end; the same facts always give the same mail.

    Quotes of employees, alumni and staff never appear, whatever `examples` holds. Texts are attacker-written: they are
    cut, stripped of control and direction-override characters and escaped, and only http(s) addresses become links.
    """
    chart = mail_chart(facts.points, f"Stories per hour{', all audiences' if facts.points_of_all else ''} (UTC)")
    context = {
        "facts": facts,
        "headline": headline(facts),
        "sentences": sentences(facts),
        "behind": behind_lines(facts.behind),
        "examples": shown_examples(facts),
        "quotes_hidden": facts.audience in PROTECTED_AUDIENCES,
        "unknowns": tuple(clean_text(line) for line in facts.unknowns),
        "reason": clean_text(facts.severity_reason),
        "formula": clean_text(facts.severity_formula),
        "link": facts.link if is_web_address(facts.link) else "",
        "unsubscribe": facts.unsubscribe_url if is_web_address(facts.unsubscribe_url) else "",
        "acknowledge": facts.acknowledge_url if is_web_address(facts.acknowledge_url) else "",
        "not_useful": facts.not_useful_url if is_web_address(facts.not_useful_url) else "",
        "chart_id": CHART_ID if chart else "",
        "chart_description": chart.description if chart else "",
        "severity_colour": SEVERITY.get(facts.severity, SEVERITY["low"]),
        "as_of": moment(facts.as_of),
        "opened_at": moment(facts.opened_at),
    }
    return Mail(
        subject=headline(facts),
        text=render_text("alert.txt", context),
        html=render_html("alert", context),
        to=tuple(clean_line(address) for address in facts.to),
        attachments=(Inline(CHART_ID, chart.png(), chart.description),) if chart else (),
        headers=_headers(facts),
        dedupe_key=dedupe_key(facts),
        thread_key=f"incident-{facts.incident_id}",
    )


def mail_chart(points: "Sequence[VolumePoint]", title: str) -> "Chart | None":
    """The chart of a mail, if there is anything to draw; most processes never do and need not load what draws."""
    if not points:
        return None
    from notify.charts import volume_chart

    return volume_chart(points, title)


def automatic_headers(unsubscribe_url: str = "") -> dict[str, str]:
    """What every mail of a machine carries, so that no vacation notice answers it."""
    headers = {"Auto-Submitted": "auto-generated", "Precedence": "bulk", "X-Auto-Response-Suppress": "All"}
    if is_web_address(unsubscribe_url):
        headers["List-Unsubscribe"] = f"<{clean_line(unsubscribe_url)}>"
        if unsubscribe_url.startswith("https://"):  # RFC 8058 knows no other scheme
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _headers(facts: AlertFacts) -> dict[str, str]:
    headers = automatic_headers(facts.unsubscribe_url)
    headers["X-Outspoken-Incident"] = str(facts.incident_id)
    headers["X-Outspoken-Severity"] = clean_line(facts.severity)
    return headers


def dedupe_key(facts: AlertFacts) -> str:
    """One mail per incident, step and recipients."""
    recipients = sha256("\n".join(sorted(facts.to)).encode()).hexdigest()[:16]
    return f"incident-{facts.incident_id}-{facts.action}-{facts.revision}-{recipients}"
