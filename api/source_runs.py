"""Starting a run of a source that somebody asked for."""

from storage.kinds import collector_of
from workers import app as queue


def start(kind: str, source_id: int) -> None:
    """Queue a run; call it after the commit. A stream is no job of the queue: its process sees that it is due."""
    found = collector_of(kind)
    if found is not None and found.polled and not found.long_running:
        queue.enqueue(queue.COLLECT_SOURCE, source_id)
