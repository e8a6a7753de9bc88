"""The form of a kind of source: its options and keys as fields, and what was typed as values.

Everything comes from the attributes of the collector. Values of keys are never put into a page.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from api.dashboard.forms import Posted, errors_of
from collectors.base import Collector, Option
from collectors.post import Json
from storage.profile import CompanyRow

OPTION = "option-"
KEY = "key-"
FORGET = "forget-"
KEEP = "keep_days"
ABOUT = "about"


@dataclass(frozen=True, slots=True)
class FormField:
    """One option or key as the form shows it. `type`: checkbox, number, select, textarea, text, password."""

    name: str
    option: Option
    type: str
    is_set: bool = False  # of keys: whether one is stored

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Values and words of a select; an option that may be left out has an empty one."""
        option = self.option
        given = [(each, each.replace("_", " ") or "–") for each in option.choices]
        bare = not option.required and option.default in (None, "") and "" not in option.choices
        return [("", "–"), *given] if bare else given


def option_fields(collector: Collector) -> list[FormField]:
    """The options; the type of the field follows from choices and default."""
    return [FormField(OPTION + option.name, option, _type(option)) for option in collector.options]


def key_fields(collector: Collector, stored: Collection[str] = ()) -> list[FormField]:
    """The keys; `stored` are the names of those that are set."""
    return [
        FormField(KEY + option.name, option, "textarea" if option.many_lines else "password", option.name in stored)
        for option in collector.credentials
    ]


def defaults(collector: Collector) -> dict[str, str]:
    """What a new form is filled with."""
    return {"name": collector.label, KEEP: "", ABOUT: collector.about, **typed_options(collector, {})}


def typed_options(collector: Collector, options: Mapping[str, Json]) -> dict[str, str]:
    """Stored options as the fields hold them; absent ones by their default."""
    return {OPTION + each.name: shown(options.get(each.name, each.default)) for each in collector.options}


def typed_again(collector: Collector | None, form: Posted) -> dict[str, str]:
    """What was typed, for showing the form again; keys are left out."""
    names = [] if collector is None else [OPTION + each.name for each in collector.options]
    return {name: form.get(name) for name in ("name", KEEP, ABOUT, *names)}


def options_in(collector: Collector, form: Posted) -> dict[str, Json]:
    """The options that were typed; an empty field is left away, a switch is always told."""
    return options_of(collector, {OPTION + each.name: form.get(OPTION + each.name) for each in collector.options})


def options_of(collector: Collector, typed: Mapping[str, str]) -> dict[str, Json]:
    """The same from the texts of the fields."""
    given: dict[str, Json] = {}
    for option in collector.options:
        text = typed.get(OPTION + option.name, "")
        if isinstance(option.default, bool):
            given[option.name] = bool(text)
        elif text:
            given[option.name] = text.replace("\r\n", "\n")
    return given


def keys_in(collector: Collector, form: Posted) -> dict[str, str]:
    """The keys that were typed; "" for those that shall be forgotten; an empty field changes nothing."""
    given = {}
    for option in collector.credentials:
        typed = form.get(KEY + option.name)
        if typed or form.get(FORGET + option.name):
            given[option.name] = typed
    return given


def about_choices(collector: Collector | None, companies: Sequence[CompanyRow]) -> list[tuple[str, str]]:
    """Whose the reviews and answers of a source may be; none where it searches by names, since those say it."""
    if collector is None or collector.needs_terms:
        return []
    named = [("own" if each.is_own else each.key, each.name) for each in companies] or [("own", "our own company")]
    return [*named, ("text", "only of companies they name")]


def keep_days_in(form: Posted) -> int | None:
    """Days to keep; None: as long as the settings say. Raises `ValueError`."""
    text = form.get(KEEP)
    if not text:
        return None
    days = form.whole(KEEP)
    if days is None or days < 1:
        raise ValueError(f"{KEEP}: write a whole number of days from 1 on, or leave it empty")
    return days


def errors(collector: Collector | None, error: ValueError) -> dict[str, str]:
    """The error beside the field it is about."""
    options: Sequence[Option] = () if collector is None else collector.options
    keys: Sequence[Option] = () if collector is None else collector.credentials
    fields = {option.name: KEY + option.name for option in keys} | {each.name: OPTION + each.name for each in options}
    return errors_of(error, fields, "name")


def shown(value: Json) -> str:
    """A stored value as text; a list one a line."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list):
        return "\n".join(shown(each) for each in value)
    return "" if value is None else str(value)


def _type(option: Option) -> str:
    if option.choices:
        return "select"
    if option.many_lines:
        return "textarea"
    if isinstance(option.default, bool):
        return "checkbox"
    return "number" if isinstance(option.default, int) else "text"
