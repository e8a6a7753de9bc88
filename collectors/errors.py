"""The one exception of collectors."""

from datetime import datetime


class CollectError(Exception):
    """A run that failed. `permanent` failures wait for a person; the others are tried again at `retry_at`.

    `reason` is one of `collectors.base.REASONS`; `detail` is a sentence for the Sources page, without secrets.
    """

    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        permanent: bool = False,
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.permanent = permanent
        self.retry_at = retry_at
