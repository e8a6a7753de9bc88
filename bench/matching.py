"""How fast posts are matched and copies are found: `python -m bench.matching`.

Matching is compared, in the same run and on the same made posts, with two plain ways to do it: `term in text` for every
term, and one regular expression of alternatives for every company. Both get words and phrases only, in lower case,
without folding of accents or signs. Copies are compared with `difflib`'s ratio between all pairs of a small sample.
"""

import difflib
import itertools
import random
import re
import sys
import time
from collections.abc import Callable, Sequence

from config.matching import Matcher
from config.query import parse_query, quote
from nlp.stories import bands, same_story, signature

POSTS = 4_000
COMPANIES = 20
TERMS = 50  # of each company
SYLLABLES = ("ac", "me", "con", "to", "so", "glo", "bex", "ini", "tech", "um", "bra", "stark", "way", "ne", "or", "li")
SENTENCES = """
the new app is so much faster than old one finally I can use it without calling anybody three weeks and still no answer
from support about my account this getting ridiculous good colleagues fair pay but every year another reorganisation two
friendly rounds then nobody wrote back café naïve #hiring @someone today
"""
ORDINARY = SENTENCES.split()
SAMPLE = 400  # posts among which copies are searched
PAIRS = 1_000  # of them compared by difflib; the rest is reckoned


def names(rng: random.Random) -> list[list[str]]:
    """The terms of each company: half words, half phrases of two words."""

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=4))

    return [[word() if n % 2 else f"{word()} {word()}" for n in range(TERMS)] for _ in range(COMPANIES)]


def posts(rng: random.Random, terms: Sequence[Sequence[str]], length: int) -> list[str]:
    """Made posts of about `length` words, every second one with the name of a company in it."""
    made = []
    for number in range(POSTS):
        words = rng.choices(ORDINARY, k=length)
        if number % 2:
            words[rng.randrange(length)] = rng.choice(rng.choice(terms)).title()
        made.append(" ".join(words))
    return made


def per_second(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts a second, the best of three runs."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        for text in texts:
            work(text)
        best = min(best, time.perf_counter() - started)
    return len(texts) / best


def by_substring(terms: Sequence[Sequence[str]]) -> Callable[[str], object]:
    """The loop that one writes first."""

    def match(text: str) -> object:
        lowered = text.lower()
        return {number for number, own in enumerate(terms) if any(term in lowered for term in own)}

    return match


def by_regex(terms: Sequence[Sequence[str]]) -> Callable[[str], object]:
    """One alternation with word borders for every company."""
    patterns = [re.compile(rf"\b(?:{'|'.join(map(re.escape, own))})\b") for own in terms]

    def match(text: str) -> object:
        lowered = text.lower()
        return {number for number, pattern in enumerate(patterns) if pattern.search(lowered)}

    return match


def bench_matching(rng: random.Random) -> None:
    """Posts a second by length."""
    terms = names(rng)
    queries = {str(number): parse_query(" OR ".join(map(quote, own))) for number, own in enumerate(terms)}
    started = time.perf_counter()
    matcher = Matcher(queries)
    print(f"Matcher of {COMPANIES} queries, {COMPANIES * TERMS} terms: made in {time.perf_counter() - started:.3f} s")
    for length in (20, 200):
        texts = posts(rng, terms, length)
        ours = per_second(matcher.match, texts)
        print(f"  {length} words: {ours:,.0f} posts/s", end="")
        for label, naive in (("substring loop", by_substring(terms)), ("regular expressions", by_regex(terms))):
            speed = per_second(naive, texts[: POSTS // 10])
            print(f" · {label} {speed:,.0f} (× {ours / speed:.1f})", end="")
        print()
    huge = " ".join(posts(rng, terms, 200))[:5_000_000]
    started = time.perf_counter()
    matcher.match(huge)
    print(f"  one text of {len(huge) / 1e6:.1f} MB: {time.perf_counter() - started:.2f} s")


def copies(texts: Sequence[str]) -> set[tuple[int, int]]:
    """All pairs of copies, found by their bands as the storage does."""
    signed = [signature(text) for text in texts]
    holders: dict[int, list[int]] = {}
    found = set()
    for number, own in enumerate(signed):
        for band in bands(own):
            others = holders.setdefault(band, [])
            found |= {(other, number) for other in others if same_story(signed[other], own)}
            others.append(number)
    return found


def bench_stories(rng: random.Random) -> None:
    """Signatures a second, and finding the copies in a sample against comparing all pairs with difflib."""
    texts = posts(rng, names(rng), 20)
    print(f"Stories: {per_second(lambda text: bands(signature(text)), texts):,.0f} signatures with bands/s")
    sample = texts[: SAMPLE // 2] + [f"RT @someone: {text}" for text in texts[: SAMPLE // 2]]
    started = time.perf_counter()
    found = copies(sample)
    ours = time.perf_counter() - started
    started = time.perf_counter()
    for a, b in itertools.islice(itertools.combinations(sample, 2), PAIRS):
        difflib.SequenceMatcher(None, a.split(), b.split()).ratio()
    naive = (time.perf_counter() - started) / PAIRS * SAMPLE * (SAMPLE - 1) / 2
    print(f"  {len(found)} of {SAMPLE // 2} copies in {SAMPLE} posts: {ours:.2f} s · difflib {naive:.2f} s", end="")
    print(f" (× {naive / ours:.0f})")


def main() -> int:
    """Print everything."""
    rng = random.Random(11)
    bench_matching(rng)
    bench_stories(rng)
    return 0


if __name__ == "__main__":
    sys.exit(main())
