"""Where every request of a collector passes: turns at a host over all workers, and a fuse for hosts that fail."""

from typing import Protocol


class Gate(Protocol):
    """Asked before and told after each request."""

    def enter(self, host: str) -> None:
        """Wait for one's turn at a host; raise `CollectError` when it is far off or the host is given a rest."""
        ...

    def leave(self, host: str, *, failed: bool) -> None:
        """How the request ended: failed means that the host did not answer, or with a fault of its own (5xx)."""
        ...


class OpenGate:
    """Lets everything through: for tests, and where one process alone calls one host."""

    def enter(self, host: str) -> None:
        """Nothing to wait for."""

    def leave(self, host: str, *, failed: bool) -> None:
        """Nothing to note."""


OPEN_GATE = OpenGate()
