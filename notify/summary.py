"""The one mail that sums up what a recipient's daily cap held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notify.cleaning import clean_line, clean_text, is_web_address
from notify.message import Mail, automatic_headers
from notify.templating import render_html, render_text
from notify.wording import moment

MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class Held:
    """One alert that was held back: its subject, when it was written, and where to read it."""

    subject: str
    written_at: datetime
    link: str


def compose_summary(
    address: str, company: str, held: Sequence[Held], cap: int, key: str, unsubscribe_url: str = ""
) -> Mail:
    """The mail for one address; `key` names the day, so that it is written once."""
    number = len(held)
    subject = clean_text(f"{company}: {number:,} more {'alert' if number == 1 else 'alerts'} beyond {cap} a day", 200)
    context = {
        "headline": subject,
        "lines": [_line(each) for each in held[:MOST_LINES]],
        "more": max(0, number - MOST_LINES),
        "cap": cap,
        "unsubscribe": unsubscribe_url if is_web_address(unsubscribe_url) else "",
    }
    return Mail(
        subject=subject,
        text=render_text("summary.txt", context),
        html=render_html("summary", context),
        to=(clean_line(address),),
        headers=automatic_headers(unsubscribe_url),
        dedupe_key=key,
        thread_key=key,
    )


def _line(held: Held) -> dict[str, str]:
    link = held.link if is_web_address(held.link) else ""
    return {"subject": clean_text(held.subject, 200), "at": moment(held.written_at), "link": link}
