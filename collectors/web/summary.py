"""What a run over a site has met, and the sentences about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from collectors.post import Json
from collectors.web.cursor import Cursor, mark
from collectors.web.site import Site, host_of


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one run."""

    pages: int = 0
    items: int = 0
    links: int = 0
    unreadable: int = 0
    repeated: int = 0
    undated: int = 0
    without_zone: int = 0
    rated_only: bool = False
    silent: tuple[str, ...] = ()  # pages without an item
    requests: int = 0
    failed: int = 0
    missing: int = 0
    closed: int = 0
    other: int = 0
    unread: int = 0
    cut: bool = False
    timed_out: bool = False

    @property
    def incomplete(self) -> bool:
        return self.cut or self.timed_out

    def with_page(self, message: Mapping[str, Json], items: int, lost: int) -> "Summary":
        """After one page; `lost` items could not be mapped."""
        url = str(message.get("url"))
        return replace(
            self,
            pages=self.pages + 1,
            items=self.items + items,
            links=self.links + _count(message, "links"),
            unreadable=self.unreadable + lost + _count(message, "unreadable"),
            repeated=self.repeated + _count(message, "repeated"),
            undated=self.undated + _count(message, "undated"),
            without_zone=self.without_zone + _count(message, "without_zone"),
            rated_only=self.rated_only or message.get("rated_only") is True,
            silent=self.silent if items else (*self.silent, url),
        )

    def with_end(self, message: Mapping[str, Json]) -> "Summary":
        """With the child's own counts."""
        return replace(
            self,
            requests=_count(message, "requests"),
            failed=_count(message, "failed"),
            missing=_count(message, "missing"),
            closed=_count(message, "closed"),
            other=_count(message, "other"),
            unread=_count(message, "unread"),
            cut=message.get("cut") is True,
            timed_out=message.get("timed_out") is True,
        )

    def changed(self, before: Cursor, site: Site) -> str | None:
        """Words for a site that gives nothing where it should: silence must never pass for "nothing new"."""
        if site.read == "article" and site.follow:
            if self.pages and not self.links:
                return "The start pages have no link that fits the patterns; the site has changed, or they are wrong."
            return None
        gave = before.gave or {}
        for url in self.silent:
            if number := gave.get(mark(url)):
                return f"The page has changed: {_shown(url)} used to give {number} items and now gives none."
        if self.items or (not self.pages and (self.failed or self.missing or self.closed)):
            return None
        if not self.pages:
            return "Not one page was read."
        if before.total:
            return f"The pages have changed: they used to give {before.total} items and now give none."
        return _nothing_found(self, site)

    def words(self, max_pages: int = 0) -> str:
        """What a person should know of an otherwise good run."""
        told = [
            (self.timed_out, "The time for one run was over before all pages were read."),
            (self.cut and not self.timed_out and max_pages, f"Stopped after {max_pages} pages, as set."),
            (self.failed, f"{self.failed} pages could not be had."),
            (self.missing, f"{self.missing} linked pages are not there any more."),
            (self.closed, f"{self.closed} pages are closed to programs, by robots.txt or the terms of their site."),
            (self.other, f"{self.other} addresses lead to something that is no page."),
            (self.unread, f"{self.unread} pages could not be read."),
            (self.unreadable, f"{self.unreadable} parts could not be read and were left out."),
            (self.repeated, f"{self.repeated} items were on the page twice."),
            (self.undated, f"{self.undated} items have no date that can be read: they count from when they were seen."),
            (self.without_zone, f"{self.without_zone} dates name no time zone and were read as UTC."),
        ]
        return " ".join(sentence for there, sentence in told if there)


def _nothing_found(summary: Summary, site: Site) -> str:
    if site.read == "forum":
        return "No element fits the selector of the field item; look at the page's source and correct it."
    if site.read == "article":
        return "No article text was found on the pages."
    if summary.rated_only:
        return "The page states an average rating, but no single reviews that can be read."
    return "The page states no reviews in the markup of schema.org; read it as a forum, by fields, if it shows some."


def _shown(url: str) -> str:
    """A page as it is named to people: without its query, where tokens hide."""
    path = url.partition("?")[0].partition(host_of(url))[2]
    return f"{host_of(url)}{path[:100]}"


def _count(message: Mapping[str, Json], name: str) -> int:
    value = message.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
