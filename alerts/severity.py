"""The one formula of severity, for mails, pages and documentation alike."""

from alerts.rules import SEVERITIES

FORMULA = (
    "Points: distance from normal ÷ distance of the threshold: 1 from 1×, 2 from 2×, 3 from 4×; "
    "+1 when at least half of 20 or more judged mentions are negative; +1 from the third hour in a row; "
    "+1 from 50 items. 1 point is low, 2 medium, 3–4 high, 5 and more critical."
)
EXCESS_STEPS = ((4.0, 3), (2.0, 2), (0.0, 1))  # (at least so many times the threshold's distance, points)
NEGATIVE_HALF = 0.5
NEGATIVE_LEAST = 20  # fewer judged mentions make no share
LASTING_HOURS = 3
LARGE = 50
_LEVELS = ((5, "critical"), (3, "high"), (2, "medium"), (0, "low"))


def rank(severity: str) -> int:
    """Place of a severity, 0 for low; raises ValueError for an unknown word."""
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be one of {', '.join(SEVERITIES)}, not {severity!r}")
    return SEVERITIES.index(severity)


def severity(excess: float, negative: int, judged: int, hours: int, n: int) -> tuple[str, str]:
    """The severity and its arithmetic in words.

    `excess`: distance from normal ÷ distance of the threshold from normal (1 at the threshold); `negative` of `judged`
    mentions (positive, neutral or negative; unsure ones left out); `hours` in a row over the threshold; `n` items.
    """
    points = next(points for least, points in EXCESS_STEPS if excess >= least or least == 0.0)
    parts = [f"{excess:.1f} times as far from normal as the threshold: {_points(points)}"]
    if judged >= NEGATIVE_LEAST and negative >= NEGATIVE_HALF * judged:
        points += 1
        parts.append(f"{round(100 * negative / judged)} % of {judged} judged mentions negative: 1 point")
    if hours >= LASTING_HOURS:
        points += 1
        parts.append(f"{hours} hours in a row: 1 point")
    if n >= LARGE:
        points += 1
        parts.append(f"{n} items: 1 point")
    level = next(level for least, level in _LEVELS if points >= least)
    return level, f"{level.capitalize()} ({_points(points)}): " + "; ".join(parts) + "."


def _points(points: int) -> str:
    return "1 point" if points == 1 else f"{points} points"
