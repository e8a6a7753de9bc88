"""One mention with all that is known of it, for who may read its text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.analysis import PendingMention
from storage.discretion import public_names, shown, shown_address
from storage.models.mentions import Correction, CounterSnapshot, Mention, Post
from storage.models.sources import Company, Source
from storage.models.users import User
from storage.readable import Readable
from storage.search import MentionRow, rows_of_mentions
from storage.viewer import NotAllowed, NotFound, Viewer, text_labels

_MAX_COPIES = 50
# One sentence for all reasons: numbers follow each other, so whose are refused for which would count them.
_HELD_BACK = "Your role does not read this mention, or too few people stand behind its group."


@dataclass(frozen=True, slots=True)
class CounterRow:
    """One reading of a counter of the post."""

    counter: str
    observed_at: datetime
    value: int


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A person's word against the model's."""

    at: datetime
    by: str | None  # None: the account is gone
    head: str
    old: str
    new: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Copy:
    """Another mention of the same story."""

    id: int
    source: str
    url: str | None
    published_at: datetime


@dataclass(frozen=True, slots=True)
class MentionDetail:
    """One mention with its whole text, why it was tagged so, its counters over time, copies and corrections."""

    row: MentionRow
    text: str
    scores: Mapping[str, Mapping[str, float]]
    evidence: Mapping[str, str]
    stated: Mapping[str, str]
    model: str | None
    collected_at: datetime
    counters: tuple[CounterRow, ...]
    copies: tuple[Copy, ...]
    corrections: tuple[CorrectionRow, ...]
    names: tuple[str, ...]  # of the company that the sentiment is about


def get(session: Session, viewer: Viewer, mention_id: int) -> MentionDetail:
    """One mention; raises `NotFound`, or `NotAllowed` where the list would not show it either."""
    labels = text_labels(viewer)
    found = session.execute(
        rows_of_mentions()
        .add_columns(Mention, Company, Post.text, Post.stated, Post.collected_at)
        .where(Mention.id == mention_id)
    ).first()
    if found is None:
        raise NotFound("There is no such mention.")
    mention: Mention = found.Mention
    visible = mention.counted and mention.analyzed_at is not None and mention.facet in labels
    readable = Readable(session, viewer, mention.company_id, labels)
    if not visible or not readable.shows(mention.facet, mention.audience, mention.published_at, found.kind):
        raise NotAllowed(_HELD_BACK)
    kept = public_names(session)
    return MentionDetail(
        MentionRow.of(found, kept),
        shown(found.text, mention.facet, kept),
        mention.scores,
        mention.evidence,
        found.stated,
        mention.model,
        found.collected_at,
        _counters(session, mention.post_id),
        _copies(session, mention, labels, readable),
        _corrections(session, mention_id),
        (found.Company.name, *found.Company.names),
    )


def to_explain(session: Session, mention_id: int) -> PendingMention | None:
    """What the model was given of a tagged mention; None where it is gone, waits for tags or is protected."""
    found = session.execute(
        select(Mention, Post, Source.kind.label("source_kind"), Company)
        .join(Post, Post.id == Mention.post_id)
        .join(Source, Source.id == Mention.source_id)
        .join(Company, Company.id == Mention.company_id)
        .where(Mention.id == mention_id, Mention.counted, Mention.analyzed_at.is_not(None))
    ).first()
    if found is None:
        return None
    mention, post, company = found.Mention, found.Post, found.Company
    return PendingMention(
        mention.id,
        company.id,
        company.name,
        tuple(company.names),
        f"{post.title}\n\n{post.text}" if post.title else post.text,
        post.lang,
        found.source_kind,
        post.kind,
        post.stated,
        post.rating,
        mention.own_account,
        mention.attempts,
    )


def _counters(session: Session, post_id: int) -> tuple[CounterRow, ...]:
    query = select(CounterSnapshot).where(CounterSnapshot.post_id == post_id)
    rows = session.scalars(query.order_by(CounterSnapshot.counter, CounterSnapshot.observed_at))
    return tuple(CounterRow(row.counter, row.observed_at, row.value) for row in rows)


def _copies(session: Session, mention: Mention, labels: list[str], readable: Readable) -> tuple[Copy, ...]:
    if mention.story_id is None:
        return ()
    query = (
        select(Mention.id, Source.name, Post.url, Post.kind, Mention.published_at, Mention.facet, Mention.audience)
        .join(Post, Post.id == Mention.post_id)
        .join(Source, Source.id == Mention.source_id)
        .where(Mention.story_id == mention.story_id, Mention.id != mention.id, Mention.facet.in_(labels))
        .where(Mention.counted)
        .order_by(Mention.published_at, Mention.id)
        .limit(_MAX_COPIES)
    )
    return tuple(
        Copy(row.id, row.name, shown_address(row.url, row.facet, row.audience, row.kind), row.published_at)
        for row in session.execute(query)
        if readable.shows(row.facet, row.audience, row.published_at, row.kind)
    )


def _corrections(session: Session, mention_id: int) -> tuple[CorrectionRow, ...]:
    query = (
        select(Correction, User.name)
        .join(User, User.id == Correction.user_id, isouter=True)
        .where(Correction.mention_id == mention_id)
        .order_by(Correction.at, Correction.id)
    )
    return tuple(
        CorrectionRow(row.at, name, row.head, row.old, row.new, row.model) for row, name in session.execute(query)
    )
