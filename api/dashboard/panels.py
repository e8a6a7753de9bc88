"""Charts with all that belongs to one: title, line with n and as-of, and the same figures as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from alerts.planned import Planned
from api.dashboard.figures import HIDDEN, coverage_words, sentiments_of
from api.dashboard.wording import count, day, group, interval, moment, percent, signed
from metrics.blocks import UNKNOWN as NO_STANDPOINT
from metrics.listening import COVERAGE_FLOOR, Voice, net_sentiment, share_of_voice
from notify import charts
from notify.points import AudienceRow, ClickPoint, PlannedSpan, SentimentPoint, VoiceRow, VolumePoint
from storage import rollups
from storage.advocacy import ClickDay
from storage.blocks import REST
from storage.incidents import IncidentRow

_NAMED = 3
# A definition takes tens of milliseconds to make; the same points give the same chart, whoever looks.
_volume_chart = lru_cache(maxsize=256)(charts.volume_chart)
_sentiment_chart = lru_cache(maxsize=256)(charts.sentiment_chart)
_audience_chart = lru_cache(maxsize=256)(charts.audience_chart)
_voice_chart = lru_cache(maxsize=256)(charts.share_of_voice_chart)


@dataclass(frozen=True, slots=True)
class Table:
    """Figures as text; the first column names the row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """A chart as a page shows it, or `empty` words in its place. `height` is a class of the style sheet."""

    id: str
    title: str
    chart: charts.Chart | None
    note: str
    table: Table
    height: str = ""  # "", low or tall
    empty: str = ""


def volume(
    id: str,  # noqa: A002
    buckets: Sequence[rollups.Bucket],
    as_of: datetime | None,
    title: str,
    planned: Sequence[Planned] = (),
) -> Panel:
    """Stories per bucket, over the shades of planned events."""
    points = [
        VolumePoint(each.start, each.stories, coverage=each.coverage, suppressed=each.suppressed) for each in buckets
    ]
    shown = [each for each in buckets if not each.suppressed]
    total = sum(each.stories or 0 for each in shown)
    told = f"{count(total)} {'story' if total == 1 else 'stories'}"
    note = f"{told} from {count(sum(each.mentions or 0 for each in shown))} mentions" + _end(buckets, as_of)
    table = _table(buckets, _volume_cells, _VOLUME_COLUMNS)
    if buckets and not shown:
        return Panel(id, title, None, _as_of(as_of), table, empty="None of them may be told.")
    chart = _volume_chart(tuple(points), "", _spans(planned))
    return Panel(id, title, chart, note + _shaded(planned), table)


def sentiment(id: str, buckets: Sequence[rollups.Bucket], as_of: datetime | None, title: str) -> Panel:  # noqa: A002
    """Net sentiment per bucket with its interval."""
    points = []
    for each in buckets:
        net = net_sentiment(sentiments_of(each))
        low, high = (net.interval.low, net.interval.high) if net.interval else (None, None)
        judged = None if each.suppressed else net.n
        points.append(SentimentPoint(each.start, net.value, low, high, judged, each.coverage))
    judged_all = sum(point.n or 0 for point in points)
    note = f"n = {count(judged_all)} judged mentions; a gap where fewer than 20 were judged" + _end(buckets, as_of)
    table = _table(buckets, _net_cells, _NET_COLUMNS)
    if all(point.net is None for point in points):
        return Panel(id, title, None, note, table, empty="Too few judged mentions for a line: 20 are needed per point.")
    return Panel(id, title, _sentiment_chart(tuple(points)), note, table)


def audiences(id: str, cells: Sequence[rollups.Cell], as_of: datetime | None, title: str) -> Panel:  # noqa: A002
    """Mentions by audience and sentiment; small groups are named and empty."""
    held_back = any(each.key == REST for each in cells)
    cells = [each for each in cells if not (each.key == NO_STANDPOINT and each.suppressed and held_back)]
    rows = [
        AudienceRow(group(each.key), each.positive, each.neutral, each.negative, each.unsure, each.suppressed)
        for each in cells
    ]
    total = sum(each.mentions or 0 for each in cells)
    hidden = sum(each.suppressed for each in cells)
    note = f"n = {count(total)} mentions" + (f"; hidden, few people: {hidden} of {len(cells)} groups" if hidden else "")
    note += "; “not told apart”: on days that make no whole block in this window" if held_back else ""
    table = Table(
        ("Audience", "Mentions", "Positive", "Neutral", "Negative", "Unsure", "Net sentiment"),
        tuple(_audience_cells(each) for each in cells),
    )
    return Panel(id, title, _audience_chart(tuple(rows)), f"{note}. {_as_of(as_of)}", table, "low")


def voices(id: str, rows: Sequence[rollups.VoiceRow], as_of: datetime | None, title: str) -> Panel:  # noqa: A002
    """Share of voice with intervals; owned voice in no share and beside it."""
    shares = share_of_voice([Voice(row.key, row.mentions + row.owned, row.owned) for row in rows])
    points, cells = [], []
    for row, share in zip(rows, shares, strict=True):
        ends = share.earned.interval
        low, high = (ends.low, ends.high) if ends else (None, None)
        earned = share.earned
        points.append(VoiceRow(row.name, row.is_own, row.mentions, earned.n, earned.value, low, high))
        span = f"{percent(low)} to {percent(high)}"
        cells.append((row.name, percent(share.earned.value, 1), span, count(row.mentions), count(row.owned)))
    total = sum(row.mentions for row in rows)
    table = Table(("Company", "Share", "95 % interval", "Mentions", "By own accounts, left out"), tuple(cells))
    note = f"n = {count(total)} mentions of {len(rows)} companies. {_as_of(as_of)}"
    return Panel(id, title, _voice_chart(tuple(points)), note, table, "low")


def incident(
    id: str,  # noqa: A002
    buckets: Sequence[rollups.Bucket],
    as_of: datetime | None,
    row: IncidentRow,
    planned: Sequence[Planned] = (),
    *,
    of_everybody: bool = False,
) -> Panel:
    """Stories per hour around a volume spike, with the expected band over the time of the incident.

    `of_everybody`: the buckets are of all audiences, since that of the incident is not told by the hour.
    """
    hourly = row.window == timedelta(hours=1) and not of_everybody
    points = []
    for each in buckets:
        inside = hourly and row.window_start - timedelta(hours=1) < each.start <= row.last_finding_at
        points.append(
            VolumePoint(
                each.start,
                each.stories,
                row.expected_low if inside else None,
                row.expected_high if inside else None,
                each.coverage,
                spike=inside and (each.stories or 0) >= row.expected_high,
                suppressed=each.suppressed,
            )
        )
    band = "the band is what is normal for such an hour" if hourly else "what is normal was judged over several hours"
    if of_everybody:
        band = "of all audiences, since one alone is told by the day at most where employees or alumni spoke"
    note = f"Stories per hour; {band}. {_as_of(as_of)}"
    table = _table(buckets, _volume_cells, _VOLUME_COLUMNS)
    return Panel(id, "Hour by hour", _volume_chart(tuple(points), "", _spans(planned)), note + _shaded(planned), table)


def clicks(id: str, days: Sequence[ClickDay], title: str) -> Panel:  # noqa: A002
    """Clicks per day: those that count, the visitors behind them, and all requests."""
    points = [ClickPoint(each.day, each.raw, each.filtered, each.unique) for each in days]
    rows = tuple(
        (day(each.day), count(each.filtered), count(each.unique), count(each.raw))
        for each in reversed(days)
        if each.raw
    )
    total = sum(each.filtered for each in days)
    note = f"n = {count(total)} clicks of {count(sum(each.raw for each in days))} requests in {len(days)} days (UTC)."
    table = Table(("Day (UTC)", "Clicks (filtered)", "Visitors (unique)", "All requests (raw)"), rows)
    return Panel(id, title, charts.clicks_chart(tuple(points)), note, table)


_VOLUME_COLUMNS = ("From (UTC)", "Stories", "Mentions", "By own accounts", "Coverage")
_NET_COLUMNS = ("From (UTC)", "Net sentiment", "95 % interval", "Judged", "Unsure")


def _table(
    buckets: Sequence[rollups.Bucket],
    cells: Callable[[rollups.Bucket], tuple[str, ...]],
    columns: tuple[str, ...],
) -> Table:
    hourly = any(each.start.hour for each in buckets)
    named = tuple((moment(each.start) if hourly else day(each.start), *cells(each)) for each in reversed(buckets))
    return Table(columns, named)


def _volume_cells(each: rollups.Bucket) -> tuple[str, ...]:
    if each.suppressed:
        return (HIDDEN, HIDDEN, HIDDEN, percent(each.coverage))
    return (count(each.stories), count(each.mentions), count(each.owned), percent(each.coverage))


def _net_cells(each: rollups.Bucket) -> tuple[str, ...]:
    if each.suppressed:
        return (HIDDEN, HIDDEN, HIDDEN, HIDDEN)
    net = net_sentiment(sentiments_of(each))
    ends = interval(net.interval.low, net.interval.high) if net.interval else interval(None, None)
    return (signed(net.value), ends, count(net.n), count(each.unsure))


def _audience_cells(each: rollups.Cell) -> tuple[str, ...]:
    if each.suppressed:
        return (group(each.key), *[HIDDEN] * 6)
    net = net_sentiment(sentiments_of(each))
    counts = (each.mentions, each.positive, each.neutral, each.negative, each.unsure)
    return (group(each.key), *(count(number) for number in counts), signed(net.value))


def _spans(planned: Sequence[Planned]) -> tuple[PlannedSpan, ...]:
    return tuple(PlannedSpan(event.name, event.start, event.end) for event in planned)


def _shaded(planned: Sequence[Planned]) -> str:
    """What the shades are."""
    if not planned:
        return ""
    named = ", ".join(event.name for event in planned[:_NAMED])
    return f" Shaded, since planned: {named}{f' and {len(planned) - _NAMED} more' if len(planned) > _NAMED else ''}."


def _end(buckets: Sequence[rollups.Bucket], as_of: datetime | None) -> str:
    """What ends the line under a chart over time."""
    covered = [each.coverage for each in buckets if each.coverage is not None]
    mean = sum(covered) / len(covered) if covered else None
    low = sum(each < COVERAGE_FLOOR for each in covered)
    marked = f" (pale: below 90 %, {low} of {len(buckets)})" if low else ""
    hidden = sum(each.suppressed for each in buckets)
    small = f"; hidden, few people: {hidden} of {len(buckets)}" if hidden else ""
    return f"; {coverage_words(mean)}{marked}{small}. {_as_of(as_of)}"


def _as_of(at: datetime | None) -> str:
    return "Nothing has been collected yet." if at is None else f"As of {moment(at)}."
