"""Pictures are known by their bytes and leave what they need not tell."""

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advocacy.pictures import LARGEST, PictureError, read_picture

SECRET = b"59.91 N 10.75 E"


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def a_png(width: int = 2, height: int = 1, extra: bytes = b"") -> bytes:
    """A picture that browsers draw."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    lines = _chunk(b"IDAT", zlib.compress((b"\0" + b"\x20\x80\x70" * min(width, 50)) * min(height, 50)))
    return b"\x89PNG\r\n\x1a\n" + head + extra + lines + _chunk(b"IEND", b"")


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _exif(orientation: int) -> bytes:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    return _segment(0xE1, b"Exif\0\0II\x2a\0" + struct.pack("<IH", 8, 1) + entry + bytes(4) + SECRET)


def a_jpeg(orientation: int = 1) -> bytes:
    """The frame of a picture: every segment in its place, drawn lines that mean nothing."""
    parts = (
        _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        _exif(orientation),
        _segment(0xFE, SECRET),
        _segment(0xED, SECRET),
        _segment(0xDB, bytes(65)),
        _segment(0xC0, struct.pack(">BHHB", 8, 30, 40, 1) + bytes(3)),
        _segment(0xC4, bytes(20)),
        _segment(0xDA, bytes(6)),
        b"\x12\xff\x00\x34\xff\xd0\x56",
    )
    return b"\xff\xd8" + b"".join(parts) + b"\xff\xd9" + SECRET


def a_webp(*names: bytes) -> bytes:
    """The container of a picture with further chunks."""
    wide = (
        b"VP8X"
        + struct.pack("<I", 10)
        + bytes([0x0C, 0, 0, 0])
        + (39).to_bytes(3, "little")
        + (29).to_bytes(3, "little")
    )
    chunks = [name + struct.pack("<I", len(SECRET)) + SECRET + b"\0" for name in (b"VP8 ", b"EXIF", *names)]
    body = b"WEBP" + wide + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_png_keeps_what_draws_it() -> None:
    found = read_picture(a_png(3, 2, _chunk(b"tEXt", SECRET) + _chunk(b"eXIf", SECRET)) + SECRET)
    assert (found.kind, found.width, found.height) == ("image/png", 3, 2)
    assert found.data == a_png(3, 2)


def test_a_jpeg_loses_place_and_comments_and_keeps_its_turn() -> None:
    found = read_picture(a_jpeg(6))
    assert (found.kind, found.width, found.height) == ("image/jpeg", 40, 30)
    assert SECRET not in found.data
    assert b"Exif\0\0MM" in found.data
    assert found.data.endswith(b"\x56\xff\xd9")
    assert read_picture(found.data).data == found.data
    assert b"Exif" not in read_picture(a_jpeg(1)).data


def test_a_webp_loses_its_metadata() -> None:
    found = read_picture(a_webp(b"XMP "))
    assert (found.kind, found.width, found.height) == ("image/webp", 40, 30)
    assert found.data.count(SECRET) == 1
    assert found.data[20] == 0
    assert read_picture(found.data).data == found.data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<svg onload=alert(1)>", "JPEG, PNG or WebP"),
        (b"GIF89a" + bytes(20), "JPEG, PNG or WebP"),
        (b"\xff\xd8\xff" + bytes(50), "cut off or damaged"),
        (a_jpeg()[:-40], "cut off or damaged"),
        (a_png()[:-5], "cut off or damaged"),
        (a_png().replace(b"IDAT", b"IDAX"), "cut off or damaged"),
        (a_webp()[:-5], "cut off or damaged"),
        (a_png(20_000), "20000 × 1 pixels"),
        (a_png(0), "0 × 1 pixels"),
        (a_png(extra=_chunk(b"acTL", bytes(8))), "moving"),
        (a_webp(b"ANMF"), "moving"),
        (bytes(LARGEST + 1), "larger than 5 MB"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        read_picture(data)


@given(st.sampled_from([a_png(), a_jpeg(3), a_webp()]), st.integers(0, 200), st.binary(max_size=6))
def test_damage_is_an_error_or_a_picture(data: bytes, place: int, put: bytes) -> None:
    with suppress(PictureError):
        assert read_picture(data[:place] + put + data[place + len(put) :]).width > 0
