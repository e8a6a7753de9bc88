"""Joining and leaving the programme by one's own choice."""

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from advocacy.consents import PROGRAMME, PROGRAMME_VERSION
from api.dashboard.forms import Form
from api.dashboard.render import page, redirect
from api.dashboard.wording import count, moment
from api.deps import Now, ProgrammeSender
from api.platform_access import platform_client
from collectors.own_posts.registry import WAYS
from notify.letters import AccountEnd, Fact, end_words, receipt_letter
from storage import advocacy, advocate_tokens, audit, db, personal_mails, ways_in
from storage.advocacy import Receipt
from workers.app import SEND_MAILS, enqueue

router = APIRouter()


@router.post("/my-reach/join")
def join(request: Request, now: Now, who: ProgrammeSender, form: Form) -> Response:
    """Become an advocate; what was agreed to is kept word by word."""
    errors = {}
    if form.get("standing") not in advocacy.STANDINGS:
        errors["standing"] = "Say whether you work here now or did before."
    if not form.get("consent"):
        errors["consent"] = "Tick this if you agree; without it nothing is stored."
    if errors:
        typed = {"standing": form.get("standing")}
        return page(
            request, who, "reach_join.html", title="My reach", status=422, consent=PROGRAMME, typed=typed, errors=errors
        )
    with db.transaction() as session:
        advocacy.join(session, who.user.id, form.get("standing"), PROGRAMME_VERSION, "\n".join(PROGRAMME), now)
        audit.record(session, who.viewer, "advocate.join", f"user {who.user.id}, consent {PROGRAMME_VERSION}", now)
    return redirect("/my-reach", "You have joined. Add a post of yours to see how far it got.")


@router.post("/my-reach/leave")
def leave(request: Request, now: Now, who: ProgrammeSender) -> Response:
    """Leave at once, give permissions back, and hand over a receipt of what that did."""
    with db.transaction() as session:
        me = advocacy.advocate_of(session, who.user.id)
        if me is None:
            return redirect("/my-reach")
        receipt = advocacy.leave(session, who.viewer, me.id, now)
        audit.record(session, None, "advocate.leave", "an advocate left", now)
    request.app.state.tracker.drop_all()
    ends = _give_back(receipt, now)
    facts = _facts(receipt)
    key = f"receipt-{receipt.left_at:%Y%m%d%H%M%S%f}-{who.user.id}"
    mail = receipt_letter(who.user.email, receipt.left_at, facts, ends, key)
    with db.transaction() as session:
        mailed = personal_mails.put(session, mail, now)
    if mailed:
        enqueue(SEND_MAILS, expires=60)
    words = [end_words(each) for each in ends]
    return page(
        request, who, "reach_left.html", title="You have left", receipt=receipt, facts=facts, ends=words, mailed=mailed
    )


def _give_back(receipt: Receipt, now: Now) -> list[AccountEnd]:
    """Ask each platform while the person waits; what is not confirmed is asked again by a job for seven days."""
    ids = {revocation: platform for platform, revocation in receipt.accounts if revocation is not None}
    done: dict[str, bool | None] = {platform: None for platform, _ in receipt.accounts}
    if ids:
        with db.transaction() as session:
            waiting = advocate_tokens.revocations(session, now, list(ids))
        with platform_client() as http:
            done |= {ids[each.id]: ways_in.give_back(each, http, now) for each in waiting}
    return [AccountEnd(WAYS[platform].label, state, WAYS[platform].ends) for platform, state in sorted(done.items())]


def _facts(receipt: Receipt) -> Sequence[Fact]:
    return (
        Fact("Joined", moment(receipt.joined_at)),
        Fact("Left", moment(receipt.left_at)),
        Fact("Posts made nameless", count(receipt.shares_anonymised), "addresses, titles and fingerprints are deleted"),
        Fact("Links closed", count(receipt.links_closed)),
        Fact("Accounts disconnected", count(len(receipt.accounts))),
        Fact("Mails about your figures deleted", count(receipt.mails_deleted)),
    )
