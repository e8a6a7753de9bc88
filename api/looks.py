"""Looks at texts that pages quote beside their figures, for the audit log."""

from collections.abc import Sized
from datetime import datetime

from storage import audit, db
from storage.viewer import Viewer


def note_quotes(viewer: Viewer, where: str, quoted: Sized, now: datetime) -> None:
    """A page showed so many texts; nothing is noted where it showed none."""
    if len(quoted):
        with db.transaction() as session:
            audit.record(session, viewer, "mention.quotes", f"{where}: {len(quoted)}", now)
