"""The company profile: whose names are listened to, where, and who is told. `config.company` reads and writes it."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

from config.query import MAX_WORDS, QueryError, parse_query, quote
from config.recipients import MAX_LIST, Escalation, OnCall, Recipient, check_escalation
from config.recipients import Line as _Line
from config.recipients import Part as _Part
from config.tokens import tokens_of

MAX_RIVALS = 20

_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]|localhost")


def _findable(value: str) -> str:
    tokens = tokens_of(value)
    if not tokens:
        raise ValueError("has no letter or digit and would never be found")
    if len(tokens) > MAX_WORDS:
        raise ValueError(f"has more than {MAX_WORDS} words")
    if value.endswith("*") and len(tokens) > 1:
        raise ValueError("a wildcard * is possible only at the end of a single word")
    return value


def _usable_query(value: str) -> str:
    try:
        parse_query(value)
    except QueryError as error:
        raise ValueError(f"column {error.column}: {error.message}") from error
    return value


def _host(value: str) -> str:
    host = value.lower()
    if not _HOST.fullmatch(host):
        raise ValueError("must be a host name alone, such as jobs.acme.example")
    return host


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Without what differs only in case, the first spelling kept."""
    first: dict[str, str] = {}
    for value in values:
        first.setdefault(value.casefold(), value)
    return tuple(first.values())


_Term = Annotated[_Line, AfterValidator(_findable)]
_Terms = Annotated[tuple[_Term, ...], Field(max_length=MAX_LIST), AfterValidator(_distinct)]
_Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_QueryText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_usable_query)]


class Account(_Part):
    """An account of the company itself; its posts are owned voice."""

    platform: _Line
    handle: _Line

    @field_validator("handle")
    @classmethod
    def _bare(cls, value: str) -> str:
        bare = value.removeprefix("@")
        if not tokens_of(bare):
            raise ValueError("must be the name of the account, such as acme")
        return bare


class _Named(_Part):
    """What company and rivals share."""

    name: _Term
    key: _Key = ""  # empty only until the validator below has run
    aliases: _Terms = ()
    products: _Terms = ()
    excluded: _Terms = ()
    query: _QueryText | None = None

    @model_validator(mode="before")
    @classmethod
    def _key_from_name(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and isinstance(data.get("name"), str) and not data.get("key"):
            return {**data, "key": key_of(data["name"])}
        return data


class Company(_Named):
    """The company that is listened for."""

    employer_terms: _Terms = ()
    required: _Terms = ()
    careers_hosts: Annotated[tuple[Annotated[_Line, AfterValidator(_host)], ...], Field(max_length=MAX_LIST)] = ()
    accounts: Annotated[tuple[Account, ...], Field(max_length=MAX_LIST)] = ()


class Rival(_Named):
    """A company whose mentions are counted for share of voice."""


class Source(_Part):
    """One place to collect from. `options` are checked by the collector of that kind."""

    kind: _Line
    name: _Line
    enabled: bool = True
    options: Mapping[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, data: Any) -> Any:
        """In the file the options stand beside `kind`; a source without a name gets that of its kind."""
        if not isinstance(data, Mapping):
            return data
        own = {key: data[key] for key in ("kind", "name", "enabled") if key in data}
        own.setdefault("name", data.get("kind", "?"))
        given = data.get("options")
        rest = {key: value for key, value in data.items() if key not in own}
        if isinstance(given, Mapping):  # from code, already gathered
            rest = {**{key: value for key, value in rest.items() if key != "options"}, **given}
        return {**own, "options": rest}


class Target(_Part):
    """A company, the query that finds its mentions, and what else posts call it."""

    key: str
    name: str
    is_own: bool
    query: str
    names: tuple[str, ...]


_Listed: TypeAlias = Rival | Source | Recipient | OnCall


class CompanyProfile(_Part):
    """Everything `company.toml` says."""

    company: Company
    rivals: Annotated[tuple[Rival, ...], Field(max_length=MAX_RIVALS)] = ()
    sources: Annotated[tuple[Source, ...], Field(max_length=MAX_LIST)] = ()
    recipients: Annotated[tuple[Recipient, ...], Field(max_length=MAX_LIST)] = ()
    on_call: Annotated[tuple[OnCall, ...], Field(max_length=20)] = ()
    escalation: Escalation | None = None

    @field_validator("rivals", "sources", "recipients", "on_call")
    @classmethod
    def _unique(cls, parts: tuple[_Listed, ...]) -> tuple[_Listed, ...]:
        seen: set[str] = set()
        for part in parts:
            name = _identity(part)
            if name in seen:
                raise ValueError(f"“{name}” stands here twice; give each its own")
            seen.add(name)
        return parts

    @model_validator(mode="after")
    def _rivals_differ(self) -> "CompanyProfile":
        for rival in self.rivals:
            if rival.key == self.company.key:
                raise ValueError(f"the rival “{rival.name}” has the key of the company, “{rival.key}”")
        return self

    @model_validator(mode="after")
    def _escalation_leads_somewhere(self) -> "CompanyProfile":
        if wrong := check_escalation(self.escalation, self.on_call):
            raise ValueError(wrong)
        return self

    def targets(self) -> tuple[Target, ...]:
        """The company first, then the rivals, each with its query."""
        return tuple(
            Target(
                key=named.key,
                name=named.name,
                is_own=named is self.company,
                query=query_of(named),
                names=(*_names(named)[1:], *_handles(named)),
            )
            for named in self._all()
        )

    def _all(self) -> tuple[Company | Rival, ...]:
        return (self.company, *self.rivals)

    def search_terms(self) -> tuple[str, ...]:
        """Plain names and phrases for collectors that search: no operators, no wildcards, each once."""
        terms = (term for named in self._all() for term in _names(named))
        return _distinct(tuple(term for term in terms if not term.endswith("*")))


def _identity(part: _Listed) -> str:
    match part:
        case Rival():
            return part.key
        case Source():
            return part.name if part.name == part.kind else f"{part.kind}, {part.name}"
        case Recipient():
            return part.email.casefold()
        case OnCall():
            return part.name


def key_of(name: str) -> str:
    """A short name for addresses and files; names without Latin letters get a fixed number."""
    slug = "-".join(token for token in tokens_of(name) if token.isascii())[:40].strip("-")
    return slug or "company-" + hashlib.sha256(name.encode(errors="replace")).hexdigest()[:8]


def query_of(named: Company | Rival) -> str:
    """The own query of a company, or one built from its lists.

    `(name OR alias OR product OR @handle) AND (required OR employer term) NOT (excluded)`: a post that says one of the
    employer terms needs none of the required words, so that "hiring at Acme" is kept beside posts on its products.
    """
    if named.query:
        return named.query
    parts = [_any_of(_distinct((*_names(named), *_handles(named))))]
    if isinstance(named, Company) and named.required:
        parts.append(_any_of(_distinct((*named.required, *named.employer_terms))))
    query = " AND ".join(parts)
    return f"{query} AND NOT {_any_of(named.excluded)}" if named.excluded else query


def _names(named: Company | Rival) -> tuple[str, ...]:
    return (named.name, *named.aliases, *named.products)


def _handles(named: Company | Rival) -> tuple[str, ...]:
    """Handles that no name finds already: `@acme` is the word `acme` to the matcher."""
    if not isinstance(named, Company):
        return ()
    known = [tokens_of(name) for name in _names(named)]
    return tuple(f"@{each.handle}" for each in named.accounts if tokens_of(each.handle) not in known)


def _any_of(terms: tuple[str, ...]) -> str:
    written = [_written(term) for term in terms]
    return written[0] if len(written) == 1 else f"({' OR '.join(written)})"


def _written(term: str) -> str:
    """A term in query syntax: `word*` as it is, all else in quotes."""
    if term.endswith("*"):
        return f"{tokens_of(term)[0]}*"
    return quote(term)
