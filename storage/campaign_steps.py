"""What people are told of a campaign: each step once per person, however many workers send and however often they die.

A step is open until everybody it is for was told. `claim` marks a bite of people as told in the transaction that puts
their mails into the outbox, so that either both happened or neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from advocacy.campaign import DRAFT, EDITS, GROUP_KINDS, embargo_ends, folded, group
from storage.campaigns import edits, known
from storage.models.advocacy import Advocate, Campaign
from storage.models.campaigns import CampaignStep, CampaignTelling
from storage.models.users import User
from storage.viewer import Viewer

KINDS = ("briefed", "embargo", "withdrawn", "live", "question", "answer", "closed")
STAYS_OPEN = ("briefed", "live")  # whoever joins a group or the programme meanwhile is told, too
CAP_WINDOW = timedelta(days=7)

_EARLY = """(
    u.role = ANY(CAST(:roles AS text[])) OR u.id = ANY(CAST(:people AS integer[]))
    OR EXISTS (SELECT FROM advocates a WHERE a.user_id = u.id AND a.left_at IS NULL
               AND (a.team = ANY(CAST(:teams AS text[])) OR a.location = ANY(CAST(:places AS text[]))))
)"""
_WANTS_MAIL = """EXISTS (
    SELECT FROM advocates a WHERE a.user_id = u.id AND a.left_at IS NULL AND a.campaign_mails
)"""
_BELOW_CAP = """(
    SELECT count(*) FROM campaign_tellings c JOIN campaign_steps l ON l.id = c.step_id
    WHERE c.user_id = u.id AND l.kind = 'live' AND c.at > :week
) < :cap"""
_TOLD = """EXISTS (
    SELECT FROM campaign_tellings t JOIN campaign_steps b ON b.id = t.step_id
    WHERE t.user_id = u.id AND b.campaign_id = :campaign AND b.kind = ANY(CAST(:kinds AS text[])) AND t.at <= :made
      AND (CAST(:round AS text) IS NULL OR b.mark = :round)
)"""
_CHOSE_NONE = """EXISTS (
    SELECT FROM advocates a WHERE a.user_id = u.id AND a.left_at IS NULL AND NOT a.campaign_mails
)"""
_EDITORS = "u.role = ANY(CAST(:editors AS text[]))"
_ASKED = "EXISTS (SELECT FROM campaign_questions q WHERE q.id = :question AND q.user_id = u.id)"
_TO_ALL = "EXISTS (SELECT FROM campaign_questions q WHERE q.id = :question AND q.to_all)"
# Knowing goes with the group at once (`storage.campaigns`), and so do mails: having been told before is no way in. Only
# that a brief is taken back is told to all who knew of it, without its name. Of answers to all hear, beside the groups,
# advocates who were told of the go-live and still want such mails.
_AUDIENCE = {
    "briefed": _EARLY,
    "embargo": f"{_EARLY} AND {_TOLD}",
    "withdrawn": _TOLD,
    "live": f"{_EARLY} OR ({_WANTS_MAIL} AND {_BELOW_CAP})",
    "question": _EDITORS,
    "answer": f"({_ASKED} AND (:open OR {_EARLY} OR {_EDITORS})) "
    f"OR ({_TO_ALL} AND ({_EARLY} OR (:open AND {_TOLD} AND {_WANTS_MAIL})))",
    "closed": f"{_EDITORS} OR {_EARLY}",
}
_CLAIM = """
INSERT INTO campaign_tellings (step_id, user_id, at)
SELECT :step, u.id, :now FROM users u
WHERE u.active AND u.demo = :demo AND ({audience})
  AND NOT EXISTS (SELECT FROM campaign_tellings d WHERE d.step_id = :step AND d.user_id = u.id)
ORDER BY u.id LIMIT :limit
ON CONFLICT DO NOTHING RETURNING user_id
"""
_NOT_TOLD = f"""
SELECT count(*) FILTER (WHERE {_CHOSE_NONE}) AS by_choice, count(*) FILTER (WHERE NOT {_CHOSE_NONE}) AS by_cap
FROM users u JOIN campaign_steps s ON s.campaign_id = :campaign AND s.kind = 'live'
WHERE u.active AND u.demo = :demo AND NOT {_EARLY}
  AND EXISTS (SELECT FROM advocates a WHERE a.user_id = u.id AND a.left_at IS NULL)
  AND NOT EXISTS (SELECT FROM campaign_tellings d WHERE d.step_id = s.id AND d.user_id = u.id)
"""  # noqa: S608 - constants
_TIMELINE = text("""
SELECT s.kind, s.mark, s.made_at, s.done_at, count(t.user_id) AS told, max(t.at) AS last_at,
       count(*) FILTER (WHERE o.state = 'sent') AS handed_over,
       count(*) FILTER (WHERE o.state IN ('failed', 'stopped')) AS failed
FROM campaign_steps s LEFT JOIN campaign_tellings t ON t.step_id = s.id
LEFT JOIN outbox o ON o.dedupe_key = 'campaign-' || s.id || '-' || t.user_id
WHERE s.campaign_id = :campaign GROUP BY s.id ORDER BY s.made_at, s.id
""")


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that is not over. `mark`: see `CampaignStep`."""

    id: int
    campaign_id: int
    kind: str
    mark: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is to get a mail now."""

    user_id: int
    email: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One step with how many it reached. `handed_over` counts mails that the mail server took, `failed` given up."""

    kind: str
    mark: str
    made_at: datetime
    done_at: datetime | None
    told: int
    handed_over: int
    failed: int
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class NotTold:
    """Advocates who were not told of a live campaign by mail: by their choice, or since their week is full."""

    by_choice: int
    by_cap: int


def add(session: Session, campaign_id: int, kind: str, mark: str, now: datetime) -> None:
    """Let a step begin; one that was there already goes on where it stood."""
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r} is not one of {', '.join(KINDS)}")
    values = {"campaign_id": campaign_id, "kind": kind, "mark": mark, "made_at": now}
    session.execute(insert(CampaignStep).values(**values).on_conflict_do_nothing())


def end(session: Session, campaign_id: int, kinds: Sequence[str], now: datetime) -> None:
    """Nobody else is told of these."""
    of_these = (CampaignStep.campaign_id == campaign_id, CampaignStep.kind.in_(kinds), CampaignStep.done_at.is_(None))
    session.execute(update(CampaignStep).where(*of_these).values(done_at=now))


def under_way(session: Session, campaign_id: int, kind: str) -> bool:
    """Whether a step of this kind is open."""
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign_id, CampaignStep.kind == kind, CampaignStep.done_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def told_any(session: Session, campaign_id: int, kind: str) -> bool:
    """Whether a person was told of a step of this kind."""
    tellings = select(CampaignTelling.step_id).join(CampaignStep, CampaignStep.id == CampaignTelling.step_id)
    query = tellings.where(CampaignStep.campaign_id == campaign_id, CampaignStep.kind == kind)
    return session.scalar(query.limit(1)) is not None


def open_steps(session: Session) -> tuple[OpenStep, ...]:
    """What is left to tell, the oldest first."""
    rows = session.scalars(select(CampaignStep).where(CampaignStep.done_at.is_(None)).order_by(CampaignStep.id))
    return tuple(OpenStep(row.id, row.campaign_id, row.kind, row.mark) for row in rows)


def of_demo(session: Session, step_id: int) -> bool:
    """Whether a step belongs to an invented campaign."""
    query = select(Campaign.demo).join(CampaignStep, CampaignStep.campaign_id == Campaign.id)
    return bool(session.scalar(query.where(CampaignStep.id == step_id)))


def claim(session: Session, step_id: int, now: datetime, limit: int, cap: int) -> tuple[Person, ...]:
    """The next people of a step, at most `limit`, marked as told; none where another worker is at it.

    `cap`: how many go-lives an advocate is told of by mail within seven days; those above wait. Commit with the mails.
    """
    step = session.scalars(
        select(CampaignStep)
        .where(CampaignStep.id == step_id, CampaignStep.done_at.is_(None))
        .with_for_update(skip_locked=True)
    ).first()
    if step is None:
        return ()
    campaign = session.get_one(Campaign, step.campaign_id)
    values = _values(session, step, campaign, now) | {"limit": limit, "cap": cap}
    ids = _claimed(session, _AUDIENCE[step.kind], values)
    if len(ids) < limit and step.kind not in STAYS_OPEN:
        step.done_at = now
        session.flush()
    rows = session.execute(select(User.id, User.email).where(User.id.in_(ids)).order_by(User.id))
    return tuple(Person(row.id, row.email) for row in rows)


def timeline(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> tuple[TimelineRow, ...]:
    """What was sent to how many, oldest first; nothing for those who do not write the campaign."""
    campaign = known(session, viewer, campaign_id, now)
    if not edits(viewer, campaign):
        return ()
    rows = session.execute(_TIMELINE, {"campaign": campaign.id})
    return tuple(
        TimelineRow(row.kind, row.mark, row.made_at, row.done_at, row.told, row.handed_over, row.failed, row.last_at)
        for row in rows
    )


def not_told(session: Session, viewer: Viewer, campaign_id: int, now: datetime) -> NotTold | None:
    """Advocates who have had no mail of the go-live; None before it, and for those who do not write the campaign."""
    campaign = known(session, viewer, campaign_id, now)
    if not edits(viewer, campaign) or campaign.live_at is None:
        return None
    values = {"campaign": campaign.id, "demo": campaign.demo, **_early(session, campaign)}
    row = session.execute(text(_NOT_TOLD), values).one()
    return NotTold(row.by_choice, row.by_cap)


def _claimed(session: Session, audience: str, values: Mapping[str, object]) -> list[int]:
    """SQLAlchemy refuses values that a statement does not name."""
    statement = text(_CLAIM.format(audience=audience))
    named = {name: values[name] for name in statement.compile().params}
    return list(session.scalars(statement, named))


def _values(session: Session, step: CampaignStep, campaign: Campaign, now: datetime) -> dict[str, object]:
    over = campaign.state != DRAFT and embargo_ends(campaign.embargo_until, campaign.starts_at) <= now
    in_round = step.mark.partition(" ")[0] if step.kind in ("embargo", "withdrawn") else None
    return {
        "step": step.id,
        "campaign": campaign.id,
        "now": now,
        "week": now - CAP_WINDOW,
        "made": step.made_at if step.kind == "embargo" else now + CAP_WINDOW,  # those told since know the new date
        "demo": campaign.demo,
        "open": over,
        "round": in_round,
        "kinds": ["briefed"] if in_round else ["live"],
        "editors": sorted(role for role, facets in EDITS.items() if campaign.facet in facets),
        "question": int(step.mark) if step.kind == "answer" else None,
        **_early(session, campaign),
    }


def _early(session: Session, campaign: Campaign) -> dict[str, object]:
    """The early groups as values to compare: names of teams and places as people spelt them."""
    wanted = folded(campaign.early_groups)
    named = {kind: {each.partition(":")[2] for each in wanted if each.startswith(f"{kind}:")} for kind in GROUP_KINDS}
    teams, places = (
        [name for name in session.scalars(select(column).distinct()) if name and group(kind, name) in wanted]
        if named[kind]
        else []
        for kind, column in (("team", Advocate.team), ("location", Advocate.location))
    )
    people = [int(number) for number in named["person"]]
    return {"roles": sorted(named["role"]), "people": people, "teams": teams, "places": places}
