"""New topics: kept from one look to the next, with the mentions that they were found in; read by side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from alerts.incident import QUIET
from alerts.rules import TOPIC, Intent
from alerts.spill_over import Spread, Telling
from alerts.topics import LEAST_AUTHORS, Emerging, Talk
from nlp.naming import Said, name_of
from nlp.persons import NAME
from storage.counted import COUNTED, MENTIONS, left_out
from storage.discretion import public_names, shown
from storage.models.incidents import Incident
from storage.models.sources import Company
from storage.models.topics import Topic, TopicMention
from storage.stories import WINDOW
from storage.vectors import Told
from storage.viewer import FACET_LABELS, Viewer

SHOWN = timedelta(days=7)
_HOUR = timedelta(hours=1)
SIDES = ("brand", "employer")
_SAME = 0.3  # of a topic's mentions are those of an earlier look: the same topic
_LEAST_USERS = {"brand": 3, "employer": LEAST_AUTHORS}  # people who use a word of the name
_TEXTS_BEFORE = 2_000
_TEXT_CHARS = 1_000

_TALK = text(f"""
SELECT count(*) AS mentions, count(*) FILTER (WHERE sentiment = 'negative') AS negative,
       count(*) FILTER (WHERE sentiment <> 'unsure') AS judged, max(published_at) AS last_at
FROM {MENTIONS} r WHERE story_id = ANY(CAST(:stories AS bigint[])) AND company_id = :company AND counted
  AND NOT own_account AND facet = ANY(CAST(:labels AS text[])) AND published_at <= :now AND {COUNTED}
""")  # noqa: S608 - constants
_TEXTS = text("""
SELECT concat_ws('. ', p.title, left(p.text, :chars)) AS text, coalesce(m.author_key, m.id::text) AS author
FROM mentions m JOIN posts p ON p.id = m.post_id WHERE m.id = ANY(CAST(:ids AS bigint[]))
""")
_SAME_MENTIONS = text("""
SELECT t.id, count(*) AS same FROM topics t JOIN topic_mentions tm ON tm.topic_id = t.id
WHERE t.company_id = :company AND t.facet = :facet AND t.ended_at IS NULL
  AND tm.mention_id = ANY(CAST(:ids AS bigint[])) GROUP BY t.id ORDER BY same DESC, t.id LIMIT 1
""")
_ADD_MENTIONS = text("""
INSERT INTO topic_mentions (topic_id, mention_id)
SELECT :topic, m.id FROM mentions m WHERE m.id = ANY(CAST(:ids AS bigint[])) FOR KEY SHARE OF m SKIP LOCKED
ON CONFLICT DO NOTHING
""")
_END = text("UPDATE topics SET ended_at = :now WHERE company_id = :company AND ended_at IS NULL AND seen_at < :before")
_LINK = text("""
UPDATE topics t SET incident_id = i.id FROM incidents i
WHERE t.company_id = :company AND t.incident_id IS NULL AND t.ended_at IS NULL AND i.company_id = t.company_id
  AND i.kind = :kind AND i.facet = t.facet AND i.closed_at IS NULL AND i.subject = :subject AND t.id = :topic
""")
_FRESH = text("""
SELECT t.*, (
    SELECT count(*) FROM topic_mentions tm JOIN mentions m ON m.id = tm.mention_id
    WHERE tm.topic_id = t.id AND m.counted AND m.facet = ANY(CAST(:labels AS text[]))
) AS members
FROM topics t WHERE t.company_id = :company AND t.facet = :facet AND t.found_at > :since
ORDER BY t.ended_at IS NOT NULL, t.authors DESC, t.id DESC LIMIT :limit
""")
_FORGET = text("DELETE FROM topics WHERE ended_at < :before")
_KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Found:
    """A topic of this look as an alert needs it."""

    topic_id: int
    emerging: Emerging
    talk: Talk
    spread: Spread


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic as a page shows it. `similar_before` of `stories_before` stories of the four weeks before are alike."""

    id: int
    words: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    seen_at: datetime
    ended: bool
    stories: int
    mentions: int
    authors: int
    negative: int
    judged: int
    similar_before: int
    stories_before: int
    incident_id: int | None


def keep(
    session: Session, company_id: int, space: str, told: Sequence[Told], topics: Sequence[Emerging], now: datetime
) -> list[Found]:
    """Store what this look found, each on the side that tells most of it, and end what has not been seen for hours.

    A topic whose people on that side are too few is on no side.
    """
    kept = []
    for emerging in topics:
        side = _side([told[row] for row in emerging.rows])
        if side is not None:
            kept.append(_kept(session, company_id, space, told, emerging, side, now))
    session.execute(_END, {"company": company_id, "now": now, "before": now - QUIET})
    return kept


def link(session: Session, found: Sequence[Found], intents: Sequence[Intent]) -> None:
    """Let each topic know the incident that tells it: its own, or the one that took it in."""
    absorbed = {
        each.finding.subject: each.incident_id
        for each in intents
        if each.finding is not None and each.finding.kind == TOPIC
    }
    for one in found:
        topic = session.get_one(Topic, one.topic_id)
        incident_id = absorbed.get(one.talk.subject)
        if incident_id is not None and session.get(Incident, incident_id) is not None:
            topic.incident_id = incident_id
            session.flush()
        else:
            values = {"company": topic.company_id, "kind": TOPIC, "subject": one.talk.subject, "topic": topic.id}
            session.execute(_LINK, values)


def new_topics(
    session: Session, viewer: Viewer, company_id: int, facet: str, now: datetime, limit: int = 6
) -> tuple[TopicRow, ...]:
    """The topics of a side that were found within seven days; those still on first, then by people.

    Nothing for viewers of another purpose, nor what fewer than five stories are left of.
    """
    if facet not in viewer.aggregate_facets:
        return ()
    values = {"company": company_id, "facet": facet, "since": now - SHOWN, "limit": limit}
    values["labels"] = sorted(FACET_LABELS[facet])
    return tuple(
        TopicRow(
            row.id,
            tuple(row.words),
            row.first_at,
            row.last_at,
            row.seen_at,
            row.ended_at is not None,
            row.stories,
            row.mentions,
            row.authors,
            row.negative,
            row.judged,
            row.similar_before,
            row.stories_before,
            row.incident_id,
        )
        for row in session.execute(_FRESH, values)
        if row.members >= LEAST_AUTHORS
    )


def forget_old(session: Session, now: datetime) -> None:
    """Delete topics that ended a year ago."""
    session.execute(_FORGET, {"before": now - _KEPT})


def _side(told: Sequence[Told]) -> str | None:
    """The side with the most stories, if enough people tell them there."""
    counted = Counter(side for each in told for side in SIDES if each.facet in FACET_LABELS[side])
    side = max(SIDES, key=lambda each: counted[each])
    people = {each.author for each in told if each.facet in FACET_LABELS[side]}
    return side if len(people) >= LEAST_AUTHORS else None


def _kept(
    session: Session,
    company_id: int,
    space: str,
    told: Sequence[Told],
    emerging: Emerging,
    side: str,
    now: datetime,
) -> Found:
    inside = [told[row] for row in emerging.rows if told[row].facet in FACET_LABELS[side]]
    ids = [each.mention_id for each in inside]
    topic = _same(session, company_id, side, ids)
    if topic is None:
        topic = Topic(company_id=company_id, facet=side, found_at=now, words=[])
    if not topic.words:
        topic.words = list(_words(session, side, told, ids))
    labels, since = sorted(FACET_LABELS[side]), min(each.at for each in inside) - WINDOW
    values = {"stories": [each.story_id for each in inside], "company": company_id, "now": now, "labels": labels}
    talk = session.execute(_TALK, values | left_out(session, [company_id], labels, since, now + _HOUR)).one()
    topic.space, topic.centre = space, [float(number) for number in emerging.centre]
    topic.seen_at, topic.ended_at = now, None
    topic.first_at, topic.last_at = min(each.at for each in inside), talk.last_at
    topic.stories, topic.mentions = len(inside), talk.mentions
    topic.authors = len({each.author for each in inside})
    topic.negative, topic.judged = talk.negative, talk.judged
    topic.similar_before, topic.stories_before = emerging.before, emerging.stories_before
    session.add(topic)
    session.flush()
    everybody = [told[row].mention_id for row in emerging.rows]  # of the other side, too: see `_spread`
    session.execute(_ADD_MENTIONS, {"topic": topic.id, "ids": everybody})
    return Found(topic.id, emerging, _talk(topic), _spread(topic, [told[row] for row in emerging.rows]))


def _spread(topic: Topic, told: Sequence[Told]) -> Spread:
    at_work = tuple(Telling(each.at, each.author) for each in told if each.facet == "employer")
    by_consumers = tuple(Telling(each.at, each.author) for each in told if each.facet != "employer")
    return Spread(topic.company_id, _subject(topic), at_work, by_consumers, topic.negative, topic.judged)


def _talk(topic: Topic) -> Talk:
    return Talk(
        topic.company_id,
        topic.facet,
        _subject(topic),
        topic.first_at,
        topic.stories,
        topic.mentions,
        topic.authors,
        topic.negative,
        topic.judged,
    )


def _subject(topic: Topic) -> str:
    return ", ".join(topic.words) or f"no. {topic.id}"


def _same(session: Session, company_id: int, side: str, ids: Sequence[int]) -> Topic | None:
    """The open topic that this one goes on with."""
    values = {"company": company_id, "facet": side, "ids": list(ids)}
    row = session.execute(_SAME_MENTIONS, values).first()
    return session.get_one(Topic, row.id) if row is not None and row.same >= _SAME * len(ids) else None


def _words(session: Session, side: str, told: Sequence[Told], ids: Sequence[int]) -> tuple[str, ...]:
    """The name of a topic: words of its side's texts that the newest other texts of both sides do not use."""
    inside = set(ids)
    others = [each.mention_id for each in told if each.mention_id not in inside]
    without = [name for row in session.execute(select(Company.name, Company.names)) for name in (row.name, *row.names)]
    group, rest = _said(session, ids), _said(session, others[:_TEXTS_BEFORE])
    return name_of(group, rest, _LEAST_USERS[side], without)


def _said(session: Session, ids: Sequence[int]) -> list[Said]:
    rows = session.execute(_TEXTS, {"ids": list(ids), "chars": _TEXT_CHARS})
    kept = public_names(session)
    # Of both sides, as if of the employer side: no name of a person may become the name of a topic.
    return [Said(shown(row.text, "employer", kept).replace(NAME, "."), row.author) for row in rows]


__all__ = ["Found", "TopicMention", "TopicRow", "forget_old", "keep", "link", "new_topics"]
