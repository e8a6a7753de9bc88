"""A fixed cast and what it says: Acme listens, Contoso is the rival, Ada and four others are its authors.

`set_up` makes the world in a session; `say` lets somebody post about Acme; `judge` tags what waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy.orm import Session

from collectors.post import Post
from nlp.result import AUDIENCES, FACETS, SENTIMENTS, Tags, Verdict
from nlp.stories import bands, signature
from storage import mentions, profile, sources, users
from storage.mentions import Added, Analyzed, PendingMention
from storage.profile import CompiledMatcher
from storage.viewer import Viewer, viewer_for

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PASSWORD = "correct horse battery"

PROFILE = """
[company]
name = "Acme"
careers_hosts = ["careers.acme.example"]

[[rivals]]
name = "Contoso"

[[recipients]]
email = "lead@acme.example"
severity = "medium"

[[recipients]]
email = "hr@acme.example"
severity = "high"
facets = ["employer"]
"""

MARKETING = viewer_for("marketing")
HR = viewer_for("hr")
LEADERSHIP = viewer_for("leadership")
ADMINISTRATOR = viewer_for("administrator")
ADVOCATE = viewer_for("advocate")


def author(name: str) -> str:
    """The pseudonym of somebody."""
    return sha256(name.encode()).hexdigest()[:32]


AUTHORS = tuple(author(name) for name in ("ada", "bo", "cleo", "dan", "eve"))


@dataclass(frozen=True, slots=True)
class World:
    """What `set_up` made."""

    acme: int
    contoso: int
    forum: int  # sources
    news: int
    matcher: CompiledMatcher


def set_up(session: Session, now: datetime = NOW, toml: str = PROFILE) -> World:
    """The profile in force, and two sources that are filled by hand."""
    profile.save_profile(session, toml, origin="file", user_id=None, now=now)
    companies = {row.key: row.id for row in profile.companies(session)}
    return World(
        companies["acme"],
        companies["contoso"],
        sources.get_or_make(session, "import", "Forum", "import", now),
        sources.get_or_make(session, "import", "News", "import", now),
        profile.matcher(session),
    )


def a_post(native_id: str, text: str = "Acme is fine", at: datetime = NOW, **more: object) -> Post:
    """A post inside the privacy door."""
    values: dict[str, object] = {"author_key": author(native_id), "url": f"https://forum.example/{native_id}", **more}
    return Post(native_id=native_id, text=text, published_at=at, **values)  # type: ignore[arg-type]


def say(
    session: Session,
    world: World,
    native_id: str,
    text: str = "Acme is fine",
    at: datetime = NOW,
    *,
    source_id: int | None = None,
    now: datetime | None = None,
    **more: object,
) -> Added:
    """Somebody posts; nothing is tagged yet."""
    post = a_post(native_id, text, at, **more)
    return mentions.add_new(session, source_id or world.forum, [post], world.matcher, now or max(at, NOW))


def tags(
    mention_id: int, sentiment: str = "neutral", audience: str = "consumer", facet: str = "brand", **more: object
) -> Tags:
    """Tags with all probability on their label (or spread evenly when the label is none of the model's)."""
    return Tags(
        id=str(mention_id),
        lang=str(more.get("lang", "en")),
        sentiment=Verdict(sentiment, _scores(sentiment, SENTIMENTS)),
        audience=Verdict(audience, _scores(audience, AUDIENCES)),
        facet=Verdict(facet, _scores(facet, FACETS)),
        themes=tuple(more.get("themes", ())),  # type: ignore[arg-type]
        evidence={},
        model="test",
        taxonomy="1",
    )


def analyzed(mention_id: int, text: str, found: Tags, *, protected: bool = False) -> Analyzed:
    """What analysis hands to storage."""
    signed = signature(text)
    return Analyzed(mention_id, found, protected, signed, bands(signed))


def judge(
    session: Session,
    sentiment: str = "neutral",
    audience: str = "consumer",
    facet: str = "brand",
    *,
    now: datetime = NOW,
    protected: bool = False,
    **more: object,
) -> list[PendingMention]:
    """Tag everything that waits alike."""
    waiting = mentions.claim_pending(session, 100_000)
    results = [
        analyzed(each.id, each.text, tags(each.id, sentiment, audience, facet, **more), protected=protected)
        for each in waiting
    ]
    mentions.save_analysis(session, results, now)
    return waiting


def heard(
    session: Session,
    world: World,
    texts: Sequence[str] | Mapping[str, str],
    *,
    at: datetime = NOW,
    source_id: int | None = None,
    own_account: bool = False,
    authors: Sequence[str | None] = AUTHORS,
    labels: tuple[str, str, str] = ("neutral", "consumer", "brand"),
    protected: bool = False,
) -> list[int]:
    """Posts (by native id, or numbered), each by the next of the authors, tagged alike; ids of their mentions."""
    named = texts if isinstance(texts, Mapping) else {f"{at:%d%H%M}-{n}-{author(t)}": t for n, t in enumerate(texts)}
    posts = [
        a_post(native_id, text, at, author_key=authors[number % len(authors)], own_account=own_account)
        for number, (native_id, text) in enumerate(named.items())
    ]
    added = mentions.add_new(session, source_id or world.forum, posts, world.matcher, max(at, NOW))
    judge(session, *labels, protected=protected, now=max(at, NOW))
    return list(added.mention_ids_pending)


def different(number: int, about: str = "Acme") -> str:
    """A text that is no near copy of those of other numbers."""
    digest = sha256(f"{about}{number}".encode()).hexdigest()
    return f"{about} " + " ".join(digest[at : at + 5] for at in range(0, 60, 5))


def a_user(session: Session, role: str = "marketing", email: str | None = None) -> Viewer:
    """An account and the viewer that it is."""
    row = users.create_user(session, email or f"{role}@acme.example", role.title(), role, PASSWORD, NOW)
    return viewer_for(role, row.id)


def _scores(label: str, labels: Sequence[str]) -> dict[str, float]:
    if label not in labels:
        return dict.fromkeys(labels, 1 / len(labels))
    return {each: float(each == label) for each in labels}
