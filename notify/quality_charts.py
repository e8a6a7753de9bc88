"""Charts of the Quality page: calibration, drift, share unsure."""

from collections.abc import Sequence
from datetime import UTC, datetime

import altair as alt

from metrics.drift import PSI_LARGE, PSI_SOME
from notify.chart_parts import UNKNOWN, count_words, data, finished, percent_range, tooltip
from notify.drawing import Chart
from notify.palette import ACCENT, ACCENT_SOFT, HEADS, INK, MUTED
from notify.points import CalibrationPoint, DriftPoint, SharePoint

_PERCENT = alt.Axis(format="%", tickCount=5)


def calibration_chart(points: Sequence[CalibrationPoint], title: str = "") -> Chart:
    """Share right against probability, each point with its interval; on the dashed line the model keeps its word."""
    rows = [
        {
            "confidence": point.confidence,
            "right": point.right,
            "low": point.low,
            "high": point.high,
            "said": f"{100 * point.confidence:.0f} %",
            "told": f"{100 * point.right:.0f} %",
            "interval": percent_range(point.low, point.high),
            "n": count_words(point.n),
        }
        for point in points
    ]
    share = alt.Scale(domain=[0, 1])
    x = alt.X("confidence:Q", title="probability", scale=share, axis=_PERCENT)
    right = "share right"
    ideal = (
        alt.Chart(data([{"confidence": end, "right": end} for end in (0, 1)]))
        .mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1)
        .encode(x=x, y=alt.Y("right:Q", title=right, scale=share, axis=_PERCENT))
    )
    base = alt.Chart(data(rows)).encode(x=x)
    whiskers = base.mark_rule(color=ACCENT, opacity=0.6).encode(y=alt.Y("low:Q", title=right), y2="high:Q")
    dots = base.mark_point(filled=True, size=60, color=ACCENT, opacity=1).encode(
        y=alt.Y("right:Q", title=right),
        tooltip=tooltip(said="mean probability", told="right", interval="95 % interval", n="checks"),
    )
    n = sum(point.n for point in points)
    return finished(ideal + whiskers + dots, title, f"Probability against share right of {n:,} checks.")


def drift_chart(points: Sequence[DriftPoint], title: str = "") -> Chart:
    """The stability index by week, a line per head, with the two marks of the rule of thumb."""
    rows = [
        {
            "at": _iso(point.at),
            "week": _week(point.at),
            "head": point.head,
            "psi": point.psi,
            "told": UNKNOWN if point.psi is None else f"{point.psi:.3f}",
            "reading": point.reading,
        }
        for point in points
    ]
    top = max([0.3, *(1.1 * point.psi for point in points if point.psi is not None)])
    y = alt.Y("psi:Q", title="stability index", scale=alt.Scale(domain=[0, top]))
    heads = alt.Scale(domain=list(HEADS), range=list(HEADS.values()))
    lines = (
        alt.Chart(data(rows))
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=40), strokeWidth=2)
        .encode(
            x=_weeks([point.at for point in points]),
            y=y,
            color=alt.Color("head:N", scale=heads, legend=alt.Legend(title=None, orient="top")),
            tooltip=tooltip(week="week from", head="labels of", told="index", reading="reading"),
        )
    )
    thresholds = (
        alt.Chart(data([{"psi": mark} for mark in (PSI_SOME, PSI_LARGE)]))
        .mark_rule(color=MUTED, strokeDash=[4, 4])
        .encode(y=y)
    )
    weeks = len({point.at for point in points})
    return finished(thresholds + lines, title, f"The stability index of {weeks} weeks for {len(HEADS)} kinds of tags.")


def unsure_chart(points: Sequence[SharePoint], title: str = "") -> Chart:
    """The share of mentions whose sentiment is unsure by week, with its interval."""
    rows = [
        {
            "at": _iso(point.at),
            "week": _week(point.at),
            "share": point.share,
            "low": point.low,
            "high": point.high,
            "told": UNKNOWN if point.share is None else f"{100 * point.share:.1f} %",
            "interval": percent_range(point.low, point.high),
            "n": count_words(point.n),
        }
        for point in points
    ]
    top = max([0.5, *(point.high for point in points if point.high is not None)])
    base = alt.Chart(data(rows)).encode(x=_weeks([point.at for point in points]))
    y = alt.Y("share:Q", title="unsure", scale=alt.Scale(domain=[0, min(1.0, top)]), axis=_PERCENT)
    band = base.mark_area(color=ACCENT_SOFT, opacity=0.5).encode(y=alt.Y("low:Q", title="unsure"), y2="high:Q")
    line = base.mark_line(color=ACCENT, strokeWidth=2, point=alt.OverlayMarkDef(color=ACCENT, filled=True)).encode(
        y=y, tooltip=tooltip(week="week from", told="unsure", interval="95 % interval", n="mentions")
    )
    rules = base.mark_rule(color=INK, opacity=0.35).encode(y=alt.Y("low:Q", title="unsure"), y2="high:Q")
    return finished(band + rules + line, title, f"Share unsure of {len(rows)} weeks with its interval.")


def _weeks(begins: Sequence[datetime]) -> alt.X:
    """Marked at the weeks that are drawn, not at round days between them."""
    marks = sorted({at.timestamp() * 1000 for at in begins})
    axis = alt.Axis(format="%d %b", values=marks, labelOverlap=True, grid=False)
    return alt.X("at:T", scale=alt.Scale(type="utc", padding=12), title=None, axis=axis)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _week(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y")
