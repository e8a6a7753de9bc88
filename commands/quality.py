"""The command that tells how good the tags are: what the Quality page shows, as text or JSON."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from commands.terminal import database, now, out, table

if TYPE_CHECKING:
    from metrics.stats import Interval, Proportion
    from storage.quality import QualityReport
    from storage.quality_checks import HeadQuality

app = typer.Typer()


@app.command("quality")
def quality_command(
    days: Annotated[int, typer.Option(min=1, max=730, help="The window, up to now.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as the API answers.")] = False,
) -> None:
    """How good the tags are: checks of mentions drawn at random, drift, share unsure, corrections."""
    from api.schemas.quality import QualityOut
    from storage import db, quality
    from storage.viewer import SYSTEM

    end = now()
    with database("manage.py quality"), db.reading() as session:
        found = quality.report(session, SYSTEM, end - timedelta(days=days), end)
    if as_json:
        typer.echo(QualityOut.model_validate(found).model_dump_json())
        return
    _print(found, days)


def _print(found: "QualityReport", days: int) -> None:
    tags, checked = found.tags, found.checked
    out.print(
        f"{days} days, {tags.mentions:,} mentions; sentiment unsure {_share(tags.unsure, tags.mentions)}, "
        f"standpoint unknown {_share(tags.unknown_audience, tags.mentions)}."
    )
    for name, versions in (("model", tags.models), ("taxonomy of labels and themes", tags.taxonomies)):
        told = ", ".join(f"version {key} ({n:,} mentions)" for key, n in versions.items())
        out.print(f"{name}: {told or 'none'}")
    people = f"{checked.people:,} {'person' if checked.people == 1 else 'people'}"
    out.print(f"\n{checked.mentions:,} mentions drawn at random were checked by {people}.")
    if not checked.mentions:
        out.print("So it is not known how many tags are right: let people “Check a few” on the Quality page.")
    for head in checked.heads if checked.mentions else ():
        _print_head(head)
    out.print("\nDrift of the labels against the four weeks before (stability index; from 0.25 on a large change)")
    rows = [
        (
            f"{week.start:%Y-%m-%d}",
            f"{week.unsure.n:,}",
            _percent(week.unsure.value),
            *(f"{told.psi:.3f} {told.reading}" if told else "–" for told in week.drift.values()),
        )
        for week in found.weeks
    ]
    table(("week from", "mentions", "unsure", "sentiment", "audience", "facet"), rows, "No whole week with mentions.")
    out.print(f"\nOf {tags.read:,} mentions that people opened by choice they corrected {tags.corrected:,} (biased).")
    changes = [(each.head, each.old, each.new, f"{each.mentions:,}") for each in found.changes]
    if changes:
        table(("head", "from", "to", "mentions"), changes, "")


def _print_head(head: "HeadQuality") -> None:
    right = head.accuracy
    out.print(
        f"\n[bold]{head.head}[/]: right {_percent(right.value)}{_ends(right.interval)}, n = {right.n:,}; "
        f"answered {_told(head.answered)}"
    )
    if not head.confusion.n:
        return
    matrix = [
        (name, *(f"{count:,}" for count in counts))
        for name, counts in zip(head.confusion.rows, head.confusion.counts, strict=True)
    ]
    table(("people say ↓ model says →", *head.confusion.columns), matrix, "")
    known = [each for each in head.classes if each.recall.n or each.precision.n]
    table(("label", "recall", "precision"), [(e.label, _told(e.recall), _told(e.precision)) for e in known], "")
    if head.calibration.error is not None:
        out.print(
            f"calibration error {head.calibration.error:.3f}, by chance {head.calibration.by_chance:.3f}, "
            f"n = {head.calibration.n:,}"
        )
    for point in _halves(head):
        out.print(point)
    if head.agreement.same.n:
        kappa = "–" if head.agreement.kappa is None else f"{head.agreement.kappa:.2f}"
        out.print(f"two people agree {_told(head.agreement.same)}, kappa {kappa}")
    if head.staff:
        out.print(f"employees and alumni: {head.staff} where few people stand behind them")


def _halves(head: "HeadQuality") -> Iterable[str]:
    """The risk–coverage curve where it is read most."""
    for wanted in (0.5, 0.8):
        point = next((each for each in head.curve if each.coverage >= wanted), None)
        if point is not None:
            yield f"surest {_percent(point.coverage)} (from {point.threshold:.2f}): right {_told(point.right)}"


def _share(part: int, whole: int) -> str:
    return _percent(part / whole if whole else None)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _told(found: "Proportion") -> str:
    return "–" if found.value is None else f"{_percent(found.value)} of {found.n:,}{_ends(found.interval)}"


def _ends(interval: "Interval | None") -> str:
    return "" if interval is None else f" ({_percent(interval.low)} to {_percent(interval.high)})"
