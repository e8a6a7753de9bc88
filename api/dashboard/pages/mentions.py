"""Mentions: search with the filters in the address, one mention with its reasons, correction of a wrong tag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from sqlalchemy.orm import Session

from api.auth import SignedIn, safe_next
from api.dashboard import evidence_words, filters
from api.dashboard.render import page, redirect
from api.dashboard.wording import group, label, percent, voice
from api.deps import Now, form_role, page_role
from config.settings import get_settings
from storage import audit, db, mentions, name_searches, profile, sources
from storage.name_searches import NameSearch
from storage.viewer import STAFF_AUDIENCES, NotAllowed, Viewer
from workers import explanations
from workers.explanations import Explanation

router = APIRouter()

MentionId = Annotated[int, Path(ge=1, lt=2**63)]
_ROLES = ("marketing", "hr", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]

_SCOPES = {
    "marketing": "What your role reads: the brand side",
    "hr": "What your role reads: the employer side",
    "administrator": "Everything that was found",
}
_UNSEEN = ("story", "company")  # filters without a field of their own beside which an error could stand
_LIMIT = 25
_LISTED = "they are listed by blocks of days in which 5 different people wrote"
_AT_ONCE = 2.0  # seconds in which the words behind the tags are there, unless the workers are busy
_NOTHING_HERE = "No answer came, or it was too long ago: answers are kept for five minutes. Ask for the words again."


@dataclass(frozen=True, slots=True)
class Reason:
    """One head of the tags: its label, what decided it, the probabilities with the highest first."""

    name: str
    label: str
    why: str
    scores: Sequence[tuple[str, float]]


@router.get("/mentions")
def mentions_page(request: Request, now: Now, who: Reader, after: str = "") -> Response:
    """The list."""
    picked = filters.chosen(request.query_params)
    errors = {name: words for name, words in picked.errors.items() if name in _UNSEEN}
    with db.transaction() as session:
        try:
            found = mentions.search(session, who.viewer, picked.wanted, limit=_LIMIT, after=after or None)
        except ValueError:  # a cursor that is none: begin at the newest
            errors["after"] = "The address named a page that does not exist; these are the newest mentions."
            found, after = mentions.search(session, who.viewer, picked.wanted, limit=_LIMIT), ""
        except NameSearch as error:
            name_searches.note(session, who.viewer, picked.wanted.q, now, blocked=True)
            errors["q"] = str(error)
            found = mentions.Page((), None, 0)
        except NotAllowed:
            errors["facet"] = "Your role does not read this side, so nothing is shown."
            found = mentions.Page((), None, 0)
        if found.items:
            audit.record(session, who.viewer, "mention.list", picked.address("/mentions", after=after), now)
            name_searches.note(session, who.viewer, picked.wanted.q, now)
        choices = _choices(session, who.viewer, now)
    return page(
        request,
        who,
        "mentions.html",
        title="Mentions",
        scope=_SCOPES[who.user.role],
        chosen=picked,
        found=found,
        after=after,
        here=picked.address("/mentions", after=after),
        older=picked.address("/mentions", after=found.next),
        notes=_notes(found, errors, picked.wanted.audience, "employer" in who.viewer.facets),
        heads=mentions.HEADS,
        export_rows=get_settings().export_rows,
        **choices,
    )


@router.get("/mentions/{mention_id}")
def mention_page(
    request: Request, now: Now, who: Reader, mention_id: MentionId, words: str = "", since: str = ""
) -> Response:
    """One mention with all that is known of it; with the token `words` also the words behind its tags."""
    with db.transaction() as session:
        detail = mentions.get(session, who.viewer, mention_id)
        audit.record(session, who.viewer, "mention.read", f"mention {mention_id}", now)
    found = _asked_words(mention_id, words, since, now)
    latest = {reading.counter: (reading.counter, reading.value, reading.observed_at) for reading in detail.counters}
    return page(
        request,
        who,
        "mention.html",
        title=f"Mention {mention_id}",
        detail=detail,
        row=detail.row,
        counters=list(latest.values()),
        reasons=[_reason(head, detail) for head in mentions.HEADS],
        heads=mentions.HEADS,
        target=evidence_words.target_of(detail),
        waiting=bool(words) and found is None,
        problem=found.problem if found else None,
        evidence=found.evidence if found else None,
        panels=evidence_words.panels(found.evidence, detail) if found and found.evidence else [],
    )


@router.post("/mentions/{mention_id}/words")
def ask_words(now: Now, who: Sender, mention_id: MentionId) -> Response:
    """Have the words behind the tags worked out; most are there at once, else the page looks again by itself."""
    with db.transaction() as session:
        mentions.get(session, who.viewer, mention_id)
        audit.record(session, who.viewer, "mention.read", f"mention {mention_id}, words behind its tags", now)
    token = explanations.start_explanation(mention_id)
    explanations.wait_for(token, mention_id, _AT_ONCE)
    return redirect(f"/mentions/{mention_id}?words={token}&since={int(now.timestamp())}#words")


@router.post("/mentions/{mention_id}/tags")
def correct(
    now: Now,
    who: Sender,
    mention_id: MentionId,
    sentiment: Annotated[str, Form()] = "",
    audience: Annotated[str, Form()] = "",
    facet: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/mentions",
) -> Response:
    """Put a person's labels in force; a head that stays as it is is not recorded."""
    given = {"sentiment": sentiment, "audience": audience, "facet": facet}
    target = safe_next(back)
    with db.transaction() as session:
        row = mentions.get(session, who.viewer, mention_id).row
        changed = {head: name for head, name in given.items() if name and name != getattr(row, head)}
        try:
            for head, name in changed.items():
                mentions.correct(session, who.viewer, mention_id, head, name, now)
                audit.record(session, who.viewer, "mention.correct", f"mention {mention_id}: {head} is {name}", now)
        except ValueError as error:
            session.rollback()
            return redirect(target, f"Nothing was changed. {error}", "error")
    if not changed:
        return redirect(target, "These tags are in force already; nothing was changed.")
    if target.startswith(f"/mentions/{mention_id}") and changed.get("facet", "brand") not in who.viewer.facets:
        target = "/mentions"  # it belongs to another role now
    words = ", ".join(f"{head} is now {label(name)}" for head, name in changed.items())
    return redirect(target, f"Mention {mention_id} is corrected: {words}. All figures follow.")


def _asked_words(mention_id: int, token: str, since: str, now: datetime) -> Explanation | None:
    """The words that were asked for; None: they were not, or they are still awaited."""
    if not token:
        return None
    found = explanations.explanation(token, mention_id)
    began = int(since) if since.isascii() and since.isdecimal() and len(since) < 12 else 0
    if found is None and now.timestamp() - began > explanations.PATIENCE + 5:
        return Explanation(None, _NOTHING_HERE)
    return found


def _choices(session: Session, viewer: Viewer, now: datetime) -> Mapping[str, Any]:
    named = filters.choices()
    listed = sources.list_sources(session, viewer, now, figures=False)
    return {
        "facets": [("", "Any"), *((name, label(name)) for name in named["facet"] if name in viewer.facets)],
        "audiences": [("", "Any"), *((name, voice(name)) for name in named["audience"])],
        "sentiments": [("", "Any"), *((name, label(name)) for name in named["sentiment"])],
        "themes": [("", "Any"), *((name, label(name)) for name in named["theme"])],
        "sources": [("", "Any"), *((str(row.id), row.name) for row in listed)],
        "companies": [
            ("", "Own company"),
            *((str(row.id), row.name) for row in profile.companies(session) if row.active and not row.is_own),
        ],
    }


def _notes(found: mentions.Page, errors: Mapping[str, str], asked: str | None, reads_staff: bool) -> list[str]:
    """What the list does not show, and why."""
    notes = list(errors.values())
    if asked is not None and asked in found.small_groups:
        notes.append(f"Texts by {group(asked)} stay hidden: {_LISTED}, and this time holds none.")
    elif asked in STAFF_AUDIENCES:
        notes.append(f"Not all texts by {group(asked)} may be here: {_LISTED}.")
    elif found.small_groups and reads_staff:
        groups = ", ".join(group(name) for name in found.small_groups)
        notes.append(f"Hidden or absent: {groups}, since {_LISTED}.")
    if found.hidden:
        number = "1,000 or more" if found.hidden >= 1_000 else f"{found.hidden:,}"
        verb = "touches" if found.hidden == 1 else "touch"
        notes.append(f"{number} in all {verb} protected activity, such as organising: counted here, never shown.")
    return notes


def _reason(head: str, detail: mentions.MentionDetail) -> Reason:
    now = str(getattr(detail.row, head))
    scores = sorted(detail.scores.get(head, {}).items(), key=lambda each: -each[1])
    words = voice if head == "audience" else label
    shown = tuple((words(name), score) for name, score in scores)
    return Reason(head, words(now), _why(head, now, detail, scores), shown)


def _why(head: str, now: str, detail: mentions.MentionDetail, scores: Sequence[tuple[str, float]]) -> str:
    if head in detail.row.corrected:
        return "A person corrected this; the model’s own view is below."
    if head in detail.evidence:
        return f"Decided by evidence: {detail.evidence[head]}."
    if not scores:
        return "No model looked at this."
    best, score = scores[0]
    if best == now:
        return f"The model takes {label(best)} as the most likely, with {percent(score)}."
    return f"The model’s best guess, {label(best)} with {percent(score)}, is not sure enough to be told as a fact."
