"""Read and write the company profile as TOML, with every problem named by field and line."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from config.profile import (
    Account,
    Company,
    CompanyProfile,
    Rival,
    Source,
    Target,
    key_of,
    query_of,
)
from config.recipients import Escalation, OnCall, Recipient

MAX_CHARS = 1_000_000

_TABLES: dict[str, type[BaseModel]] = {
    "": CompanyProfile,
    "company": Company,
    "company.accounts": Account,
    "rivals": Rival,
    "sources": Source,
    "recipients": Recipient,
    "on_call": OnCall,
    "escalation": Escalation,
}
_HEADER = re.compile(r"(\[\[?)([^\[\]#]+)\]\]?\s*(?:#.*)?$")
_NAMED = re.compile(r"(escalation\.\w+): ")
_KEY = re.compile(r"[\"']?([\w-]+)[\"']?\s*=")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `field` is a path such as `rivals[1].aliases`; empty: the file as a whole."""

    field: str
    line: int | None
    message: str

    def __str__(self) -> str:
        where = self.field or "company profile"
        return f"{where} (line {self.line}): {self.message}" if self.line else f"{where}: {self.message}"


class ProfileError(ValueError):
    """A profile that cannot be used, with all its problems."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def load_profile(toml: str) -> CompanyProfile:
    """Parse the text of `company.toml`; raise `ProfileError` with every problem found."""
    if len(toml) > MAX_CHARS:
        raise ProfileError([Problem("", None, f"has {len(toml):,} characters; {MAX_CHARS:,} are possible")])
    try:
        data = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at line (\d+), column (\d+)\)$", str(error), re.DOTALL)
        problem = (
            Problem("", int(found[2]), f"{found[1]}, column {found[3]}") if found else Problem("", None, str(error))
        )
        raise ProfileError([problem]) from error
    except RecursionError as error:
        raise ProfileError([Problem("", None, "lists or tables are nested too deeply")]) from error
    try:
        return CompanyProfile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(_problems(error, _lines_of(toml))) from error


def check_profile(data: Mapping[str, Any]) -> CompanyProfile:
    """The profile that a form gathered; raise `ProfileError` with every problem, none of them with a line."""
    try:
        return CompanyProfile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(_problems(error, {})) from error


def dump_profile(profile: CompanyProfile) -> str:
    """The profile as TOML text that a person can go on editing; `load_profile` gives the same profile back."""
    company = profile.company.model_dump(exclude={"accounts"}, exclude_defaults=True)
    blocks = [_block("[company]", company)]
    blocks += [_block("[[company.accounts]]", each.model_dump()) for each in profile.company.accounts]
    blocks += [_block("[[rivals]]", each.model_dump(exclude_defaults=True)) for each in profile.rivals]
    for source in profile.sources:
        blocks.append(_block("[[sources]]", {**source.model_dump(exclude={"options"}), **source.options}))
    for each in profile.recipients:
        blocks.append(_block("[[recipients]]", {"email": each.email, "severity": each.severity, **_changed(each)}))
    blocks += [_block("[[on_call]]", _changed(each)) for each in profile.on_call]
    if profile.escalation is not None:
        blocks.append(_block("[escalation]", profile.escalation.model_dump()))
    return "\n".join(blocks)


def _changed(part: BaseModel) -> dict[str, Any]:
    """What differs from the defaults, dates as text."""
    return part.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _block(header: str, values: Mapping[str, Any]) -> str:
    lines = [f"{_bare_key(key)} = {_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join([header, *lines, ""])


def _bare_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _string(key)


def _string(text: str) -> str:
    """JSON's escapes are a subset of TOML's; only the delete character needs a word more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: JsonValue | tuple[str, ...]) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value)
        case int() | float():
            return repr(value)
        case list() | tuple():
            items = [_value(item) for item in value if item is not None]
            one_line = f"[{', '.join(items)}]"
            return one_line if len(one_line) <= 90 else "[\n    " + ",\n    ".join(items) + ",\n]"
        case dict():
            pairs = [f"{_bare_key(key)} = {_value(item)}" for key, item in value.items() if item is not None]
            return f"{{ {', '.join(pairs)} }}"
    raise ValueError("TOML knows no null")


def _problems(error: ValidationError, lines: Mapping[str, int]) -> Iterator[Problem]:
    seen = set()
    for each in error.errors(include_url=False):
        path = _path(each["loc"])
        message = _message(each["type"], each["msg"], each["loc"], each.get("ctx", {}))
        if not path and (named := _NAMED.match(message)):  # two tables that do not fit: the sentence names the field
            path, message = named[1], message[named.end() :]
        problem = Problem(path, _line(path, lines), message)
        if problem not in seen:
            seen.add(problem)
            yield problem


def _path(loc: tuple[int | str, ...]) -> str:
    """`("rivals", 0, "name")` → `rivals[0].name`; what pydantic adds inside a source's options is left out."""
    path = ""
    for index, part in enumerate(loc):
        if loc[0] == "sources" and index > 3:
            break  # pydantic goes on with names of types
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (loc[0] == "sources" and part == "options"):
            path += f".{part}" if path else part
    return path


_MESSAGES = {
    "missing": "is missing",
    "string_too_short": "must not be empty",
    "string_type": "must be text, in quotes",
    "string_pattern_mismatch": "may hold small letters, digits and hyphens, at most 40, no hyphen at the start",
    "string_too_long": "is longer than {max_length} characters",
    "too_long": "has more than {max_length} entries",
    "invalid-json-value": "must be text, a number, true, false, a list or a table",
    "tuple_type": "must be a list, in brackets",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


def _message(kind: str, message: str, loc: tuple[int | str, ...], context: Mapping[str, Any]) -> str:
    if kind == "extra_forbidden":
        return _unknown(loc)
    if kind in _MESSAGES:
        return _MESSAGES[kind].format_map(context)
    return message.removeprefix("Value error, ").removeprefix("Input ").replace("input was", "is")


def _unknown(loc: tuple[int | str, ...]) -> str:
    table = ".".join(part for part in loc[:-1] if isinstance(part, str))
    fields = _TABLES[table].model_fields
    known = [field.alias or name for name, field in fields.items() if name != "options"]
    close = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)
    return f"is not known; did you mean {close[0]}?" if close else f"is not known; possible are {', '.join(known)}"


def _lines_of(toml: str) -> dict[str, int]:
    """Where tables and keys stand, by path. Good for files as people write them; what it misses has no line."""
    lines: dict[str, int] = {}
    table = ""
    counts: dict[str, int] = {}
    for number, whole in enumerate(toml.split("\n"), start=1):
        line = whole.strip()[:200]
        if header := _HEADER.match(line):
            name = re.sub(r"[\s\"']", "", header[2])
            table = f"{name}[{counts.setdefault(name, 0)}]" if header[1] == "[[" else name
            counts[name] = counts.get(name, 0) + 1
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(f"{table}.{key[1]}" if table else key[1], number)
    return lines


def _line(path: str, lines: Mapping[str, int]) -> int | None:
    """The line of the path or of the nearest table around it."""
    while path and path not in lines:
        path = re.sub(r"(\[\d+\]|\.?[^.\[\]]+)$", "", path)
    return lines.get(path)


__all__ = [
    "Account",
    "Company",
    "CompanyProfile",
    "Escalation",
    "OnCall",
    "Problem",
    "ProfileError",
    "Recipient",
    "Rival",
    "Source",
    "Target",
    "check_profile",
    "dump_profile",
    "key_of",
    "load_profile",
    "query_of",
]
