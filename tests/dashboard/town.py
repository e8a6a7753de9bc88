"""A month of talk about Acme with what a page must cope with: small groups, copies, long and hostile texts."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from alerts.rules import VOLUME, Finding, Intent
from collectors.post import Post
from nlp.result import Tags, Verdict
from nlp.stories import bands, signature
from storage import db, incidents, mentions, profile, sources
from tests.api.world import NOW, PROFILE, Said, add_person

HOSTILE = '<script>alert("x")</script> {{ 7 * 7 }} \u202e " onmouseover="alert(1)'
_WORDS = [
    "tent",
    "backpack",
    "refund",
    "zip",
    "support",
    "parcel",
    "price",
    "boots",
    "queue",
    "update",
    "manual",
    "strap",
]
_MOODS = ("positive", "neutral", "negative", "unsure")
_SIDES = {
    "consumer": ("brand", ("quality", "delivery", "price")),
    "employee": ("employer", ("pay", "management", "workload")),
    "candidate": ("employer", ("hiring_process",)),
    "alumnus": ("employer", ("growth", "culture")),
}


def build() -> None:
    """Store the company, its people, the talk and an open incident."""
    with db.transaction() as session:
        profile.save_profile(session, PROFILE, origin="dashboard", user_id=None, now=NOW)
    for role in ("marketing", "hr", "leadership", "advocate", "administrator", "auditor"):
        add_person(role)
    _store("Forum", list(_talk()))
    rival = [Post(f"g{n}", f"Globex is number {n}", NOW - timedelta(hours=5 * n)) for n in range(60)]
    _store("News feed", [(post, Said(post.text)) for post in rival])
    _open_incident()


def _talk() -> Iterator[tuple[Post, Said]]:
    chance = random.Random(7)
    for number in range(420):
        audience = chance.choices(tuple(_SIDES), (70, 14, 12, 4))[0]
        facet, themes = _SIDES[audience]
        hours = chance.uniform(1, 24 * 33)
        mood = "negative" if hours < 6 else chance.choices(_MOODS, (4, 3, 3, 1))[0]
        text = " ".join(chance.choices(_WORDS, k=9))
        said = Said(text, None, facet, audience, mood, (chance.choice(themes),))
        yield _post(f"t{number}", text, hours, chance), said
    for number in range(24):  # what opens the incident
        words = " ".join(chance.choices(_WORDS, k=7)) if number % 3 else "nobody answers"
        text = f"checkout down: {words}"
        yield _post(f"s{number}", text, 0.7, chance), Said(text, None, "brand", "consumer", "negative", ("quality",))
    awkward = ("word " * 400, HOSTILE, "أكمي شركة سيئة جدا", "x" * 300, "Acme 🏕️ " * 30)
    for number, text in enumerate(awkward):
        yield _post(f"a{number}", text, 2 + number, chance), Said(text, None, "brand", "consumer", "unsure")
    yield _post("p", "organising at Acme", 3, chance), Said("organising", None, "employer", "employee", protected=True)


def _post(native_id: str, text: str, hours_ago: float, chance: random.Random) -> Post:
    return Post(
        native_id=native_id,
        text=f"Acme: {text}",
        title="A review of Acme" if native_id.endswith("5") else None,
        published_at=NOW - timedelta(hours=hours_ago),
        url="javascript:alert(1)" if native_id == "a1" else f"https://forum.example/{native_id}",
        author_key=f"author-{chance.randrange(120)}",
        rating=float(chance.randrange(1, 6)) if native_id.endswith("5") else None,
        kind="review" if native_id.endswith("5") else "post",
        counters={"likes": chance.randrange(90)} if native_id.endswith("3") else {},
    )


def _store(source: str, found: Sequence[tuple[Post, Said]]) -> None:
    said = {post.text: each for post, each in found}
    with db.transaction() as session:
        source_id = sources.get_or_make(session, "api", source, "api", NOW)
        mentions.add_new(session, source_id, [post for post, _ in found], profile.matcher(session), NOW)
        waiting = mentions.claim_pending(session, 1_000)
        results = [_analyzed(each.id, said[each.text.rpartition("\n\n")[2]]) for each in waiting]
        mentions.save_analysis(session, results, NOW)


def _analyzed(mention_id: int, said: Said) -> mentions.Analyzed:
    tags = Tags(
        id=str(mention_id),
        lang="en",
        sentiment=Verdict(said.sentiment, {"negative": 0.7, "neutral": 0.2, "positive": 0.1}),
        audience=Verdict(said.audience, {"consumer": 0.6, "employee": 0.3, "candidate": 0.1}),
        facet=Verdict(said.facet, {said.facet: 1.0}),
        themes=said.themes,
        evidence={"audience": "source: former employee"} if said.audience == "alumnus" else {},
        model="test-1",
        taxonomy="1",
    )
    signed = signature(said.text)
    return mentions.Analyzed(mention_id, tags, said.protected, signed, bands(signed))


def _open_incident() -> None:
    with db.transaction() as session:
        own = profile.own_company(session)
        assert own is not None
        finding = Finding(
            VOLUME,
            own.id,
            "brand",
            "consumer",
            NOW - timedelta(hours=2),
            timedelta(hours=1),
            24.0,
            0.0,
            6.4,
            24,
            18,
            "high",
            "High (4 points): 3.8 times as far from normal as the threshold: 2 points.",
            short_history=True,
            notes=("The sentiment of 3 of 24 mentions is unsure.",),
        )
        quiet = replace(finding, kind="negative_share", facet="employer", audience="employee", observed=0.6, n=30)
        incidents.save(session, [Intent("open", None, finding, "high", "24 stories where 6 are normal.", True)], NOW)
        incidents.save(session, [Intent("open", None, quiet, "medium", "60 % negative.", False)], NOW)
