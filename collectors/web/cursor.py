"""What one run of a site leaves to the next: marks of known items, pages left over, and what the site used to give."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from collectors.post import Json
from collectors.web.site import Site

MAX_KNOWN = 2_000
MAX_LEFT = 20
MAX_AVOID = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """`known` newest first; `gave` is how many items each start page gave when it last gave some."""

    site: str  # a mark of what is read: another site begins anew
    known: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    gave: Mapping[str, int] | None = None
    total: int = 0  # items of the last run that had some

    @classmethod
    def read(cls, value: Mapping[str, Json], site: Site) -> "Cursor":
        """The stored cursor; an empty, old or damaged one, or one of another site, is a fresh one."""
        here = _site_mark(site)
        if value.get("site") != here:
            return cls(here, gave={})
        gave, total = value.get("gave"), value.get("total")
        return cls(
            here,
            tuple(strings(value.get("known")))[:MAX_KNOWN],
            tuple(url for url in strings(value.get("left")) if url.startswith("http"))[:MAX_LEFT],
            tuple(strings(value.get("avoid")))[:MAX_AVOID],
            {key: n for key, n in gave.items() if isinstance(n, int)} if isinstance(gave, dict) else {},
            total if isinstance(total, int) and not isinstance(total, bool) else 0,
        )

    def to_json(self) -> dict[str, Json]:
        return {
            "site": self.site,
            "known": list(self.known),
            "left": list(self.left),
            "avoid": list(self.avoid),
            "gave": dict(self.gave or {}),
            "total": self.total,
        }

    def with_page(self, url: str, ids: Sequence[str], site: Site, onward: str | None = None) -> "Cursor":
        """After a page's items are stored; `onward` is the next page, in case this run does not come to it.

        A page that gave none keeps the memory of what it gave.
        """
        marks = [mark(one) for one in ids]
        if site.read == "article" and url not in site.start:
            marks.append(mark(url))  # an article is read once
        gave = dict(self.gave or {})
        if ids and url in site.start:
            gave[mark(url)] = len(ids)
        known = tuple(dict.fromkeys([*marks, *self.known]))[:MAX_KNOWN]
        left = [one for one in (onward, *self.left) if one is not None and one != url]
        return replace(self, known=known, gave=gave, left=tuple(dict.fromkeys(left))[:MAX_LEFT])

    def avoiding(self, url: str) -> "Cursor":
        return replace(self, avoid=tuple(dict.fromkeys([mark(url), *self.avoid]))[:MAX_AVOID])

    def closed(self, left: Sequence[str], total: int) -> "Cursor":
        """At the end of a run that went well."""
        return replace(self, left=tuple(dict.fromkeys(left))[:MAX_LEFT], total=total or self.total)


def mark(text: str) -> str:
    """A short, steady stand-in for an id or address: cursors are stored in clear, and ids may name people."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:14]


def strings(value: Json) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _site_mark(site: Site) -> str:
    told = [*site.start, site.read, *(f"{rule.name}={rule.selector}@{rule.attribute}" for rule in site.fields)]
    return mark(json.dumps(told))
