"""Figures as tables for files: the same that the API answers, small groups hidden there as here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from api.export_formats import Cell, Sheet
from api.schemas.series import Breakdown, SentimentSeries, VolumeSeries, Window

_SMALL = (
    "What would tell of fewer than five people: {} rows are empty, be it that somebody spoke or not, since groups are "
    "counted in whole blocks of days."
)
_VOLUME = ("start", "mentions", "stories", "owned", "authors", "suppressed", "coverage")
_SENTIMENT = ("start", "positive", "neutral", "negative", "unsure", "n", "net", "net_low", "net_high", "suppressed",
              "coverage")  # fmt: skip
_PARTS = ("key", "label", "mentions", "stories", "positive", "neutral", "negative", "unsure", "suppressed")


@dataclass(frozen=True, slots=True)
class Figures:
    """A table, what was asked for, and what is not in it, in words."""

    sheet: Sheet
    asked: Mapping[str, str]
    left_out: tuple[str, ...]


def volume(found: VolumeSeries) -> Figures:
    """One row a bucket."""
    rows = [tuple(getattr(point, name) for name in _VOLUME) for point in found.items]
    return _figures(Sheet("Volume", _VOLUME, rows), found, found.suppressed)


def sentiment(found: SentimentSeries) -> Figures:
    """One row a bucket; the net figure with its interval."""
    rows: list[tuple[Cell, ...]] = []
    for point in found.items:
        low, high = (None, None) if point.interval is None else (point.interval.low, point.interval.high)
        values = {**point.model_dump(), "net_low": low, "net_high": high}
        rows.append(tuple(values[name] for name in _SENTIMENT))
    return _figures(Sheet("Sentiment", _SENTIMENT, rows), found, found.suppressed)


def breakdown(found: Breakdown) -> Figures:
    """One row a part."""
    rows = [tuple(getattr(cell, name) for name in _PARTS) for cell in found.items]
    return _figures(Sheet(f"By {found.by}", _PARTS, rows), found, sum(cell.suppressed for cell in found.items))


def _figures(sheet: Sheet, window: Window, suppressed: int) -> Figures:
    return Figures(sheet, dict(_told(window)), (_SMALL.format(suppressed),) if suppressed else ())


def _told(window: Window) -> Iterator[tuple[str, str]]:
    yield "from", window.start.isoformat()
    yield "until", window.end.isoformat()
    for name in ("company_id", "facet", "audience", "source_id", "bucket", "timezone"):
        value = getattr(window, name, None)
        if value is not None:
            yield name, str(value)
    yield "as of", window.as_of.isoformat() if window.as_of else "not known"
    yield "coverage", "not known" if window.coverage is None else f"{window.coverage:.0%}"
