"""What a delivery to a hook is answered."""

from typing import Literal

from pydantic import Field

from api.schemas.fields import Answer, example
from api.schemas.mentions import ItemResult


class HookOut(Answer):
    """What became of a delivery. `known`: the same delivery was taken before, so nothing was stored.

    `items` tells of each item; ids that were sent as deleted are only counted.
    """

    model_config = example(
        {
            "status": "stored",
            "added": 1,
            "changed": 0,
            "unchanged": 0,
            "rejected": 0,
            "deleted": 0,
            "ignored": 0,
            "mentions": 1,
            "items": [
                {"index": 0, "native_id": "ticket-1093", "result": "added", "field": None, "reason": None},
            ],
        }
    )
    status: Literal["stored", "known"]
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    deleted: int = 0
    ignored: int = 0
    mentions: int = 0
    items: list[ItemResult] = Field(default_factory=list)
