"""Answers to surveys of the demo company: each month of some who work there, left or bought, as a tool would send them.

They stand beside public talk on "Inside against outside": of some themes they clearly differ from it, of some not, and
some themes are spoken of by too few. All texts are invented.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from collectors.demo.texts import HERE
from collectors.post import RawPost
from collectors.survey_answers import anonymous

SURVEYS = "Surveys"
_MONTHS = 3  # the present one and those before
_ASKED = {"engagement": 30, "exit": 11, "stay": 9, "csat": 34}  # answers a month
_QUESTIONS = {
    "engagement": "What should we know?",
    "exit": "What was your reason?",
    "stay": "What keeps you?",
    "csat": "What was good, what was not?",
}
_PLACES = ("Lindhavn", "Osterby", "Lindhavn", "", "Osterby", "Lindhavn")  # of those who name one; five people at least


@dataclass(frozen=True, slots=True)
class _Answer:
    survey: str
    score: int
    text: str


@lru_cache(maxsize=1)
def _pool() -> tuple[_Answer, ...]:
    rows = (HERE / "surveys.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(_Answer(**json.loads(row)) for row in rows)


def survey_answers(now: datetime, seed: int = 13) -> list[RawPost]:
    """All answers, oldest first, without their people as every survey is taken in; one answer a person and month."""
    rng = random.Random(seed)
    found = []
    for back in reversed(range(_MONTHS)):
        found += [anonymous(answer, now, who) for who, answer in _month(rng, back, _months_ago(now, back))]
    return found


def _month(rng: random.Random, back: int, at: datetime) -> Iterator[tuple[str, RawPost]]:
    for survey, count in _ASKED.items():
        asked: Sequence[_Answer] = [each for each in _pool() if each.survey == survey]
        for number, answer in enumerate(rng.sample(asked, min(count, len(asked)))):
            who = f"{survey}-{back}-{number}"
            stated = _stated(answer, _PLACES[number % len(_PLACES)] if survey == "engagement" else "")
            yield (
                who,
                RawPost(
                    native_id=who,
                    text=answer.text,
                    published_at=at,
                    title=_QUESTIONS[survey],
                    kind="survey",
                    lang="en",
                    stated=stated,
                ),
            )


def _stated(answer: _Answer, place: str) -> Mapping[str, str]:
    stated = {"survey_type": answer.survey, "score": str(answer.score), "scale": "1-5"}
    return stated | {"location": place} if place else stated


def _months_ago(now: datetime, back: int) -> datetime:
    at = now
    for _ in range(back):
        at = at.replace(day=1) - timedelta(days=1)
    return at
