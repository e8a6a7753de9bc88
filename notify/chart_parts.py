"""What every chart is made of: the house's plain look, inline data, tooltips, figures in words."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from notify.drawing import Chart
from notify.palette import BAND, INK, MUTED, PALE, PAPER

WIDTH = 560
HEIGHT = 200
UNKNOWN = "–"


def finished(chart: Any, title: str, description: str, height: int | None = HEIGHT) -> Chart:
    """The spec with size, title and the house's plain look."""
    if height is not None:
        chart = chart.properties(width=WIDTH, height=height)
    if title:
        chart = chart.properties(title=alt.TitleParams(title, anchor="start", color=INK))
    spec: dict[str, Any] = (
        chart.properties(description=description, background=PAPER)
        .configure_view(strokeWidth=0)
        .configure_axis(labelColor=MUTED, titleColor=MUTED, gridColor=BAND, domainColor=PALE, tickColor=PALE)
        .to_dict()
    )
    return Chart(spec, description)


def data(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Rows inside the definition: no address is loaded."""
    return alt.InlineData(values=list(rows))


def tooltip(**titles: str) -> list[alt.Tooltip]:
    """Fields and their titles, shown as they are written."""
    return [alt.Tooltip(field=name, type="nominal", title=title) for name, title in titles.items()]


def row_height(count: int) -> int:
    """The height of a chart with so many horizontal bars."""
    return max(60, 28 * count)


def count_words(value: float | None) -> str:
    """A whole number with separators."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def range_words(low: float | None, high: float | None, form: str) -> str:
    """Both ends in a format."""
    return UNKNOWN if low is None or high is None else f"{low:{form}} to {high:{form}}"


def percent_range(low: float | None, high: float | None) -> str:
    """Both ends as percentages."""
    return UNKNOWN if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f} %"
