"""Advocates who joined by themselves, and what they chose; their posts are in `storage.shares`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.models.advocacy import Advocate
from storage.models.users import User
from storage.viewer import NotAllowed, NotFound, Viewer

STANDINGS = ("employee", "alumnus")
VISIBILITIES = ("me", "team", "all")


@dataclass(frozen=True, slots=True)
class AdvocateRow:
    """One advocate, with what they agreed to."""

    id: int
    user_id: int | None
    standing: str
    joined_at: datetime
    left_at: datetime | None
    consent_version: str
    consent_text: str
    demo: bool
    choices: "Choices"


@dataclass(frozen=True, slots=True)
class Choices:
    """What an advocate decides for themselves, at any time.

    `visibility`: who sees their own figures (me, team, all). `team` and `location` are those that an administrator set
    for the account, or None where the advocate does not want to be counted with them.
    """

    visibility: str = "me"
    on_leaderboard: bool = False
    weekly_mail: bool = True
    take_off_mails: bool = False
    campaign_mails: bool = True
    team: str | None = None
    location: str | None = None


def join(
    session: Session,
    user_id: int,
    standing: str,
    consent_version: str,
    consent_text: str,
    now: datetime,
    *,
    demo: bool = False,
) -> int:
    """A person joins by their own choice; joining twice gives the same advocate."""
    if standing not in STANDINGS:
        raise ValueError(f"standing: {standing!r} is not one of {', '.join(STANDINGS)}")
    if not consent_text.strip():
        raise ValueError("consent: there must be a text that was agreed to")
    values = {
        "user_id": user_id,
        "standing": standing,
        "joined_at": now,
        "consent_version": consent_version,
        "consent_text": consent_text,
        "demo": demo,
    }
    session.execute(insert(Advocate).values(**values).on_conflict_do_nothing(index_elements=["user_id"]))
    return session.scalars(select(Advocate.id).where(Advocate.user_id == user_id)).one()


def advocate_of(session: Session, user_id: int) -> AdvocateRow | None:
    """The advocate that an account is, if any."""
    row = session.scalars(select(Advocate).where(Advocate.user_id == user_id, Advocate.left_at.is_(None))).first()
    if row is None:
        return None
    return AdvocateRow(
        row.id,
        row.user_id,
        row.standing,
        row.joined_at,
        row.left_at,
        row.consent_version,
        row.consent_text,
        row.demo,
        _choices(row),
    )


def choose(session: Session, viewer: Viewer, advocate_id: int, choices: Choices) -> None:
    """Put the advocate's choices in force; raises `ValueError` naming the field.

    A team or location is only ever the account's own, as an administrator set it: groups of campaigns go by them.
    """
    advocate = owned_advocate(session, viewer, advocate_id)
    if choices.visibility not in VISIBILITIES:
        raise ValueError(f"visibility: {choices.visibility!r} is not one of {', '.join(VISIBILITIES)}")
    user = session.get(User, advocate.user_id)
    for name in ("team", "location"):
        wanted = getattr(choices, name)
        if wanted is not None and (user is None or wanted != getattr(user, name)):
            raise ValueError(f"{name}: an administrator sets it for you; you say whether it counts")
        setattr(advocate, name, wanted)
    for name in ("visibility", "on_leaderboard", "weekly_mail", "take_off_mails", "campaign_mails"):
        setattr(advocate, name, getattr(choices, name))
    session.flush()


def _choices(row: Advocate) -> Choices:
    return Choices(
        row.visibility,
        row.on_leaderboard,
        row.weekly_mail,
        row.take_off_mails,
        row.campaign_mails,
        row.team,
        row.location,
    )


def check_own(viewer: Viewer, advocate_id: int) -> None:
    """Only oneself: not even an administrator looks at one advocate's figures. For this package."""
    if viewer.role != "system" and viewer.advocate_id != advocate_id:
        raise NotAllowed("These figures belong to another advocate.")


def owned_advocate(session: Session, viewer: Viewer, advocate_id: int, *, lock: bool = True) -> Advocate:
    """The row of the viewer's own membership; raises `NotAllowed` for another's, `NotFound` once they left."""
    check_own(viewer, advocate_id)
    advocate = session.get(Advocate, advocate_id, with_for_update=True if lock else None)
    if advocate is None or advocate.left_at is not None:
        raise NotFound("There is no such advocate.")
    return advocate
