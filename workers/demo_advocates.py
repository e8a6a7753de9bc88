"""Invented advocates of the demo: people, their shares with readings over time, tracked links and clicks."""

import random
import secrets
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from advocacy.clicks import Click
from storage import advocacy, db, users
from storage.clicks import counted_clicks
from storage.demo import note_programme_days, note_visits
from storage.viewer import SYSTEM

_PEOPLE = (
    # name, standing, days ago they joined, followers, platforms
    ("Ada Lind", "employee", 84, 2_300, ("linkedin", "mastodon")),
    ("Bo Marten", "employee", 80, 640, ("x", "bluesky")),
    ("Cleo Vance", "alumnus", 71, 5_100, ("linkedin", "x")),
    ("Dara Holm", "employee", 60, 310, ("mastodon",)),
    ("Eske Rand", "employee", 44, 1_250, ("linkedin", "bluesky")),
    ("Finn Aster", "alumnus", 38, 890, ("x",)),
    ("Gry Solberg", "employee", 20, 420, ("linkedin",)),
    ("Hale Torvik", "employee", 9, 1_700, ("bluesky", "linkedin")),
)
_MEASURED = frozenset({"linkedin", "x"})  # platforms that tell a person their own impressions
_TITLES = (
    "What a brake recall looks like from the workshop",
    "My first winter at the repair bench",
    "We are looking for a mechanic in Brekkedal",
    "Why I came back to Fjellvik",
    "Testing the Tind 1 in a storm",
    "Three things I learned in my apprenticeship",
    "How we mend a zip in ten minutes",
    "A day at the rental depot",
)
_READ_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_ROBOT = "Slackbot-LinkExpanding 1.0"
_CONSENT = "I join by my own choice and may leave at any time. The posts that I name are counted."
_HOSTS = ("careers.fjellvik.example",)


def add_advocates(now: datetime, seed: int = 11) -> None:
    """People who joined at different times, with what they shared since; head-counts of each day."""
    rng = random.Random(seed)
    with db.transaction() as session:
        for number, (name, standing, days, followers, platforms) in enumerate(_PEOPLE):
            joined = now - timedelta(days=days)
            mail = f"{name.split()[0].casefold()}@fjellvik.example"
            # Nobody needs this password: the accounts are part of the picture, not a way in.
            user = users.create_user(session, mail, name, "advocate", secrets.token_urlsafe(24), joined, demo=True)
            advocate = advocacy.join(session, user.id, standing, "demo", _CONSENT, joined, demo=True)
            _shares(session, rng, advocate, number, followers, platforms, joined, now)
        joins = [now - timedelta(days=days) for _, _, days, _, _ in _PEOPLE]
        note_visits(session, _HOSTS[0], _visits(session, rng, now))
        note_programme_days(session, joins, eligible=120, now=now)


def _visits(session: Session, rng: random.Random, now: datetime) -> list[tuple[datetime, int, str | None]]:
    """Twelve weeks of visits to the careers pages; a tenth more in the last four, and those that came by a link."""
    found: list[tuple[datetime, int, str | None]] = []
    for days_ago in range(1, 85):
        at = now - timedelta(days=days_ago)
        usual = (26 if at.weekday() < 5 else 11) * (1.25 if days_ago <= 28 else 1)
        found += [(at, _steps(rng, 0.3, 0.02), None) for _ in range(round(rng.gauss(usual, usual**0.5)))]
    for code, clicked in counted_clicks(session, now - timedelta(days=84)):
        found.append((clicked, _steps(rng, 0.5, 0.06), code))
    return found


def _steps(rng: random.Random, jobs: float, applied: float) -> int:
    chance = rng.random()
    return 2 if chance < applied else 1 if chance < jobs else 0


def _shares(
    session: Session,
    rng: random.Random,
    advocate: int,
    number: int,
    followers: int,
    platforms: tuple[str, ...],
    joined: datetime,
    now: datetime,
) -> None:
    at = joined + timedelta(days=1, hours=rng.uniform(0, 20))
    count = 0
    while at < now - timedelta(hours=2):
        platform = platforms[count % len(platforms)]
        native = f"demo-{number}-{count}"
        share = advocacy.add_share(
            session,
            SYSTEM,
            advocate,
            platform=platform,
            native_id=native,
            url=f"https://{platform}.example/{native}",
            title=rng.choice(_TITLES),
            own_words=rng.random() < 0.7,
            published_at=at,
            followers=followers if rng.random() < 0.9 else None,
            now=at,
        )
        _readings(session, rng, share, platform, followers, at, now)
        if rng.random() < 0.5:
            _link(session, rng, advocate, share, platform, followers, at, now)
        at += timedelta(days=rng.uniform(3, 11))
        count += 1


def _readings(
    session: Session, rng: random.Random, share: int, platform: str, followers: int, at: datetime, now: datetime
) -> None:
    """Counters that grow and level off."""
    final = followers * rng.uniform(0.06, 0.35)
    for after in _READ_AFTER:
        if at + after > now:
            return
        grown = final * (1 - 0.5 ** (after / timedelta(hours=9)))
        counters = {"likes": round(grown * 0.03), "comments": round(grown * 0.006), "reposts": round(grown * 0.004)}
        if platform in _MEASURED:
            counters["impressions"] = round(grown)
        origin = "platform" if platform in _MEASURED else "advocate"
        advocacy.add_reading(session, SYSTEM, share, counters, origin, at + after)


def _link(
    session: Session,
    rng: random.Random,
    advocate: int,
    share: int,
    platform: str,
    followers: int,
    at: datetime,
    now: datetime,
) -> None:
    address = "https://careers.fjellvik.example/jobs"
    link = advocacy.make_link(session, SYSTEM, advocate, address, _HOSTS, platform, at, share_id=share)
    previews = [at + timedelta(seconds=rng.uniform(1, 20)) for _ in range(rng.randint(1, 3))]
    visits = [at + timedelta(hours=rng.expovariate(1 / 14)) for _ in range(round(followers * rng.uniform(0.002, 0.01)))]
    for moment in sorted(each for each in previews + visits if each < now):
        agent = _ROBOT if moment in previews else f"{_BROWSER} demo/{rng.randrange(10_000)}"
        advocacy.add_click(session, link.code, Click(moment, "GET", agent, f"203.0.113.{rng.randrange(1, 250)}"))
