"""A picture for a content: known by its first bytes, never by its name, and written anew without what it need not tell.

Chunks and segments that draw the picture are kept, all others go: places, cameras, comments, thumbnails, and whatever
follows the picture's end. A turned photograph keeps its orientation. The service serves the type found here.

Formats: JPEG (ITU T.81, Exif 2.32), PNG (W3C, third edition), WebP (RFC 9649). Moving pictures are refused.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 5_000_000  # bytes
WIDEST = 10_000  # pixels
_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"pHYs", b"sBIT"}
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
_WEBP_METADATA = 0x0C  # the flags of VP8X that announce Exif and XMP
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG: the segments that begin a picture
_ORIENTATION = 0x0112


class PictureError(ValueError):
    """The file is no picture that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: `kind` is its media type."""

    kind: str
    data: bytes
    width: int
    height: int


def read_picture(data: bytes) -> Picture:
    """The picture in a file; raises PictureError ("picture: …") for anything else."""
    if not data:
        raise PictureError("picture: the file is empty")
    if len(data) > LARGEST:
        raise PictureError(f"picture: the file is larger than {LARGEST // 1_000_000} MB")
    try:
        found = _read(data)
    except (IndexError, zlib.error):
        raise PictureError("picture: the file is cut off or damaged") from None
    if not (0 < found.width <= WIDEST and 0 < found.height <= WIDEST):
        raise PictureError(f"picture: {found.width} × {found.height} pixels; at most {WIDEST:,} each way are possible")
    return found


def _read(data: bytes) -> Picture:
    if data.startswith(_PNG_START):
        return _png(data)
    if data.startswith(b"\xff\xd8\xff"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    raise PictureError("picture: use a JPEG, PNG or WebP file")


def _number(data: bytes, place: int, size: int, order: str = "big") -> int:
    part = data[place : place + size]
    if len(part) < size:
        raise IndexError(place)
    return int.from_bytes(part, "little" if order == "little" else "big")


def _png(data: bytes) -> Picture:
    kept = [_PNG_START]
    place = len(_PNG_START)
    name = b""
    while name != b"IEND":
        size = _number(data, place, 4)
        name, chunk = data[place + 4 : place + 8], data[place : place + 12 + size]
        if len(chunk) < 12 + size or zlib.crc32(chunk[4:-4]) != _number(chunk, 8 + size, 4):
            raise IndexError(place)
        if name == b"acTL":
            raise PictureError("picture: moving pictures are not possible")
        if name in _PNG_KEPT:
            kept.append(chunk)
        place += 12 + size
    if len(kept) < 4 or kept[1][4:8] != b"IHDR":
        raise IndexError(place)
    return Picture("image/png", b"".join(kept), _number(kept[1], 8, 4), _number(kept[1], 12, 4))


def _jpeg(data: bytes) -> Picture:
    kept = [b"\xff\xd8"]
    width = height = 0
    orientation = 1
    for marker, segment in _segments(data):
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
            orientation = _orientation(segment[10:])
        if marker in _FRAMES:
            height, width = _number(segment, 5, 2), _number(segment, 7, 2)
        if _draws(marker, segment):
            kept.append(segment)
    if not width:
        raise IndexError(0)
    if orientation != 1:
        kept.insert(1, _exif(orientation))
    return Picture("image/jpeg", b"".join(kept), width, height)


def _draws(marker: int, segment: bytes) -> bool:
    """Whether a segment belongs to the drawing: of the application's own only JFIF, colour profile and Adobe's."""
    if 0xE0 <= marker <= 0xEF:
        wanted = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}.get(marker)
        return wanted is not None and segment[4:].startswith(wanted)
    return marker != 0xFE


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, whole segment) up to the end of the picture; the drawn lines belong to the segment before them."""
    place = 2
    while True:
        if data[place] != 0xFF:
            raise IndexError(place)
        while data[place + 1] == 0xFF:  # filling
            place += 1
        marker = data[place + 1]
        if marker == 0xD9:
            yield marker, b"\xff\xd9"
            return
        end = place + 2 + _number(data, place + 2, 2)
        if end > len(data) or end < place + 4:
            raise IndexError(place)
        if marker == 0xDA:
            end = _end_of_lines(data, end)
        yield marker, data[place:end]
        place = end


def _end_of_lines(data: bytes, place: int) -> int:
    while True:
        place = data.find(b"\xff", place)
        if place < 0:
            raise IndexError(place)
        after = data[place + 1]
        if after not in (0x00, 0xFF) and not 0xD0 <= after <= 0xD7:
            return place
        place += 1 if after == 0xFF else 2


def _orientation(tiff: bytes) -> int:
    """How the camera was held, 1–8; 1 where it is not told."""
    order = "little" if tiff[:2] == b"II" else "big"
    try:
        table = _number(tiff, 4, 4, order)
        for entry in range(_number(tiff, table, 2, order)):
            place = table + 2 + 12 * entry
            if _number(tiff, place, 2, order) == _ORIENTATION:
                told = _number(tiff, place + 8, 2, order)
                return told if 1 <= told <= 8 else 1
    except IndexError:
        return 1  # damaged camera data: the picture itself may be whole
    return 1


def _exif(orientation: int) -> bytes:
    entry = _ORIENTATION.to_bytes(2) + (3).to_bytes(2) + (1).to_bytes(4) + orientation.to_bytes(2) + bytes(2)
    body = b"Exif\0\0MM\0\x2a" + (8).to_bytes(4) + (1).to_bytes(2) + entry + bytes(4)
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body


def _webp(data: bytes) -> Picture:
    end = 8 + _number(data, 4, 4, "little")
    if end > len(data):
        raise IndexError(end)
    kept = []
    place = 12
    while place < end:
        name, size = data[place : place + 4], _number(data, place + 4, 4, "little")
        chunk = data[place : place + 8 + size + size % 2]
        if len(chunk) < 8 + size:
            raise IndexError(place)
        if name in (b"ANIM", b"ANMF"):
            raise PictureError("picture: moving pictures are not possible")
        if name in _WEBP_KEPT:
            kept.append(chunk)
        place += 8 + size + size % 2
    width, height = _webp_size(kept[0])
    if kept[0][:4] == b"VP8X":
        kept[0] = kept[0][:8] + bytes([kept[0][8] & ~_WEBP_METADATA]) + kept[0][9:]
    body = b"WEBP" + b"".join(kept)
    return Picture("image/webp", b"RIFF" + len(body).to_bytes(4, "little") + body, width, height)


def _webp_size(chunk: bytes) -> tuple[int, int]:
    if chunk[:4] == b"VP8X":
        return _number(chunk, 12, 3, "little") + 1, _number(chunk, 15, 3, "little") + 1
    if chunk[:4] == b"VP8L":
        bits = _number(chunk, 9, 4, "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return _number(chunk, 14, 2, "little") & 0x3FFF, _number(chunk, 16, 2, "little") & 0x3FFF
