"""Stars of reviews in words and tables: by month, as platforms state them, beside rivals."""

from collections.abc import Sequence
from itertools import dropwhile

from api.dashboard.heard_words import HIDDEN, NOT_TOLD
from api.dashboard.panels import Table
from api.dashboard.wording import UNKNOWN, count, day, signed
from metrics.listening import Rating
from storage.employer_reviews import Lifetime, MonthRating, RivalReviews


def ratings(months: Sequence[MonthRating]) -> Table:
    """By month, from the first one on of which anything is known."""
    known = list(dropwhile(lambda each: each.rating is not None and not each.rating.n, months))
    rows = tuple((f"{each.month:%b %Y}", *_stars(each.rating)) for each in reversed(known))
    return Table(("Month", "Mean stars", "95 % interval", "Reviews"), rows)


def _stars(found: Rating | None) -> tuple[str, str, str]:
    if found is None:
        return NOT_TOLD, UNKNOWN, UNKNOWN
    if found.mean is None:
        return UNKNOWN, UNKNOWN, "0"
    span = f"{found.interval.low:.1f} to {found.interval.high:.1f}" if found.interval else "from 4 reviews on"
    return f"{found.mean:.1f}", span, count(found.n)


def stated(found: Lifetime) -> str:
    """What a platform says itself, under its name."""
    of = "it does not say of how many" if found.reviews is None else f"of {count(found.reviews)} reviews"
    return f"{found.source} itself shows {found.stars:.1f} over its lifetime, {of}; as of {day(found.as_of)}."


def beside_rivals(found: Sequence[RivalReviews]) -> Table:
    """Ours and theirs on the same sources."""
    columns = ("Rival", "Our mean stars", "Their mean stars", "Ours − theirs (95 % interval)")
    return Table(columns, tuple(_rival(each) for each in found))


def _rival(each: RivalReviews) -> tuple[str, ...]:
    if each.own is None or each.rival is None or each.own.mean is None or each.rival.mean is None:
        return (each.company, HIDDEN, *[UNKNOWN] * 2)
    gap = UNKNOWN
    if each.interval is not None:
        low, high = signed(each.interval.low, 1), signed(each.interval.high, 1)
        gap = f"{signed(each.own.mean - each.rival.mean, 1)} ({low} to {high})"
    own, theirs = (f"{found.mean:.1f}, n = {count(found.n)}" for found in (each.own, each.rival))
    return each.company, own, theirs, gap
