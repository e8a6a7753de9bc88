"""Rules of X's filtered stream, kept in step with what is listened for; rules of others are left alone."""

from collections.abc import Sequence

from collectors.errors import CollectError
from collectors.post import Json
from collectors.x_api import XApi

TAG = "outspoken"  # marks the rules that are ours to delete
_HARMLESS = "duplicaterule"


def keep_rules(api: XApi, wanted: Sequence[str]) -> None:
    """Add the rules that are missing, then delete ours that are no longer wanted; raise `CollectError`."""
    import tweepy

    present = _rules(api.ask("get_rules").get("data"))
    ours = {value: native_id for value, native_id, tag in present if tag == TAG}
    missing = [value for value in wanted if value not in ours]
    if missing:
        answer = api.ask("add_rules", [tweepy.StreamRule(value, TAG) for value in missing])
        if refused := _refused(answer.get("errors")):
            raise CollectError("bad_answer", f"X refused the rule {refused}", permanent=True)
    old = [native_id for value, native_id in ours.items() if value not in wanted]
    doubled = [native_id for value, native_id, tag in present if tag == TAG and ours[value] != native_id]
    if old or doubled:
        api.ask("delete_rules", [*old, *doubled])


def _rules(data: Json) -> list[tuple[str, str, str]]:
    """(value, id, tag) of each rule."""
    found = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
    return [(str(one.get("value")), str(one.get("id")), str(one.get("tag"))) for one in found if one.get("id")]


def _refused(errors: Json) -> str:
    """What X says against a rule; one that is there already is none."""
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict) and str(error.get("title")).casefold() != _HARMLESS:
            details = error.get("details")
            why = details[0] if isinstance(details, list) and details else error.get("detail") or error.get("title")
            return f"{error.get('value')}: {why}"[:300]
    return ""
