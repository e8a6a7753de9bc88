"""Ninety days of an invented company, the same for the same seed and moment.

Ordinary days have a rhythm of hours and weekdays. Four events stand out: a recall (crisis), a praised launch, a
rumour of layoffs, and an outage in the last hour, so that the service has something to say at once.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors.demo.returning import LIFETIME, returning, rivals_reviews
from collectors.demo.texts import COMPANY, RIVALS, Text, choose, fill
from collectors.post import RawAuthor, RawPost

DAYS = 90
ORDINARY_A_DAY = 26.0
PLATFORM = "demo"
SHORT, FORUM, REVIEWS = "Short posts", "Forum", "Reviews"
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 8, 9, 8, 7, 7, 8, 9, 10, 11, 11, 9, 6, 3)  # weights of the hours of a day
_WEEKDAYS = (1.0, 1.0, 1.0, 1.05, 1.1, 0.85, 0.8)
_STARS = {"positive": (4, 5, 5), "neutral": (3,), "negative": (1, 2, 2)}
_STATUS = {"employee": "current employee", "alumnus": "former employee"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens: `posts` in `hours`, most of them early."""

    name: str
    begins: timedelta  # before now
    hours: float
    posts: int


EVENTS = (
    Event("crisis", timedelta(days=36, hours=3), 44, 330),
    Event("launch", timedelta(days=21, hours=5), 56, 200),
    Event("layoffs", timedelta(days=9, hours=2), 40, 190),
    Event("live", timedelta(minutes=52), 0.8, 44),
)


@dataclass(frozen=True, slots=True)
class DemoPost:
    """A post and the name of the demo source it belongs to."""

    source: str
    post: RawPost


@dataclass(frozen=True, slots=True)
class _Person:
    author: RawAuthor
    followers: int


def demo_posts(now: datetime, seed: int = 7) -> list[DemoPost]:
    """All posts, oldest first; times are aware and before `now`."""
    rng = random.Random(seed)
    people = _people(rng)
    made = [
        *_ordinary(rng, now, people),
        *(post for event in EVENTS for post in _event(rng, now, event, people)),
        *_reviews(rng, now, people),
        *(DemoPost(FORUM, post) for post in returning(now, PLATFORM)),
        *(DemoPost(REVIEWS, post) for post in rivals_reviews(now, PLATFORM, DAYS)),
    ]
    made.sort(key=lambda each: (each.post.published_at or now, each.post.text))
    return [replace(each, post=replace(each.post, native_id=f"demo-{number}")) for number, each in enumerate(made)]


def _people(rng: random.Random) -> dict[str, list[_Person]]:
    """Invented authors by standpoint: somebody who works there does not write as a customer too."""
    sizes = {"consumer": 320, "employee": 40, "alumnus": 32, "candidate": 30, "other": 24, "unknown": 60}
    people: dict[str, list[_Person]] = {}
    for audience, size in sizes.items():
        people[audience] = [
            _Person(
                RawAuthor(PLATFORM, f"{audience}-{number}", f"demo_{audience}_{number}"),
                int(40 * rng.paretovariate(0.9)) % 90_000,
            )
            for number in range(size)
        ]
    return people


def _ordinary(rng: random.Random, now: datetime, people: dict[str, list[_Person]]) -> Iterator[DemoPost]:
    for back in range(DAYS, -1, -1):
        day = (now - timedelta(days=back)).replace(hour=0, minute=0, second=0, microsecond=0)
        trend = 0.85 + 0.3 * (DAYS - back) / DAYS
        for _ in range(round(rng.gauss(ORDINARY_A_DAY * trend * _WEEKDAYS[day.weekday()], 3))):
            at = day + timedelta(hours=rng.choices(range(24), _HOURS)[0], seconds=rng.randrange(3600))
            if at < now - timedelta(hours=1):
                yield from _spoken(rng, choose(rng, None), at, people)


def _event(rng: random.Random, now: datetime, event: Event, people: dict[str, list[_Person]]) -> Iterator[DemoPost]:
    begins = now - event.begins
    for _ in range(event.posts):
        at = begins + timedelta(hours=event.hours * rng.betavariate(1.2, 2.6))
        yield from _spoken(rng, choose(rng, event.name), min(at, now - timedelta(seconds=30)), people, at_event=True)


def _spoken(
    rng: random.Random, text: Text, at: datetime, people: dict[str, list[_Person]], *, at_event: bool = False
) -> Iterator[DemoPost]:
    """One post, sometimes about a rival, sometimes passed on word by word by others."""
    about = COMPANY if at_event or rng.random() < 0.72 else rng.choice(RIVALS)
    words = fill(rng, text, at.weekday(), about)
    forum = len(words) > 130 or rng.random() < 0.2
    source = FORUM if forum else SHORT
    first = _post(rng, words, at, rng.choice(people[text.audience]), forum=forum)
    yield DemoPost(source, first)
    if source == SHORT and rng.random() < 0.05:
        for _ in range(rng.randint(1, 4)):
            copy = _post(rng, f"RT @fjellvik_watch: {words}", at, rng.choice(people["unknown"]))
            yield DemoPost(SHORT, replace(copy, published_at=at + timedelta(seconds=rng.uniform(5, 25))))


def _post(rng: random.Random, words: str, at: datetime, person: _Person, *, forum: bool = False) -> RawPost:
    counters = {"comments": int(rng.paretovariate(1.3)) - 1}
    if forum:
        counters["points"] = int(3 * rng.paretovariate(1.1))
    else:
        counters |= {"likes": int(2 * rng.paretovariate(1.1)), "reposts": int(rng.paretovariate(1.4)) - 1}
        counters["impressions"] = int(person.followers * rng.uniform(0.05, 0.4)) + counters["likes"] * 9
    return RawPost(
        native_id="",
        text=words,
        published_at=at,
        author=person.author,
        followers=None if forum else person.followers,
        kind="comment" if forum else "post",
        counters=counters,
    )


def _reviews(rng: random.Random, now: datetime, people: dict[str, list[_Person]]) -> Iterator[DemoPost]:
    """Reviews with stars; those of staff state whether they still work there, as employer review sites do."""
    for _ in range(230):
        text = choose(rng, None, rng.choice(("consumer", "consumer", "employee", "alumnus", "candidate")))
        at = now - timedelta(days=rng.uniform(0.2, DAYS), seconds=rng.randrange(3600))
        stated = {"kind": "review"}
        if text.audience in _STATUS:
            stated |= {"author_status": _STATUS[text.audience], **LIFETIME}
        post = RawPost(
            native_id="",
            text=fill(rng, text, at.weekday()),
            published_at=at,
            author=rng.choice(people[text.audience]).author,
            kind="review",
            rating=float(rng.choice(_STARS[text.sentiment])),
            stated=stated,
        )
        yield DemoPost(REVIEWS, post)
