"""Every table, in one import: for migrations and their check against the models."""

from storage.models import advocacy, incidents, mentions, sources, tagging, telling, topics, users
from storage.models.base import Base

__all__ = ["Base", "advocacy", "incidents", "mentions", "sources", "tagging", "telling", "topics", "users"]
