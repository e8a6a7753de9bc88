"""The privacy door of the profile in force, for everything that stores posts: collectors, imports, the API."""

from sqlalchemy.orm import Session

from collectors.privacy import PrivacyDoor
from config.settings import Settings
from storage import profile, pseudonym_keys


def privacy_door(session: Session, settings: Settings) -> PrivacyDoor:
    """A door that keeps the company's own accounts and the names of organisations readable.

    Raises `PseudonymKeyError` where the settings do not have the key that what is stored stands under.
    """
    keys = pseudonym_keys.keychain(session, settings)
    state = profile.current_profile(session)
    if state is None:
        return PrivacyDoor(keys, ())
    own = [(account.platform, account.handle) for account in state.profile.company.accounts]
    names = [name for part in (state.profile.company, *state.profile.rivals) for name in (part.name, *part.aliases)]
    return PrivacyDoor(keys, own, names)
