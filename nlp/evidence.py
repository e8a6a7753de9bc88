"""The words that carried a tag: each is left out once, and the model reads the rest again (occlusion).

`explain(input, network)` answers for one text, on demand; nothing of it is stored with the tags. What is left out is a
word, an emoji, a hashtag or the company's name, in a longer text a phrase. What it weighs is how far the calibrated
probability of the tag falls without it. That is a fact about this network, not a reason in a person's sense: words that
say the same hide behind each other, and what the text would mean without a word is nobody's question.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.heads import Floats
from nlp.model import Network
from nlp.persons import without_persons
from nlp.result import LABELS, STAFF, Evidence, HeadEvidence, Span, TagInput, Tags, ThemeWords, Word
from nlp.tag import tag_posts
from nlp.text import TARGET_SIGN, clean, mark_target, mask, spelled
from nlp.themes import theme_spans

MAX_VARIANTS = 48  # parts that are left out, one at a time; a text with more words is taken in phrases
_MOST_PER_WINDOW = 16  # of a text with two windows, each reading of which costs as much as four posts
# A word matters from eight hundredths and from a quarter of the strongest one. Above that nine of ten are found by the
# unrounded network too (fp32, on our held-out posts); with five hundredths and a fifth it was 87 of a hundred.
LEAST_WEIGHT, LEAST_SHARE, MOST_WORDS = 0.08, 0.25, 8
# Where no word matters alone: the fewest of the strongest without which the probability falls by a quarter. Without as
# many other words it falls by about three hundredths.
LEAST_TOGETHER, _MOST_TOGETHER = 0.25, 8
_LONGEST_NAME = 40  # words, as it is written and as it is marked together
_ENDS = 250  # words at each end of a huge text that are looked at; the model reads fewer

_EMOJI = r"[\u2190-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff]"
_PART = re.compile(rf"{_EMOJI}+|(?:(?!{_EMOJI})\S)+")
_CLAUSE_END = re.compile(r"[.!?;:,…)]$")


@dataclass(frozen=True, slots=True)
class _Part:
    """The same piece of the text as it is shown and as it is read, there with the target marked."""

    shown: Span
    read: Span
    named: bool


def explain(given: TagInput, loaded: Network) -> Evidence:
    """What carried the tags that this network gives the text now; tags given by another version may differ."""
    tags = tag_posts([given], model=loaded)[0]
    cleaned = clean(given.text)
    shown = without_persons(mask(cleaned), given.target_names)
    read = mask(mark_target(cleaned, given.target_names))
    parts = _parts(shown, read)
    read_parts, unread = _seen(parts, read, loaded)
    most = MAX_VARIANTS if unread is None else _MOST_PER_WINDOW
    groups = [phrase for seen in read_parts for phrase in _grouped(seen, read, most)]
    asked = [head for head in LABELS if head not in tags.evidence]
    weighed = _weigh(read, [part.read for part in groups], loaded) if asked and groups else None
    return Evidence(
        text=shown,
        named=tuple(part.shown for part in parts if part.named),
        unread=unread,
        phrases=len(groups) < sum(map(len, read_parts)),
        heads=tuple(_head(head, tags, groups, weighed, read, loaded) for head in LABELS),
        themes=tuple(ThemeWords(*span) for span in theme_spans(shown, tags.facet.label, tags.audience.label)),
        model=tags.model,
    )


def leave_out(text: str, spans: Sequence[Span]) -> str:
    """A text without some of its characters, as the tokenizer gets it; spans do not overlap."""
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return spelled(text)


def _parts(shown: str, read: str) -> list[_Part]:
    """The words of both texts side by side. Where the target is marked they differ, and what differs is one part."""
    ours, theirs = _spans(shown), _spans(read)
    if len(ours) <= 2 * _ENDS:
        return list(_aligned(shown, read, ours, theirs))
    head = _aligned(shown, read, ours[:_ENDS], theirs[:_ENDS])
    return [*head, *_aligned(shown, read, ours[-_ENDS:], theirs[-_ENDS:])]


def _spans(text: str) -> list[Span]:
    return [match.span() for match in _PART.finditer(text)]


def _aligned(shown: str, read: str, ours: list[Span], theirs: list[Span]) -> Iterator[_Part]:
    left, right = [shown[start:end] for start, end in ours], [read[start:end] for start, end in theirs]
    i = j = 0
    while i < len(left) and j < len(right):
        i_end, j_end = _again_alike(left, right, i, j)
        if i_end == i and j_end == j:
            yield _Part(ours[i], theirs[j], named=False)
            i_end, j_end = i + 1, j + 1
        elif i_end > i and j_end > j:
            span = (theirs[j][0], theirs[j_end - 1][1])
            yield _Part((ours[i][0], ours[i_end - 1][1]), span, named=TARGET_SIGN in read[span[0] : span[1]])
        i, j = i_end, j_end


def _again_alike(left: list[str], right: list[str], i: int, j: int) -> tuple[int, int]:
    """The nearest place from `i` and `j` on where both have the same word; they differ by a name at most."""
    for apart in range(_LONGEST_NAME):
        for ahead in range(apart + 1):
            one, other = i + ahead, j + apart - ahead
            if one < len(left) and other < len(right) and left[one] == right[other]:
                return one, other
    return len(left), len(right)


def _seen(parts: list[_Part], read: str, loaded: Network) -> tuple[list[list[_Part]], Span | None]:
    """The parts that the model reads, per window where there are two, and the span of the shown text between them."""
    lengths = loaded.pieces([spelled(read[part.read[0] : part.read[1]]) for part in parts]) if parts else []
    room = loaded.meta.max_tokens - 2
    head, tail = _fitting(lengths, room), len(parts) - _fitting(lengths[::-1], room)
    if sum(lengths) <= room or head >= tail:
        return [parts], None
    return [parts[:head], parts[tail:]], (parts[head].shown[0], parts[tail - 1].shown[1])


def _fitting(lengths: list[int], room: int) -> int:
    """How many parts from the beginning are in a window, a part that is cut included."""
    return int(np.searchsorted(np.cumsum(lengths), room)) + 1


def _grouped(parts: list[_Part], read: str, most: int) -> list[_Part]:
    """At most `most` phrases of about the same length; an end of a clause nearby ends one."""
    if len(parts) <= most:
        return parts
    ends = [round((number + 1) * len(parts) / most) for number in range(most)]
    for number, end in enumerate(ends[:-1]):
        near = [at for at in (end, end - 1, end + 1) if _CLAUSE_END.search(read[: parts[at - 1].read[1]][-1:])]
        if near and (ends[number - 1] if number else 0) < near[0] < ends[number + 1]:
            ends[number] = near[0]
    starts = [0, *ends[:-1]]
    return [_joined(parts[start:end]) for start, end in zip(starts, ends, strict=True)]


def _joined(parts: list[_Part]) -> _Part:
    first, last = parts[0], parts[-1]
    return _Part((first.shown[0], last.shown[1]), (first.read[0], last.read[1]), any(part.named for part in parts))


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Per head: the probabilities of the whole text (labels) and how far each falls without a part (parts × labels)."""

    whole: Mapping[str, Floats]
    falls: Mapping[str, Floats]


def _weigh(read: str, spans: list[Span], loaded: Network) -> _Weighed:
    found = loaded.probabilities([spelled(read), *(leave_out(read, [span]) for span in spans)])
    return _Weighed(
        {head: rows[0] for head, rows in found.items()}, {head: rows[0] - rows[1:] for head, rows in found.items()}
    )


def _head(
    head: str, tags: Tags, groups: list[_Part], weighed: _Weighed | None, read: str, loaded: Network
) -> HeadEvidence:
    verdict = {"sentiment": tags.sentiment, "audience": tags.audience, "facet": tags.facet}[head]
    statement = tags.evidence.get(head)
    if statement is not None or weighed is None:
        return HeadEvidence(head, verdict.label, verdict.label, None, statement or "no words", ())
    explained, columns = _explained(head, verdict.label, weighed.whole[head])
    falls = weighed.falls[head][:, columns].sum(axis=1)
    words = [Word(*part.shown, float(fall)) for part, fall in zip(groups, falls, strict=True)]
    whole = float(weighed.whole[head][columns].sum())
    kept = _that_matter(words)
    if kept:
        return HeadEvidence(head, verdict.label, explained, whole, None, kept)
    order = sorted(range(len(words)), key=lambda at: -words[at].weight)
    parts, fall = _together(read, [groups[at].read for at in order], loaded, head, columns)
    kept = tuple(words[at] for at in order[:parts])
    return HeadEvidence(head, verdict.label, explained, whole, None, kept, fall if kept else None)


def _together(read: str, spans: list[Span], loaded: Network, head: str, columns: list[int]) -> tuple[int, float]:
    """Where words hide behind each other: how many of the strongest have to go, and how far the probability falls then.

    None of them (0) where it does not fall by much; some part of the text always stays.
    """
    numbers = range(2, min(_MOST_TOGETHER, len(spans) - 1) + 1)
    if not numbers:
        return 0, 0.0
    texts = [spelled(read), *(leave_out(read, spans[:number]) for number in numbers)]
    rows = loaded.probabilities(texts)[head]
    said = rows[:, columns].sum(axis=1)
    for number, without in zip(numbers, said[1:], strict=True):
        if said[0] - without >= LEAST_TOGETHER:
            return number, float(said[0] - without)
    return 0, 0.0


def _explained(head: str, label: str, whole: Floats) -> tuple[str, list[int]]:
    """The class whose probability is looked at, with its columns: the tag's own, or the likeliest class."""
    labels = LABELS[head]
    if label == STAFF:
        return STAFF, [labels.index("employee"), labels.index("alumnus")]
    column = labels.index(label) if label in labels else int(np.argmax(whole))
    return labels[column], [column]


def _that_matter(words: list[Word]) -> tuple[Word, ...]:
    strongest = max((abs(word.weight) for word in words), default=0.0)
    least = max(LEAST_WEIGHT, LEAST_SHARE * strongest)
    kept = sorted((word for word in words if abs(word.weight) >= least), key=lambda word: -abs(word.weight))
    return tuple(kept[:MOST_WORDS])
