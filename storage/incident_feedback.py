"""Whether incidents were worth telling, in people's own words, and what their answers change in the detection."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from alerts import feedback
from alerts.feedback import MOVED, REASONS, RESET, Answer, Bars
from alerts.rules import Slice
from storage.incident_log import add_event, incident_of
from storage.models.incidents import Incident, IncidentFeedback
from storage.models.sources import Company
from storage.viewer import NotAllowed, NotFound, Viewer, incident_facets, may_see_incident

MAX_WORDS = 1_000
REASON_WORDS = {
    "expected": "an expected event",
    "campaign": "our own campaign",
    "wrong_match": "wrong matches",
    "too_small": "too small to matter",
    "duplicate": "known from another alert",
    "other": "another reason",
}
_REMEMBERED = timedelta(days=365)  # twelve halvings: what is older is not felt any more


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many people found an incident useful, how many did not, and why not (reason → people)."""

    useful: int = 0
    not_useful: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What the viewer has answered of an incident."""

    useful: bool
    reason: str | None
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """What the answers changed for one slice: the factor on its bar now, and the answers behind it."""

    company_id: int
    company: str
    kind: str
    facet: str
    audience: str
    factor: float  # 1 to 2
    useful: int
    not_useful: int
    reasons: Mapping[str, int]
    last_at: datetime
    reset_at: datetime | None


def answer(
    session: Session,
    viewer: Viewer,
    incident_id: int,
    useful: bool,
    reason: str | None,
    words: str,
    now: datetime,
    *,
    origin: str = "",
) -> None:
    """Keep the viewer's answer; a later one of the same person replaces it. `origin`: where an answer came from.

    Raises `ValueError` that names `reason` or `note`.
    """
    words = words.replace("\x00", "").strip()
    if not useful and reason not in REASONS:
        raise ValueError(f"reason: choose one of {', '.join(REASONS)}.")
    if len(words) > MAX_WORDS:
        raise ValueError(f"note: write at most {MAX_WORDS:,} characters.")
    if reason == "other" and not useful and not words:
        raise ValueError("note: say in a few words what the reason is.")
    incident_of(session, viewer, incident_id, lock=True)
    given = {"at": now, "useful": useful, "reason": None if useful else reason, "note": words}
    statement = insert(IncidentFeedback).values(incident_id=incident_id, user_id=viewer.user_id, **given)
    session.execute(statement.on_conflict_do_update(index_elements=["incident_id", "user_id"], set_=given))
    told = "Useful." if useful else f"Not useful: {REASON_WORDS[reason or 'other']}."
    add_event(session, incident_id, "answered", now, viewer.user_id, " ".join(filter(None, (told, words, origin))))


def verdict_of(session: Session, incident_id: int) -> Verdict:
    """People's answers on an incident, counted; for the service itself."""
    query = select(IncidentFeedback.useful, IncidentFeedback.reason).where(IncidentFeedback.incident_id == incident_id)
    rows = [(useful, reason) for useful, reason in session.execute(query) if reason != RESET]
    reasons = Counter(str(reason) for useful, reason in rows if not useful)
    return Verdict(sum(useful for useful, _ in rows), sum(reasons.values()), dict(reasons))


def verdict(session: Session, viewer: Viewer, incident_id: int) -> Verdict:
    """People's answers on an incident that the viewer may see, counted."""
    incident_of(session, viewer, incident_id)
    return verdict_of(session, incident_id)


def given_answer(session: Session, viewer: Viewer, incident_id: int) -> GivenAnswer | None:
    """The viewer's own answer on an incident, if there is one."""
    incident_of(session, viewer, incident_id)
    query = select(IncidentFeedback).where(
        IncidentFeedback.incident_id == incident_id, IncidentFeedback.user_id == viewer.user_id
    )
    row = session.scalar(query) if viewer.user_id is not None else None
    return None if row is None else GivenAnswer(row.useful, row.reason, row.note, row.at)


def bars(session: Session, company_id: int, now: datetime) -> Bars:
    """The factors on the bars of a company's slices that answers have raised, for the detection."""
    found = {key[1:]: _factor(key[1], answers, now) for key, answers in _answers(session, now, company_id).items()}
    return {slice_: factor for slice_, factor in found.items() if factor > 1.0}


def sensitivity(session: Session, viewer: Viewer, now: datetime) -> tuple[SensitivityRow, ...]:
    """What the answers of the past year changed in the slices of the viewer's purpose, the most raised first."""
    names = {row.id: row.name for row in session.execute(select(Company.id, Company.name))}
    seen = set(incident_facets(viewer))
    rows = [_row(names, key, answers, now) for key, answers in _answers(session, now).items() if key[2] in seen]
    return tuple(sorted(rows, key=lambda row: (-row.factor, row.company, row.kind, row.facet, row.audience)))


def reset(session: Session, viewer: Viewer, company_id: int, slice_: Slice, now: datetime) -> None:
    """Let the earlier answers of a slice count no more; they stay readable. Raises `NotFound` or `NotAllowed`."""
    kind, facet, audience = slice_
    if not may_see_incident(viewer, facet):
        raise NotAllowed("Incidents of this facet are not of your role's purpose.")
    query = (
        select(IncidentFeedback.incident_id)
        .join(Incident, Incident.id == IncidentFeedback.incident_id)
        .where(Incident.company_id == company_id, Incident.kind == kind)
        .where(Incident.facet == facet, Incident.audience == audience)
        .order_by(IncidentFeedback.at.desc(), IncidentFeedback.id.desc())
        .limit(1)
    )
    latest = session.scalar(query)
    if latest is None:
        raise NotFound("Nobody has answered anything about such incidents.")
    session.add(IncidentFeedback(incident_id=latest, user_id=None, at=now, useful=True, reason=RESET))
    session.flush()


def _answers(
    session: Session, now: datetime, company_id: int | None = None
) -> dict[tuple[int, str, str, str], list[Answer]]:
    """The answers of the past year by company and slice, oldest first."""
    query = (
        select(
            IncidentFeedback.incident_id,
            IncidentFeedback.at,
            IncidentFeedback.useful,
            IncidentFeedback.reason,
            Incident.company_id,
            Incident.kind,
            Incident.facet,
            Incident.audience,
        )
        .join(Incident, Incident.id == IncidentFeedback.incident_id)
        .where(IncidentFeedback.at > now - _REMEMBERED)
        .order_by(IncidentFeedback.at, IncidentFeedback.id)
    )
    if company_id is not None:
        query = query.where(Incident.company_id == company_id)
    found: dict[tuple[int, str, str, str], list[Answer]] = defaultdict(list)
    for row in session.execute(query):
        key = (row.company_id, row.kind, row.facet, row.audience)
        found[key].append(Answer(row.incident_id, row.at, row.useful, row.reason))
    return found


def _factor(kind: str, answers: list[Answer], now: datetime) -> float:
    return feedback.bar(answers, now) if kind in MOVED else 1.0


def _row(
    names: Mapping[int, str], key: tuple[int, str, str, str], answers: list[Answer], now: datetime
) -> SensitivityRow:
    said = [each for each in answers if each.reason != RESET]
    resets = [each.at for each in answers if each.reason == RESET]
    reasons = Counter(str(each.reason) for each in said if not each.useful)
    return SensitivityRow(
        key[0],
        names[key[0]],
        *key[1:],
        factor=_factor(key[1], answers, now),
        useful=sum(each.useful for each in said),
        not_useful=sum(reasons.values()),
        reasons=dict(reasons),
        last_at=max(each.at for each in answers),
        reset_at=max(resets, default=None),
    )
