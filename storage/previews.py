"""What a changed query would keep, drop and add, shown on the newest stored posts before it is saved."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.matching import Explanation, Matcher
from config.query import parse_query
from nlp.themes import is_protected
from storage.models.mentions import Mention, Post
from storage.models.sources import Source
from storage.profile import CompiledMatcher, own_company
from storage.viewer import STAFF_AUDIENCES, Viewer, require_administrator

SCANNED = 2_000
_EXCERPT = 600
_BEFORE = 200  # characters shown before the first term that was found
_CUT = "… "


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One post and what the query finds in it; offsets of `explanation` are into `text`."""

    post_id: int
    source: str
    url: str | None
    published_at: datetime
    text: str  # of title and text the beginning, or where a long text names the first term
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Preview:
    """Examples and how many of the `scanned` posts each stands for; protected texts are counted, never shown."""

    kept: tuple[PreviewRow, ...]
    dropped: tuple[PreviewRow, ...]
    newly: tuple[PreviewRow, ...]
    kept_count: int
    dropped_count: int
    newly_count: int
    scanned: int


def preview(
    session: Session, viewer: Viewer, matcher: CompiledMatcher, limit: int = 20, *, company_id: int | None = None
) -> Preview:
    """Run a matcher that is not in force on the newest posts, for one company (None: the own one).

    Only administrators: the posts outside of mentions have no facet by which another role could be let in. Words of
    employees, alumni and staff are no example.
    """
    require_administrator(viewer)
    own = own_company(session)
    wanted = company_id if company_id is not None else (own.id if own else -1)
    if wanted not in matcher.company_ids:
        wanted = -1  # the first company of a draft
    query = (
        select(Post.id, Source.name, Post.url, Post.published_at, Post.title, Post.text)
        .join(Source, Source.id == Post.source_id)
        .where(Post.deleted_at.is_(None))
        .order_by(Post.id.desc())
        .limit(SCANNED)
    )
    groups: dict[str, list[PreviewRow]] = {"kept": [], "dropped": [], "newly": []}
    counts = dict.fromkeys(groups, 0)
    rows = session.execute(query).all()
    among = [row.id for row in rows]
    held = set(session.scalars(select(Mention.post_id).where(Mention.company_id == wanted, Mention.post_id.in_(among))))
    staff = select(Mention.post_id).where(Mention.post_id.in_(among), Mention.audience.in_(STAFF_AUDIENCES))
    unread = set(session.scalars(staff))
    for row in rows:
        whole = f"{row.title}\n{row.text}" if row.title else row.text
        group = _group(wanted in matcher.match(whole), row.id in held)
        if group is None:
            continue
        counts[group] += 1
        if len(groups[group]) < limit and row.id not in unread and not is_protected(whole):
            shown, explanation = _excerpt(whole, matcher.queries.explain(whole)[str(wanted)])
            groups[group].append(PreviewRow(row.id, row.name, row.url, row.published_at, shown, explanation))
    kept, dropped, newly = (tuple(groups[name]) for name in groups)
    return Preview(kept, dropped, newly, counts["kept"], counts["dropped"], counts["newly"], len(rows))


def single_query(query: str, company_id: int | None = None) -> CompiledMatcher:
    """A matcher of one query for `preview`; raises `config.query.QueryError`."""
    key = -1 if company_id is None else company_id
    return CompiledMatcher(-1, frozenset({key}), Matcher({str(key): parse_query(query)}))


def _excerpt(whole: str, explanation: Explanation) -> tuple[str, Explanation]:
    """The part to show, and what is found in it; the verdict stays that of the whole text."""
    first = min((found.start for found in explanation.found), default=0)
    begin = first - _BEFORE if first > _EXCERPT - _BEFORE else 0
    lead = _CUT if begin else ""
    shift = begin - len(lead)
    end = begin + _EXCERPT
    found = tuple(
        replace(each, start=each.start - shift, end=each.end - shift)
        for each in explanation.found
        if each.start >= begin and each.end <= end
    )
    return lead + whole[begin:end], replace(explanation, found=found)


def _group(matches: bool, held: bool) -> str | None:
    if matches:
        return "kept" if held else "newly"
    return "dropped" if held else None
