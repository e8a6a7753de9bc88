"""What stands behind an alert, in words: what it is about, how it is judged, where it began, how far it reached."""

from datetime import UTC

from metrics.coarse import STEP
from notify.cleaning import clean_text
from notify.counting import plural
from notify.facts import Behind, SourceStep
from notify.wording import theme_words

THEMES = 4
SOURCES = 5


def behind_lines(behind: Behind | None) -> tuple[str, ...]:
    """One sentence each; none without mentions."""
    if behind is None or not behind.mentions:
        return ()
    first = (f"Of the first {behind.mentions:,} mentions only; there are more.",) if behind.cut else ()
    return (*first, _about(behind), _mood(behind), *_spread(behind), *_reach(behind))


def _about(behind: Behind) -> str:
    least = "at least " if behind.rounded else ""
    of = f"{least}{plural(behind.mentions, 'mention', 'mentions')}"
    if not behind.themes:
        few = " told by enough people" if behind.rounded else " that we know"
        return f"About: no theme{few}, in {of}."
    told = ", ".join(f"{theme_words(each.name)} ({least}{each.mentions:,})" for each in behind.themes[:THEMES])
    return f"About: {told}, of {of}; one may be about several."


def _mood(behind: Behind) -> str:
    if behind.rounded:
        if not behind.judged:
            return "Sentiment: too few judged mentions to tell."
        negative = f"at least {behind.negative:,}" if behind.negative else f"fewer than {STEP}, or of few people,"
        return f"Sentiment: {negative} of at least {behind.judged:,} judged mentions are negative."
    unsure = f"{behind.unsure:,} of {behind.mentions:,} are unsure" if behind.unsure else "none is unsure"
    if not behind.judged:
        return f"Sentiment: unknown; {unsure}."
    return f"Sentiment: {behind.negative:,} of {behind.judged:,} judged mentions are negative; {unsure}."


def _spread(behind: Behind) -> tuple[str, ...]:
    if not behind.sources:
        return ("Where it began stays hidden: few people stand behind each source.",) if behind.hidden else ()
    if behind.rounded:
        named = "; ".join(
            f"{clean_text(each.name, 60)} (at least {each.mentions:,})" for each in behind.sources[:SOURCES]
        )
        few = f"; {plural(behind.hidden, 'source', 'sources')} with few people left out" if behind.hidden else ""
        return (f"On {named}{few}.",)
    (first, *others) = behind.sources[:SOURCES]
    words = f"{'Began' if not behind.hidden else 'Known of its way: began'} on {_source(first)}"
    if others:
        words += "; then " + "; ".join(_source(each) for each in others)
    more = len(behind.sources) - SOURCES
    words += f"; and {plural(more, 'further source', 'further sources')}" if more > 0 else ""
    words += f"; {plural(behind.hidden, 'source', 'sources')} with few people left out" if behind.hidden else ""
    return (f"{words}.",)


def _reach(behind: Behind) -> tuple[str, ...]:
    if not behind.reach_told:
        return ()
    if behind.views is None:
        measured = "Measured reach: unknown, no platform reports how often these were shown."
    else:
        measured = (
            f"Measured reach: shown {plural(behind.views, 'time', 'times')}, as platforms report for {behind.viewed:,} "
            f"of {plural(behind.mentions, 'mention', 'mentions')}."
        )
    accounts = plural(behind.accounts + behind.faceless, "account", "accounts")
    if behind.followers is None:
        return (measured, f"Potential reach: unknown for all {accounts}.")
    potential = (
        f"Potential reach: {plural(behind.followers, 'follower', 'followers')} of {behind.accounts:,} of {accounts}; "
        f"how many of them saw it, nobody knows."
    )
    return measured, potential


def _source(step: SourceStep) -> str:
    at = "" if step.first_at is None else f" {step.first_at.astimezone(UTC):%d %b %H:%M} UTC"
    return f"{clean_text(step.name, 60)}{at} ({plural(step.mentions, 'mention', 'mentions')})"
