"""The audit log as the API answers it."""

from pydantic import BaseModel, ConfigDict, JsonValue

from api.schemas.fields import Moment

_ENTRY: dict[str, JsonValue] = {
    "id": 812,
    "at": "2026-07-01T09:30:00Z",
    "user_id": 4,
    "action": "mention.read",
    "subject": "mention 77",
}


class AuditEntryOut(BaseModel):
    """One act. `user_id` null: the service itself, or a person who was not signed in."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ENTRY]})
    id: int
    at: Moment
    user_id: int | None
    action: str
    subject: str


class AuditPage(BaseModel):
    """Entries, newest first. `next` is the `before` of the following page."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_ENTRY], "next": 812}]})
    items: list[AuditEntryOut]
    next: int | None
