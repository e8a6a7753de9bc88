"""Mentions from one place: intake, analysis, reading and retention are modules of their own."""

from storage.analysis import (
    HEADS,
    Analyzed,
    PendingMention,
    check,
    claim_pending,
    claim_tagged,
    correct,
    count_attempt,
    mark_failed,
    pending_count,
    save_analysis,
)
from storage.intake import Added, add_new, mark_deleted
from storage.matching import rematch
from storage.mention_detail import CorrectionRow, CounterRow, MentionDetail, get
from storage.previews import Preview, PreviewRow, preview, single_query
from storage.retention import delete_expired
from storage.search import MentionFilter, MentionRow, Page, search

__all__ = [
    "HEADS",
    "Added",
    "Analyzed",
    "CorrectionRow",
    "CounterRow",
    "MentionDetail",
    "MentionFilter",
    "MentionRow",
    "Page",
    "PendingMention",
    "Preview",
    "PreviewRow",
    "add_new",
    "check",
    "claim_pending",
    "claim_tagged",
    "correct",
    "count_attempt",
    "delete_expired",
    "get",
    "mark_deleted",
    "mark_failed",
    "pending_count",
    "preview",
    "rematch",
    "save_analysis",
    "search",
    "single_query",
]
