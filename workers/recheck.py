"""Second looks: known posts are read again for counters, edits and deletions."""

from workers.app import RECHECK_DUE, RECHECK_SOURCE, job


def recheck_due() -> None:
    """Enqueue a job for each source with posts to look at again."""


def recheck_source(source_id: int) -> None:
    """Look again at the posts of one source that are due."""


job(RECHECK_DUE, soft=20, hard=30)(recheck_due)
job(RECHECK_SOURCE, soft=540, hard=600)(recheck_source)
