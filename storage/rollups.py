"""Counts from one place: cells, series, breakdowns and what alerts read are modules of their own."""

from storage.alert_series import alert_series, rating_series, too_little_covered
from storage.breakdowns import Cell, Totals, VoiceRow, as_of, breakdown, share_of_voice, totals
from storage.cells import check
from storage.series import Bucket, SeriesFilter, series

__all__ = [
    "Bucket",
    "Cell",
    "SeriesFilter",
    "Totals",
    "VoiceRow",
    "alert_series",
    "as_of",
    "breakdown",
    "check",
    "rating_series",
    "series",
    "share_of_voice",
    "too_little_covered",
    "totals",
]
