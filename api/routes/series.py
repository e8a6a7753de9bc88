"""Volume and sentiment over time, breakdowns, share of voice."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy.orm import Session

from api.deps import Now, require_viewer
from api.errors import fields_named, responses, wrong_field
from api.schemas.fields import Audience, Facet, Moment, Question, SerialId, SmallId
from api.schemas.series import (
    Breakdown,
    CellOut,
    Range,
    SentimentPoint,
    SentimentSeries,
    ShareOfVoice,
    SourceName,
    VoiceOut,
    VolumePoint,
    VolumeSeries,
)
from metrics.listening import NetSentiment, SentimentCounts, net_sentiment
from storage import db, rollups, sources
from storage.rollups import Bucket, SeriesFilter
from storage.viewer import Viewer

router = APIRouter(prefix="/api/v1", tags=["series"])

Reader = Annotated[Viewer, Depends(require_viewer("series:read", "marketing", "hr", "leadership", "administrator"))]
USUAL_WINDOW = timedelta(days=30)
EXCLUDED = "Posts of the companies' own accounts."
_ERRORS = responses(401, 403, 422)


class Slice(Question):
    """The window and what is counted in it, as query parameters. Without `start`, 30 days; without `end`, now."""

    facet: Annotated[Facet | None, Field(description="brand and employer include both.")] = None
    start: Moment | None = None
    end: Moment | None = None

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """The asked window, or the usual one; 422 when it ends before it starts."""
        end = self.end or (now if self.start is None else max(now, self.start))
        start = self.start or end - USUAL_WINDOW
        if end < start:
            raise wrong_field("end", "must not lie before start")
        return start, end

    def counted(self, now: datetime) -> tuple[datetime, datetime]:
        """The window with the whole of the hour that its end lies in: counts are kept by the hour."""
        start, end = self.window(now)
        begun = end.replace(minute=0, second=0, microsecond=0)
        return start, end if end == begun else begun + timedelta(hours=1)


class CompanySlice(Slice):
    """The same for one company."""

    company: Annotated[SmallId | None, Field(description="Without it: the own company.")] = None
    audience: Audience | None = None
    source: SerialId | None = None


class SeriesSlice(CompanySlice):
    """The same over time. At most 2,400 buckets."""

    bucket: Literal["hour", "day", "week"] = "day"
    timezone: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+/-]{1,64}$", description="Where days begin.")] = "UTC"

    def wanted(self, now: datetime) -> SeriesFilter:
        """The filter in storage's words."""
        start, end = self.window(now)
        return SeriesFilter(
            start, end, self.company, self.facet, self.audience, self.source, self.bucket, self.timezone
        )


class BreakdownSlice(CompanySlice):
    """The same by one trait."""

    by: Literal["audience", "facet", "sentiment", "source", "theme"] = "audience"


@router.get("/series/volume", name="volume_series", responses=_ERRORS)
def volume(viewer: Reader, asked: Annotated[SeriesSlice, Query()], now: Now) -> VolumeSeries:
    """Mentions and stories over time, without answers to surveys and, until five of them spoke, without employees,
    alumni and staff. Buckets in which nothing may be told are `null` with `suppressed: true`, be it
    that somebody spoke or not."""
    with db.reading() as session:
        buckets = _buckets(session, viewer, asked, now)
        return VolumeSeries(
            **_window(session, asked, now),
            bucket=asked.bucket,
            timezone=asked.timezone,
            n=sum(bucket.mentions or 0 for bucket in buckets),
            suppressed=sum(bucket.suppressed for bucket in buckets),
            items=[VolumePoint.model_validate(bucket) for bucket in buckets],
        )


@router.get("/series/sentiment", name="sentiment_series", responses=_ERRORS)
def sentiment(viewer: Reader, asked: Annotated[SeriesSlice, Query()], now: Now) -> SentimentSeries:
    """Sentiments over time with the net figure and its 95 % interval."""
    with db.reading() as session:
        buckets = _buckets(session, viewer, asked, now)
        whole = net_sentiment(sum((_counts(bucket) for bucket in buckets), SentimentCounts()))
        return SentimentSeries(
            **_window(session, asked, now),
            bucket=asked.bucket,
            timezone=asked.timezone,
            n=whole.n,
            net=whole.value,
            interval=_range(whole),
            suppressed=sum(bucket.suppressed for bucket in buckets),
            items=[_sentiment_point(bucket) for bucket in buckets],
        )


@router.get("/breakdown", name="breakdown", responses=_ERRORS)
def breakdown(viewer: Reader, asked: Annotated[BreakdownSlice, Query()], now: Now) -> Breakdown:
    """One window by audience, facet, sentiment, source or theme. Audiences are told by whole blocks of days
    (UTC), so give whole days, best of all whole quarters; what must not be told is `null` or in the part `rest`."""
    start, end = asked.counted(now)
    with db.reading() as session:
        cells = rollups.breakdown(
            session,
            viewer,
            asked.company,
            start,
            end,
            asked.by,
            facet=asked.facet,
            audience=asked.audience,
            source_id=asked.source,
        )
        return Breakdown(
            **_window(session, asked, now), by=asked.by, items=[CellOut.model_validate(cell) for cell in cells]
        )


@router.get("/share-of-voice", name="share_of_voice", responses=_ERRORS)
def share_of_voice(
    viewer: Reader,
    asked: Annotated[Slice, Query()],
    now: Now,
) -> ShareOfVoice:
    """The own mentions against those of all tracked companies, with the list of sources that were counted."""
    start, end = asked.window(now)
    with db.reading() as session:
        rows = rollups.share_of_voice(session, viewer, *asked.counted(now), facet=asked.facet)
        named = sources.list_sources(session, viewer, now, figures=False)
        return ShareOfVoice(
            facet=asked.facet,
            start=start,
            end=end,
            as_of=rollups.as_of(session),
            coverage=sources.coverage(session, start, end),
            n=sum(row.mentions for row in rows),
            excluded=EXCLUDED,
            sources=[SourceName.model_validate(row) for row in named],
            items=[VoiceOut.model_validate(row) for row in rows],
        )


def _buckets(session: Session, viewer: Viewer, asked: SeriesSlice, now: datetime) -> tuple[Bucket, ...]:
    with fields_named():
        return rollups.series(session, viewer, asked.wanted(now), now=now)


def _window(session: Session, asked: CompanySlice, now: datetime) -> dict[str, object]:
    start, end = asked.window(now)
    only = None if asked.source is None else [asked.source]
    return {
        "company_id": asked.company,
        "facet": asked.facet,
        "audience": asked.audience,
        "source_id": asked.source,
        "start": start,
        "end": end,
        "as_of": rollups.as_of(session),
        "coverage": sources.coverage(session, start, end, only),
    }


def _counts(bucket: Bucket) -> SentimentCounts:
    return SentimentCounts(bucket.positive or 0, bucket.neutral or 0, bucket.negative or 0, bucket.unsure or 0)


def _sentiment_point(bucket: Bucket) -> SentimentPoint:
    if bucket.suppressed:
        hidden = dict.fromkeys(("positive", "neutral", "negative", "unsure", "n", "net", "interval"))
        return SentimentPoint(start=bucket.start, coverage=bucket.coverage, suppressed=True, **hidden)
    net = net_sentiment(_counts(bucket))
    return SentimentPoint(
        start=bucket.start,
        positive=bucket.positive,
        neutral=bucket.neutral,
        negative=bucket.negative,
        unsure=bucket.unsure,
        n=net.n,
        net=net.value,
        interval=_range(net),
        suppressed=False,
        coverage=bucket.coverage,
    )


def _range(net: NetSentiment) -> Range | None:
    return None if net.interval is None else Range(low=net.interval.low, high=net.interval.high)
