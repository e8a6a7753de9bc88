"""What the network said of the texts that it read last, so that copies are not read again."""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float32]


class RecentAnswers:
    """The last `size` answers, one row of numbers each, by a digest of the text; safe to share between threads.

    It keeps no text. `version` is part of the key: an answer of other heads is never found.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: OrderedDict[bytes, Row] = OrderedDict()
        self._lock = Lock()

    @staticmethod
    def key(text: str, version: str) -> bytes:
        """What an answer is found by."""
        return blake2b(f"{version}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def get(self, key: bytes) -> Row | None:
        """The answer; None where there is none any more."""
        with self._lock:
            row = self._rows.get(key)
            if row is not None:
                self._rows.move_to_end(key)
            return row

    def put(self, key: bytes, row: Row) -> None:
        """Remember an answer; the one that was not asked for the longest goes."""
        with self._lock:
            self._rows[key] = row
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._rows.clear()
