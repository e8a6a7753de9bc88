"""How often one address may ask in a minute. Addresses are kept nowhere: only a keyed hash, in memory, for a minute."""

import ipaddress
import threading


class AddressLimit:
    """At most `limit` in each minute per IPv4 address or IPv6 network of a household (/64)."""

    def __init__(self, limit: int, most: int = 50_000) -> None:
        self.limit = limit
        self.most = most
        self._minute = 0
        self._counts: dict[int, int] = {}
        self._lock = threading.Lock()

    def take(self, address: str, seconds: float) -> bool:
        """Count one request at a time in seconds; False when it is one too many.

        With more addresses in a minute than are remembered, the new ones share one count.
        """
        minute = int(seconds // 60)
        key = hash(_place(address)) if ":" in address else hash(address)  # the process's own random key is in it
        with self._lock:
            if minute != self._minute:
                self._minute, self._counts = minute, {}
            if key not in self._counts and len(self._counts) >= self.most:
                key = 0
            count = self._counts.get(key, 0) + 1
            self._counts[key] = count
        return count <= self.limit

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts = {}


def _place(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> 64)
    return str(found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else found)
