"""Settings of a site as people enter them, checked line by line."""

import re
from collections.abc import Mapping
from urllib.parse import urldefrag, urlsplit

from collectors.base import Option
from collectors.options import complete, web_address, whole_number, yes_or_no
from collectors.post import Json
from collectors.refused import refusal_of_address
from collectors.web.site import FieldRule, Site

READINGS = ("reviews", "forum", "article")
AUDIENCES = ("unknown", "customer", "current employee", "former employee", "candidate")
FIELDS = ("item", "text", "title", "date", "author", "rating", "id", "url")
MAX_START_PAGES = 20
MAX_PATTERNS = 20
MAX_SELECTOR_CHARS = 300
_FIELD = re.compile(r"([a-z]+)[ \t]*=[ \t]*([^@]*?)[ \t]*(?:@([A-Za-z][A-Za-z0-9_:-]{0,60}))?")

OPTIONS: tuple[Option, ...] = (
    Option("start", "Start pages", "Addresses of the pages to read, one a line.", required=True, many_lines=True),
    Option(
        "read",
        "What to read",
        "reviews: marked up as schema.org reviews. forum: by the fields below. article: the text of press pages.",
        default="reviews",
        choices=READINGS,
    ),
    Option(
        "follow",
        "Links to follow",
        "Patterns of paths on the same site, one a line; * stands for anything: /thread/*",
        many_lines=True,
    ),
    Option("next", "Link to the next page", "CSS selector of that link, such as a[rel=next]."),
    Option(
        "fields",
        "Fields of a forum",
        "One a line: name = CSS selector @attribute. Names: item (one post), text, title, date, author, rating, id, "
        "url. Example: date = time @datetime",
        many_lines=True,
    ),
    Option("max_pages", "Pages in one run", "1 to 500.", default=50),
    Option("max_depth", "Links away from the start", "0 to 10.", default=3),
    Option("language", "Language", "Two letters, where the pages do not say it."),
    Option("audience", "Who writes there", "What you know of the site.", default="unknown", choices=AUDIENCES),
    Option("employer", "It is about working there", "Reviews of the company as an employer.", default=False),
)


def site_of(options: Mapping[str, Json]) -> Site:
    """The site that the options describe; raise `ValueError` that begins with the option's name."""
    values = complete(options, OPTIONS)
    read = _choice(values, "read", READINGS)
    audience = _choice(values, "audience", AUDIENCES)
    site = Site(
        start=_start_pages(values),
        read=read,
        follow=_patterns(values),
        next=_next(values),
        fields=_fields(values),
        max_pages=whole_number(values, "max_pages", 1, 500),
        max_depth=whole_number(values, "max_depth", 0, 10),
        language=_language(values),
        audience=None if audience == "unknown" else audience,
        employer=yes_or_no(values, "employer"),
    )
    _check_fields_fit(site)
    return site


def normal_options(options: Mapping[str, Json]) -> dict[str, Json]:
    """The options completed and tidied, as they are stored."""
    site = site_of(options)
    return {
        "start": "\n".join(site.start),
        "read": site.read,
        "follow": "\n".join(site.follow),
        "next": site.next,
        "fields": "\n".join(_written(rule) for rule in site.fields),
        "max_pages": site.max_pages,
        "max_depth": site.max_depth,
        "language": site.language,
        "audience": site.audience or "unknown",
        "employer": site.employer,
    }


def _written(rule: FieldRule) -> str:
    return f"{rule.name} = {rule.selector}{f' @{rule.attribute}' if rule.attribute else ''}".replace("=  @", "= @")


def lines_of(values: Mapping[str, Json], name: str) -> list[tuple[int, str]]:
    """The non-empty lines of a text or a list, with their numbers."""
    value = values[name]
    if value is None:
        return []
    given = value.splitlines() if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(line, str) for line in given):
        raise ValueError(f"{name}: must be text, one entry a line")
    return [(number, line.strip()) for number, line in enumerate(map(str, given), 1) if line.strip()]


def _start_pages(values: Mapping[str, Json]) -> tuple[str, ...]:
    pages = []
    for number, line in lines_of(values, "start"):
        try:
            url = urldefrag(web_address({"start": line}, "start")).url
        except ValueError as error:
            raise ValueError(f"start: line {number}: {str(error).removeprefix('start: ')}") from error
        if urlsplit(url).username is not None:
            raise ValueError(f"start: line {number}: pages behind a sign-in are not read")
        if reason := refusal_of_address(url):
            raise ValueError(f"start: line {number}: {reason}")
        pages.append(url)
    if not pages:
        raise ValueError("start: is missing")
    if len(pages) > MAX_START_PAGES:
        raise ValueError(f"start: more than {MAX_START_PAGES} pages; make several sources of them")
    return tuple(dict.fromkeys(pages))


def _patterns(values: Mapping[str, Json]) -> tuple[str, ...]:
    found = []
    for number, line in lines_of(values, "follow"):
        if not line.startswith(("/", "*")) or len(line) > MAX_SELECTOR_CHARS or any(sign.isspace() for sign in line):
            raise ValueError(
                f"follow: line {number}: must be the pattern of a path, such as /reviews/*, "
                f"of at most {MAX_SELECTOR_CHARS} characters"
            )
        found.append(line)
    if len(found) > MAX_PATTERNS:
        raise ValueError(f"follow: more than {MAX_PATTERNS} patterns")
    return tuple(found)


def _next(values: Mapping[str, Json]) -> str | None:
    value = values["next"]
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError("next: must be a CSS selector")  # noqa: TRY004 - callers catch one kind of error
    return _selector(value.strip(), "next")


def _fields(values: Mapping[str, Json]) -> tuple[FieldRule, ...]:
    rules: dict[str, FieldRule] = {}
    for number, line in lines_of(values, "fields"):
        where = f"fields: line {number}"
        found = _FIELD.fullmatch(line) if len(line) <= 2 * MAX_SELECTOR_CHARS else None
        if not found:
            raise ValueError(f"{where}: must read: name = CSS selector @attribute")
        name, selector, attribute = found[1], found[2].strip(), found[3]
        if name not in FIELDS:
            raise ValueError(f"{where}: {name} is no field; known are {', '.join(FIELDS)}")
        if name in rules:
            raise ValueError(f"{where}: {name} is there twice")
        if not selector and not attribute:
            raise ValueError(f"{where}: the CSS selector is missing")
        rules[name] = FieldRule(name, _selector(selector, where) if selector else "", attribute)
    return tuple(rules.values())


def _selector(text: str, where: str) -> str:
    from cssselect import HTMLTranslator
    from cssselect.parser import SelectorError
    from cssselect.xpath import ExpressionError

    if len(text) > MAX_SELECTOR_CHARS:
        raise ValueError(f"{where}: the CSS selector is longer than {MAX_SELECTOR_CHARS} characters")
    try:
        HTMLTranslator().css_to_xpath(text)
    except (SelectorError, ExpressionError, RecursionError) as error:
        raise ValueError(f"{where}: {text[:60]!r} is no CSS selector ({str(error)[:80]})") from error
    return text


def _check_fields_fit(site: Site) -> None:
    if site.read != "forum":
        return
    for name in ("item", "text"):
        if site.field(name) is None:
            raise ValueError(f"fields: a forum needs the field {name}: {name} = CSS selector")
    item = site.field("item")
    if item is not None and (item.attribute or not item.selector):
        raise ValueError("fields: item is a whole element, so it takes a selector and no attribute")


def _choice(values: Mapping[str, Json], name: str, choices: tuple[str, ...]) -> str:
    value = values[name] or choices[0]
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}: must be one of {', '.join(choices)}")
    return value


def _language(values: Mapping[str, Json]) -> str | None:
    value = values["language"]
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}", value.strip()):
        raise ValueError("language: must be two letters, such as en")
    return value.strip().lower()
