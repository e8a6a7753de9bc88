"""Letters to one person: an invitation, an account to connect again, a receipt. Pure: facts in, mail out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notify.cleaning import clean_line, clean_text, is_web_address
from notify.message import Mail, automatic_headers
from notify.templating import render_html, render_text
from notify.wording import moment

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure or step with what stands beside it; with a `url` the label leads there."""

    label: str
    value: str
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a letter: lines, then facts."""

    lines: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    title: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a letter says. `button` and `stop` are (words, address); `small` stands below all else."""

    to: str
    headline: str
    parts: tuple[Part, ...]
    key: str
    button: tuple[str, str] = ("", "")
    small: tuple[str, ...] = ()
    stop: tuple[str, str] = ("", "")
    one_click: str = ""  # the address of List-Unsubscribe; empty: that of `stop`


@dataclass(frozen=True, slots=True)
class AccountEnd:
    """What became of one account's permission; `done`: True ended, False not confirmed yet, None no way to end it."""

    label: str
    done: bool | None
    where: str


def compose(letter: Letter) -> Mail:
    """The mail of a letter; all words are cleaned, only web addresses become links."""
    headline = clean_text(letter.headline, _LONGEST)
    context = {
        "headline": headline,
        "parts": [_part(each) for each in letter.parts],
        "button": _link(letter.button),
        "small": [clean_text(line, 1_000) for line in letter.small],
        "stop": _link(letter.stop),
    }
    return Mail(
        subject=headline,
        text=render_text("letter.txt", context),
        html=render_html("letter", context),
        to=(clean_line(letter.to),),
        headers=automatic_headers(letter.one_click or letter.stop[1]),
        dedupe_key=letter.key,
    )


def invitation_letter(address: str, company: str, link: str, ends: datetime, key: str, stop: str) -> Mail:
    """The invitation to the advocates' programme."""
    name = company or "your company"
    lines = (
        f"{name} invites you to its advocates' programme: you share in your own words what you like about your work, "
        "and see honestly how far it got.",
        "Joining is your own choice, and so is leaving. Nobody is told whether you joined. Your figures are yours "
        "alone; the company sees sums, and none as long as fewer than five people stand behind them.",
    )
    small = (
        f"The link is yours, works once and ends on {moment(ends)}. If you do not want to join, do nothing.",
        "The address was entered by an administrator of the programme and is used for this invitation only.",
    )
    words = ("No more such mails", stop)
    return compose(
        Letter(
            address,
            f"{name} invites you to speak for yourself",
            (Part(lines),),
            key,
            ("Have a look", link),
            small,
            words,
        )
    )


def reconnect_letter(address: str, platform: str, handle: str, link: str, key: str, stop: str) -> Mail:
    """An account whose permission has ended; nothing is lost meanwhile."""
    account = f"your account {handle} on {platform}" if handle else f"your {platform} account"
    lines = (
        f"{platform} no longer accepts the permission by which Outspoken reads your posts' numbers over {account}.",
        "That is normal after some weeks, or after a change of password. Nothing is lost: what was read stays, and "
        "what is due is read as soon as you connect the account again. If you do not want that, do nothing.",
    )
    letter = Letter(
        address,
        f"Connect {platform} again",
        (Part(lines),),
        key,
        ("Connect it again", link),
        ("You get this mail once for each time that a permission ends.",),
        ("Change or stop these mails", stop),
    )
    return compose(letter)


def receipt_letter(
    address: str, left_at: datetime, facts: Sequence[Fact], ends: Sequence[AccountEnd], key: str
) -> Mail:
    """The receipt of leaving; the last mail of the programme."""
    parts = [Part(("You have left the programme. This is what that did.",), tuple(facts))]
    if ends:
        parts.append(Part(tuple(end_words(each) for each in ends), title="Permissions"))
    small = (
        "Keep this mail if you want a receipt; its copy here is deleted after 30 days. The audit log goes on saying "
        "that your account joined and agreed, and when; nothing leads from it to a post or a figure.",
    )
    headline = f"Receipt: you left the advocates' programme on {moment(left_at)}"
    return compose(Letter(address, headline, tuple(parts), key, small=small))


def end_words(each: AccountEnd) -> str:
    """What became of one permission, for the page and the mail."""
    if each.done:
        return f"{each.label}: the permission was given back, and {each.label} confirmed it."
    deleted = f"{each.label}: the permission was deleted here"
    if each.done is None:
        return f"{deleted}; there is no way to give it back from here. You can end it yourself: {each.where}."
    return (
        f"{deleted}. {each.label} has not confirmed that it ended; it is asked again for seven days. "
        f"You can also end it yourself: {each.where}."
    )


def _part(part: Part) -> dict[str, object]:
    return {
        "title": clean_text(part.title, _LONGEST),
        "lines": [clean_text(line, 2_000) for line in part.lines],
        "facts": [
            {
                "label": clean_text(fact.label, _LONGEST),
                "value": clean_text(fact.value, _LONGEST),
                "note": clean_text(fact.note, _LONGEST),
                "url": fact.url if is_web_address(fact.url) else "",
            }
            for fact in part.facts
        ],
    }


def _link(words: tuple[str, str]) -> dict[str, str]:
    return {"words": words[0], "url": words[1] if is_web_address(words[1]) else ""}
