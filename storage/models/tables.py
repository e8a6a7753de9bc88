"""Every table, in one import: for migrations and their check against the models."""

from storage.models import (
    advocacy,
    attribution,
    campaigns,
    incidents,
    mentions,
    people,
    privacy,
    removals,
    sources,
    tagging,
    telling,
    topics,
    users,
    voice,
)
from storage.models.base import Base

__all__ = [
    "Base",
    "advocacy",
    "attribution",
    "campaigns",
    "incidents",
    "mentions",
    "people",
    "privacy",
    "removals",
    "sources",
    "tagging",
    "telling",
    "topics",
    "users",
    "voice",
]
