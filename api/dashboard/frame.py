"""What surrounds every page: the navigation of a role and the facts of the moment."""

from dataclasses import dataclass
from datetime import datetime

from storage import db, incidents, profile, rollups
from storage.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Facts:
    """What every page tells: whether the figures are invented, how fresh they are, whether a company is set up."""

    demo: bool
    set_up: bool
    as_of: datetime | None
    open_incidents: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation."""

    href: str
    label: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together."""

    title: str
    entries: tuple[Entry, ...]


HOME = {
    "marketing": "/brand",
    "hr": "/employer",
    "advocate": "/my-reach",
    "leadership": "/overview",
    "administrator": "/overview",
    "auditor": "/audit",
}
_MANY = 100
_LISTEN = "Listening"
_SPEAK = "Advocacy"
_SERVICE = "Service"
_READERS = frozenset({"marketing", "hr", "leadership", "administrator"})
_ADMINISTRATOR = frozenset({"administrator"})
# section, address, label, roles
_ENTRIES: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    (_LISTEN, "/overview", "Overview", _READERS),
    (_LISTEN, "/brand", "Brand", _READERS - {"hr"}),
    (_LISTEN, "/employer", "Employer", _READERS - {"marketing"}),
    (_LISTEN, "/mentions", "Mentions", _READERS - {"leadership"}),
    (_LISTEN, "/incidents", "Incidents", _READERS),
    (_LISTEN, "/outbox", "Outbox", _READERS),
    (_SPEAK, "/my-reach", "My reach", _READERS | {"advocate"}),
    (_SPEAK, "/share", "Share", _READERS | {"advocate"}),
    (_SPEAK, "/programme", "Programme", _READERS),
    (_SPEAK, "/campaigns", "Campaigns", _READERS | {"advocate"}),
    (_SPEAK, "/content", "Content", frozenset({"marketing", "hr", "administrator"})),
    (_SPEAK, "/my-settings", "My settings", _READERS | {"advocate"}),
    (_SERVICE, "/sources", "Sources", _ADMINISTRATOR),
    (_SERVICE, "/import", "Import", _ADMINISTRATOR),
    (_SERVICE, "/company", "Company", _ADMINISTRATOR),
    (_SERVICE, "/channels", "Channels", _ADMINISTRATOR),
    (_SERVICE, "/people", "People", _ADMINISTRATOR),
    (_SERVICE, "/quality", "Quality", _READERS),
    (_SERVICE, "/audit", "Audit log", _ADMINISTRATOR | {"auditor"}),
    (_SERVICE, "/privacy-pack", "Privacy pack", _ADMINISTRATOR | {"auditor"}),
)


def facts(viewer: Viewer) -> Facts:
    """Read what the frame tells."""
    with db.reading() as session:
        own = profile.own_company(session)
        alarms = incidents.list_incidents(session, viewer, "open", limit=_MANY) if viewer.aggregate_facets else None
        return Facts(
            demo=own is not None and own.demo,
            set_up=own is not None,
            as_of=rollups.as_of(session),
            open_incidents=len(alarms.items) if alarms else 0,
        )


def navigation(role: str, path: str, about: Facts) -> tuple[Section, ...]:
    """The sections that a role may open; the entry of the page that is shown is marked."""
    sections = []
    for title in (_LISTEN, _SPEAK, _SERVICE):
        entries = tuple(
            Entry(
                href,
                name,
                current=path == href or path.startswith(f"{href}/"),
                count=about.open_incidents if href == "/incidents" else 0,
            )
            for section, href, name, roles in _ENTRIES
            if section == title and role in roles
        )
        if entries:
            sections.append(Section(title, entries))
    return tuple(sections)


def home(role: str) -> str:
    """Where a role starts."""
    return HOME[role]
