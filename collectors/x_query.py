"""Queries of X from the names of the company profile, within the length that the platform takes."""

from collections.abc import Iterable
from dataclasses import dataclass

RECENT_CHARS = 512
ARCHIVE_CHARS = 1_024  # also of a rule of the filtered stream


@dataclass(frozen=True, slots=True)
class Query:
    """One query and the terms that it stands for; an own query stands for itself."""

    text: str
    terms: tuple[str, ...]


def suffix(*, retweets: bool, language: str) -> str:
    """The operators that every query ends with."""
    return ("" if retweets else " -is:retweet") + (f" lang:{language}" if language else "")


def phrase(term: str) -> str:
    """A term as the platform's query language writes it: a quoted phrase, or a bare hashtag, cashtag or handle."""
    words = " ".join(term.replace('"', " ").split())
    if words[:1] in {"#", "@", "$"} and words[1:].replace("_", "").isalnum():
        return words
    return f'"{words}"' if words else ""


def pack(terms: Iterable[str], ending: str, most: int) -> tuple[Query, ...]:
    """As few queries as hold all terms, joined by OR, in their order; a term too long for any query is left out."""
    made: list[Query] = []
    held: list[str] = []
    for term in fitting(terms, ending, most):
        if held and len(_joined([*held, term], ending)) > most:
            made.append(Query(_joined(held, ending), tuple(held)))
            held = []
        held.append(term)
    return (*made, Query(_joined(held, ending), tuple(held))) if held else tuple(made)


def fitting(terms: Iterable[str], ending: str, most: int) -> list[str]:
    """The terms that fit into a query alone, each once, without regard to case and white space."""
    clean = dict.fromkeys(" ".join(term.split()).casefold() for term in terms)
    return [term for term in clean if phrase(term) and len(_joined([term], ending)) <= most]


def _joined(terms: list[str], ending: str) -> str:
    phrases = " OR ".join(phrase(term) for term in terms)
    return (f"({phrases})" if len(terms) > 1 else phrases) + ending
