"""Counts in words, exact ones and those of few people, which were rounded down (`metrics.coarse`)."""

from metrics.coarse import STEP


def plural(number: int, one: str, many: str) -> str:
    """A number and its noun."""
    return f"{number:,} {one if number == 1 else many}"


def least_words(number: float, one: str, many: str) -> str:
    """A count that was rounded down to fives."""
    return f"at least {plural(round(number), one, many)}" if number else f"fewer than {STEP} {many}"


def times_words(times: int | None) -> str:
    """How much against what is usual, for counts that are rounded."""
    return "more than usual" if times is None else f"about {times:,} times what is usual"
