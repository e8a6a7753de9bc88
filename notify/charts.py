"""Chart definitions: one definition gives the Vega-Lite of a page and the PNG of a mail.

All data are inline, no address is loaded, no text of a mention or a user becomes an expression, and no font is named: a
font that is not installed would draw nothing. Values that are unknown, hidden or measured with too little coverage are
categories of their own, never a zero.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import altair as alt

from notify.chart_parts import (
    UNKNOWN,
    WIDTH,
    count_words,
    data,
    finished,
    percent_range,
    range_words,
    row_height,
    tooltip,
)
from notify.drawing import Chart as Chart
from notify.palette import ACCENT, ACCENT_SOFT, ALARM, BAND, CLICKS, INK, MUTED, PALE, PLANNED, SENTIMENT
from notify.points import AudienceRow, ClickPoint, PlannedSpan, SentimentPoint, VoiceRow, VolumePoint

LEAST_COVERAGE = 0.9
NORMAL, SPIKE, GAPS, HIDDEN = "stories", "above normal", "coverage below 90 %", "hidden, or nobody"


def volume_chart(points: Sequence[VolumePoint], title: str = "", planned: Sequence[PlannedSpan] = ()) -> Chart:
    """Bars of stories, the expected range behind them; spikes, gaps in coverage and hidden buckets marked.

    The buckets that planned events touch are shaded.
    """
    rows = [_volume_row(point) for point in points]
    top = max((row["stories"] for row in rows if row["stories"] is not None), default=1) or 1
    for row in rows:
        row["shown"] = top * 0.04 if row["state"] == HIDDEN else row["stories"]
    base = alt.Chart(data(rows)).encode(x=_time(rows))
    band = base.mark_area(color=BAND, interpolate="step-after").encode(
        y=alt.Y("expected_low:Q", title="stories"), y2="expected_high:Q"
    )
    states = alt.Scale(domain=[NORMAL, SPIKE, GAPS, HIDDEN], range=[ACCENT, ALARM, PALE, MUTED])
    bars = base.mark_bar(size=_bar_width(len(rows))).encode(
        y=alt.Y("shown:Q", title="stories"),
        color=alt.Color("state:N", scale=states, legend=_legend({str(row["state"]) for row in rows})),
        tooltip=tooltip(time="when (UTC)", told="stories", expected="expected", covered="coverage"),
    )
    spikes = sum(point.spike for point in points)
    words = f"Stories in {len(rows)} buckets, {spikes} of them above normal."
    shades = _shades(points, planned)
    if not shades:
        return finished(band + bars, title, words)
    spans = alt.Chart(data(shades)).mark_rect(color=PLANNED, opacity=0.35)
    shaded = spans.encode(x=_time(rows), x2="until:T", tooltip=tooltip(name="planned event"))
    names = ", ".join(str(shade["name"]) for shade in shades)
    return finished(shaded + band + bars, title, f"{words} Shaded, since planned: {names}.")


def sentiment_chart(points: Sequence[SentimentPoint], title: str = "") -> Chart:
    """Net sentiment with its interval; a break where too few mentions were judged."""
    rows = [
        {
            "at": _iso(point.at),
            "time": _when(point.at),
            "net": point.net,
            "low": point.low,
            "high": point.high,
            "told": UNKNOWN if point.net is None else f"{point.net:+.0f}",
            "interval": range_words(point.low, point.high, "+.0f"),
            "n": count_words(point.n),
            "state": GAPS if _gaps(point.coverage) else "net sentiment",
        }
        for point in points
    ]
    base = alt.Chart(data(rows)).encode(x=_time(rows))
    y = alt.Y("net:Q", title="net sentiment", scale=alt.Scale(domain=[-100, 100]))
    band = base.mark_area(color=ACCENT_SOFT, opacity=0.5).encode(y=alt.Y("low:Q", title="net sentiment"), y2="high:Q")
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(y=y)
    states = alt.Scale(domain=["net sentiment", GAPS], range=[ACCENT, PALE])
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(
        y=y,
        color=alt.Color("state:N", scale=states, legend=_legend({str(row["state"]) for row in rows})),
        tooltip=tooltip(time="when (UTC)", told="net sentiment", interval="95 % interval", n="judged mentions"),
    )
    judged = sum(point.net is not None for point in points)
    return finished(band + line + dots, title, f"Net sentiment of {judged} of {len(rows)} buckets with its interval.")


def share_of_voice_chart(rows: Sequence[VoiceRow], title: str = "") -> Chart:
    """One bar per company, the own one in the accent colour, with the interval of the share."""
    values = [
        {
            "name": row.name,
            "share": row.share,
            "low": row.low,
            "high": row.high,
            "owner": "own" if row.own else "rival",
            "told": UNKNOWN if row.share is None else f"{100 * row.share:.1f} %",
            "interval": percent_range(row.low, row.high),
            "n": f"{row.mentions:,} of {row.total:,}",
        }
        for row in rows
    ]
    y = alt.Y("name:N", sort=[row.name for row in rows], title=None)
    base = alt.Chart(data(values)).encode(y=y)
    owners = alt.Scale(domain=["own", "rival"], range=[ACCENT, "#9aa5b1"])
    bars = base.mark_bar().encode(
        x=alt.X("share:Q", title="share of voice", axis=alt.Axis(format="%", tickCount=6)),
        color=alt.Color("owner:N", scale=owners, legend=None),
        tooltip=tooltip(name="company", told="share", interval="interval", n="mentions"),
    )
    whiskers = base.mark_rule(color=INK).encode(x=alt.X("low:Q", title="share of voice"), x2="high:Q")
    return finished(bars + whiskers, title, f"Share of voice of {len(rows)} companies.", height=row_height(len(rows)))


def audience_chart(rows: Sequence[AudienceRow], title: str = "") -> Chart:
    """Mentions by audience, sentiments side by side in one bar; hidden audiences are named and empty."""
    values = [value for row in rows for value in _audience_values(row)]
    order = [_audience_label(row) for row in rows]
    domain = list(SENTIMENT)
    bars = (
        alt.Chart(data(values))
        .mark_bar()
        .encode(
            y=alt.Y("audience:N", sort=order, title=None, scale=alt.Scale(domain=order)),
            x=alt.X("mentions:Q", title="mentions", stack="zero"),
            color=alt.Color(
                "sentiment:N",
                scale=alt.Scale(domain=domain, range=list(SENTIMENT.values())),
                legend=alt.Legend(title=None, orient="top"),
            ),
            order=alt.Order("place:Q"),
            tooltip=tooltip(audience="audience", sentiment="sentiment", mentions="mentions", share="of the audience"),
        )
    )
    hidden = sum(row.suppressed for row in rows)
    text = f"Mentions of {len(rows)} audiences by sentiment, {hidden} of them hidden."
    return finished(bars, title, text, height=row_height(len(rows)))


def clicks_chart(points: Sequence[ClickPoint], title: str = "") -> Chart:
    """Filtered clicks with the unique and raw counters as lines of their own."""
    rows = [
        {"at": _iso(point.at), "time": _when(point.at), "counter": name, "clicks": value, "told": count_words(value)}
        for point in points
        for name, value in (("filtered", point.filtered), ("unique", point.unique), ("raw", point.raw))
    ]
    counters = alt.Scale(domain=list(CLICKS), range=list(CLICKS.values()))
    lines = (
        alt.Chart(data(rows))
        .mark_line(point=True)
        .encode(
            x=_time(rows),
            y=alt.Y("clicks:Q", title="clicks"),
            color=alt.Color("counter:N", scale=counters, legend=alt.Legend(title=None, orient="top")),
            tooltip=tooltip(time="when (UTC)", counter="counter", told="clicks"),
        )
    )
    return finished(lines, title, f"Clicks in {len(points)} buckets: filtered, unique and raw.")


def _shades(points: Sequence[VolumePoint], planned: Sequence[PlannedSpan]) -> list[dict[str, Any]]:
    """From half a bucket before the first that an event touches to half a bucket after the last."""
    if len(points) < 2:
        return []
    step = points[1].at - points[0].at
    shades = []
    for span in planned:
        touched = [point.at for point in points if span.start < point.at + step and span.end > point.at]
        if touched:
            shades.append({"at": _iso(touched[0] - step / 2), "until": _iso(touched[-1] + step / 2), "name": span.name})
    return shades


def _volume_row(point: VolumePoint) -> dict[str, Any]:
    row = asdict(point)
    state = HIDDEN if point.suppressed else GAPS if _gaps(point.coverage) else SPIKE if point.spike else NORMAL
    stories = None if point.suppressed else point.stories
    row.update(
        at=_iso(point.at),
        time=_when(point.at),
        state=state,
        stories=stories,
        told="hidden" if point.suppressed else count_words(stories),
        expected=range_words(point.expected_low, point.expected_high, ".0f"),
        covered=UNKNOWN if point.coverage is None else f"{100 * point.coverage:.0f} %",
    )
    return row


def _audience_label(row: AudienceRow) -> str:
    return f"{row.audience} (hidden)" if row.suppressed else row.audience


def _audience_values(row: AudienceRow) -> list[dict[str, Any]]:
    if row.suppressed:
        return []
    counts = {name: getattr(row, name) for name in SENTIMENT}
    total = sum(count or 0 for count in counts.values())
    return [
        {
            "audience": _audience_label(row),
            "sentiment": name,
            "place": place,
            "mentions": count,
            "share": f"{100 * count / total:.0f} % of {total:,}" if count is not None and total else UNKNOWN,
        }
        for place, (name, count) in enumerate(counts.items())
    ]


def _time(rows: Sequence[dict[str, Any]]) -> alt.X:
    """UTC, by day where all buckets start at midnight, else with the hour."""
    daily = all(str(row["at"]).endswith("T00:00:00Z") for row in rows)
    axis = alt.Axis(format="%d %b" if daily else "%d %b %H:%M", tickCount=6, labelOverlap=True, grid=False)
    return alt.X("at:T", scale=alt.Scale(type="utc", padding=12), title=None, axis=axis)


def _legend(states: set[str]) -> alt.Legend | None:
    """A legend only where there is something to tell apart."""
    return alt.Legend(title=None, orient="top", values=sorted(states)) if len(states) > 1 else None


def _bar_width(count: int) -> float:
    return max(1.0, min(24.0, 0.8 * WIDTH / max(count, 1)))


def _gaps(coverage: float | None) -> bool:
    return coverage is not None and coverage < LEAST_COVERAGE


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _when(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y %H:%M")
