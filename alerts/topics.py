"""New topics: stories of the last three days that resemble each other and nothing before them.

1. The network was trained to tell sentiment, audience and side, so its vectors spread mostly along these. The mean and
   the five directions of the greatest spread of the stories before are taken out (J. Mu, P. Viswanath, All-but-the-Top,
   2018); what is left tells what a text is about.
2. Two stories are alike when their cosine exceeds what one pair in a thousand of the four weeks before exceeds: no
   setting per company or model. Closer likeness (0.65, 0.75, 0.85) is tried, too: a topic may be a tight knot in a
   region where much is said.
3. For each recent story, a = distinct authors of recent stories alike, p = earlier stories alike, f = recent stories ÷
   all stories. If the talk had not changed, a share f of them would be recent. The evidence is that of a binomial
   share,

       evidence = m · KL(a ÷ m, f),  m = a + p,  KL(x, f) = x · ln(x ÷ f) + (1 − x) · ln((1 − x) ÷ (1 − f))

   and must exceed ln(4 · recent stories) + ln(1,000): any of them may be the centre, at any of the likenesses
   (Bonferroni), and looking again every hour must not wear the bar out.
4. The strongest centre takes its stories, moves to their middle and is judged once more; then the next one.

Five authors at least, three times as many as expected from the four weeks and from the last of them alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from alerts.rules import ALL, TOPIC, Finding
from alerts.severity import severity
from metrics.suppress import MIN_AUTHORS

WINDOW = timedelta(hours=72)
MEMORY = timedelta(days=28)  # before the window
WEEK = timedelta(days=7)
LEAST_BEFORE = 100  # stories; of fewer nobody can say what is usual
LEAST_AUTHORS = MIN_AUTHORS
TIMES = 3.0  # as many as expected
_CERTAIN = log(1_000)
_DIRECTIONS = 5
_ALIKE = 0.999  # quantile of the cosine of two earlier stories
_BOUNDS = (0.5, 0.75)  # of that cosine: near copies in the past must not hide what is alike, nor noise pass for it
_CLOSER = (0.65, 0.75, 0.85)
_SAMPLE = 1_000  # earlier stories that the quantile is taken from
_CHUNK = 1_000
_MOST_CENTRES = 400

Vectors = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stories:
    """Stories of one company, one row each: vectors of any length, when they were first told (seconds), by whom."""

    vectors: Vectors
    at: NDArray[np.float64]
    authors: Sequence[str]


@dataclass(frozen=True, slots=True)
class Emerging:
    """A topic: the rows of its stories, its middle in the vectors' own space, and its arithmetic.

    `before` of `stories_before` earlier stories are alike; `expected` and `needed` are authors.
    """

    rows: tuple[int, ...]
    centre: Vectors
    authors: int
    before: int
    stories_before: int
    expected: float
    needed: int
    evidence: float
    bar: float


@dataclass(frozen=True, slots=True)
class Talk:
    """What was said in a topic, as its side's readers may know it."""

    company_id: int
    facet: str
    subject: str
    first_at: datetime
    stories: int
    mentions: int
    authors: int
    negative: int
    judged: int


@dataclass(frozen=True, slots=True)
class _Judged:
    """How a place in the space is talked about: authors now, stories of the four weeks and of the last week before."""

    authors: int
    before: int
    week: int


@dataclass(frozen=True, slots=True)
class _Scale:
    """How many stories there are: recent ones, of four weeks and of the last week before; and the bar."""

    recent: int
    before: int
    week: int

    @property
    def bar(self) -> float:
        return log(self.recent * (1 + len(_CLOSER))) + _CERTAIN

    def expected(self, found: _Judged) -> float:
        """Authors to expect: by the four weeks or by the last one alone, whichever is more; one story is added."""
        by_weeks = (found.before + 1) * self.recent / self.before
        by_week = found.week * self.recent / self.week if self.week else 0.0
        return max(by_weeks, by_week)

    def evidence(self, authors: int, before: int) -> float:
        """That so many are more than the share of recent stories; 0 where they are not."""
        share, m = self.recent / (self.recent + self.before), authors + before
        seen = authors / m
        if seen <= share:
            return 0.0
        rest = (1 - seen) * log((1 - seen) / (1 - share)) if before else 0.0
        return m * (seen * log(seen / share) + rest)

    def rings(self, found: _Judged) -> bool:
        """Whether it is new, said by enough people, and more than chance."""
        enough = found.authors >= max(LEAST_AUTHORS, TIMES * self.expected(found))
        return enough and self.evidence(found.authors, found.before) > self.bar

    def needed(self, found: _Judged) -> int:
        """The fewest authors from which on it rings."""
        authors = max(LEAST_AUTHORS, ceil(TIMES * self.expected(found)))
        while self.evidence(authors, found.before) <= self.bar:
            authors += 1
        return authors


def emerging(stories: Stories, now: datetime) -> tuple[Emerging, ...]:
    """The topics that are new at `now` (aware), the one with the most evidence first.

    Nothing with fewer than 100 stories in the four weeks before the window. Raises ValueError for a naive `now`.
    """
    if now.tzinfo is None:
        raise ValueError("now must be an aware time")
    begin = now.timestamp() - WINDOW.total_seconds()
    recent = np.flatnonzero((stories.at > begin) & (stories.at <= now.timestamp()))
    before = np.flatnonzero((stories.at > begin - MEMORY.total_seconds()) & (stories.at <= begin))
    if len(before) < LEAST_BEFORE or len(recent) < LEAST_AUTHORS:
        return ()
    space = _Space(stories, recent, before, begin - WEEK.total_seconds())
    return space.topics()


class _Space:
    """The stories of one look, in the space where only what they are about is left."""

    def __init__(self, stories: Stories, recent: NDArray[np.intp], before: NDArray[np.intp], last_week: float) -> None:
        self._raw, self._recent = stories.vectors, recent
        self._authors = np.array([hash(stories.authors[row]) for row in recent])
        self._now, self._past = _about(stories.vectors[recent], stories.vectors[before])
        self._week = stories.at[before] > last_week
        usual = _usual_cosine(self._past)
        self._likenesses = (usual, *(each for each in _CLOSER if each > usual))
        self._scale = _Scale(len(recent), len(before), int(self._week.sum()))

    def topics(self) -> tuple[Emerging, ...]:
        """Greedily, each story in one topic at most."""
        found: list[Emerging] = []
        free = np.ones(len(self._now), dtype=np.bool_)
        for place, alike in self._centres():
            members = (self._now @ self._now[place] >= alike) & free
            if not free[place] or members.sum() < LEAST_AUTHORS:
                continue
            middle = _unit(self._now[members].mean(axis=0, keepdims=True))[0]
            members = (self._now @ middle >= alike) & free
            judged = self._judge(members, self._past @ middle >= alike)
            if self._scale.rings(judged):
                found.append(self._emerging(members, judged))
                free &= ~members
        return tuple(sorted(found, key=lambda each: -each.evidence))

    def _centres(self) -> list[tuple[int, float]]:
        """Stories around which something new may be told, those with the most evidence first, and how alike it is."""
        likely: list[tuple[float, int, float]] = []
        for start in range(0, len(self._now), _CHUNK):
            part = self._now[start : start + _CHUNK]
            near, earlier = part @ self._now.T, part @ self._past.T
            for alike in self._likenesses:
                for offset in np.flatnonzero((near >= alike).sum(axis=1) >= LEAST_AUTHORS):
                    judged = self._judge(near[offset] >= alike, earlier[offset] >= alike)
                    evidence = self._scale.evidence(judged.authors, judged.before)
                    if evidence > self._scale.bar / 2:  # the middle of its stories may be new where it is not quite
                        likely.append((-evidence, start + int(offset), alike))
        return [(place, alike) for _, place, alike in sorted(likely)[:_MOST_CENTRES]]

    def _judge(self, recent: Flags, past: Flags) -> _Judged:
        return _Judged(len(np.unique(self._authors[recent])), int(past.sum()), int((past & self._week).sum()))

    def _emerging(self, members: Flags, judged: _Judged) -> Emerging:
        rows = self._recent[members]
        return Emerging(
            rows=tuple(int(row) for row in rows),
            centre=_unit(self._raw[rows].mean(axis=0, keepdims=True))[0],
            authors=judged.authors,
            before=judged.before,
            stories_before=self._scale.before,
            expected=self._scale.expected(judged),
            needed=self._scale.needed(judged),
            evidence=self._scale.evidence(judged.authors, judged.before),
            bar=self._scale.bar,
        )


def finding(topic: Emerging, talk: Talk, now: datetime) -> Finding:
    """What a topic is as an alert: so many people where so many are usual."""
    ratio = (talk.authors - topic.expected) / max(1e-9, topic.needed - topic.expected)
    level, reason = severity(max(1.0, ratio), talk.negative, talk.judged, 1, talk.mentions)
    return Finding(
        kind=TOPIC,
        company_id=talk.company_id,
        facet=talk.facet,
        audience=ALL,
        at=talk.first_at,
        window=now - talk.first_at,
        observed=float(talk.authors),
        expected_low=0.0,
        expected_high=float(topic.needed),
        n=talk.stories,
        authors=talk.authors,
        severity=level,
        severity_reason=reason,
        notes=_notes(topic, talk),
        figures={
            "expected": topic.expected,
            "before": float(topic.before),
            "stories_before": float(topic.stories_before),
            "evidence": topic.evidence,
            "evidence_bar": topic.bar,
            "excess": talk.authors - topic.expected,
            "ratio": ratio,
            "mentions": float(talk.mentions),
            "judged": float(talk.judged),
            "negative": float(talk.negative),
        },
        subject=talk.subject,
    )


def _notes(topic: Emerging, talk: Talk) -> tuple[str, ...]:
    return (
        f"{talk.authors} people told {talk.stories:,} stories that resemble each other in the last three days; "
        f"{topic.before:,} of the {topic.stories_before:,} stories of the four weeks before were alike, so that "
        f"{topic.expected:.1f} people were to be expected.",
        f"The evidence is {topic.evidence:.1f} against a bar of {topic.bar:.1f}.",
        "Stories are grouped by a network, which may take in some that are about something else; its words are those "
        "that several people use and the rest of the talk does not. Names of people are left out.",
    )


def _about(recent: Vectors, before: Vectors) -> tuple[Vectors, Vectors]:
    """Both without the mean and the widest directions of what was before; a new topic must not take itself out."""
    mean = before.mean(axis=0)
    earlier = before - mean
    _, directions = np.linalg.eigh(earlier.T @ earlier)
    widest = directions[:, -_DIRECTIONS:]
    rest = np.eye(len(mean), dtype=np.float32) - widest @ widest.T
    return _unit((recent - mean) @ rest), _unit(earlier @ rest)


def _unit(vectors: Vectors) -> Vectors:
    sizes = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(sizes, 1e-9), dtype=np.float32)


def _usual_cosine(past: Vectors) -> float:
    """What one in a thousand pairs of earlier stories exceeds, within bounds; of an even sample of them."""
    sample = past[np.linspace(0, len(past) - 1, min(len(past), _SAMPLE)).astype(np.intp)]
    pairs = (sample @ sample.T)[np.triu_indices(len(sample), 1)]
    return float(np.clip(np.quantile(pairs, _ALIKE), *_BOUNDS))
