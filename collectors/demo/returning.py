"""What the employer side of the demo company has beside ordinary talk: alumni who would return, rivals in reviews."""

import random
from datetime import datetime, timedelta

from collectors.demo.texts import COMPANY, RIVALS, choose, fill
from collectors.post import RawAuthor, RawPost

# What a review site says over all its time; its recent reviews are worse.
LIFETIME = {"lifetime_stars": "3.7", "lifetime_reviews": "412"}
_STARS = {"positive": (4, 5, 5), "neutral": (3, 4), "negative": (1, 2, 2)}
_STATUS = {"employee": "current employee", "alumnus": "former employee"}
_REVIEWS = 26  # of each rival
_EVENING = timedelta(days=12, hours=3)  # ago: former colleagues met, and several wrote afterwards
_RETURNING = (
    "I left {company} two years ago. I would go back to {company} tomorrow if the hours were right.",
    "Honestly, I would work for them again. {company} taught me everything about zips and seams.",
    "Left {company} for a bigger shop in spring. I'd go back in a heartbeat, bigger is not better.",
    "Former mechanic at {company} here. I am thinking of returning, the bench elsewhere is lonely.",
    "Ex {company}, four winters in the depot. I'm a proud boomerang: I reapplied last week.",
    "I used to work at {company} in Lindhavn and I would come back for the right job.",
    "Worked at {company} until last year. I will apply again when the season begins.",
    "My old job at {company} is open. I used to sell tents there and I'd love to come back.",
    "After three years away from {company} I would return to them. As a former buyer I know what I miss.",
    "I quit {company} over the rota. With a fixed rota I would definitely go back to {company}.",
)


def returning(now: datetime, platform: str, seed: int = 17) -> list[RawPost]:
    """Alumni after an evening together, each by somebody else."""
    rng = random.Random(seed)
    start = (now - _EVENING).replace(hour=17, minute=0)
    return [
        RawPost(
            native_id="",
            text=text.format(company=COMPANY),
            published_at=start + timedelta(minutes=rng.uniform(0, 300)),
            author=_author(platform, "alumnus", number),
            kind="comment",
            counters={"comments": rng.randrange(3), "points": rng.randrange(1, 9)},
        )
        for number, text in enumerate(_RETURNING)
    ]


def rivals_reviews(now: datetime, platform: str, days: int, seed: int = 19) -> list[RawPost]:
    """Reviews by people who work, worked or applied at the rivals, on the site that has ours."""
    rng = random.Random(seed)
    found = []
    for number in range(_REVIEWS * len(RIVALS)):
        text = choose(rng, None, rng.choice(("employee", "alumnus")))
        at = now - timedelta(days=rng.uniform(0.2, days))
        found.append(
            RawPost(
                native_id="",
                text=fill(rng, text, at.weekday(), RIVALS[number % len(RIVALS)]),
                published_at=at,
                author=_author(platform, f"rival-{text.audience}", number),
                kind="review",
                rating=float(rng.choice(_STARS[text.sentiment])),
                stated={"kind": "review", "author_status": _STATUS[text.audience]},
            )
        )
    return found


def _author(platform: str, audience: str, number: int) -> RawAuthor:
    return RawAuthor(platform, f"{audience}-{number}", f"demo_{audience}_{number}")
