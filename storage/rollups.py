"""Counts from one place: cells, series, breakdowns and what alerts read are modules of their own."""

from storage.alert_series import alert_series, rating_series, too_little_covered
from storage.breakdowns import Cell, breakdown
from storage.recount import check, mend
from storage.series import Bucket, SeriesFilter, series
from storage.totals import Totals, VoiceRow, as_of, share_of_voice, totals

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
    "mend",
    "rating_series",
    "series",
    "share_of_voice",
    "too_little_covered",
    "totals",
]
