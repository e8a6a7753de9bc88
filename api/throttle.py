"""How often one client may fail, counted in this process. Accounts themselves are locked in the database."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta


class Throttle:
    """At most `limit` marks per key within `window`; remembers at most `keys` keys, the oldest go first."""

    def __init__(self, limit: int, window: timedelta, keys: int = 10_000) -> None:
        self.limit = limit
        self.window = window
        self.keys = keys
        self._marks: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: datetime) -> timedelta | None:
        """Mark one try; None when it is allowed, else how long to wait (and nothing is marked)."""
        with self._lock:
            marks = self._marks.setdefault(key, deque())
            self._marks.move_to_end(key)
            while marks and marks[0] <= now - self.window:
                marks.popleft()
            if len(marks) >= self.limit:
                return marks[0] + self.window - now
            marks.append(now)
            while len(self._marks) > self.keys:
                self._marks.popitem(last=False)
            return None

    def give_back(self, key: str) -> None:
        """The last try of this key was a good one: it does not count."""
        with self._lock:
            marks = self._marks.get(key)
            if marks:
                marks.pop()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._marks.clear()
