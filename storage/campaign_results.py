"""What a campaign changed outside: before and after against what was to be expected, written at the end and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.campaign import CLOSED
from collectors.post import Json
from metrics.listening import COVERAGE_FLOOR, SentimentCounts, net_sentiment_movement
from metrics.uplift import WEEKS_BEFORE, Effect, interrupted
from storage import audit, campaign_steps, highlights, rollups
from storage.campaigns import edited, known
from storage.models.advocacy import Campaign
from storage.models.campaigns import CampaignResult
from storage.viewer import SYSTEM, Viewer

LEAST_DAYS, MOST_DAYS = 7, 28  # observed from the go-live on: the campaign, but not fewer and not more than these
AGAIN = timedelta(days=90)  # how long after its end a result may be written anew
STORIES, POSITIVE, NEGATIVE, NET = ("stories", "positive", "negative", "net_sentiment")
_DAY = timedelta(days=1)


class NotYet(ValueError):  # noqa: N818
    """The campaign has not ended, or has ended too long ago to be measured anew; HTTP answers 409."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFigure(Effect):
    """One measure of one side, as `Effect` says; of `net_sentiment` points, with judged mentions for days."""

    facet: str
    measure: str


@dataclass(frozen=True, slots=True)
class Result:
    """The result as it was written at `made_at`, with the sides whose counts the viewer reads."""

    made_at: datetime
    figures: tuple[ResultFigure, ...]
    again: bool  # whether the viewer may have it written anew


def result(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> Result | None:
    """The kept result; None where none is written yet. Raises `NotFound`."""
    row = known(session, viewer, campaign_id, now)
    kept = session.get(CampaignResult, row.id)
    if kept is None:
        return None
    figures = tuple(ResultFigure(**{name: one[name] for name in _NAMES}) for one in kept.figures)  # type: ignore[arg-type]
    shown = tuple(one for one in figures if one.facet in viewer.aggregate_facets)
    return Result(kept.made_at, shown, row.closed_at is not None and now < row.closed_at + AGAIN)


def unwritten(session: Session) -> tuple[int, ...]:
    """Closed campaigns without a result."""
    query = select(Campaign.id).join(CampaignResult, CampaignResult.campaign_id == Campaign.id, isouter=True)
    missing = query.where(Campaign.state == CLOSED, CampaignResult.campaign_id.is_(None))
    return tuple(session.scalars(missing.order_by(Campaign.id)))


def write_result(session: Session, campaign_id: int, now: datetime) -> None:
    """Measure a closed campaign, keep what is found, and let those concerned be told. A second time changes nothing."""
    row = session.get(Campaign, campaign_id, with_for_update=True, populate_existing=True)
    if row is None or row.state != CLOSED or session.get(CampaignResult, campaign_id) is not None:
        return
    _save(session, row, now)
    campaign_steps.add(session, row.id, "closed", "", now)


def measure_again(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> None:
    """Write the result anew with the days since: an effect often outlasts its campaign. Nobody is told again."""
    row = edited(session, viewer, campaign_id, now)
    if row.state != CLOSED or row.closed_at is None:
        raise NotYet("The result is written when the campaign ends.")
    if now >= row.closed_at + AGAIN:
        raise NotYet(f"The campaign ended more than {AGAIN.days} days ago; its result stays as it is.")
    _save(session, row, now)
    audit.record(session, viewer, "campaign.measure", f"campaign {row.id}", now)


def measured_days(row: Campaign, now: datetime) -> tuple[datetime, datetime, datetime]:
    """First day of the past, day of the go-live, and the day (UTC) after the last whole one that is measured."""
    start = _midnight(row.starts_at)
    wanted = (row.ends_at - start).days + 1
    end = min(start + _DAY * max(LEAST_DAYS, min(wanted, MOST_DAYS)), _midnight(now))
    return start - timedelta(weeks=WEEKS_BEFORE), start, max(start, end)


def _save(session: Session, row: Campaign, now: datetime) -> None:
    sides = ("brand", "employer") if row.facet == "both" else (row.facet,)
    found = [figure for side in sides for figure in _figures(session, side, *measured_days(row, now), now)]
    values = {"campaign_id": row.id, "made_at": now, "figures": [_json(one) for one in found]}
    kept = insert(CampaignResult).values(**values)
    renewed = {"made_at": now, "figures": kept.excluded.figures}
    session.execute(kept.on_conflict_do_update(index_elements=["campaign_id"], set_=renewed))
    session.expire_all()


def _figures(
    session: Session, facet: str, first: datetime, start: datetime, end: datetime, now: datetime
) -> list[ResultFigure]:
    buckets = rollups.series(session, SYSTEM, rollups.SeriesFilter(first, max(end, start), facet=facet), now=now)
    heard = highlights.first_mention_at(session)
    days = [each for each in buckets if first <= each.start < end]
    cut = sum(each.start < start for each in days)
    known_days = [heard is not None and each.start >= _midnight(heard) and _whole(each) for each in days]
    found = []
    for measure in (STORIES, POSITIVE, NEGATIVE):
        series = [
            _value(each, measure) if known_day else None for each, known_day in zip(days, known_days, strict=True)
        ]
        effect = interrupted(series, min(cut, len(series)))
        found.append(ResultFigure(facet=facet, measure=measure, **asdict(effect)))
    return [*found, _net(facet, days[cut:], days[max(0, 2 * cut - len(days)) : cut])]


def _net(facet: str, after: Sequence[rollups.Bucket], before: Sequence[rollups.Bucket]) -> ResultFigure:
    """Net sentiment against as many days before: a plain comparison, without a control."""
    now, then = _sentiments(after), _sentiments(before)
    moved = net_sentiment_movement(now, then)
    ends = moved.interval
    low, high = (ends.low, ends.high) if ends is not None else (None, None)
    reason = "" if moved.change is not None else "Too few judged mentions before or after."
    figures = (moved.change, low, high, None, now.judged, then.judged, moved.now, moved.before)
    return ResultFigure(*figures, reason, facet=facet, measure=NET)


def _sentiments(buckets: Sequence[rollups.Bucket]) -> SentimentCounts:
    counts = SentimentCounts()
    for each in buckets:
        counts += SentimentCounts(each.positive or 0, each.neutral or 0, each.negative or 0, each.unsure or 0)
    return counts


def _whole(bucket: rollups.Bucket) -> bool:
    """A day on which collections failed is not known; one without any (files, the API) counts as it is."""
    return not bucket.suppressed and (bucket.coverage is None or bucket.coverage >= COVERAGE_FLOOR)


def _value(bucket: rollups.Bucket, measure: str) -> float | None:
    count: int | None = {STORIES: bucket.stories, POSITIVE: bucket.positive, NEGATIVE: bucket.negative}[measure]
    return None if count is None else float(count)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


_NAMES = tuple(each.name for each in fields(ResultFigure))


def _json(figure: ResultFigure) -> Mapping[str, Json]:
    return {name: getattr(figure, name) for name in _NAMES}
