"""The form of a campaign: dates in the zone of the browser, people of the early groups by their mail address."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from advocacy.campaign import Brief
from api.dashboard.forms import Posted
from api.dashboard.local_time import field_value, moment_of
from storage import users

TEXTS = ("title", "facet", "why", "affected", "expected", "team_briefing")
TIMES = {"starts": "starts_at", "ends": "ends_at", "embargo": "embargo_until"}
FIELDS = {stored: typed for typed, stored in TIMES.items()}
NAMES = (*TEXTS, *TIMES, "early_groups", "zone")


def brief_of(session: Session, form: Posted) -> Brief:
    """The brief as typed; raises `ValueError` that names a field."""
    zone = form.get("zone")
    at = {name: moment_of(form.get(name), zone) for name in TIMES}
    for name in ("starts", "ends"):
        if at[name] is None:
            raise ValueError(f"{name}: give the day and the time.")
    if at["embargo"] is None and form.get("embargo"):
        raise ValueError("embargo: give the day and the time, or leave it empty.")
    texts = {name: form.get(name) for name in TEXTS}
    groups = tuple(_stored(session, line) for line in form.lines("early_groups"))
    starts, ends = at["starts"], at["ends"]
    if starts is None or ends is None:  # told above
        raise ValueError("starts: give the day and the time.")
    return Brief(starts_at=starts, ends_at=ends, embargo_until=at["embargo"], early_groups=groups, **texts)


def typed_of(form: Posted) -> dict[str, str]:
    """What was typed."""
    return {name: form.get(name) for name in NAMES}


def values_of(session: Session, brief: Brief | None) -> dict[str, str]:
    """A brief as the form holds it, or an empty form."""
    if brief is None:
        return dict.fromkeys(NAMES, "")
    people = {user.id: user.email for user in users.list_users(session)} if _names_people(brief) else {}
    return {
        **{name: getattr(brief, name) for name in TEXTS},
        **{name: field_value(getattr(brief, stored)) for name, stored in TIMES.items()},
        "early_groups": "\n".join(_shown(group, people) for group in brief.early_groups),
        "zone": "",
    }


def groups_in_words(session: Session, brief: Brief) -> tuple[str, ...]:
    """The early groups as people read them."""
    people = {user.id: user.name for user in users.list_users(session)} if _names_people(brief) else {}
    return tuple(_shown(group, people).replace(":", ": ", 1) for group in brief.early_groups)


def _stored(session: Session, line: str) -> str:
    kind, colon, name = line.partition(":")
    if not colon or kind.strip().casefold() != "person" or "@" not in name:
        return line
    user = users.find_user(session, name)
    if user is None:
        raise ValueError(f"early_groups: nobody has an account with the address {name.strip()[:80]}.")
    return f"person:{user.id}"


def _shown(group: str, people: Mapping[int, str]) -> str:
    kind, _, name = group.partition(":")
    return f"person:{people.get(int(name), name)}" if kind == "person" else group


def _names_people(brief: Brief) -> bool:
    return any(group.startswith("person:") for group in brief.early_groups)
