"""Options and keys that the three kinds of X sources share, and how they are checked."""

from collections.abc import Mapping, Sequence

from collectors.base import Option
from collectors.options import yes_or_no
from collectors.post import Json
from collectors.x_query import ARCHIVE_CHARS, Query, fitting, pack, suffix
from collectors.x_search import Prices

BEARER = Option("bearer_token", "Bearer token", "Of an app in X's developer console.", required=True)
QUERY = Option("query", "Own query", "In X's query language. Empty: the names of the company profile.", default="")
RETWEETS = Option("retweets", "Reposts too", "Each one is paid for, with its original.", default=False)
LANGUAGE = Option("language", "Language", "Two letters, as in en. Empty: all.", default="")
AUTHORS = Option(
    "authors", "Authors too", "Followers, and whether it is an own account; costs a user read a post.", default=True
)
BUDGET = Option("budget", "Budget", "USD a month for posts. 0: volumes are counted, no post is read.", default=50)
PRICE_POST = Option("price_post", "Price of a post", "USD for one that is read.", default=0.005)
PRICE_USER = Option("price_user", "Price of an author", "USD for one that is read.", default=0.010)
PRICE_COUNT = Option("price_count", "Price of a count", "USD for one request.", default=0.005)
MOST_USD = 1_000_000


def amount(values: Mapping[str, Json], name: str, most: float = MOST_USD) -> float:
    """An option that is a sum of money; text with a number is accepted, since forms send text."""
    value = values[name]
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= most:
        raise ValueError(f"{name}: must be a number from 0 to {most:g}")
    return number


def own_query(values: Mapping[str, Json], most: int) -> str:
    """An own query in one line."""
    value = values["query"]
    if not isinstance(value, str):
        raise ValueError("query: must be a text")  # noqa: TRY004 - callers catch one kind of error
    query = " ".join(value.split())
    if len(query) > most:
        raise ValueError(f"query: has {len(query)} characters; X takes at most {most}")
    return query


def language(values: Mapping[str, Json]) -> str:
    """A language as X names it, or none."""
    value = values["language"]
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not (value.isascii() and value.isalpha() and 2 <= len(value) <= 3):
        raise ValueError("language: must be two letters, as in en")
    return value.lower()


def watched(values: Mapping[str, Json]) -> dict[str, Json]:
    """The checked options that say what is searched for and what it costs."""
    checked: dict[str, Json] = {name: yes_or_no(values, name) for name in ("retweets", "authors")}
    checked |= {name: amount(values, name) for name in ("budget", "price_post", "price_user")}
    return checked | {"query": own_query(values, ARCHIVE_CHARS), "language": language(values)}


def prices(options: Mapping[str, Json]) -> Prices:
    """The prices of checked options."""
    count = amount(options, "price_count") if "price_count" in options else 0.0
    return Prices(amount(options, "price_post"), amount(options, "price_user"), count)


def queries_of(
    options: Mapping[str, Json], terms: Sequence[str], known: Mapping[str, object], most: int
) -> tuple[tuple[Query, ...], int]:
    """The queries to ask and how many terms fit into none. New terms come apart from those already read."""
    if options["query"]:
        query = str(options["query"])
        return (Query(query, (query,)),), 0
    ending = suffix(retweets=options["retweets"] is True, language=str(options["language"]))
    fit = fitting(terms, ending, most)
    named = {" ".join(term.split()).casefold() for term in terms} - {""}
    old, new = [term for term in fit if term in known], [term for term in fit if term not in known]
    return (*pack(old, ending, most), *pack(new, ending, most)), len(named - set(fit))
