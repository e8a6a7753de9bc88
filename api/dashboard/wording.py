"""How figures, times and labels are written on pages. Unknown is "–", never 0."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

UNKNOWN = "–"
MINUS = "−"

_LABELS = {
    "hr": "HR",
    "all": "all",
    "both": "brand and employer",
    "neither": "neither side",
    "staff": "employee or alumnus",
    "hackernews": "Hacker News",
    "youtube": "YouTube",
    "app_store": "App Store",
    "tiktok": "TikTok",
    "linkedin": "LinkedIn",
    "x": "X",
    "x_stream": "X stream",
    "x_owned": "X, own posts",
    "reddit": "Reddit",
    "bluesky": "Bluesky",
    "bluesky_stream": "Bluesky stream",
    "mastodon": "Mastodon",
    "google_play": "Google Play",
    "trustpilot": "Trustpilot",
    "gdelt": "GDELT",
    "api": "API",
    "feed": "Feed",
    "csat": "customers (CSAT)",
    "usability": "app and usability",
    "volume_spike": "Volume spike",
    "negative_share": "Rise of negative voices",
    "positive_share": "Fall of positive voices",
    "rating_drop": "Drop of ratings",
    "new_theme": "New theme",
    "rival_event": "Rival in the talk",
    "spill_over": "Employer story in consumer talk",
    "source_silence": "Silent source",
}
_GROUPS = {
    "consumer": "Consumers",
    "employee": "Employees",
    "alumnus": "Alumni",
    "candidate": "Candidates",
    "other": "Other voices",
    "unknown": "Standpoint unknown",
    "staff": "Employees or alumni",
    "all": "Everyone",
    "rest": "Not told apart",
}
_LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "hi": "Hindi",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "und": "language unknown",
    "zh": "Chinese",
}
_MOMENT = re.compile(r"\b\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC\b")
_NO_BREAK = "\u00a0"
_ENDS = re.compile(r"\([^() ]{1,8}(?: %)? to [^() ]{1,8}(?: %)?\)")  # of an interval
_SIGN = re.compile(r"(?<=\d) %")
_ACTS = {
    "mention.list": "mentions: list read",
    "mention.quotes": "mentions: quotes on a page",
    "mention.read": "mention: text read",
    "mail.read": "mail: text read",
    "person.sign_in": "person: signed in",
    "person.sign_in_failed": "person: sign-in failed",
    "person.sign_out": "person: signed out",
}
_STEPS = ((60, "minute"), (24, "hour"), (7, "day"))


def label(value: str | None) -> str:
    """A word of the service as people write it: `hiring_process` → "hiring process"."""
    return UNKNOWN if not value else _LABELS.get(value, value.replace("_", " "))


def kind_of_tag(head: str) -> str:
    """What a page calls a head of the model: sentiment, audience or facet."""
    return {"facet": "Side"}.get(head, head.capitalize())


def group(value: str | None) -> str:
    """An audience in the plural."""
    return UNKNOWN if not value else _GROUPS.get(value, value.replace("_", " ").capitalize())


def act(name: str) -> str:
    """What an entry of the audit log says was done: `campaign.brief` → "campaign: brief"."""
    sort, _, done = name.partition(".")
    return _ACTS.get(name, f"{label(sort)}: {label(done)}" if done else label(sort))


def voice(value: str | None) -> str:
    """An audience in the singular."""
    return "standpoint unknown" if value == "unknown" else label(value)


def language(code: str | None) -> str:
    """A language by its English name, where it is a frequent one."""
    return UNKNOWN if not code else _LANGUAGES.get(code, code)


def stars(value: float | None) -> str:
    """A rating of 1 to 5."""
    return UNKNOWN if value is None else f"{value:.1f}".removesuffix(".0") + " of 5 stars"


def web_address(value: str | None) -> str:
    """The address when a browser may safely follow it, else nothing: sources write what they like."""
    return value if value and value.lower().startswith(("https://", "http://")) else ""


def count(value: float | None) -> str:
    """A whole number with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}".replace("-", MINUS)


def signed(value: float | None, places: int = 0) -> str:
    """A number with its sign; what rounds to nothing has none."""
    if value is None:
        return UNKNOWN
    text = f"{value:+,.{places}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def percent(share: float | None, places: int = 0) -> str:
    """A share (0..1) as percentage."""
    return UNKNOWN if share is None else f"{100 * share:.{places}f} %".replace("-", MINUS)


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval on a signed scale."""
    return UNKNOWN if low is None or high is None else f"{signed(low)} to {signed(high)}"


def moment(at: datetime | None) -> str:
    """An exact time."""
    return UNKNOWN if at is None else f"{at.astimezone(UTC):%-d %b %Y, %H:%M} UTC"


def day(at: datetime | None) -> str:
    """A date."""
    return UNKNOWN if at is None else f"{at.astimezone(UTC):%-d %b %Y}"


def relative(at: datetime, now: datetime) -> str:
    """How long ago or how long until, in one unit; a date beyond a week."""
    amount = abs((now - at).total_seconds()) / 60
    if amount < 1:
        return "just now"
    for size, unit in _STEPS:
        if amount < size:
            whole = int(amount)
            words = f"{whole} {unit}{'' if whole == 1 else 's'}"
            return f"{words} ago" if at <= now else f"in {words}"
        amount /= size
    return day(at)


def ago(at: datetime | None) -> Markup | str:
    """A time element: relative words, the exact time as title. Macros see no context, so the clock is read here."""
    if at is None:
        return UNKNOWN
    words = relative(at, datetime.now(UTC))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), moment(at), words
    )


def told_at(at: datetime | None) -> Markup | str:
    """An exact time as a time element: in UTC as it comes, in the reader's zone where scripts run."""
    if at is None:
        return UNKNOWN
    return Markup('<time datetime="{}" data-local>{}</time>').format(
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), moment(at)
    )


def told(text: str) -> Markup:
    """A sentence of ours: exact times become time elements, figures and intervals stay on one line. Not for what others
    wrote."""
    text = _ENDS.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    text = _SIGN.sub(f"{_NO_BREAK}%", text).replace("n = ", f"n{_NO_BREAK}={_NO_BREAK}")
    parts: list[Markup | str] = []
    last = 0
    for found in _MOMENT.finditer(text):
        at = datetime.strptime(found[0], "%d %b %Y, %H:%M UTC").replace(tzinfo=UTC)
        parts += [text[last : found.start()], told_at(at)]
        last = found.end()
    return Markup("").join([*parts, text[last:]])  # escapes what is no markup


FILTERS: dict[str, Callable[..., Any]] = {
    "act": act,
    "ago": ago,
    "count": count,
    "day": day,
    "group": group,
    "interval": interval,
    "kind_of_tag": kind_of_tag,
    "label": label,
    "language": language,
    "moment": told_at,
    "percent": percent,
    "signed": signed,
    "stars": stars,
    "told": told,
    "utc": moment,
    "voice": voice,
    "web_address": web_address,
}
