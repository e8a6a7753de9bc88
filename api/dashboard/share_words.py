"""What the pages about sharing have in common: the company's names and hosts, and how a draft is judged."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from advocacy.composing import Draft, Judgement, judge
from advocacy.content import texts_to_differ_from
from advocacy.intents import Intent, ServerError, intent
from advocacy.links import LinkError
from api.auth import SignedIn
from config.settings import get_settings
from storage import links, profile, sharing
from storage.advocacy import AdvocateRow
from storage.contents import ContentRow
from storage.sharing import Judged

LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judged draft with where it can go. `link_problem`: why there is no tracked link though there should be one."""

    judgement: Judgement
    intent: Intent
    link: str | None
    link_problem: str
    judged: Judged


def own_names(session: Session) -> tuple[str, ...]:
    """The names that a disclosure may use; none while no company is set up."""
    state = profile.current_profile(session)
    if state is None:
        return ()
    own = state.profile.company
    return (own.name, *(alias.rstrip("*") for alias in own.aliases))


def verdict_on(
    session: Session,
    who: SignedIn,
    me: AdvocateRow,
    content: ContentRow,
    platform: str,
    text: str,
    server: str,
    now: datetime,
) -> Verdict:
    """Judge a draft for a platform; the tracked link is made at the first time. Nothing of the text is kept."""
    link, problem = _link(session, who, me, content, platform, now)
    signature = sharing.signed(text)
    nearest = sharing.likeness_to_colleagues(session, who.viewer, content.id, signature, now)
    draft = Draft(platform, text, link, me.standing, content.language)
    found = judge(
        draft, own_names(session), texts_to_differ_from(content.angle, content.facts, content.example), nearest
    )
    disclosed = None if found.disclosure is None else found.disclosure.disclosed
    judged = Judged(found.own_words, disclosed, signature) if text.strip() else Judged(own_words=False)
    return Verdict(found, _intent(platform, found.composed, link, server), link, problem, judged)


def _intent(platform: str, text: str, link: str | None, server: str) -> Intent:
    try:
        return intent(platform, text, link, server)
    except ServerError:
        return Intent(None, carries_text=False)


def _link(
    session: Session, who: SignedIn, me: AdvocateRow, content: ContentRow, platform: str, now: datetime
) -> tuple[str | None, str]:
    if content.link is None:
        return None, ""
    try:
        row = links.link_for(session, who.viewer, me.id, content.id, platform, profile.registered_hosts(session), now)
    except LinkError as error:
        return None, str(error)
    return f"{get_settings().base_url}/l/{row.code}", ""
