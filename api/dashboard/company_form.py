"""The company profile as a form: fields are named by their paths in the profile, so that problems find their field."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.dashboard.forms import Posted, sentence
from config.company import CompanyProfile, Problem, Recipient

LISTS = ("aliases", "products", "employer_terms", "required", "excluded", "careers_hosts")
RIVAL_LISTS = ("aliases", "products", "excluded")
RECIPIENT_LISTS = ("audiences", "languages", "kinds")
START_SOURCE = "start.hackernews"
_SPARE = 1  # empty rows that the form offers
_MOST_ROWS = 200
_ENTRY = re.compile(r"\[(\d+)\](?:\.\w+)?$")
_WHOLE_ROW = re.compile(r"(rivals|recipients|sources|on_call)\[\d+\]$")
_PARTS = ("rivals", "recipients", "on_call")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form shows: values by field name, and how many rows of rivals, recipients and rotas there are."""

    values: Mapping[str, str]
    rivals: int
    recipients: int
    on_call: int = _SPARE

    def get(self, name: str) -> str:
        """The value of a field, "" where it has none."""
        return self.values.get(name, "")


def of_profile(profile: CompanyProfile | None) -> Shown:
    """The form of a profile; an empty one, with Hacker News ticked, before there is any."""
    if profile is None:
        return Shown({START_SOURCE: "on"}, _SPARE, _SPARE)
    company = profile.company
    values = {
        "company.name": company.name,
        "company.key": company.key,
        "company.query": company.query or "",
        "company.accounts": "\n".join(f"{each.platform} {each.handle}" for each in company.accounts),
    }
    values |= {f"company.{name}": "\n".join(getattr(company, name)) for name in LISTS}
    for at, rival in enumerate(profile.rivals):
        values |= {f"rivals[{at}].name": rival.name, f"rivals[{at}].key": rival.key}
        values[f"rivals[{at}].query"] = rival.query or ""
        values |= {f"rivals[{at}].{name}": "\n".join(getattr(rival, name)) for name in RIVAL_LISTS}
    for at, each in enumerate(profile.recipients):
        values |= _of_recipient(f"recipients[{at}].", each)
    for at, rota in enumerate(profile.on_call):
        values |= {f"on_call[{at}].name": rota.name, f"on_call[{at}].people": "\n".join(rota.people)}
        values |= {f"on_call[{at}].from": rota.start.isoformat(), f"on_call[{at}].days": str(rota.days)}
        values[f"on_call[{at}].timezone"] = rota.timezone
    if profile.escalation is not None:
        values["escalation.after_minutes"] = str(profile.escalation.after_minutes)
        values["escalation.to"] = "\n".join(profile.escalation.to)
        values["escalation.on"] = "on"
    counts = (len(getattr(profile, part)) + _SPARE for part in _PARTS)
    return Shown(values, *counts)


def of_posted(data: Mapping[str, Any], form: Posted) -> Shown:
    """The form again as it was typed, without the rows that were left empty."""
    company = data["company"]
    values = {name: form.get(name) for name in ("company.name", "company.key", "company.query", "company.accounts")}
    values |= {f"company.{name}": "\n".join(company.get(name, ())) for name in LISTS}
    values[START_SOURCE] = form.get(START_SOURCE)
    values |= {name: form.get(name) for name in ("escalation.on", "escalation.after_minutes", "escalation.to")}
    for part in _PARTS:
        for at, row in enumerate(data[part]):
            for name, value in row.items():
                values[f"{part}[{at}].{name}"] = value if isinstance(value, str) else "\n".join(value)
    counts = (len(data[part]) + _SPARE for part in _PARTS)
    return Shown(values, *counts)


def read(form: Posted, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The form as a profile's data; `sources` are not in the form and stay as they are."""
    company = _named(form, "company.", LISTS)
    company["accounts"] = [_account(line) for line in form.lines("company.accounts")]
    rivals = [_named(form, f"rivals[{at}].", RIVAL_LISTS) for at in _rows(form, "rivals")]
    recipients = [_recipient(form, f"recipients[{at}].") for at in _rows(form, "recipients")]
    rotas = [_rota(form, f"on_call[{at}].") for at in _rows(form, "on_call")]
    listed = list(sources)
    if form.get(START_SOURCE) and not listed:
        listed = [{"kind": "hackernews", "name": "Hacker News"}]
    return {
        "company": company,
        "rivals": [each for each in rivals if set(each) - {"key"}],
        "sources": listed,
        "recipients": [each for each in recipients if each["email"]],
        "on_call": [each for each in rotas if each.get("name")],
        "escalation": _escalation(form),
    }


def errors_of(problems: Iterable[Problem]) -> dict[str, str]:
    """Problems by field name; entries of a list are named by their number, the rest stands under `form`."""
    errors: dict[str, str] = {}
    for problem in problems:
        field, words = _place(problem.field, problem.message)
        errors[field] = f"{errors[field]} {words}" if field in errors else words
    return errors


def _place(path: str, message: str) -> tuple[str, str]:
    if _WHOLE_ROW.fullmatch(path):
        return "form", sentence(f"{path}: {message}")
    entry = _ENTRY.search(path)
    if path.startswith("company.accounts") and entry:
        return "company.accounts", f"Line {int(entry[1]) + 1} {message.rstrip('.')}."
    if entry and path.count("[") == (2 if path.startswith(_PARTS) else 1) and path.endswith("]"):
        return path[: entry.start()], f"Line {int(entry[1]) + 1} {message.rstrip('.')}."
    if "." not in path:
        return "form", sentence(f"{path or 'the profile'}: {message}")
    return path, sentence(message)


def _named(form: Posted, prefix: str, lists: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {name: form.get(prefix + name) for name in ("name", "key", "query")}
    found = {name: value for name, value in values.items() if value}
    return found | {name: lines for name in lists if (lines := form.lines(prefix + name))}


def _account(line: str) -> dict[str, str]:
    platform, _, handle = line.replace(":", " ", 1).partition(" ")
    return {"platform": platform.strip(), "handle": handle.strip()}


def _recipient(form: Posted, prefix: str) -> dict[str, Any]:
    facet, digest = form.get(prefix + "facets"), form.get(prefix + "digest")
    found: dict[str, Any] = {
        "email": form.get(prefix + "email"),
        "severity": form.get(prefix + "severity") or "medium",
        "facets": [facet] if facet else [],
    }
    found |= {name: words for name in RECIPIENT_LISTS if (words := _words(form.get(prefix + name)))}
    found |= _given(form, prefix, ("quiet_hours", "timezone", "daily_cap"))
    return found | ({"digest": digest} if digest else {})


def _of_recipient(prefix: str, each: Recipient) -> dict[str, str]:
    values = {f"{prefix}{name}": ", ".join(getattr(each, name)) for name in RECIPIENT_LISTS}
    values |= {f"{prefix}email": each.email, f"{prefix}severity": each.severity, f"{prefix}digest": each.digest or ""}
    values[f"{prefix}facets"] = each.facets[0] if len(each.facets) == 1 else ""
    values |= {f"{prefix}quiet_hours": each.quiet_hours or "", f"{prefix}timezone": each.timezone}
    return values | {f"{prefix}daily_cap": str(each.daily_cap)}


def _rota(form: Posted, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = dict(_given(form, prefix, ("name", "from", "days", "timezone")))
    return found | {"people": form.lines(prefix + "people")}


def _escalation(form: Posted) -> dict[str, Any] | None:
    if not form.get("escalation.on"):
        return None
    return _given(form, "escalation.", ("after_minutes",)) | {"to": form.lines("escalation.to")}


def _given(form: Posted, prefix: str, names: Sequence[str]) -> dict[str, Any]:
    """The fields that are not empty."""
    return {name: value for name in names if (value := form.get(prefix + name))}


def _words(typed: str) -> list[str]:
    return [word for word in re.split(r"[,;\s]+", typed) if word]


def _rows(form: Posted, part: str) -> list[int]:
    """The numbers of the rows that were posted, in order."""
    numbers = (re.fullmatch(rf"{part}\[(\d{{1,3}})\]\.\w+", name) for name, _ in form.fields)
    return sorted({int(found[1]) for found in numbers if found})[:_MOST_ROWS]
