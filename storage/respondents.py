"""The people behind answers to surveys that name no respondent: as many as gave one and the same question an answer.

One person may have answered every question, and nobody a question twice; so never more are counted than there are.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date
from typing import Any

from sqlalchemy import Row

from metrics.blocks import quarter_of


class Respondents:
    """Who spoke, in rows of groups and days that come in order of time."""

    def __init__(self) -> None:
        self._answers: dict[tuple[Sequence[str], date], Counter[str]] = defaultdict(Counter)

    def of(self, row: Row[Any], *group: str) -> tuple[date, frozenset[str]]:
        """The day of a row, and its people; the row has `day`, `people` and the `questions` of answers without one."""
        day: date = row.day.astimezone(UTC).date()
        answers = self._answers[group, quarter_of(day)]
        found = set(row.people or ())
        for question in row.questions or ():
            answers[question] += 1
            found.add(f"{' '.join(group)} {answers[question]}")
        return day, frozenset(found)
