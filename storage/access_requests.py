"""The copy of what is kept of a person, on their request: by their handle, as an erasure finds it.

Their words are theirs; other persons who are named in them are hidden on every side, since a copy leaves the house.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.discretion import public_names, shown
from storage.models.mentions import Mention, Post
from storage.models.sources import Company, Source
from storage.viewer import Viewer, require_administrator

_BITE = 500
_HIDING = "employer"  # the facet whose texts name nobody


@dataclass(frozen=True, slots=True)
class Label:
    """What the model made of a post for one company."""

    company: str
    facet: str | None
    audience: str | None
    sentiment: str | None
    themes: tuple[str, ...]
    protected: bool


@dataclass(frozen=True, slots=True)
class KeptPost:
    """One post as it is kept, with what was made of it."""

    source: str
    kind: str
    url: str | None
    published_at: datetime
    collected_at: datetime
    title: str | None
    text: str
    rating: float | None
    followers: int | None
    labels: tuple[Label, ...]


def kept_of(session: Session, viewer: Viewer, keys: Sequence[str]) -> Iterator[KeptPost]:
    """Everything of the person behind these pseudonyms (`erasures.keys_of`), the oldest first, in bites."""
    require_administrator(viewer)
    names = public_names(session)
    query = select(Post, Source.name).join(Source, Source.id == Post.source_id)
    query = query.where(Post.author_key.in_(keys), Post.deleted_at.is_(None)).order_by(Post.id)
    for post, source in session.execute(query.execution_options(yield_per=_BITE)):
        yield KeptPost(
            source,
            post.kind,
            post.url,
            post.published_at,
            post.collected_at,
            None if post.title is None else shown(post.title, _HIDING, names),
            shown(post.text, _HIDING, names),
            post.rating,
            post.followers,
            tuple(_labels(session, post.id)),
        )


def _labels(session: Session, post_id: int) -> Iterator[Label]:
    query = select(Mention, Company.name).join(Company, Company.id == Mention.company_id)
    for mention, company in session.execute(query.where(Mention.post_id == post_id).order_by(Mention.id)):
        yield Label(
            company,
            mention.facet,
            mention.audience,
            mention.sentiment,
            tuple(mention.themes or ()),
            bool(mention.protected),
        )
