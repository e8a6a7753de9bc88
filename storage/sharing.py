"""From a content to a share: what is suggested to a person, how like colleagues' posts a text is, what a post became.

No text is kept: a share holds a signature, which tells likeness and needs this installation's key. Nobody is told whose
share a text is like, or what it says.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy import signatures
from advocacy.composing import NAMES
from advocacy.shares import PublicPost
from advocacy.suggestions import Candidate, Shared, week_of, weekly
from config.settings import get_settings
from storage import campaigns
from storage.contents import ContentRow, published
from storage.models.advocacy import Advocate, Campaign, Content, Link, Share
from storage.models.people import AdvocateAccount
from storage.viewer import NotAllowed, NotFound, Viewer

REMEMBERED = timedelta(days=365)  # older shares of other contents are compared with no more
_MARGIN = timedelta(days=1)  # some days of publication are only typed
_MOST_COMPARED = 5_000  # of the same content, and of all others, the latest


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found out about the text of a post. Nobody checked: `disclosed` and `signature` are None."""

    own_words: bool
    disclosed: bool | None = None
    signature: bytes | None = None


@dataclass(frozen=True, slots=True)
class SharedContent:
    """A content that the person shared."""

    content_id: int
    share_id: int
    platform: str
    url: str | None
    at: datetime


def suggested(
    session: Session, viewer: Viewer, offered: Sequence[ContentRow], now: datetime, cap: int
) -> tuple[ContentRow, ...]:
    """Those of the `offered` contents (`contents.available`) that are suggested to the viewer this week."""
    if viewer.advocate_id is None:
        return ()
    own = [Shared(each.content_id, each.at) for each in shared(session, viewer)]
    places = weekly(_candidates(session, viewer, now), own, {row.id for row in offered}, now, cap)
    by_id = {row.id: row for row in offered}
    return tuple(by_id[place] for place in places)


def shared(session: Session, viewer: Viewer) -> tuple[SharedContent, ...]:
    """The viewer's own shares of contents, the latest first."""
    if viewer.advocate_id is None:
        return ()
    query = select(Share).where(Share.advocate_id == viewer.advocate_id, Share.content_id.is_not(None))
    rows = session.scalars(query.order_by(Share.published_at.desc(), Share.id.desc()).limit(1_000))
    return tuple(
        SharedContent(row.content_id, row.id, row.platform, row.url, row.created_at)
        for row in rows
        if row.content_id is not None
    )


def signed(text: str) -> bytes | None:
    """The signature of a text under this installation's key."""
    return signatures.signature(text, _key(get_settings().secret()))


def likeness_to_colleagues(
    session: Session, viewer: Viewer, content_id: int, signature: bytes | None, now: datetime
) -> float:
    """How like the nearest earlier share of somebody else a text is (0..1). Not whose, and not which."""
    if viewer.advocate_id is None:
        raise NotAllowed("Only who joined as an advocate compares texts.")
    if signature is None:
        return 0.0
    others = (
        select(Share.signature)
        .where(Share.advocate_id != viewer.advocate_id, Share.signature.is_not(None))
        .order_by(Share.id.desc())
    )
    same = others.where(Share.content_id == content_id).limit(_MOST_COMPARED)
    recent = others.where(Share.created_at >= now - REMEMBERED).limit(_MOST_COMPARED)  # by the key, newest first
    found = {each for query in (same, recent) for each in session.scalars(query) if each is not None}
    return signatures.likeness(signature, list(found))


def note_share(
    session: Session,
    viewer: Viewer,
    content: ContentRow,
    post: PublicPost,
    judged: Judged,
    published_at: datetime,
    now: datetime,
    *,
    author: str | None = None,
) -> int:
    """Tie a public post to the content it came from; the same post again is the same share.

    A post that is noted already without a content is tied too. `author` is the account that its address names. Raises
    `ValueError` ("url: …") for a post of somebody else, or of another content.
    """
    advocate = _advocate(session, viewer)
    _check_author(session, advocate.id, post, author)
    values = {
        "advocate_id": advocate.id,
        "platform": post.platform,
        "native_id": post.native_id,
        "url": post.url,
        "title": content.title,
        "published_at": min(published_at, now),
        "created_at": now,
        **_tie(content, judged, published_at),
    }
    made: int | None = session.scalar(insert(Share).values(**values).on_conflict_do_nothing().returning(Share.id))
    share_id = made if made is not None else _noted_already(session, advocate.id, content, post, judged)
    own = (Link.advocate_id == advocate.id, Link.content_id == content.id, Link.channel == post.platform)
    for link in session.scalars(select(Link).where(*own, Link.closed_at.is_(None), Link.share_id.is_(None))):
        link.share_id = share_id
    session.flush()
    return share_id


def usual_server(session: Session, viewer: Viewer) -> str:
    """The viewer's Mastodon server: of their connected account, else of their latest post there; "" if unknown."""
    if viewer.advocate_id is None:
        return ""
    account = AdvocateAccount.advocate_id == viewer.advocate_id
    host = session.scalar(select(AdvocateAccount.host).where(account, AdvocateAccount.platform == "mastodon"))
    if host:
        return host
    own = (Share.advocate_id == viewer.advocate_id, Share.platform == "mastodon", Share.native_id.is_not(None))
    native_id = session.scalar(select(Share.native_id).where(*own).order_by(Share.id.desc()).limit(1))
    return (native_id or "").partition("/")[0]


def _noted_already(session: Session, advocate_id: int, content: ContentRow, post: PublicPost, judged: Judged) -> int:
    share = session.scalars(
        select(Share).where(Share.platform == post.platform, Share.native_id == post.native_id).with_for_update()
    ).first()
    if share is None:
        raise ValueError("url: this post was taken back in this very moment; send it again")
    if share.advocate_id != advocate_id:
        raise ValueError("url: this post is noted already, as somebody else's")
    if share.content_id not in (None, content.id):
        raise ValueError("url: this post is noted already, for another content")
    if share.content_id is None or share.signature is None:
        for name, value in _tie(content, judged, share.published_at).items():
            setattr(share, name, value)
    return share.id


def _tie(content: ContentRow, judged: Judged, published_at: datetime) -> dict[str, object]:
    """A post from before the content could be shared is none of its campaign's, whose figures it would swell."""
    before = published_at < content.since - _MARGIN
    return {
        "content_id": content.id,
        "campaign_id": None if before else content.campaign_id,
        "own_words": judged.own_words,
        "disclosed": judged.disclosed,
        "signature": judged.signature,
    }


def _check_author(session: Session, advocate_id: int, post: PublicPost, author: str | None) -> None:
    """Who connected an account on a platform posts with that one."""
    if author is None:
        return
    mine = AdvocateAccount.advocate_id == advocate_id
    rows = session.scalars(select(AdvocateAccount).where(mine, AdvocateAccount.platform == post.platform)).all()
    names = {name.lower().lstrip("@").partition("@")[0] for row in rows for name in (row.handle, row.native_id)}
    if rows and author not in names:
        place = NAMES.get(post.platform, post.platform)
        raise ValueError(
            f"url: this post is by @{author}, and the account that you connected on {place} is another one"
        )


def _candidates(session: Session, viewer: Viewer, now: datetime) -> list[Candidate]:
    """What can have been suggested since the week began, withdrawn or not."""
    week = week_of(now)
    since = func.greatest(
        Content.available_from, Content.created_at, func.coalesce(Campaign.embargo_until, Campaign.starts_at)
    )
    known = or_(Content.campaign_id.is_(None), campaigns.knows(session, viewer, now))
    rows = session.execute(
        select(Content.id, since.label("since"))
        .outerjoin(Campaign, Campaign.id == Content.campaign_id)
        .where(known, published(now), since <= now)
        .where(or_(Content.withdrawn_at.is_(None), Content.withdrawn_at >= week))
        .where(or_(Content.available_until.is_(None), Content.available_until > week))
        .order_by(since.desc())
        .limit(500)
    )
    return [Candidate(row.id, row.since) for row in rows]


def _advocate(session: Session, viewer: Viewer) -> Advocate:
    """The viewer's own row, held while something is added to it, so that leaving and sharing wait for each other."""
    found = None if viewer.advocate_id is None else session.get(Advocate, viewer.advocate_id, with_for_update=True)
    if found is None or found.left_at is not None:
        raise NotFound("You have not joined as an advocate, or have left.")
    return found


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"likeness of shared texts", "sha256").digest()
