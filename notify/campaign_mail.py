"""Mails of the campaign room, one per step. Pure: facts in, mail out.

A mail under embargo names nothing, neither title nor brief: mails are forwarded, shown on locked screens and kept for
years, so they only lead to the room, where it is asked anew who may read.
"""

from dataclasses import dataclass
from datetime import datetime

from notify.cleaning import clean_line, clean_text, is_web_address
from notify.message import Mail, automatic_headers
from notify.templating import render_html, render_text
from notify.wording import moment


@dataclass(frozen=True, slots=True)
class Told:
    """One mail's facts. `title`, `why`, `question`, `answer` and `lines` are not used while `embargoed`."""

    kind: str  # briefed, embargo, withdrawn, live, question, answer, closed
    title: str
    embargoed: bool
    public_at: datetime  # when everybody may know
    starts_at: datetime
    ends_at: datetime
    link: str
    why: str = ""
    expected: str = ""
    question: str = ""
    answer: str = ""
    lines: tuple[str, ...] = ()
    demo: bool = False


def compose_campaign(told: Told, address: str, key: str, unsubscribe_url: str = "") -> Mail:
    """The mail for one address; the same facts always give the same mail."""
    subject, paragraphs, button = _WORDS[told.kind](told)
    context = {
        "headline": clean_text(f"{'[Demo] ' if told.demo else ''}{subject}", 200),
        "paragraphs": [clean_text(each, 2_000) for each in paragraphs if each.strip()],
        "button": button,
        "link": told.link if is_web_address(told.link) and button else "",
        "unsubscribe": unsubscribe_url if is_web_address(unsubscribe_url) else "",
        "demo": told.demo,
    }
    return Mail(
        subject=str(context["headline"]),
        text=render_text("campaign.txt", context),
        html=render_html("campaign", context),
        to=(clean_line(address),),
        headers=automatic_headers(unsubscribe_url),
        dedupe_key=key,
    )


_Words = tuple[str, tuple[str, ...], str]
_READ = "Read the brief"
_SILENT = "Please keep it to yourself until {}. Only the people of your group can open the page."


def _briefed(told: Told) -> _Words:
    if told.embargoed:
        intro = "You are among those who are told early, since it concerns you. The page says what and why."
        words = (intro, _SILENT.format(moment(told.public_at)), "You can ask there, also without your name.")
        return "Something is planned that you are told of early", words, _READ
    when = f"It starts on {moment(told.starts_at)}."
    return f"Planned: {told.title}", (told.why, told.expected, when), _READ


def _embargo(told: Told) -> _Words:
    words = (f"It may be talked about from {moment(told.public_at)} on, no longer from the time you were told before.",)
    return "The time of silence has moved", words, _READ


def _withdrawn(_told: Told) -> _Words:
    words = (
        "What you were told of early is taken back for now, and its page is closed.",
        "Please keep what you have read to yourself. If it comes back, you hear of it again.",
    )
    return "What you were told of early is taken back", words, ""


def _live(told: Told) -> _Words:
    words = (
        told.why,
        told.expected,
        f"It runs until {moment(told.ends_at)}. If you like to share something of it, say it in your own words.",
    )
    return f"It begins: {told.title}", words, "Open the campaign"


def _question(told: Told) -> _Words:
    name = "a campaign under embargo" if told.embargoed else told.title
    return f"Questions wait: {name}", ("Employees have asked, and nobody has answered yet.",), "Answer them"


def _answer(told: Told) -> _Words:
    if told.embargoed:
        return "A question is answered", ("The answer stands on the page that you were told of early.",), "Read it"
    return f"Answered: {told.title}", (f"Question: {told.question}", f"Answer: {told.answer}"), "Open the campaign"


def _closed(told: Told) -> _Words:
    return f"It is over: {told.title}", told.lines, "See the result"


_WORDS = {
    "briefed": _briefed,
    "embargo": _embargo,
    "withdrawn": _withdrawn,
    "live": _live,
    "question": _question,
    "answer": _answer,
    "closed": _closed,
}
