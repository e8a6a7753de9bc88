"""What a section of the Employer page tells while it is closed: its one figure, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.dashboard.heard_words import ends, share
from api.dashboard.wording import count, interval, signed
from storage.alumni import AlumniVoice
from storage.employer import AudienceRow, EmployerVoice
from storage.employer_places import Places
from storage.employer_reviews import MonthRating


@dataclass(frozen=True, slots=True)
class Gists:
    """By section; empty where nothing may be told in one line."""

    candidates: str
    pairs: str
    alumni: str
    reviews: str
    places: str


def gists(found: EmployerVoice, months: Sequence[MonthRating], places: Sequence[Places], alumni: AlumniVoice) -> Gists:
    """One line per section, each figure with its n and interval."""
    sides = [f"{name} {_net(found.row(key))}" for key, name in (("employee", "current"), ("alumnus", "former"))]
    told = all(_net(found.row(key)) for key in ("employee", "alumnus"))
    return Gists(
        _candidates(found),
        f"net sentiment: {', '.join(sides)}" if told else "",
        f"net sentiment {_net(alumni.row)}" if _net(alumni.row) else "",
        _reviews(months),
        f"{', '.join(_names(each) for each in places)} shown",
    )


def _net(row: AudienceRow | None) -> str:
    if row is None or row.net is None or row.net.value is None or row.net.interval is None:
        return ""
    span = interval(row.net.interval.low, row.net.interval.high)
    return f"{signed(row.net.value)} ({span}), n = {count(row.net.n)}"


def _candidates(found: EmployerVoice) -> str:
    if found.hiring is None or found.hiring.voice is None:
        return f"net sentiment {_net(found.candidates)}" if _net(found.candidates) else ""
    heard = found.hiring.voice.heard
    return f"{share(heard)} negative ({ends(heard.interval)})"


def _reviews(months: Sequence[MonthRating]) -> str:
    for each in reversed(months):
        if each.rating is not None and each.rating.mean is not None:
            span = each.rating.interval
            of = f" ({span.low:.1f} to {span.high:.1f})" if span else ""
            return f"{each.month:%b %Y}: {each.rating.mean:.1f}{of} of {count(each.rating.n)} reviews"
    return ""


def _names(found: Places) -> str:
    return f"{count(len(found.rows)) if found.rows else 'no'} {found.trait}{'' if len(found.rows) == 1 else 's'}"
