"""The audit log as the API answers it."""

from pydantic import BaseModel, ConfigDict

from api.schemas.fields import Moment


class AuditEntryOut(BaseModel):
    """One act. `user_id` null: the service itself, or a person who was not signed in."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    at: Moment
    user_id: int | None
    action: str
    subject: str


class AuditPage(BaseModel):
    """Entries, newest first. `next` is the `before` of the following page."""

    items: list[AuditEntryOut]
    next: int | None
