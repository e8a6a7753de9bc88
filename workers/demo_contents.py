"""Invented contents of the demo: what its advocates may tell in their own words."""

import struct
import zlib
from datetime import datetime, timedelta

from advocacy.content import Draft
from advocacy.pictures import Picture, read_picture
from storage import content_edits, db
from storage.viewer import SYSTEM

_HOSTS = ("careers.fjellvik.example",)
_JOBS = "https://careers.fjellvik.example/jobs"
_WIDE, _HIGH = 480, 240
# title, angle, questions, facts, better not said, example, link, platforms, days ago
_CONTENTS = (
    (
        "A mechanic for Brekkedal",
        "The repair shop in Brekkedal looks for somebody who would rather mend a zip than sell a jacket.",
        ("What did you mend last?", "What do customers say?", "Who would you like at the next bench?"),
        "The shop mended 4,100 things last year\nPaid training of six weeks\nFour days a week are possible",
        "Pay of colleagues; other repair shops.",
        "We are hiring! Our repair shop in Brekkedal is looking for a mechanic. Great team, paid training, apply now.",
        _JOBS,
        (),
        2,
    ),
    (
        "The Tind 1 in a storm",
        "We put the new tent up in the worst night of the winter, and some of us slept in it.",
        ("What surprised you?", "What would you do differently?"),
        "22 metres a second on the ridge\nTwo of nine poles were changed afterwards",
        "The price, and when it is out: neither is settled.",
        "Our new Tind 1 tent withstood a storm with winds of 22 metres a second. Proud of the team!",
        "",
        ("linkedin", "bluesky", "mastodon", "x"),
        5,
    ),
    (
        "Why people come back",
        "Every sixth new colleague has worked here before. What is it that you would come back for?",
        ("What did you miss?", "What has changed since?"),
        "31 of 186 who joined last year had left before",
        "Why somebody else left.",
        "",
        f"{_JOBS}/welcome-back",
        ("linkedin",),
        11,
    ),
)  # fmt: skip


def add_contents(now: datetime) -> None:
    """A few contents of the last days, one with a picture."""
    with db.transaction() as session:
        for title, angle, prompts, facts, avoid, example, link, platforms, days in _CONTENTS:
            image = _ridge() if title == "The Tind 1 in a storm" else None
            at = now - timedelta(days=days)
            draft = Draft(
                title=title,
                angle=angle,
                available_from=at,
                prompts=prompts,
                facts=facts,
                avoid=avoid,
                example=example,
                link=link,
                picture_alt="A mountain ridge at night" if image else None,
                platforms=platforms,
            )
            content_edits.add(session, SYSTEM, draft, _HOSTS, at, image, demo=True)


def _ridge() -> Picture:
    """A drawn picture: two ridges before a night sky."""
    lines = bytearray()
    for y in range(_HIGH):
        lines.append(0)
        for x in range(_WIDE):
            far = 110 + abs((x + 60) % 160 - 80)
            near = 150 + abs(x % 260 - 130) // 2
            shade = (
                (22, 36, 44) if y > near else (58, 84, 96) if y > far else (150 - y // 2, 178 - y // 3, 196 - y // 4)
            )
            lines += bytes(shade)
    head = struct.pack(">IIBBBBB", _WIDE, _HIGH, 8, 2, 0, 0, 0)
    chunks = (b"IHDR" + head, b"IDAT" + zlib.compress(bytes(lines)), b"IEND")
    body = b"".join(struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in chunks)
    return read_picture(b"\x89PNG\r\n\x1a\n" + body)
