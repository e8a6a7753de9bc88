"""What a mail about an incident's event says, gathered; composing it is the work of `notify.message`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from alerts.rules import ALL, NEGATIVE, RATING, SILENCE, SPILL, TOPIC, VOLUME
from alerts.severity import FORMULA
from config.settings import get_settings
from nlp.result import UNKNOWN
from notify.facts import AlertFacts, Example
from notify.points import VolumePoint
from notify.wording import headline
from storage.discretion import public_names, shown_address
from storage.discretion import shown as discreet
from storage.incident_behind import behind, of_topic
from storage.incident_log import ROUNDED, IncidentRow, find, kind_of, shown_figures
from storage.models.incidents import IncidentEvent
from storage.models.mentions import Mention, Post
from storage.models.sources import Source
from storage.profile import current_profile
from storage.readers import readers
from storage.rollups import SeriesFilter, as_of, series
from storage.sources import coverage, silent_sources
from storage.viewer import FACET_LABELS, STAFF_AUDIENCES, SYSTEM, Viewer, incident_facets

_HISTORY = timedelta(hours=48)  # drawn in the mail
_CANDIDATES = 60
_EXCERPT = 600


@dataclass(frozen=True, slots=True)
class _Shown:
    story_id: int | None
    example: Example


def facts(session: Session, event_id: int, now: datetime) -> tuple[AlertFacts, tuple[str, ...]] | None:
    """The facts of an event and the addresses to tell; `to` of the facts is left empty for the caller to fill.

    None when the event is gone. Facts of the same event are the same at every call but for what came in since.
    """
    event = session.get(IncidentEvent, event_id)
    if event is None:
        return None
    incident = find(session, SYSTEM, event.incident_id)
    figures = shown_figures(incident, event.figures)
    drawn, of_all = _drawn(session, incident, now)
    alert = AlertFacts(
        company=incident.company,
        kind=incident.kind if event.kind == "closed" else kind_of(figures, incident.kind),
        facet=incident.facet,
        audience=incident.audience,
        action=event.kind,
        incident_id=incident.id,
        link=f"{get_settings().base_url}/incidents/{incident.id}",
        severity=incident.severity,
        severity_reason=incident.severity_reason,
        severity_formula="" if incident.kind == SILENCE else FORMULA,
        opened_at=incident.opened_at,
        as_of=min(as_of(session) or event.at, now),
        window_start=incident.window_start,
        window=timedelta(hours=_number(figures.get("window_hours"), incident.window / timedelta(hours=1))),
        observed=_number(figures.get("observed"), incident.observed),
        expected_low=_number(figures.get("expected_low"), incident.expected_low),
        expected_high=_number(figures.get("expected_high"), incident.expected_high),
        n=round(_number(figures.get("n"), incident.n)),
        authors=round(_number(figures.get("authors"), incident.authors)),
        to=(),
        revision=_revision(session, event),
        source_name=_silent_names(session, now) if incident.kind == SILENCE else "",
        examples=examples(session, SYSTEM, incident),
        points=drawn,
        points_of_all=of_all,
        coverage=coverage(session, now - timedelta(hours=24), now),
        unknowns=incident.notes,
        demo=incident.demo,
        subject=incident.subject,
        behind=behind(session, SYSTEM, incident),
        rounded=ROUNDED in figures,
        times=round(figures["times"]) if "times" in figures else incident.times_usual,
    )
    return alert, tuple(each.email for each in readers(session, incident, event.kind, now).recipients)


def addressed(alert: AlertFacts, address: str) -> AlertFacts:
    """The facts with an address: enough to know the mail by its dedupe key."""
    return replace(alert, to=(address,))


def headline_of(row: IncidentRow, as_of: datetime) -> str:
    """What happened, as the mail's subject says it; `as_of` counts for one that is still open."""
    facts = AlertFacts(
        company=row.company,
        kind=row.kind,
        facet=row.facet,
        audience=row.audience,
        action="closed" if row.closed_at else "opened",
        incident_id=row.id,
        link="",
        severity=row.severity,
        severity_reason=row.severity_reason,
        severity_formula="",
        opened_at=row.opened_at,
        as_of=row.closed_at or as_of,
        window_start=row.window_start,
        window=row.window,
        observed=row.observed,
        expected_low=row.expected_low,
        expected_high=row.expected_high,
        n=row.n,
        authors=row.authors,
        to=(),
        subject=row.subject,
        times=row.times_usual,
    )
    return headline(facts)


def for_recipient(session: Session, alert: AlertFacts, address: str) -> AlertFacts:
    """The facts as one recipient may read them: quotes, and what is behind it, only of the sides that the profile tells
    them about.

    Whoever is only on call, and no recipient, reads the figures and no quote.
    """
    told = addressed(alert, address)
    state = current_profile(session)
    recipients = state.profile.recipients if state is not None else ()
    recipient = next((each for each in recipients if each.email == address), None)
    facets: tuple[str, ...] = () if recipient is None else recipient.facets
    if recipient is None:
        return replace(told, examples=())
    if alert.facet != ALL and facets and alert.facet not in facets:
        return replace(told, examples=(), behind=None)
    if alert.facet != ALL or not facets:
        return told
    reader = replace(SYSTEM, facets=frozenset().union(*(FACET_LABELS[facet] for facet in facets)))
    incident = find(session, SYSTEM, alert.incident_id)
    return replace(told, examples=examples(session, reader, incident), behind=behind(session, reader, incident))


def examples(session: Session, viewer: Viewer, incident: IncidentRow, limit: int = 3) -> tuple[Example, ...]:
    """The most copied and newest texts of an incident that the viewer reads, one per story.

    Never those of employees, alumni or staff, whose quotes stay hidden, nor of unknown speakers on the employer side,
    nor protected ones.
    """
    labels = viewer.facets if incident.facet == ALL else viewer.facets & FACET_LABELS[incident.facet]
    if not labels or incident.audience in STAFF_AUDIENCES or incident.kind == SILENCE:
        return ()
    kept = public_names(session)
    rows = session.execute(_quotable(incident, labels))
    shown = [
        _Shown(
            row.story_id,
            Example(
                discreet(f"{row.title}: {row.text}" if row.title else row.text, row.facet, kept),
                row.name,
                shown_address(row.url, row.facet, row.audience, row.kind) or "",
                row.published_at,
                row.sentiment,
                row.audience,
            ),
        )
        for row in rows
    ]
    return _one_per_story(shown, limit)


def points(session: Session, viewer: Viewer, incident: IncidentRow, now: datetime) -> tuple[VolumePoint, ...]:
    """Stories per hour around an incident; nothing for viewers of another purpose, nor of employees, alumni and staff,
    whose hours would count few people."""
    if incident.facet not in incident_facets(viewer) or incident.kind == SILENCE or incident.rounded:
        return ()
    until = min(now, incident.closed_at or now)
    wanted = SeriesFilter(
        start=min(until - _HISTORY, incident.window_start),
        end=until,
        company_id=incident.company_id,
        facet=None if incident.facet == ALL else incident.facet,
        audience=None if incident.audience == ALL else incident.audience,
        bucket="hour",
    )
    if until - wanted.start > timedelta(days=30):
        return ()
    volume = incident.kind == VOLUME and incident.window == timedelta(hours=1)  # of three hours none is out of range
    first, last = incident.window_start - timedelta(hours=1), incident.last_finding_at
    return tuple(
        VolumePoint(
            bucket.start,
            bucket.stories,
            incident.expected_low if volume and first < bucket.start <= last else None,
            incident.expected_high if volume and first < bucket.start <= last else None,
            bucket.coverage,
            volume and first < bucket.start <= last and (bucket.stories or 0) >= incident.expected_high,
            bucket.suppressed,
        )
        for bucket in series(session, viewer, wanted, now=now)
    )


def _drawn(session: Session, incident: IncidentRow, now: datetime) -> tuple[tuple[VolumePoint, ...], bool]:
    """What a mail draws, and whether it is of all audiences: where staff spoke, one alone is told by days only, and a
    chart of nothing would look like silence. What is normal for the one is then left out."""
    own = points(session, SYSTEM, incident, now)
    if not own or not all(each.suppressed for each in own):
        return own, False
    everybody = points(session, SYSTEM, replace(incident, audience=ALL), now) if incident.audience != ALL else ()
    if all(each.suppressed for each in everybody):
        return (), False
    return tuple(replace(each, expected_low=None, expected_high=None, spike=False) for each in everybody), True


def _quotable(incident: IncidentRow, labels: frozenset[str]) -> Select[Any]:
    """The texts of an incident's time and slice that may be quoted, the most copied first, then the newest."""
    copies = func.count().over(partition_by=Mention.story_id).label("copies")
    query = (
        select(
            Mention.story_id,
            func.left(Post.text, _EXCERPT).label("text"),
            Post.title,
            Post.url,
            Post.kind,
            Source.name,
            Mention.published_at,
            Mention.sentiment,
            Mention.audience,
            Mention.facet,
            copies,
        )
        .join(Post, Post.id == Mention.post_id)
        .join(Source, Source.id == Mention.source_id)
        .where(Mention.company_id == incident.company_id, Mention.counted, Mention.analyzed_at.is_not(None))
        .where(Mention.facet.in_(labels), Mention.audience.not_in(STAFF_AUDIENCES), ~Mention.own_account)
        .where(Post.kind != "survey")  # an alert is about public talk
        # On the employer side a text that declares no standpoint may still be of staff.
        .where(or_(Mention.facet != "employer", Mention.audience != UNKNOWN))
        .where(Mention.published_at >= incident.window_start)
        .where(Mention.published_at <= incident.last_finding_at)
    )
    if incident.audience != ALL:
        query = query.where(Mention.audience == incident.audience)
    if incident.kind == NEGATIVE:
        query = query.where(Mention.sentiment == "negative")
    if incident.kind in (TOPIC, SPILL):
        query = query.where(of_topic(incident))
    if incident.kind == RATING:
        query = query.where(Post.rating.is_not(None))
    return query.order_by(copies.desc(), Mention.published_at.desc()).limit(_CANDIDATES)


def _one_per_story(shown: Sequence[_Shown], limit: int) -> tuple[Example, ...]:
    chosen: dict[int, Example] = {}
    for at, each in enumerate(shown):
        chosen.setdefault(each.story_id if each.story_id is not None else -at - 1, each.example)
    return tuple(chosen.values())[:limit]


def _silent_names(session: Session, now: datetime) -> str:
    names = [source.name for source in silent_sources(session, now)]
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def _revision(session: Session, event: IncidentEvent) -> int:
    earlier = select(func.count()).where(
        IncidentEvent.incident_id == event.incident_id, IncidentEvent.to_tell, IncidentEvent.id < event.id
    )
    return session.scalar(earlier) or 0


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
