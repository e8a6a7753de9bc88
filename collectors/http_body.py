"""Unpacking of answers in bounded memory: one kilobyte on the wire may unpack to one megabyte."""

import zlib
from collections.abc import Iterable

from collectors.errors import CollectError

ACCEPT_ENCODING = "gzip, deflate"
_STEP = 65_536


def read_body(chunks: Iterable[bytes], encoding: str, max_bytes: int) -> bytes:
    """Join `chunks`, unpacked; raise `CollectError` above `max_bytes`, on damage and on an unknown `encoding`."""
    names = [name for part in encoding.split(",") if (name := part.strip().lower()) not in {"", "identity"}]
    if not names:
        return _bounded(chunks, max_bytes)
    if names not in (["gzip"], ["x-gzip"], ["deflate"]):
        raise CollectError("bad_answer", f"The answer is packed as {encoding[:40]!r}, which was not asked for.")
    return _bounded(_unpacked(chunks), max_bytes)


def _bounded(chunks: Iterable[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise CollectError("bad_answer", f"The answer is larger than {max_bytes:,} bytes and was not read further.")
    return bytes(body)


def _unpacked(chunks: Iterable[bytes]) -> Iterable[bytes]:
    """Yield pieces of at most 64 kB, so that the caller can stop in the middle of a bomb."""
    unpacker, first = None, True
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unpacker is None:
                    unpacker = _unpacker_for(rest, first=first)
                    first = False
                yield unpacker.decompress(rest, _STEP)
                rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
                if unpacker.eof:
                    unpacker = None  # a further gzip member may follow
    except zlib.error as error:
        raise CollectError("bad_answer", f"The packed answer is damaged ({error}).") from error
    if unpacker is not None:
        while piece := unpacker.decompress(unpacker.unconsumed_tail, _STEP):
            yield piece
        if not unpacker.eof:
            raise CollectError("unreachable", "The packed answer was cut off before its end.")


def _unpacker_for(start: bytes, *, first: bool) -> "zlib._Decompress":
    """gzip and zlib announce themselves; some servers send raw deflate under the same name."""
    announced = start[:1] == b"\x1f" or (start[0] & 0x0F == 8 and int.from_bytes(start[:2].ljust(2, b"\0")) % 31 == 0)
    return zlib.decompressobj(zlib.MAX_WBITS | 32 if announced or not first else -zlib.MAX_WBITS)
