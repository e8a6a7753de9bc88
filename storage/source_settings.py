"""Which sources there are and what they are told: added, changed, paused, deleted by administrators and the profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from collectors import registry
from collectors.post import Json
from storage import credentials as keys
from storage.kinds import FILLED_BY_HAND, collector_of, is_polled
from storage.models.sources import Company, Source
from storage.removal import remove_source_mentions
from storage.viewer import NotFound, Viewer, require_administrator

LONGEST_KEPT = 3_650  # days
UNCHANGED = -1  # no number of days


class NameTakenError(ValueError):
    """Another source of the kind has this name."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"name: there already is a source {name!r} of kind {kind}.")


@dataclass(frozen=True, slots=True)
class SourceSetup:
    """What a source is told, for who runs it without a claim: hooks, second looks. `credentials` are sealed."""

    id: int
    kind: str
    name: str
    enabled: bool
    options: Mapping[str, Json]
    credentials: str | None = field(default=None, repr=False)


def interval_minutes(kind: str) -> int:
    """How often a kind is checked when nothing says otherwise; 0 for those that are not polled."""
    if not is_polled(kind):
        return 0
    return max(1, round(registry.get(kind).interval / timedelta(minutes=1)))


def checked_options(kind: str, options: Mapping[str, Json]) -> dict[str, Json]:
    """Options completed with defaults; raises `ValueError` naming the kind or the option that is wrong."""
    if kind in FILLED_BY_HAND:
        return dict(options)
    return registry.get(kind).check_options(options)


def usual_about(kind: str) -> str:
    """Whose the reviews of such a source are when nothing says otherwise."""
    collector = collector_of(kind)
    return "text" if collector is None else collector.about


def checked_about(session: Session, about: str) -> str:
    """own, text, or the key of a company of the profile; raises `ValueError`."""
    if about in ("own", "text"):
        return about
    keys_known = session.scalars(select(Company.key).where(Company.active).order_by(Company.key)).all()
    if about not in keys_known:
        raise ValueError(f"about: must be own, text or the key of a company of the profile: {', '.join(keys_known)}")
    return about


def host_of(kind: str, options: Mapping[str, Json]) -> str | None:
    """The host whose turns such a source takes; None where it calls none, or several."""
    collector = collector_of(kind)
    host = None if collector is None else collector.host(options)
    return host.lower() if host else None


def find_source(session: Session, word: str) -> int | None:
    """The source that a person means by its number, its name or, if it is the only one, its kind."""
    if word.isdecimal() and len(word) < 10 and session.get(Source, int(word)) is not None:
        return int(word)
    for column in (Source.name, Source.kind):
        found = session.scalars(select(Source.id).where(column == word).limit(2)).all()
        if len(found) == 1:
            return found[0]
    return None


def add_source(
    session: Session,
    viewer: Viewer,
    kind: str,
    name: str,
    options: Mapping[str, Json],
    now: datetime,
    *,
    credentials: Mapping[str, str] = MappingProxyType({}),
    keep_days: int | None = None,
    about: str | None = None,
) -> int:
    """Add a source from the dashboard or API; raises `ValueError` naming what is wrong, `NameTakenError`.

    `about` says whose its reviews and survey answers are: own, the key of a rival, or text (those that are named);
    None: what is usual for the kind.
    """
    require_administrator(viewer)
    name = _checked_name(name)
    checked = checked_options(kind, options)
    sealed = keys.seal(keys.merged(kind, {}, credentials))
    made: int | None = session.scalar(
        insert(Source)
        .values(
            kind=kind,
            name=name,
            options=checked,
            origin="dashboard",
            credentials=sealed,
            host=host_of(kind, checked),
            keep_days=checked_keep_days(keep_days),
            about=usual_about(kind) if about is None else checked_about(session, about),
            interval_minutes=interval_minutes(kind),
            created_at=now,
            next_check_at=now if is_polled(kind) else None,
        )
        .on_conflict_do_nothing()
        .returning(Source.id)
    )
    if made is None:
        raise NameTakenError(kind, name)
    return made


def update_source(
    session: Session,
    viewer: Viewer,
    source_id: int,
    now: datetime,
    *,
    name: str | None = None,
    options: Mapping[str, Json] | None = None,
    keep_days: int | None = UNCHANGED,
    about: str | None = None,
) -> None:
    """Change name, options, retention (None: as long as the settings say) or whose its reviews are (for new ones).

    New options are tried at once and begin without the errors of the old ones. Raises `ValueError` naming what is
    wrong, `NameTakenError` for a name that another source of the kind has; then nothing is changed.
    """
    require_administrator(viewer)
    source = _source(session, source_id)
    if name is not None:
        _rename(session, source, _checked_name(name))
    if options is not None:
        source.options = checked_options(source.kind, options)
        source.host = host_of(source.kind, source.options)
        source.error_reason, source.error_detail, source.error_count = None, None, 0
        source.next_check_at = now if is_polled(source.kind) else None
    if about is not None:
        source.about = checked_about(session, about)
    if keep_days != UNCHANGED:
        source.keep_days = checked_keep_days(keep_days)
    session.flush()


def set_enabled(session: Session, viewer: Viewer, source_id: int, enabled: bool, now: datetime) -> None:
    """Pause or resume; a resumed source is due at once."""
    require_administrator(viewer)
    source = _source(session, source_id)
    source.enabled = enabled
    if not enabled:
        source.silent_since = None  # who is told to pause is not missed
    if enabled and is_polled(source.kind):
        source.next_check_at = now
    session.flush()


def run_now(session: Session, viewer: Viewer, source_id: int, now: datetime) -> None:
    """Make a source due; this is also how a person lets it try again after a permanent error."""
    require_administrator(viewer)
    source = _source(session, source_id)
    if not is_polled(source.kind):
        raise ValueError("This source is filled from outside; there is nothing to collect.")
    source.next_check_at = now
    session.flush()


def delete_source(session: Session, viewer: Viewer, source_id: int) -> None:
    """Remove a source with its posts and mentions; stories and rollups follow."""
    require_administrator(viewer)
    _source(session, source_id)
    remove_source_mentions(session, [source_id])
    session.execute(delete(Source).where(Source.id == source_id))


def get_or_make(
    session: Session, kind: str, name: str, origin: str, now: datetime, *, demo: bool = False, about: str = "text"
) -> int:
    """The source that imports or API calls go into; made at the first time, with `about` (see `add_source`)."""
    values = {
        "kind": kind,
        "name": _checked_name(name),
        "origin": origin,
        "demo": demo,
        "about": checked_about(session, about),
        "created_at": now,
        "interval_minutes": 0,
    }
    session.execute(insert(Source).values(**values).on_conflict_do_nothing())
    return session.scalars(select(Source.id).where(Source.kind == kind, Source.name == values["name"])).one()


def import_source(session: Session, name: str, now: datetime, *, survey: bool, about: str) -> int:
    """The source that a file goes into: the survey of that name if the file is one, else the import of that name."""
    query = select(Source.id).where(Source.kind == "survey", Source.name == name.strip())
    set_up = session.scalar(query) if survey else None
    return set_up if set_up is not None else get_or_make(session, "import", name, "import", now, about=about)


def checked_keep_days(days: int | None) -> int | None:
    """Days that the posts of a source are kept; raises `ValueError`."""
    if days is not None and not 1 <= days <= LONGEST_KEPT:
        raise ValueError(f"keep_days: give a number of days from 1 to {LONGEST_KEPT}, or none.")
    return days


def setup_of(session: Session, source_id: int) -> SourceSetup | None:
    """What a source is told; None: there is no such source."""
    row = session.get(Source, source_id)
    if row is None:
        return None
    return SourceSetup(row.id, row.kind, row.name, row.enabled, row.options, row.credentials)


def _source(session: Session, source_id: int) -> Source:
    source = session.get(Source, source_id, with_for_update={"key_share": True})
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _rename(session: Session, source: Source, name: str) -> None:
    kind = source.kind
    try:
        with session.begin_nested():
            source.name = name
    except IntegrityError as error:
        raise NameTakenError(kind, name) from error


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 200 or "\x00" in name:
        raise ValueError("name: give the source a name of at most 200 characters.")
    return name
