"""What people do about an incident beside looking after it: put it off, say whether it was useful, take that back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from alerts.feedback import HALF_LIFE, HIGHEST, MOVED, RAISING, STEP
from alerts.snooze import end_of, zone
from api.auth import SignedIn
from api.dashboard.forms import Form, Posted, number_in, sentence
from api.dashboard.local_time import moment_of
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from storage import audit, db, incidents
from storage.incident_feedback import REASON_WORDS

router = APIRouter()

IncidentId = Annotated[int, Path(ge=1, lt=2**63)]
_ROLES = ("marketing", "hr", "leadership", "administrator")
Reader = Annotated[SignedIn, Depends(page_role(*_ROLES))]
Sender = Annotated[SignedIn, Depends(form_role(*_ROLES))]
# What helps where a higher bar would not.
CURES: Mapping[str, str] = {
    "campaign": "Enter it under Planned events, and its hours neither alarm nor count as normal.",
    "wrong_match": "Ask an administrator to exclude the word or the author on the Company page.",
}


@router.post("/incidents/{incident_id}/snooze")
def snooze(now: Now, who: Sender, incident_id: IncidentId, form: Form) -> Response:
    """Tell nobody for a while."""
    try:
        until = _until(form, now)
        with db.transaction() as session:
            incidents.snooze(session, who.viewer, incident_id, until, now)
            audit.record(session, who.viewer, "incident.snooze", f"incident {incident_id}", now)
    except ValueError as error:
        return redirect(f"/incidents/{incident_id}", sentence(str(error).partition(": ")[2] or str(error)), "error")
    words = "The incident sleeps. Mails go out before the end only if it becomes critical."
    return redirect(f"/incidents/{incident_id}", words if until else "The incident is awake again.")


@router.post("/incidents/{incident_id}/feedback")
def feedback(now: Now, who: Sender, incident_id: IncidentId, form: Form) -> Response:
    """Say whether it was worth telling."""
    useful, reason = form.get("useful") == "yes", form.get("reason")
    try:
        with db.transaction() as session:
            incidents.answer(session, who.viewer, incident_id, useful, reason, form.get("note"), now)
            kind = incidents.find(session, who.viewer, incident_id).kind
            audit.record(session, who.viewer, "incident.answer", f"incident {incident_id}", now)
    except ValueError as error:
        words = "Choose a reason." if str(error).startswith("reason") else sentence(str(error).partition(": ")[2])
        return redirect(f"/incidents/{incident_id}#feedback", words, "error")
    return redirect(f"/incidents/{incident_id}#feedback", thanks(useful, reason, kind))


@router.get("/incidents/answers")
def answers_page(request: Request, now: Now, who: Reader) -> Response:
    """What the answers changed, slice by slice."""
    with db.reading() as session:
        rows = incidents.sensitivity(session, who.viewer, now)
    return page(
        request,
        who,
        "incident_answers.html",
        title="What your answers changed",
        rows=rows,
        reasons=REASON_WORDS,
        raising=[REASON_WORDS[reason] for reason in sorted(RAISING)],
        step=round(100 * (STEP - 1)),
        most=HIGHEST,
        days=HALF_LIFE.days,
    )


@router.post("/incidents/answers/reset")
def reset(now: Now, who: Sender, form: Form) -> Response:
    """Let the earlier answers of a slice count no more."""
    company_id, slice_ = number_in(form.get("company")), (form.get("kind"), form.get("facet"), form.get("audience"))
    if company_id is None or company_id >= 2**15:
        return redirect("/incidents/answers", "There is no such company.", "error")
    with db.transaction() as session:
        incidents.reset(session, who.viewer, company_id, slice_, now)
        audit.record(session, who.viewer, "sensitivity.reset", f"company {company_id}: {' / '.join(slice_)}", now)
    return redirect("/incidents/answers", "The usual bar holds again. Earlier answers stay readable.")


def thanks(useful: bool, reason: str, kind: str) -> str:
    """What an answer on an incident of a kind leads to."""
    if useful:
        return "Thank you. Alerts of this kind stay as they are, or come back to the usual bar."
    if reason in RAISING and kind in MOVED:
        return "Thank you. Alerts of this kind and group need more from now on; “What answers changed” says how much."
    return f"Thank you. {CURES.get(reason, 'It stands in the timeline.')}"


def _until(form: Posted, now: datetime) -> datetime | None:
    """The end that was chosen; None: now. Raises `ValueError`."""
    choice = form.get("span")
    if choice == "awake":
        return None
    if choice != "until":
        return end_of(choice, now, zone(form.get("zone") or "UTC"))
    chosen = moment_of(form.get("until"), form.get("zone"))
    if chosen is None:
        raise ValueError("until: give the day and the time until which it is to sleep.")
    return chosen
