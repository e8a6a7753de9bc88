"""What stands behind an incident: themes, sentiment, where it began and spread, and how far its mentions got."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from alerts.rules import ALL, RATING, SILENCE, SPILL, TOPIC
from metrics.reach import IMPRESSION_COUNTERS, PostReach, measured_impressions, potential_reach
from notify.facts import Behind, SourceStep, ThemeCount, coarse_behind
from storage.counted import is_left_out, uncounted
from storage.discretion import EMPLOYER_SIDE
from storage.incident_log import IncidentRow
from storage.models.mentions import Mention, Post
from storage.models.sources import Source
from storage.models.topics import Topic, TopicMention
from storage.suppression import MIN_AUTHORS, Group, hidden_groups
from storage.viewer import FACET_LABELS, Viewer

MOST = 10_000  # mentions read of one incident, the first ones
_HOUR = timedelta(hours=1)
_JUDGED = frozenset({"negative", "neutral", "positive"})
_PLATFORMS = {"x_owned": "x", "x_stream": "x"}  # kinds of sources that read the same platform
_COLUMNS: Sequence[Any] = (
    Mention.post_id,
    Mention.author_key,
    Mention.sentiment,
    Mention.themes,
    Mention.facet,
    Mention.audience,
    Mention.published_at,
    Post.followers,
    Source.name,
    Source.kind,
)
_VIEWS = text("""
SELECT DISTINCT ON (post_id, counter) post_id, counter, value FROM counter_snapshots
WHERE post_id = ANY(CAST(:posts AS bigint[])) AND counter = ANY(CAST(:counters AS text[]))
ORDER BY post_id, counter, observed_at DESC
""")


@dataclass(frozen=True, slots=True)
class _Voice:
    """One mention. `author` is its own where the source names none."""

    post_id: int
    author: str
    named: bool
    sentiment: str
    themes: tuple[str, ...]
    source: str
    platform: str
    followers: int | None
    at: datetime


def behind(session: Session, viewer: Viewer, incident: IncidentRow) -> Behind | None:
    """The mentions of an incident, from its first judged window to its last finding, that the viewer may count.

    None where there are none, and on the employer side where few people speak; parts of few are left out there,
    whoever they are, since a rule for staff only would tell whether all of them are staff. On slices of employees,
    alumni and staff counts are rounded down and reach is not told: few known accounts could give a person away.
    """
    wide = incident.facet == ALL or incident.kind == SPILL  # what spills over is told on both sides
    labels = viewer.facets if wide else viewer.facets & FACET_LABELS[incident.facet]
    if not labels or incident.kind == SILENCE:
        return None
    voices = [_voice(row) for row in _counted(session, incident, labels)]
    cut, voices = len(voices) > MOST, voices[:MOST]
    strict = incident.rounded or incident.facet in EMPLOYER_SIDE
    if not voices or (strict and len({each.author for each in voices}) < MIN_AUTHORS):
        return None
    by_theme, by_source = _grouped(voices)
    themes, sources = _shown(by_theme, strict), _shown(by_source, strict)
    judged = [each for each in voices if each.sentiment in _JUDGED]
    found = Behind(
        mentions=len(voices),
        judged=len(judged),
        negative=sum(each.sentiment == "negative" for each in judged),
        unsure=len(voices) - len(judged),
        themes=tuple(ThemeCount(name, len(told)) for name, told in sorted(themes.items(), key=_most)),
        sources=tuple(SourceStep(name, told[0].at, len(told)) for name, told in sorted(sources.items(), key=_first)),
        hidden=len(by_source) - len(sources),
        reach_told=False,
        cut=cut,
    )
    if incident.rounded:
        complaining = {each.author for each in judged if each.sentiment == "negative"}
        return coarse_behind(found if len(complaining) >= MIN_AUTHORS else replace(found, negative=0))
    return _with_reach(session, found, voices, incident.facet == "brand")


def _counted(session: Session, incident: IncidentRow, labels: frozenset[str]) -> list[Any]:
    """The mentions of an incident; beside others those of staff that no figure counts stay away (`storage.counted`)."""
    rows = session.execute(_mentions(incident, labels)).all()
    if incident.rounded:
        return list(rows)
    end = incident.last_finding_at + _HOUR
    left = uncounted(session, incident.company_id, sorted(labels), incident.window_start, end)
    return [row for row in rows if not is_left_out(left, row.facet, row.audience, row.published_at)]


def of_topic(incident: IncidentRow) -> ColumnElement[bool]:
    """The mentions of the topics that an incident of a new theme or of spill-over is about."""
    if incident.kind == TOPIC:
        told = Topic.incident_id == incident.id
    else:
        told = func.array_to_string(Topic.words, ", ") == incident.subject
    members = select(TopicMention.mention_id).join(Topic, Topic.id == TopicMention.topic_id)
    return Mention.id.in_(members.where(Topic.company_id == incident.company_id, told))


def _mentions(incident: IncidentRow, labels: frozenset[str]) -> Select[Any]:
    query = (
        select(*_COLUMNS)
        .join(Post, Post.id == Mention.post_id)
        .join(Source, Source.id == Mention.source_id)
        .where(Mention.company_id == incident.company_id, Mention.counted, ~Mention.own_account)
        .where(Mention.facet.in_(labels), Post.kind != "survey")  # as in the counts that rang
        .where(Mention.published_at >= incident.window_start)
        .where(Mention.published_at < incident.last_finding_at + _HOUR)
    )
    if incident.audience != ALL:
        query = query.where(Mention.audience == incident.audience)
    if incident.kind in (TOPIC, SPILL):
        query = query.where(of_topic(incident))
    if incident.kind == RATING:
        query = query.where(Post.rating.is_not(None))
    return query.order_by(Mention.published_at, Mention.id).limit(MOST + 1)


def _voice(row: Any) -> _Voice:
    return _Voice(
        row.post_id,
        row.author_key or f"post {row.post_id}",
        row.author_key is not None,
        row.sentiment or "",
        tuple(row.themes),
        row.name,
        _PLATFORMS.get(row.kind, row.kind),
        row.followers,
        row.published_at,
    )


def _grouped(voices: Sequence[_Voice]) -> tuple[dict[str, list[_Voice]], dict[str, list[_Voice]]]:
    """By theme, where a mention may stand in several groups, and by source."""
    themes: dict[str, list[_Voice]] = defaultdict(list)
    sources: dict[str, list[_Voice]] = defaultdict(list)
    for each in voices:
        sources[each.source].append(each)
        for theme in dict.fromkeys(each.themes):
            themes[theme].append(each)
    return themes, sources


def _most(group: tuple[str, Sequence[_Voice]]) -> tuple[int, str]:
    return -len(group[1]), group[0]


def _first(group: tuple[str, Sequence[_Voice]]) -> tuple[datetime, str]:
    return group[1][0].at, group[0]


def _shown(groups: Mapping[str, Sequence[_Voice]], strict: bool) -> dict[str, Sequence[_Voice]]:
    """All groups, or those of enough people that give no neighbour away."""
    counted = [Group(name, len(told), len({each.author for each in told})) for name, told in groups.items()]
    hidden = hidden_groups(counted) if strict else set()
    return {name: told for name, told in groups.items() if name not in hidden}


def _with_reach(session: Session, found: Behind, voices: Sequence[_Voice], brand: bool) -> Behind:
    """Views as reported and followers of different accounts, apart; off the brand side not of few accounts."""
    readings: dict[int, dict[str, int]] = defaultdict(dict)
    counters = sorted({IMPRESSION_COUNTERS[each.platform] for each in voices if each.platform in IMPRESSION_COUNTERS})
    if counters:
        asked = {"posts": [each.post_id for each in voices], "counters": counters}
        for row in session.execute(_VIEWS, asked):
            readings[row.post_id][row.counter] = row.value
    posts = [
        PostReach(each.platform, each.author if each.named else None, each.followers, readings[each.post_id])
        for each in voices
    ]
    views, followers = measured_impressions(posts), potential_reach(posts)
    if not brand and 0 < followers.known < MIN_AUTHORS:
        return found
    return replace(
        found,
        views=views.value,
        viewed=views.coverage.count,
        followers=followers.value,
        accounts=followers.known,
        faceless=followers.unknown,
        reach_told=True,
    )
