"""Who is told of an incident, and when: pure, from the incident, the recipient's wishes and the clock.

Times of day and the day of the cap are of the recipient's time zone, so that they stay right when clocks change.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.recipients import Escalation, OnCall, Recipient, quiet_times

NOW, LATER, SUMMARY, NEVER = "now", "later", "summary", "never"
ALL = "all"
BOTH = "both"  # concerns either side
RIVAL = "rival_event"
CRITICAL = "critical"
MAIN_LANGUAGE = 0.2  # share of an incident's mentions from which a language is one of its languages
_LEVELS = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class News:
    """What routing knows of an incident. `languages` are its main ones; empty: not known."""

    kind: str
    facet: str
    audience: str
    severity: str
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """`action` is now, later (at `at`), summary (in the mail that is due `at`) or never; `reason` in words."""

    action: str
    at: datetime | None
    reason: str = ""


def decide(
    news: News,
    recipient: Recipient,
    now: datetime,
    told: Callable[[datetime, datetime], int],
    *,
    stopped: bool = False,
) -> Decision:
    """When to tell a recipient. `told(start, end)`: how many alert mails they got or will get in that time.

    Critical incidents wait for no morning and count against no cap.
    """
    if stopped:
        return Decision(NEVER, None, "the address gets no mails at present")
    if reason := unwanted(news, recipient):
        return Decision(NEVER, None, reason)
    if news.severity == CRITICAL:
        return Decision(NOW, now)
    at = quiet_until(recipient, now)
    day = local_day(recipient, at or now)
    if told(*day) >= recipient.daily_cap:
        return Decision(SUMMARY, summary_due(recipient, day), f"{recipient.daily_cap} mails are the most of a day")
    return Decision(NOW, now) if at is None else Decision(LATER, at, "quiet hours")


def unwanted(news: News, recipient: Recipient) -> str:
    """Why an incident is not for a recipient; "" when it is. One over all facets or audiences concerns everybody.

    What happens to a rival is for those only who ask for that kind.
    """
    if severity_rank(news.severity) < severity_rank(recipient.severity):
        return f"below {recipient.severity}"
    if recipient.facets and news.facet not in (ALL, BOTH) and news.facet not in recipient.facets:
        return "another side"
    if recipient.audiences and news.audience != ALL and news.audience not in recipient.audiences:
        return "another audience"
    if news.kind == RIVAL and RIVAL not in recipient.kinds:
        return "told on pages and in digests only"
    if recipient.kinds and news.kind not in recipient.kinds:
        return "another kind"
    if recipient.languages and news.languages and news.languages.isdisjoint(recipient.languages):
        return "another language"
    return ""


def severity_rank(severity: str) -> int:
    """0 for low to 3 for critical; an unknown word counts as critical, since it must not be lost."""
    return _LEVELS.index(severity) if severity in _LEVELS else len(_LEVELS) - 1


def main_languages(counts: Mapping[str | None, int]) -> frozenset[str]:
    """The languages of at least a fifth of the mentions, by mentions per language (None: not known)."""
    total = sum(counts.values())
    return frozenset(name for name, n in counts.items() if name and n >= MAIN_LANGUAGE * total)


def quiet_until(recipient: Recipient, now: datetime) -> datetime | None:
    """When the quiet hours end that `now` lies in; None outside of them."""
    if recipient.quiet_hours is None:
        return None
    start, end = quiet_times(recipient.quiet_hours)
    local = now.astimezone(ZoneInfo(recipient.timezone))
    clock = local.time().replace(tzinfo=None)
    quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not quiet:
        return None
    day = local.date() if clock < end else local.date() + timedelta(days=1)
    return _next(day, end, ZoneInfo(recipient.timezone), now)


def local_day(recipient: Recipient, at: datetime) -> tuple[datetime, datetime]:
    """The recipient's calendar day around an instant, from midnight to midnight, in UTC."""
    zone = ZoneInfo(recipient.timezone)
    day = at.astimezone(zone).date()
    return _instant(day, time(0), zone), _instant(day + timedelta(days=1), time(0), zone)


def summary_due(recipient: Recipient, day: tuple[datetime, datetime]) -> datetime:
    """When the mail goes out that sums a day up: at its end, or when the quiet hours around that are over."""
    return quiet_until(recipient, day[1]) or day[1]


def on_call(rota: OnCall, now: datetime) -> str | None:
    """Whose turn it is; None before the rota begins."""
    passed = (now.astimezone(ZoneInfo(rota.timezone)).date() - rota.start).days
    return None if passed < 0 else rota.people[passed // rota.days % len(rota.people)]


def escalate_to(escalation: Escalation, rotas: Sequence[OnCall], now: datetime) -> tuple[str, ...]:
    """The addresses to tell, each once: those named, and whoever is on call; without names, of every rota."""
    by_name = {rota.name: rota for rota in rotas}
    wanted = escalation.to or tuple(by_name)
    found = [on_call(by_name[each], now) if each in by_name else each for each in wanted]
    return tuple(dict.fromkeys(address for address in found if address))


def _next(day: date, clock: time, zone: ZoneInfo, now: datetime) -> datetime:
    """The first instant after `now` that shows this time of day; an hour that comes twice has two."""
    first = _instant(day, clock, zone)
    return first if first > now else datetime.combine(day, clock.replace(fold=1), zone).astimezone(UTC)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
