"""Share: what an advocate may tell in their own words, an editor that judges it, and the way to each platform.

The service posts nothing: it opens the platform's own composer, and the person says afterwards what became of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.orm import Session

from advocacy.composing import NAMES, REFUSES_COPIES
from advocacy.disclosure_rules import COUNTRIES, country_for
from advocacy.intents import mastodon_server
from advocacy.lengths import PLATFORMS, RULES
from advocacy.post_times import published_at
from advocacy.shares import ShareError, author_of, read_share
from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of, sentence
from api.dashboard.render import page, redirect
from api.dashboard.share_words import LONGEST_TEXT, Verdict, verdict_on
from api.deps import Now, ProgrammeReader, ProgrammeSender
from config.settings import get_settings
from storage import advocacy, contents, db, sharing
from storage.contents import ContentRow
from storage.sharing import SharedContent
from storage.viewer import NotFound

router = APIRouter()

ContentId = Annotated[int, Path(ge=1, lt=2**31)]
_FIELDS = ("platform", "text", "country", "server", "url")


@router.get("/share")
def hub(request: Request, now: Now, who: ProgrammeReader) -> Response:
    """What is suggested this week, what else there is, and what was shared already."""
    cap = get_settings().suggestions_per_week
    with db.reading() as session:
        joined = who.viewer.advocate_id is not None
        offered = contents.available(session, who.viewer, now)
        picked = sharing.suggested(session, who.viewer, offered, now, cap)
        done = _done(sharing.shared(session, who.viewer))
    first = {row.id for row in picked}
    return page(
        request,
        who,
        "share.html",
        title="Share",
        joined=joined,
        picked=picked,
        rest=[row for row in offered if row.id not in first],
        done=done,
        cap=cap,
        names=NAMES,
    )


@router.get("/share/{content_id}")
def editor(request: Request, now: Now, who: ProgrammeReader, content_id: ContentId, platform: str = "") -> Response:
    """The content with an empty editor."""
    with db.reading() as session:
        content = contents.to_share(session, who.viewer, content_id, now)
        done = sharing.shared(session, who.viewer)
        typed = {"server": sharing.usual_server(session, who.viewer), "country": country_for(content.language)}
    return _editor(request, who, content, done, {**typed, "platform": platform})


@router.post("/share/{content_id}")
def check(request: Request, now: Now, who: ProgrammeSender, content_id: ContentId, form: Form) -> Response:
    """Judge the draft; with the address of a post, tie that post to the content."""
    typed = {name: form.get(name) for name in _FIELDS}
    verdict = None
    with db.transaction() as session:
        content = contents.to_share(session, who.viewer, content_id, now)
        errors = _wrong(content, typed)
        if not errors:
            verdict = _verdict(session, who, content, typed, now)
            errors = _note(session, who, content, typed, verdict, now) if typed["url"] else {}
        done = sharing.shared(session, who.viewer)
    if verdict is not None and typed["url"] and not errors:
        return redirect(f"/share/{content.id}?platform={typed['platform']}", _noted(content, typed, verdict))
    return _editor(request, who, content, done, typed, verdict, errors)


def _wrong(content: ContentRow, typed: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    if typed["platform"] not in (content.platforms or PLATFORMS):
        errors["platform"] = "Choose where you want to post it."
    if len(typed["text"]) > LONGEST_TEXT:
        errors["text"] = f"Use at most {LONGEST_TEXT:,} characters."
    if typed["platform"] == "mastodon" and typed["server"]:
        try:
            mastodon_server(typed["server"])
        except ValueError as error:
            errors |= errors_of(error)
    return errors


def _verdict(session: Session, who: SignedIn, content: ContentRow, typed: Mapping[str, str], now: datetime) -> Verdict:
    me = advocacy.advocate_of(session, who.user.id)
    if me is None:
        raise NotFound("You have not joined as an advocate, or have left.")
    return verdict_on(session, who, me, content, typed["platform"], typed["text"], typed["server"], now)


def _note(
    session: Session, who: SignedIn, content: ContentRow, typed: Mapping[str, str], verdict: Verdict, now: datetime
) -> dict[str, str]:
    """Tie the pasted post to the content; what is wrong by field."""
    try:
        post = read_share(typed["url"])
    except ShareError as error:
        return {"url": sentence(str(error))}
    if post.platform != typed["platform"]:
        there = NAMES.get(post.platform, post.platform)
        return {"url": f"This is a post on {there}; choose {there} above, or paste the address of the other one."}
    if verdict.judgement.refused:
        return {"url": verdict.judgement.refused}
    if post.platform in REFUSES_COPIES and not typed["text"]:
        return {"text": f"Paste the text of your post too: {NAMES[post.platform]} forbids near copies."}
    at = published_at(post.platform, post.native_id, now) or now
    author = author_of(typed["url"])
    try:
        sharing.note_share(session, who.viewer, content, post, verdict.judged, at, now, author=author)
    except ValueError as error:
        return errors_of(error, otherwise="url")
    return {}


def _noted(content: ContentRow, typed: Mapping[str, str], verdict: Verdict) -> str:
    if not typed["text"]:
        return f"Your post about “{content.title}” is noted. Its text was not checked."
    words = "in your own words" if verdict.judged.own_words else "as not quite your own words"
    return f"Your post about “{content.title}” is noted, {words}. Its numbers are on My reach."


def _editor(
    request: Request,
    who: SignedIn,
    content: ContentRow,
    done: tuple[SharedContent, ...],
    typed: Mapping[str, str],
    verdict: Verdict | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    choices = content.platforms or PLATFORMS
    platform = typed.get("platform", "")
    platform = platform if platform in choices else choices[0]
    country = typed.get("country", "")
    return page(
        request,
        who,
        "share_editor.html",
        title=content.title,
        status=422 if errors else 200,
        content=content,
        typed={**dict.fromkeys(_FIELDS, ""), **typed, "platform": platform},
        platforms=[(name, NAMES[name]) for name in choices],
        rule=RULES[platform],
        platform=platform,
        countries=[(code, each.name) for code, each in COUNTRIES.items()],
        country=COUNTRIES[country if country in COUNTRIES else country_for(content.language)],
        done=_done(done).get(content.id, ()),
        names=NAMES,
        verdict=verdict,
        errors=errors or {},
    )


def _done(rows: tuple[SharedContent, ...]) -> dict[int, tuple[SharedContent, ...]]:
    found: dict[int, tuple[SharedContent, ...]] = {}
    for row in rows:
        found[row.content_id] = (*found.get(row.content_id, ()), row)
    return found
