"""The texts of a tuning: what people said about tags, and our own posts that hold and guard what the model knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nlp.language import detect
from nlp.result import LABELS, UNKNOWN
from nlp.text import clean, is_empty, mark_target, mask, spelled
from nlp.train.data import CORPUS, HELD_OUT_BATCHES, read_jsonl

ANCHORS = 3_000  # of our posts that take part in learning; more would change nothing but the time it takes


@dataclass(frozen=True, slots=True)
class Word:
    """What a person said of one head of one mention; `drawn`: of a mention that was drawn at random for checking."""

    label: str
    drawn: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Lesson:
    """A text with people's words per head. `names` are the target's, `keys` what the text shares with its copies."""

    text: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    words: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class Taken:
    """A lesson as the model reads it, with the language that it was taken for."""

    text: str
    language: str
    keys: tuple[str, ...]
    words: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class Post:
    """One of our own posts with its plain labels."""

    text: str
    language: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Posts:
    """Those that take part in learning, and those that were always kept apart."""

    anchors: tuple[Post, ...]
    guard: tuple[Post, ...]


def readable(lessons: Sequence[Lesson], languages: frozenset[str]) -> tuple[list[Taken], dict[str, int]]:
    """The lessons that the model would read, newest first as given, and how many are left out for which reason.

    Of exact copies the newest word on a head counts, so that a text that was corrected a hundred times, or in two ways,
    is one lesson.
    """
    found: dict[str, Taken] = {}
    left_out: Counter[str] = Counter()
    for lesson in lessons:
        text = spelled(mask(mark_target(clean(lesson.text), lesson.names)))
        language = detect(mask(clean(lesson.text)))
        if is_empty(text):
            left_out["no words"] += 1
        elif language.code not in languages and not (language.code == "und" and language.plain_latin):
            left_out["language not supported"] += 1
        elif text in found:
            first = found[text]
            found[text] = Taken(text, first.language, first.keys + lesson.keys, {**lesson.words, **first.words})
            left_out["copies of another"] += 1
        else:
            found[text] = Taken(text, language.code, lesson.keys, lesson.words)
    return list(found.values()), dict(left_out)


def grouped(keys: Sequence[Sequence[str]]) -> list[int]:
    """A number for every row; rows that share a key, directly or through others, have the same."""
    parent = list(range(len(keys)))
    owner: dict[str, int] = {}

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    for row, names in enumerate(keys):
        for name in names:
            first = owner.setdefault(name, row)
            parent[root(row)] = root(first)
    return [root(row) for row in range(len(keys))]


def own_posts(languages: frozenset[str], folder: Path = CORPUS) -> Posts:
    """Our posts in the model's languages; both parts are empty where the folder is not there."""
    anchors: list[Post] = []
    guard: list[Post] = []
    for path in sorted(folder.glob("*.jsonl")):
        part = guard if path.stem.endswith(HELD_OUT_BATCHES) else anchors
        part.extend(_post(raw) for raw in read_jsonl(path) if raw["lang"] in languages)
    step = max(1, len(anchors) // ANCHORS)
    return Posts(tuple(anchors[::step]), tuple(guard))


def _post(raw: Mapping[str, object]) -> Post:
    target = str(raw.get("target") or "")
    text = spelled(mask(mark_target(clean(str(raw["text"])), (target,) if target else ())))
    known = {head: str(raw.get(head)) for head in LABELS}
    labels = {head: label for head, label in known.items() if label in (*LABELS[head], UNKNOWN)}
    return Post(text, str(raw["lang"]), labels)
