"""The post-mortem of an incident, line by line, and people's verdict in words."""

from api.dashboard.incident_words import Line, least, measure, written
from api.dashboard.wording import count, group, moment, percent
from notify.counting import least_words
from storage.incident_feedback import REASON_WORDS, Verdict
from storage.incidents import IncidentRow, PostMortem

_HIDDEN = "hidden, few people"
_MENTIONS = ("mention", "mentions")


def post_mortem_lines(row: IncidentRow, found: PostMortem) -> tuple[Line, ...]:
    """From the first mention to the verdict."""
    how = "by hand" if found.closed_by_hand else "by itself, after it had been quiet"
    kind = measure(row)
    figure = least if found.rounded else written
    low, high = written(kind, found.expected_low), written(kind, found.expected_high)
    normal = "rounded down, as last told" if found.rounded else f"where {low} to {high} were normal"
    lines = [
        Line("Opened", moment(found.opened_at), _head_start(found)),
        Line("Closed", moment(found.closed_at), how),
        Line("Lasted", span(found.minutes)),
        Line("Acknowledged", "by nobody" if found.minutes_to_acknowledge is None else
             f"after {span(found.minutes_to_acknowledge)}"),
        Line("Peak", figure(kind, found.observed), normal),
        Line("Severity", found.severity),
        Line("Growth", f"{len(found.growth)} step{'' if len(found.growth) == 1 else 's'}",
             "; ".join(f"{moment(step.at)}: {figure(kind, step.observed)}, {step.severity}"
                       for step in found.growth)),
    ]  # fmt: skip
    if found.rounded:
        lines += _rounded_lines(found)
    elif found.sources or found.mentions is not None:
        lines += _mention_lines(found)
    return (*lines, Line("People’s verdict", verdict_words(found.verdict)))


def verdict_words(verdict: Verdict) -> str:
    """How many found it useful, and why others did not."""
    if not verdict.useful and not verdict.not_useful:
        return "nobody has answered"
    words = [f"{verdict.useful} useful", f"{verdict.not_useful} not useful"]
    reasons = ", ".join(
        f"{REASON_WORDS.get(reason, reason)} {count(people)}×" for reason, people in sorted(verdict.reasons.items())
    )
    return ", ".join(words) + (f" ({reasons})" if reasons else "")


def span(minutes: int) -> str:
    """A length of time in its two largest units."""
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [(days, "day"), (hours, "hour"), (left, "minute")]
    told = [f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number][:2]
    return " ".join(told) or "less than a minute"


def _head_start(found: PostMortem) -> str:
    if found.first_mention_at is None:
        return ""
    minutes = max(0, round((found.opened_at - found.first_mention_at).total_seconds() / 60))
    return f"{span(minutes)} after the first mention, {moment(found.first_mention_at)}"


def _rounded_lines(found: PostMortem) -> list[Line]:
    """Of few people: counts in fives, without the times of single posts."""
    if found.mentions is None:
        return [Line("Mentions", _HIDDEN)]
    sources = "; ".join(f"{share.name}: {least_words(share.mentions or 0, *_MENTIONS)}" for share in found.sources)
    share = percent(found.negative_share) if found.negative_share is None else f"about {percent(found.negative_share)}"
    return [
        Line("Mentions", least_words(found.mentions, *_MENTIONS), "from its first hour to its last"),
        Line("Negative", share, f"of {least_words(found.judged or 0, 'judged mention', 'judged mentions')}"),
        Line("Sources", sources or _HIDDEN, "those with enough people"),
    ]


def _mention_lines(found: PostMortem) -> list[Line]:
    sources = "; ".join(
        f"{share.name}: {_HIDDEN if share.mentions is None else count(share.mentions)}"
        + (f" from {moment(share.first_at)}" if share.first_at else "")
        for share in found.sources
    )
    lines = [
        Line(
            "Mentions", _HIDDEN if found.mentions is None else count(found.mentions), "from its first hour to its last"
        ),
        Line("Negative", percent(found.negative_share), f"of n = {count(found.judged)} judged mentions"),
        Line("Sources", count(len(found.sources)), f"in the order of first mention: {sources}" if sources else ""),
    ]
    if found.audiences:
        spoke = "; ".join(
            f"{group(share.audience)}: {_HIDDEN if share.mentions is None else count(share.mentions)}"
            for share in found.audiences
        )
        lines.append(Line("Who spoke", count(len(found.audiences)), spoke))
    return lines
