"""Every table, in one import: for migrations and their check against the models."""

from storage.models import advocacy, campaigns, incidents, mentions, people, sources, tagging, telling, topics, users
from storage.models.base import Base

__all__ = [
    "Base",
    "advocacy",
    "campaigns",
    "incidents",
    "mentions",
    "people",
    "sources",
    "tagging",
    "telling",
    "topics",
    "users",
]
