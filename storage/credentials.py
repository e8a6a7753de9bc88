"""Keys of sources: sealed at rest, replaced but never shown, opened only for a run."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from collectors.base import CollectError
from config.sealing import Seal, SealError
from config.settings import get_settings
from storage.kinds import collector_of, is_polled
from storage.models.sources import Source
from storage.viewer import NotFound, Viewer, require_administrator

PURPOSE = "credentials of sources"
_LONGEST = 20_000  # characters of one key; a service account's file has about 2,400


def set_credentials(session: Session, viewer: Viewer, source_id: int, given: Mapping[str, str], now: datetime) -> None:
    """Replace the keys that are given; an empty one is taken away. The source is due at once, without its old error.

    Raises `ValueError` beginning with the name of a key that the kind does not know or cannot do without.
    """
    require_administrator(viewer)
    source = _source(session, source_id, lock=True)
    source.credentials = seal(merged(source.kind, stored(source), given))
    source.error_reason, source.error_detail, source.error_count = None, None, 0
    if is_polled(source.kind):
        source.next_check_at = now
    session.flush()


def credential_names(session: Session, viewer: Viewer, source_id: int) -> tuple[str, ...]:
    """Which keys are set, in the order of the form; their values never leave but by `open_credentials`."""
    require_administrator(viewer)
    source = _source(session, source_id)
    return names_of(source.kind, source.credentials)


def sealed_for_trial(
    session: Session, viewer: Viewer, source_id: int | None, kind: str, given: Mapping[str, str]
) -> str | None:
    """The keys of a source with those just typed over them, sealed for a job that tries them; nothing is stored."""
    require_administrator(viewer)
    before = {} if source_id is None else stored(_source(session, source_id))
    return seal(merged(kind, before, given, complete=False))


def open_credentials(sealed: str | None) -> dict[str, str]:
    """The keys in clear, for one run; raises `CollectError` (needs_credentials) where the seal does not open."""
    if sealed is None:
        return {}
    try:
        found = json.loads(_seal().open(sealed))
    except (SealError, ValueError) as error:
        detail = "The keys of this source were sealed with another SECRET_KEY. Enter them again."
        raise CollectError("needs_credentials", detail, permanent=True) from error
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def seal(values: Mapping[str, str]) -> str | None:
    """Keys as they may be stored; None for none at all."""
    return _seal().close(json.dumps(dict(values))) if values else None


def merged(kind: str, before: Mapping[str, str], given: Mapping[str, str], *, complete: bool = True) -> dict[str, str]:
    """The keys of a source after a change. `complete`: refuse to end without one that the kind cannot do without."""
    collector = collector_of(kind)
    known = {} if collector is None else {option.name: option for option in collector.credentials}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{name}: sources of kind {kind} have no such key.")
        if len(value) > _LONGEST or "\x00" in value:
            raise ValueError(f"{name}: this cannot be a key; it is too long or has a NUL character.")
    cleaned = {name: value.strip() for name, value in given.items()}
    result = {name: value for name, value in {**before, **cleaned}.items() if value and name in known}
    missing = next((name for name, option in known.items() if option.required and name not in result), None)
    if complete and missing is not None and result:
        raise ValueError(f"{missing}: this key is needed.")
    return result


def stored(source: Source) -> dict[str, str]:
    """The keys of a source; those that cannot be opened any more count as not there."""
    return _opened(source.credentials)


def names_of(kind: str, sealed: str | None) -> tuple[str, ...]:
    """Which keys of a source are set and can be opened, in the order of the form."""
    collector = collector_of(kind)
    if sealed is None or collector is None:
        return ()
    there = _opened(sealed)
    return tuple(option.name for option in collector.credentials if option.name in there)


def lacks_one(kind: str, names: Collection[str]) -> bool:
    """Whether among `names` a key is missing without which the kind cannot run."""
    collector = collector_of(kind)
    return collector is not None and any(each.required and each.name not in names for each in collector.credentials)


def _opened(sealed: str | None) -> dict[str, str]:
    try:
        return open_credentials(sealed)
    except CollectError:
        return {}


def _source(session: Session, source_id: int, *, lock: bool = False) -> Source:
    source = session.get(Source, source_id, with_for_update=True if lock else None)
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _seal() -> Seal:
    return Seal(get_settings().sealing_secrets(), PURPOSE)
