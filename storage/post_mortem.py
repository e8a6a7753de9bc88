"""The post-mortem of an incident: written once when it closes, so that it outlives the mentions that it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.rules import ALL, RATING, SEVERITIES, SILENCE
from collectors.post import Json
from metrics import coarse
from nlp.result import UNKNOWN
from storage.blocks import REST
from storage.counted import COUNTED, MENTIONS, left_out
from storage.incident_behind import behind
from storage.incident_feedback import Verdict, verdict_of
from storage.incident_log import IncidentRow, find, incident_of, kind_of, shown_figures
from storage.models.incidents import Incident, IncidentEvent
from storage.rollups import Cell, breakdown, totals
from storage.viewer import FACETS, STAFF_AUDIENCES, SYSTEM, Viewer, count_labels

_HOUR = timedelta(hours=1)
_MOST_STEPS = 50
_UNCOUNTED = frozenset({SILENCE, RATING})  # not about the mentions of a window: about their absence, about reviews
_FIRST = text(f"""
SELECT source_id::text AS key, min(published_at) AS first_at FROM {MENTIONS} r
WHERE company_id = :company AND published_at >= :start AND published_at < :end AND counted AND NOT own_account
  AND facet = ANY(CAST(:facets AS text[])) AND (CAST(:audience AS text) IS NULL OR audience = :audience)
  AND {COUNTED} GROUP BY 1
""")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class GrowthStep:
    """A mail's worth of news: when it opened or grew, and to what."""

    at: datetime
    observed: float
    severity: str


@dataclass(frozen=True, slots=True)
class SourceShare:
    """A source in the order of first mention; None where few people stand behind it."""

    name: str
    first_at: datetime | None
    mentions: int | None


@dataclass(frozen=True, slots=True)
class AudienceShare:
    """Mentions of an audience; None where few people stand behind them. Employees, alumni and staff are no audience of
    their own here: an incident's hours are odd, so they are in the `REST` with the unknown."""

    audience: str
    mentions: int | None


@dataclass(frozen=True, slots=True)
class PostMortem:
    """What is known of an incident at its end. Counts are None where unknown or hidden; minutes are whole.

    `negative` of `judged` mentions (unsure ones left out); `audiences` is empty for an incident of one audience and
    for readers who see one side only of an incident over all. Of employees, alumni and staff all counts are `rounded`
    down (`metrics.coarse`), and no time of a first mention is told, which is one person's.
    """

    opened_at: datetime
    closed_at: datetime
    minutes: int
    minutes_to_acknowledge: int | None
    closed_by_hand: bool
    severity: str
    observed: float
    expected_low: float
    expected_high: float
    growth: tuple[GrowthStep, ...]
    first_mention_at: datetime | None
    mentions: int | None
    judged: int | None
    negative: int | None
    sources: tuple[SourceShare, ...]
    audiences: tuple[AudienceShare, ...]
    verdict: Verdict
    rounded: bool = False

    @property
    def negative_share(self) -> float | None:
        """0..1; None without a judged mention, or where it is hidden."""
        share = self.negative / self.judged if self.judged and self.negative is not None else None
        return coarse.share_down(share) if self.rounded and share is not None else share


def write(session: Session, incident: Incident, now: datetime, *, by_hand: bool) -> None:
    """Put the post-mortem into the row of an incident that closes now."""
    found = PostMortem(
        opened_at=incident.opened_at,
        closed_at=now,
        minutes=_minutes(incident.opened_at, now) or 0,
        minutes_to_acknowledge=_minutes(incident.opened_at, incident.acknowledged_at),
        closed_by_hand=by_hand,
        severity=incident.severity,
        observed=incident.observed,
        expected_low=incident.expected_low,
        expected_high=incident.expected_high,
        growth=_growth(session, incident),
        first_mention_at=None,
        mentions=None,
        judged=None,
        negative=None,
        sources=(),
        audiences=(),
        verdict=verdict_of(session, incident.id),
    )
    if incident.audience in STAFF_AUDIENCES:
        found = _with_rounded_mentions(session, incident, found)
    elif incident.kind not in _UNCOUNTED:
        found = _with_mentions(session, incident, found)
    incident.summary = _json(found)
    session.flush()


def judged_anew(session: Session, incident: Incident) -> None:
    """Take people's present verdict into the post-mortem of an incident that is over; the rest stays as it was."""
    if incident.summary is not None:
        found = replace(_read(incident.summary), verdict=verdict_of(session, incident.id))
        incident.summary = _json(found)
        session.flush()


def post_mortem(session: Session, viewer: Viewer, incident_id: int) -> PostMortem | None:
    """The post-mortem as the viewer may read it; None while the incident is open. Raises as `incident_log.find`."""
    incident = incident_of(session, viewer, incident_id)
    if incident.summary is None:
        return None
    found = _read(incident.summary)
    if incident.audience in STAFF_AUDIENCES:
        return _rounded(found, find(session, viewer, incident_id))
    one_sided = incident.facet == ALL and not viewer.aggregate_facets >= FACETS
    return replace(found, audiences=() if one_sided else _open_audiences(found.audiences, found.mentions))


def _rounded(found: PostMortem, row: IncidentRow) -> PostMortem:
    """What may be told of few people; also of post-mortems that were written before there was this rule."""
    steps = (replace(step, observed=_rounded_figure(row.kind, step.observed)) for step in found.growth)
    sources = (SourceShare(share.name, None, coarse.down(share.mentions or 0)) for share in found.sources)
    return replace(
        found,
        observed=row.observed,
        expected_low=row.expected_low,
        expected_high=row.expected_high,
        growth=tuple(steps),
        first_mention_at=None,
        mentions=_down(found.mentions),
        judged=_down(found.judged),
        negative=_down(found.negative),
        sources=tuple(share for share in sources if share.mentions),
        audiences=(),
        rounded=True,
    )


def _rounded_figure(kind: str, value: float) -> float:
    return coarse.rounded(kind, coarse.Told(value, 0.0, 0.0, 0, 0)).observed


def _down(count: int | None) -> int | None:
    return None if count is None else coarse.down(count)


def _open_audiences(shares: Sequence[AudienceShare], total: int | None) -> tuple[AudienceShare, ...]:
    """The audiences whose exact counts anybody may know, and one rest."""
    closed = STAFF_AUDIENCES | {UNKNOWN, REST}
    open_ones = [share for share in shares if share.audience not in closed and share.mentions is not None]
    if len(open_ones) == len(shares):
        return tuple(shares)
    rest = None if total is None else total - sum(share.mentions or 0 for share in open_ones)
    return (*open_ones, AudienceShare(REST, rest))


def _with_rounded_mentions(session: Session, incident: Incident, found: PostMortem) -> PostMortem:
    """The mentions of employees, alumni or staff, rounded; None where few people spoke."""
    told = behind(session, SYSTEM, find(session, SYSTEM, incident.id))
    if told is None:
        return found
    return replace(
        found,
        mentions=told.mentions,
        judged=told.judged,
        negative=told.negative,
        sources=tuple(SourceShare(each.name, None, each.mentions) for each in told.sources),
    )


def _with_mentions(session: Session, incident: Incident, found: PostMortem) -> PostMortem:
    """The mentions from the first judged window to the last finding, small groups hidden."""
    start, end = incident.window_start, incident.last_finding_at + _HOUR
    facet = None if incident.facet == ALL else incident.facet
    audience = None if incident.audience == ALL else incident.audience
    total = totals(session, SYSTEM, incident.company_id, start, end, facet, audience)
    cells = breakdown(session, SYSTEM, incident.company_id, start, end, "source", facet=facet, audience=audience)
    labels = count_labels(SYSTEM, facet)
    values = {"company": incident.company_id, "start": start, "end": end, "audience": audience, "facets": labels}
    left = left_out(session, [incident.company_id], labels, start, end)
    first: dict[str, datetime] = {row.key: row.first_at for row in session.execute(_FIRST, values | left)}
    audiences: Sequence[Cell] = ()
    if audience is None:
        audiences = breakdown(session, SYSTEM, incident.company_id, start, end, "audience", facet=facet)
    shown = total.mentions is not None
    return replace(
        found,
        first_mention_at=min(first.values(), default=None) if shown else None,
        mentions=total.mentions,
        judged=(total.positive or 0) + (total.neutral or 0) + (total.negative or 0) if shown else None,
        negative=total.negative,
        sources=_in_order(cells, first),
        audiences=_open_audiences(
            [AudienceShare(cell.key, cell.mentions) for cell in audiences if cell.mentions != 0], total.mentions
        ),
    )


def _in_order(cells: Sequence[Cell], first: Mapping[str, datetime]) -> tuple[SourceShare, ...]:
    """By first mention; those whose figures are hidden come last, in the order of their names, which tells nothing."""
    shares = [
        SourceShare(cell.label, None if cell.suppressed else first.get(cell.key), cell.mentions) for cell in cells
    ]
    known = [(share.first_at, share) for share in shares if share.first_at is not None]
    hidden = sorted((share for share in shares if share.first_at is None), key=lambda share: share.name)
    return (*(share for _, share in sorted(known, key=lambda pair: (pair[0], pair[1].name))), *hidden)


def _growth(session: Session, incident: Incident) -> tuple[GrowthStep, ...]:
    query = (
        select(IncidentEvent.at, IncidentEvent.figures)
        .where(IncidentEvent.incident_id == incident.id, IncidentEvent.kind.in_(("opened", "grown")))
        .order_by(IncidentEvent.id)
        .limit(_MOST_STEPS)
    )
    steps = []
    for at, kept in session.execute(query):
        figures = shown_figures(incident, kept)
        observed, level = figures.get("observed"), figures.get("severity")
        same = kind_of(figures, incident.kind) == incident.kind  # a share is no peak of stories
        if same and isinstance(observed, int | float) and isinstance(level, int | float):
            steps.append(GrowthStep(at, float(observed), SEVERITIES[min(max(int(level), 0), len(SEVERITIES) - 1)]))
    return tuple(steps)


def _minutes(start: datetime, end: datetime | None) -> int | None:
    return None if end is None else max(0, round((end - start) / timedelta(minutes=1)))


def _json(found: PostMortem) -> dict[str, Json]:
    return {name: _plain(value) for name, value in asdict(found).items()}


def _plain(value: object) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} is no part of a post-mortem")


def _read(stored: Mapping[str, Any]) -> PostMortem:
    """What `write` has put in."""
    times = {name: _at(stored[name]) for name in ("opened_at", "closed_at", "first_mention_at")}
    parts = {
        "growth": tuple(GrowthStep(**{**step, "at": _at(step["at"])}) for step in stored["growth"]),
        "sources": tuple(SourceShare(**{**share, "first_at": _at(share["first_at"])}) for share in stored["sources"]),
        "audiences": tuple(AudienceShare(**share) for share in stored["audiences"]),
        "verdict": Verdict(**stored["verdict"]),
    }
    return PostMortem(**{**stored, **times, **parts})


def _at(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
