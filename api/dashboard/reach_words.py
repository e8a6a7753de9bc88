"""Reach in words: measured, estimated and potential side by side, each with what it does not know, never added."""

from collections.abc import Mapping

from api.dashboard.figures import Figure
from api.dashboard.wording import UNKNOWN, count, label, percent
from metrics.advocacy import ClickCounts
from metrics.reach import Estimated, Factor, Measured, Potential, ReachReport
from metrics.stats import Proportion


def figures(report: ReachReport) -> tuple[Figure, ...]:
    """The four figures of a window."""
    return (
        _measured(report.measured_impressions),
        _estimated(report.estimated_impressions),
        _potential("Potential reach", report.potential_reach, "accounts", "followers of each account, counted once"),
        _potential("Potential impressions", report.potential_impressions, "posts", "followers, counted for every post"),
    )


def click_figures(found: ClickCounts) -> tuple[Figure, ...]:
    """Clicks that count, the visitors behind them, and what was left out."""
    left_out = f"{count(found.raw - found.filtered)} of {count(found.raw)} requests left out: bots, previews, repeats"
    return (
        Figure("Clicks", count(found.filtered), (left_out,)),
        Figure("Visitors", count(found.unique), ("each counted once per day and link",)),
    )


def factor_words(factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """How each estimate was made."""
    return tuple(_factor(platform, factor) for platform, factor in sorted(factors.items()))


def share_words(found: Proportion | None) -> tuple[str, str]:
    """A share and its note with n and interval."""
    if found is None or found.value is None:
        return UNKNOWN, "nothing to count from yet" if found is not None else "not known"
    ends = found.interval
    span = f", 95 % interval {percent(ends.low)} to {percent(ends.high)}" if ends else ""
    return percent(found.value), f"{count(found.count)} of {count(found.n)}{span}"


def _measured(found: Measured) -> Figure:
    covered = found.coverage
    if not covered.n:
        return Figure("Measured impressions", UNKNOWN, ("no post in this time",))
    notes = [f"measured on {percent(covered.value)} of posts ({count(covered.count)} of {count(covered.n)})"]
    notes += [f"{label_of(platform)}: {count(value)}" for platform, value in sorted(found.by_platform.items())]
    return Figure("Measured impressions", count(found.value), tuple(notes))


def _estimated(found: Estimated) -> Figure:
    if found.value is None:
        return Figure("Estimated impressions", UNKNOWN, ("no post without a counter and with known followers",))
    posts = f"for {count(found.posts)} {'post' if found.posts == 1 else 'posts'} without a counter"
    if found.low is None or found.high is None:
        return Figure(
            "Estimated impressions", f"≈ {count(found.value)}", (posts, "by a general factor, so no interval")
        )
    return Figure(
        "Estimated impressions", f"≈ {count(found.value)}", (posts, f"{count(found.low)} to {count(found.high)}")
    )


def _potential(name: str, found: Potential, unit: str, what: str) -> Figure:
    notes = [f"{what}; an upper bound"]
    if found.unknown:
        notes.append(f"unknown for {count(found.unknown)} of {count(found.known + found.unknown)} {unit}")
    value = UNKNOWN if found.value is None else f"≤ {count(found.value)}"
    return Figure(name, value, tuple(notes))


def _factor(platform: str, factor: Factor) -> str:
    name = label_of(platform)
    if factor.is_default:
        few = f"{factor.n} own {'post' if factor.n == 1 else 'posts'}"
        return (
            f"{name}: {factor.value:.2f} impressions per follower, a general default ({few} measured; 30 are needed)."
        )
    return (
        f"{name}: {factor.value:.2f} impressions per follower, the median of {count(factor.n)} own posts "
        f"(10th to 90th percentile {factor.low or 0:.2f} to {factor.high or 0:.2f})."
    )


def label_of(platform: str) -> str:
    """A platform's name with its capital letter."""
    name = label(platform)
    return name[:1].upper() + name[1:]
