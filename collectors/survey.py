"""Exit, stay, engagement and customer surveys: filled by import and by signed deliveries, never with a person."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors import payload_mapping
from collectors.base import Option
from collectors.options import complete
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE
from collectors.sent_items import sent_post
from collectors.survey_answers import SCALES, TYPES, anonymous_sent
from collectors.webhook import MAPPING_HELP, WebhookCollector


class SurveyCollector(WebhookCollector):
    """A webhook whose items are all survey answers, and the place where imported surveys stand."""

    kind = "survey"
    about = "own"
    label = "Survey (inside voice)"
    redistribution = WHOLE
    access = "outside"
    summary = "Exit, stay, engagement and customer surveys, by file or API; no author is ever kept."
    options: tuple[Option, ...] = (
        Option("survey_type", "Kind of survey", "For answers that do not say. csat: customers; the others: staff.",
               default="", choices=("", *TYPES)),
        Option("scale", "Scale of the scores", "For scores that do not say. Empty: not known, so no stars are made.",
               default="", choices=("", *SCALES)),
        Option("mapping", "Mapping", MAPPING_HELP, default="", many_lines=True),
    )  # fmt: skip
    credentials = (
        Option("secret", "Secret", "Only for deliveries by webhook, at least 16 characters: they are signed with it."),
        Option("secret_previous", "Previous secret", "Still accepted while the tool changes to the new one."),
    )
    interval = timedelta(days=1)

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        for name, known in (("survey_type", tuple(TYPES)), ("scale", SCALES)):
            if values[name] not in (None, "", *known):
                raise ValueError(f"{name}: must be empty or one of {', '.join(known)}")
        mapping = values["mapping"] or ""
        if not isinstance(mapping, str):
            raise ValueError("mapping: must be lines of text")  # noqa: TRY004 - callers catch one kind of error
        payload_mapping.read_mapping(mapping)
        return {"survey_type": values["survey_type"] or "", "scale": values["scale"] or "", "mapping": mapping.strip()}

    def post_of(self, item: Json, options: Mapping[str, Json], now: datetime) -> RawPost:
        """Every item is an answer; what the options say holds where the item does not say otherwise."""
        if isinstance(item, dict):
            said = item.get("stated")
            stated: Json = {**_stated_by(options), **said} if isinstance(said, dict) else said
            item = {**item, "kind": "survey", "stated": _stated_by(options) if said is None else stated}
        return anonymous_sent(sent_post(item, self.kind), now)

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        """Nothing is kept of an answer from which it could be made again."""
        return None


def _stated_by(options: Mapping[str, Json]) -> dict[str, Json]:
    """What the options state of every answer."""
    return {name: value for name in ("survey_type", "scale") if (value := options.get(name))}


__all__ = ["SurveyCollector"]
