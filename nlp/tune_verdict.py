"""Whether a head that was tuned is taken: the rules, their figures, and the reason in a sentence.

- On people's words, by heads that have not seen them: the gain in the share of right labels is above zero with its
  whole 95 % interval (bootstrap over groups of copies). Corrections are picked because they look wrong, so that any
  change gains some of them; this alone proves little.
- On the words about mentions drawn at random, where there are `LEAST_DRAWN`: the share does not fall.
- On our own posts kept apart (the guard): the share does not fall by more than `MARGIN` below the shipped heads'.
- Against the tuned heads in force, on the words that are newer than they: `LEAST_NEW` of them or more, no worse share.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

LEAST_WORDS = 50  # per head
LEAST_GROUPS = 30  # of copies, per head
LEAST_OF_SECOND = 5  # words for other labels than the commonest, so that a head does not learn to say one always
LEAST_DRAWN = 30
LEAST_NEW = 20
MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class HeadFigures:
    """How one head was judged; shares of right labels from 0 to 1, None where nothing could be judged."""

    words: int
    groups: int
    drawn: int
    accepted: bool
    why: str
    before: float | None = None
    after: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    drawn_before: float | None = None
    drawn_after: float | None = None
    guard_posts: int = 0
    guard_before: float | None = None
    guard_after: float | None = None
    newer: int | None = None  # words newer than the heads in force
    newer_in_force: float | None = None
    newer_after: float | None = None


def too_few(labels: Sequence[str], groups: int) -> str | None:
    """Why a head cannot learn from these words, in a sentence; None where it can."""
    if len(labels) < LEAST_WORDS:
        return f"{len(labels)} corrections and checks, {LEAST_WORDS} are needed."
    if groups < LEAST_GROUPS:
        return f"{groups} different texts, {LEAST_GROUPS} are needed."
    label, often = Counter(labels).most_common(1)[0]
    if len(labels) - often < LEAST_OF_SECOND:
        return f"Nearly all words say {label}; at least {LEAST_OF_SECOND} must name another label."
    return None


def judged(one: HeadFigures) -> HeadFigures:
    """The figures with the verdict and its reason."""
    against = _against(one)
    gains = f"{_change(one.before, one.after)} right on people's words"
    kept = f"{_change(one.guard_before, one.guard_after)} on our own posts"
    return replace(one, accepted=against is None, why=against or f"{gains}, {kept}.")


def _against(one: HeadFigures) -> str | None:
    """The first reason why a learnt head is not taken."""
    if one.gain_low is None or one.gain_low <= 0:
        return f"It is not surely better on people's words: {_change(one.before, one.after)}."
    if one.drawn >= LEAST_DRAWN and _fell(one.drawn_before, one.drawn_after) > 0:
        return f"It is worse on mentions drawn at random: {_change(one.drawn_before, one.drawn_after)}."
    if _fell(one.guard_before, one.guard_after) > MARGIN:
        return f"It forgets what it knew: {_change(one.guard_before, one.guard_after)} of our own posts kept apart."
    if one.newer is not None and one.newer < LEAST_NEW:
        return f"{one.newer} words since the version in force; {LEAST_NEW} are needed to compare the two."
    if one.newer is not None and _fell(one.newer_in_force, one.newer_after) > 0:
        change = _change(one.newer_in_force, one.newer_after)
        return f"It is worse than the version in force on the words that are newer than it: {change}."
    return None


def _fell(before: float | None, after: float | None) -> float:
    return 0.0 if before is None or after is None else before - after


def _change(before: float | None, after: float | None) -> str:
    return f"{100 * (before or 0.0):.1f} → {100 * (after or 0.0):.1f} %"


def refused(figures: Mapping[str, HeadFigures]) -> str:
    """Why nothing is taken."""
    return "No head is better than what is in force. " + " ".join(
        f"{head.capitalize()}: {one.why}" for head, one in figures.items()
    )


def taken(figures: Mapping[str, HeadFigures]) -> str:
    """Which heads are taken, and why not the others."""
    better = [head for head, one in figures.items() if one.accepted]
    kept = [f"{head.capitalize()} stays as it is: {one.why}" for head, one in figures.items() if not one.accepted]
    return " ".join([f"Better: {', '.join(better)}.", *kept])
