"""The sentences of an alert mail."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from metrics.suppress import PROTECTED_AUDIENCES
from notify.cleaning import clean_text, is_web_address
from notify.counting import least_words, plural, times_words
from notify.facts import AlertFacts, Behind, Example

EXAMPLES = 3
EXCERPT_CHARS = 280
SUBJECT_CHARS = 200
LEAST_JUDGED = 10  # below, "mostly negative" in a subject would rest on a handful of mentions
MOSTLY = 0.5
RIVAL_NEGATIVE = "more negative"  # the subject of a rival's event that is a share, as in `alerts.rules`
STEPS = {"test": "Test: ", "grown": "Growing: ", "closed": "Over: ", "escalated": "Not acknowledged: "}
SIDES = {"all": "", "both": "", "brand": ", brand side", "employer": ", employer side"}
SENDERS = {
    "all": "",
    "consumer": " from consumers",
    "employee": " from employees",
    "alumnus": " from alumni",
    "candidate": " from candidates",
    "staff": " from employees or alumni",
    "other": " from others",
    "unknown": " from unknown senders",
}


@dataclass(frozen=True, slots=True)
class Quote:
    """A mention as the mail shows it; an empty `url` means that there is no address fit for a link."""

    text: str
    source: str
    url: str
    published_at: str
    sentiment: str


def moment(at: datetime) -> str:
    """A time for people, in UTC."""
    return at.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC")


def headline(facts: AlertFacts) -> str:
    """What happened, as the subject says it."""
    company = clean_text(facts.company, 80)
    place = f"Rival {company}" if facts.kind == "rival_event" else f"{company}{SIDES.get(facts.facet, '')}"
    told = STEPS.get(facts.action, "")
    demo = "[Demo] " if facts.demo else ""
    if facts.kind == "source_silence":
        happened = _silence(facts)
    elif facts.action == "closed":
        happened = _closed(facts)
    else:
        happened = _OPENED.get(facts.kind, _volume)(facts)
    return clean_text(f"{demo}{told}{place}: {happened}", SUBJECT_CHARS)


def sentences(facts: AlertFacts) -> tuple[str, ...]:
    """How many, against what, how complete, as of when."""
    told = [_arithmetic(facts)]
    if facts.coverage is None:
        told.append("Coverage is unknown: no collection was scheduled in the last 24 hours.")
    else:
        told.append(f"Coverage: {100 * facts.coverage:.0f} % of the scheduled collections of the last 24 hours worked.")
    told.append(f"Data as of {moment(facts.as_of)}; incident opened {moment(facts.opened_at)}.")
    return tuple(line for line in told if line)


def shown_examples(facts: AlertFacts) -> tuple[Quote, ...]:
    """At most three quotes; none of or for audiences whose words could give a person away."""
    if facts.audience in PROTECTED_AUDIENCES:
        return ()
    open_ones = [example for example in facts.examples if example.audience not in PROTECTED_AUDIENCES]
    return tuple(_quote(example) for example in open_ones[:EXAMPLES])


def mood_words(behind: Behind | None) -> str:
    """The end of a subject: ", mostly negative, about pay" as far as it is so."""
    if behind is None:
        return ""
    words = ""
    if behind.judged >= LEAST_JUDGED and behind.negative > MOSTLY * behind.judged:
        words += ", mostly negative"
    if behind.themes and behind.themes[0].mentions >= MOSTLY * behind.mentions:
        words += f", about {theme_words(behind.themes[0].name)}"
    return words


def theme_words(name: str) -> str:
    """A theme as people read it."""
    return clean_text(name, 40).replace("_", " ")


def _quote(example: Example) -> Quote:
    return Quote(
        text=clean_text(example.text, EXCERPT_CHARS),
        source=clean_text(example.source, 60),
        url=example.url if is_web_address(example.url) else "",
        published_at=moment(example.published_at),
        sentiment=clean_text(example.sentiment, 20),
    )


def _volume(facts: AlertFacts) -> str:
    stories = plural(round(facts.observed), "story", "stories")
    if facts.rounded:
        told = least_words(facts.observed, "story", "stories")
        usual = f"{_window(facts)}, {times_words(facts.times)}"
        return f"{told}{SENDERS.get(facts.audience, '')} {usual}{mood_words(facts.behind)}"
    usual = f"{_window(facts)}, expected {_expected(facts)}"
    return f"{stories}{SENDERS.get(facts.audience, '')} {usual}{mood_words(facts.behind)}"


def _share(facts: AlertFacts, share: float, bound: str) -> str:
    """A share of so many mentions; of rounded figures only the bound is known."""
    of = least_words(facts.n, "mention", "mentions") if facts.rounded else f"{facts.n} mentions"
    return f"{bound if facts.rounded else ''}{100 * share:.0f} % of {of}"


def _negative(facts: AlertFacts) -> str:
    share = _share(facts, facts.observed, "at least ")
    threshold = f"{'about ' if facts.rounded else ''}{100 * facts.expected_high:.0f} %"
    return f"{share}{SENDERS.get(facts.audience, '')} {_window(facts)} negative, alarm above {threshold}"


def _positive(facts: AlertFacts) -> str:
    share = _share(facts, 1 - facts.observed, "at most ")
    share = share if facts.rounded else f"only {share}"
    threshold = f"{'about ' if facts.rounded else ''}{100 * (1 - facts.expected_high):.0f} %"
    return f"{share}{SENDERS.get(facts.audience, '')} {_window(facts)} positive, alarm below {threshold}"


def _rating(facts: AlertFacts) -> str:
    fall = f"{facts.observed:.1f} stars less than before"
    return f"the last {facts.n} reviews give {fall}, alarm from {facts.expected_high:.1f} on"


def _topic(facts: AlertFacts) -> str:
    people = plural(round(facts.observed), "person", "people")
    return f"new theme {_named(facts)}, {people} in three days, alarm from {_people_needed(facts)} on"


def _spill(facts: AlertFacts) -> str:
    people = plural(round(facts.observed), "person", "people")
    return f"a story about work is now told by {people} on the brand side, too: {_named(facts)}"


def _rival(facts: AlertFacts) -> str:
    return _negative(facts) if facts.subject == RIVAL_NEGATIVE else _volume(facts)


def _named(facts: AlertFacts) -> str:
    """The words of a topic; a topic without words has a number."""
    subject = clean_text(facts.subject, 80)
    return f"({subject})" if subject.startswith("no. ") else f"“{subject}”"


def _people_needed(facts: AlertFacts) -> int:
    return math.ceil(facts.expected_high)


_OPENED = {
    "negative_share": _negative,
    "positive_share": _positive,
    "rating_drop": _rating,
    "new_theme": _topic,
    "spill_over": _spill,
    "rival_event": _rival,
}


def _silence(facts: AlertFacts) -> str:
    source = clean_text(facts.source_name, 60) or "a source"
    if facts.action == "closed":
        return f"{source} delivers again"
    return f"{source} is silent, nothing for {plural(round(facts.observed), 'hour', 'hours')}"


def _lasted(span: timedelta) -> str:
    """In hours up to three days, else in days."""
    if span > timedelta(days=3):
        return plural(round(span / timedelta(days=1)), "day", "days")
    return plural(max(1, round(span / timedelta(hours=1))), "hour", "hours")


def _closed(facts: AlertFacts) -> str:
    lasted = _lasted(facts.as_of - facts.opened_at)
    senders = SENDERS.get(facts.audience, "")
    if facts.rounded:
        what = _ROUNDED_OVER.get(facts.kind, "mentions")
        return f"{what}{senders} back to normal after {lasted}, {_rounded_peak(facts)}"
    if facts.kind == "negative_share":
        return f"negative share{senders} back to normal after {lasted}, at most {100 * facts.observed:.0f} %"
    if facts.kind == "positive_share":
        low = f"{100 * (1 - facts.observed):.0f} %"
        return f"positive share{senders} back to normal after {lasted}, {low} at its lowest"
    if facts.kind == "rating_drop":
        return f"ratings no longer fall after {lasted}, at most {facts.observed:.1f} stars below the usual"
    if facts.kind in ("new_theme", "spill_over"):
        most = plural(round(facts.observed), "person", "people")
        if facts.kind == "new_theme":
            return f"the theme {_named(facts)} is no longer new or told by few after {lasted}, at most {most}"
        return f"{_named(facts)} is no longer told on the brand side after {lasted}, at most {most}"
    if facts.kind == "rival_event" and facts.subject == RIVAL_NEGATIVE:
        return f"negative share back to normal after {lasted}, at most {100 * facts.observed:.0f} %"
    peak = plural(round(facts.observed), "story", "stories")
    hours = max(1, round(facts.window / timedelta(hours=1)))
    span = "an hour" if hours == 1 else f"{hours} hours"
    return f"mentions{senders} back to normal after {lasted}, at most {peak} in {span}"


_ROUNDED_OVER = {"negative_share": "negative share", "positive_share": "positive share"}


def _rounded_peak(facts: AlertFacts) -> str:
    if facts.kind == "positive_share":
        return f"{100 * (1 - facts.observed):.0f} % or less at its lowest"
    if facts.kind == "negative_share":
        return f"{100 * facts.observed:.0f} % or more at its peak"
    return f"{least_words(facts.observed, 'story', 'stories')} at its peak"


def _rounded(facts: AlertFacts) -> str:
    """The arithmetic of a slice of few people; what is not known says why there is no more of it."""
    people = least_words(facts.authors, "author", "authors")
    if facts.kind in _ROUNDED_OVER:
        told = _negative(facts) if facts.kind == "negative_share" else _positive(facts)
        return f"{told[0].upper()}{told[1:]}; by {people}."
    told = least_words(facts.observed, "story", "stories")
    return f"{told[0].upper()}{told[1:]} by {people}, {times_words(facts.times)}."


def _arithmetic(facts: AlertFacts) -> str:
    if facts.kind == "source_silence" or facts.action == "closed":
        return ""
    if facts.rounded:
        return _rounded(facts)
    authors = plural(facts.authors, "author", "authors")
    if facts.kind in ("new_theme", "spill_over"):
        where = " on the brand side" if facts.kind == "spill_over" else ""
        told = plural(facts.n, "story", "stories")
        return (
            f"{plural(round(facts.observed), 'person', 'people')} told {told} that resemble each other{where}; the "
            f"alarm rings from {_people_needed(facts)} people on."
        )
    if facts.kind == "negative_share" or facts.subject == RIVAL_NEGATIVE:
        return (
            f"{100 * facts.observed:.1f} % of {facts.n} judged mentions by {authors} are negative; of so many, the "
            f"alarm rings from {100 * facts.expected_high:.1f} % on."
        )
    if facts.kind == "positive_share":
        return (
            f"{100 * (1 - facts.observed):.1f} % of {facts.n} judged mentions by {authors} are positive; of so many, "
            f"the alarm rings from {100 * (1 - facts.expected_high):.1f} % downwards."
        )
    if facts.kind == "rating_drop":
        return (
            f"The last {facts.n} reviews by {authors} give {facts.observed:.2f} stars less than those before, "
            f"on average; for so many, the alarm rings from {facts.expected_high:.2f} on."
        )
    return (
        f"{plural(round(facts.observed), 'story', 'stories')} by {authors} where {_expected(facts)} are normal; "
        f"the alarm rings from {f'{facts.expected_high:.1f}'.removesuffix('.0')} on."
    )


def _expected(facts: AlertFacts) -> str:
    """The whole numbers below the threshold."""
    low = math.ceil(max(0.0, facts.expected_low))
    return f"{low}–{max(low, math.ceil(facts.expected_high) - 1)}"


def _window(facts: AlertFacts) -> str:
    hours = max(1, round(facts.window / timedelta(hours=1)))
    if facts.as_of - facts.window_start > facts.window + timedelta(hours=1):
        start = facts.window_start.astimezone(UTC)
        return f"in {'the hour' if hours == 1 else f'{hours} hours'} from {start:%d %b %H:%M} UTC"
    return "in the last hour" if hours == 1 else f"in the last {hours} hours"
