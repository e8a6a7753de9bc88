"""Reading mentions: search with keyset pages. `storage.mention_detail` shows one of them.

What a viewer never sees: facets outside their role; protected activity (only counted as `hidden`); mentions by
employees, alumni and staff outside of the blocks of days, of five people each, that lie in the time asked for
(`storage.readable`); posts that still wait for their (new) tags.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, ScalarSelect, Select, any_, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from storage import keyset
from storage.discretion import public_names, shown_address
from storage.discretion import shown as shown_text
from storage.models.mentions import Mention, Post
from storage.models.sources import Company, Source
from storage.name_searches import refuse_name_search
from storage.profile import own_company
from storage.readable import Readable
from storage.viewer import STAFF_AUDIENCES, Viewer, text_labels

EXCERPT = 1_000  # characters of a text in a list
MAX_LIMIT = 200
_MAX_QUERY = 500
_HIDDEN_COUNTED = 1_000
_LOOKS = 50  # times that rows are read to fill a page, where some are held back


@dataclass(frozen=True, slots=True)
class MentionFilter:
    """What to look for; None leaves a field open. `start` counts, `end` does not."""

    company_id: int | None = None  # None: the own company
    q: str | None = None  # words, "phrases", or, -word
    facet: str | None = None  # brand and employer include both
    audience: str | None = None
    sentiment: str | None = None
    theme: str | None = None
    source_id: int | None = None
    story_id: int | None = None
    lang: str | None = None
    own_account: bool | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class MentionRow:
    """A mention in a list. `text` is cut at `EXCERPT` characters (`cut` says so); there is no author in it."""

    id: int
    company_id: int
    company: str
    source_id: int
    source: str
    source_kind: str
    demo: bool
    kind: str
    title: str | None
    text: str
    cut: bool
    url: str | None
    published_at: datetime
    date_from: str
    edited_at: datetime | None
    lang: str | None
    sentiment: str
    audience: str
    facet: str
    themes: tuple[str, ...]
    rating: float | None
    own_account: bool
    story_id: int | None
    copies: int  # mentions in its story, itself included; none of employees, alumni and staff beside itself
    corrected: tuple[str, ...]  # heads that a person corrected
    place: str | None  # where its address leads, be it shown or not: only for the rules of that platform

    @classmethod
    def of(cls, row: Row[Any], kept: Collection[str]) -> "MentionRow":
        """From a row of `rows_of_mentions`; `kept` are the names that stay in texts of the employer side."""
        return cls(
            row.id,
            row.company_id,
            row.company,
            row.source_id,
            row.source,
            row.source_kind,
            row.demo,
            row.kind,
            None if row.title is None else shown_text(row.title, row.facet, kept),
            shown_text(row.excerpt, row.facet, kept),
            row.cut,
            shown_address(row.url, row.facet, row.audience, row.kind),
            row.published_at,
            row.date_from,
            row.edited_at,
            row.lang,
            row.sentiment,
            row.audience,
            row.facet,
            tuple(row.themes),
            row.rating,
            row.own_account,
            row.story_id,
            max(1, row.copies),
            tuple(sorted(row.corrected)),
            row.url,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page, newest first. `hidden`: all protected mentions of the viewer's side, whatever the filter (at most 1,000
    are counted); `small_groups`: audiences that are held back in all of the time asked for, because too few authors
    stand behind them."""

    items: tuple[MentionRow, ...]
    next: str | None
    hidden: int
    small_groups: tuple[str, ...] = ()


def search(
    session: Session, viewer: Viewer, wanted: MentionFilter, *, limit: int = 50, after: str | None = None
) -> Page:
    """A page of mentions. Raises `NotAllowed` for facets outside the role, `NameSearch` where the role looks nobody
    up, `ValueError` for a cursor or word that is not one."""
    labels = text_labels(viewer, wanted.facet)
    refuse_name_search(session, viewer, wanted.q)
    company_id = _company(session, wanted.company_id)
    if company_id is None:
        return Page((), None, 0)
    readable = Readable(session, viewer, company_id, labels, wanted.start, wanted.end)
    conditions = _conditions(company_id, labels, wanted)
    query = rows_of_mentions().where(*conditions, Mention.counted, Mention.analyzed_at.is_not(None))
    limit = max(1, min(limit, MAX_LIMIT))
    rows, following = _page(session, query, readable, limit, after)
    kept = public_names(session)
    items = tuple(MentionRow.of(row, kept) for row in rows)
    return Page(items, following, _hidden(session, viewer, company_id), readable.held_back(wanted.audience))


def _page(
    session: Session, query: Select[Any], readable: Readable, limit: int, after: str | None
) -> tuple[list[Row[Any]], str | None]:
    """Up to `limit` rows that may be read, and where the next page begins.

    There is a next page only where one more row may be read: else a search for words would tell, by a next page that
    is empty, that they stand in what is held back.
    """
    found: list[Row[Any]] = []
    many = limit + 1
    for _ in range(_LOOKS):
        rows = session.execute(_newest_first(query, after).limit(many)).all()
        for row in rows:
            if readable.shows(row.facet, row.audience, row.published_at, row.kind):
                if len(found) == limit:
                    return found, keyset.encode(found[-1].published_at, found[-1].id)
                found.append(row)
            after = keyset.encode(row.published_at, row.id)
        if len(rows) < many:
            return found, None
        many = MAX_LIMIT
    return found, after


def _newest_first(query: Select[Any], after: str | None) -> Select[Any]:
    if after is not None:
        moment, mention_id = keyset.decode(after)
        query = query.where(tuple_(Mention.published_at, Mention.id) < tuple_(moment, mention_id))
    return query.order_by(Mention.published_at.desc(), Mention.id.desc())


def rows_of_mentions() -> Select[Any]:
    """The query of what `MentionRow.of` needs; the caller adds conditions."""
    return (
        select(
            Mention.id,
            Mention.company_id,
            Company.name.label("company"),
            Mention.source_id,
            Source.name.label("source"),
            Source.kind.label("source_kind"),
            Source.demo,
            Post.kind,
            Post.title,
            func.left(Post.text, EXCERPT).label("excerpt"),
            (func.length(Post.text) > EXCERPT).label("cut"),
            Post.url,
            Mention.published_at,
            Post.date_from,
            Post.edited_at,
            Mention.lang,
            Mention.sentiment,
            Mention.audience,
            Mention.facet,
            Mention.themes,
            Post.rating,
            Mention.own_account,
            Mention.story_id,
            _copies().label("copies"),
            Mention.corrected,
        )
        .select_from(Mention)
        .join(Post, Post.id == Mention.post_id)
        .join(Source, Source.id == Mention.source_id)
        .join(Company, Company.id == Mention.company_id)
    )


def _copies() -> ScalarSelect[int]:
    """How many mentions a story has. Copies by employees, alumni and staff are in no number: it would tell that
    somebody is held back."""
    copy = aliased(Mention)
    shown = or_(copy.id == Mention.id, copy.audience.not_in(STAFF_AUDIENCES))
    number = select(func.count()).select_from(copy).where(copy.story_id == Mention.story_id, copy.counted, shown)
    return number.correlate(Mention).scalar_subquery()


def _conditions(company_id: int, labels: list[str], wanted: MentionFilter) -> list[Any]:
    """The filter without what is about visibility."""
    conditions: list[Any] = [Mention.company_id == company_id, Mention.facet.in_(labels)]
    equal = (
        (Mention.audience, wanted.audience),
        (Mention.sentiment, wanted.sentiment),
        (Mention.source_id, wanted.source_id),
        (Mention.story_id, wanted.story_id),
        (Mention.lang, wanted.lang),
        (Mention.own_account, wanted.own_account),
    )
    conditions += [column == value for column, value in equal if value is not None]
    if wanted.theme is not None:
        conditions.append(literal(wanted.theme) == any_(Mention.themes))
    if wanted.start is not None:
        conditions.append(Mention.published_at >= wanted.start)
    if wanted.end is not None:
        conditions.append(Mention.published_at < wanted.end)
    if wanted.q is not None and (words := wanted.q.replace("\x00", " ").strip()[:_MAX_QUERY]):
        words = words.encode("utf-8", "replace").decode()
        conditions.append(Post.search.bool_op("@@")(func.websearch_to_tsquery("simple", words)))
    return conditions


def _hidden(session: Session, viewer: Viewer, company_id: int) -> int:
    """All of the viewer's side, whatever is searched for: counted by filter, words would tell what stands in them."""
    some = (
        select(Mention.id)
        .where(Mention.company_id == company_id, Mention.protected, Mention.facet.in_(text_labels(viewer)))
        .limit(_HIDDEN_COUNTED)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _company(session: Session, company_id: int | None) -> int | None:
    if company_id is not None:
        return company_id
    own = own_company(session)
    return own.id if own else None
