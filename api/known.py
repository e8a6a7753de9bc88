"""What was known of an incident at one entry of its timeline, in words; for the pages and the API alike."""

from collections.abc import Mapping
from math import ceil

from alerts.rules import NEGATIVE, POSITIVE, SEVERITIES
from metrics.listening import NET_SENTIMENT_MIN_N
from notify.counting import least_words, times_words
from storage.incident_log import KINDS


def known(figures: Mapping[str, float]) -> str:
    """The figures of an entry as a sentence; empty for an entry without figures (what people did)."""
    observed = figures.get("observed")
    if observed is None:
        return ""
    if "rounded" in figures:
        return f"{_rounded(figures)}{_level(figures)}."
    n, authors = round(figures.get("n", 0)), round(figures.get("authors", 0))
    high = figures.get("expected_high", 0.0)
    if "usual_mean" in figures:
        words = f"the last {n:,} reviews {observed:.1f} stars below the {figures['usual_mean']:.1f} before"
    elif "positive" in figures:
        words = f"{100 * (1 - observed):.0f} % of {n:,} judged mentions positive, alarm below {100 * (1 - high):.0f} %"
    elif "baseline_share" in figures:
        words = f"{100 * observed:.0f} % of {n:,} judged mentions negative, alarm above {100 * high:.0f} %"
    elif "excess" in figures or "median" in figures:
        low = ceil(max(0.0, figures.get("expected_low", 0.0)))
        stories = "story" if round(observed) == 1 else "stories"
        words = f"{observed:,.0f} {stories} where {low:,}–{max(low, ceil(high) - 1):,} are normal{_mood(figures)}"
    else:
        words = f"{observed:,.1f}".removesuffix(".0") + f" against {high:,.1f}".removesuffix(".0") + f" (n = {n:,})"
    people = f", by {authors:,} different people" if authors else ""
    return f"{words}{people}{_level(figures)}."


def _rounded(figures: Mapping[str, float]) -> str:
    """Figures of few people, which were rounded down."""
    kind, observed = round(figures.get("kind", 0)), figures["observed"]
    people = f"by {least_words(figures.get('authors', 0), 'person', 'people')}"
    of = least_words(figures.get("n", 0), "judged mention", "judged mentions")
    if KINDS[kind : kind + 1] == (NEGATIVE,):
        return f"at least {100 * observed:.0f} % of {of} negative, {people}"
    if KINDS[kind : kind + 1] == (POSITIVE,):
        return f"at most {100 * (1 - observed):.0f} % of {of} positive, {people}"
    times = round(figures["times"]) if "times" in figures else None
    return f"{least_words(observed, 'story', 'stories')} {people}, {times_words(times)}"


def _mood(figures: Mapping[str, float]) -> str:
    judged, negative = round(figures.get("judged", 0)), round(figures.get("negative", 0))
    if judged < NET_SENTIMENT_MIN_N:
        return ""
    return f", {100 * negative / judged:.0f} % of {judged:,} judged mentions negative"


def _level(figures: Mapping[str, float]) -> str:
    place = figures.get("severity")
    if place is None or not 0 <= place < len(SEVERITIES):
        return ""
    return f"; severity {SEVERITIES[int(place)]}"
