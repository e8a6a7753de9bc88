"""Tag texts with language, sentiment, audience, facet and themes.

In the service: `tag_posts(inputs)`. On the command line: `python -m nlp.tag < in.jsonl > out.jsonl`, one JSON object a
line, `{id, text, source?, target?, meta?}` in and one answer out, in the same order and in bounded memory. A line that
cannot be read is reported on standard error with its number; the others are answered all the same and the command ends
with status 1.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO, TextIO

from nlp.language import Language, detect
from nlp.model import PROTECTED, Network, Probabilities, network
from nlp.protected import protected_by
from nlp.result import LABELS, TagInput, Tags, Verdict
from nlp.shipped import WeightsError, model_version
from nlp.text import clean, cut, is_empty, mark_target, mask, spelled
from nlp.themes import find_themes, speaks_of_work, taxonomy_version
from nlp.verdict import apply_stated, audience_verdict, facet_verdict, sentiment_verdict, stated, unread

__all__ = ["model_version", "tag_posts"]

CHUNK = 512
PART = 128
NO_WORDS = "no words"
# A line may carry a 5 MB post; several times that is no post and would only fill the memory.
MAX_LINE_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Reading:
    """One input with its masked text, its language, why the model did not read it (None: it did) and the scores.

    `sentiment` holds the scores of another sentiment model where there is one that read the text, `protected` the score
    of the reader of protected activity.
    """

    given: TagInput
    masked: str
    language: Language
    unread: str | None
    scores: Mapping[str, Mapping[str, float]]
    sentiment: Mapping[str, float] | None = None
    protected: float | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Some inputs on which the network has begun; `scores` waits for the probabilities of those that it reads."""

    inputs: Sequence[TagInput]
    masked: Sequence[str]
    languages: Sequence[Language]
    reasons: Sequence[str | None]
    scores: Callable[[], Mapping[str, Probabilities]]
    sentiments: Mapping[int, Mapping[str, float]]


def tag_posts(inputs: Sequence[TagInput], threads: int = 1, model: Network | None = None) -> list[Tags]:
    """Tags of every input, in input order.

    `model` is a network loaded by the caller; without it the process's own, with `threads` (the first call decides).
    """
    if not inputs:
        return []
    loaded = model or network(threads)
    # While the network's threads read one part the next is being cleaned, and the last one's answers are put together.
    parts = [_begin(inputs[start : start + PART], loaded) for start in range(0, len(inputs), PART)]
    return [tags for part in parts for tags in _finish(part, loaded)]


def _begin(inputs: Sequence[TagInput], loaded: Network) -> _Part:
    masked = [mask(clean(one.text)) for one in inputs]
    texts = [spelled(_marked(one, text)) for one, text in zip(inputs, masked, strict=True)]
    languages = [detect(text) for text in masked]  # an emoji spelled out in English is no English
    reasons = [_unread_reason(text, language, loaded) for text, language in zip(texts, languages, strict=True)]
    scores = loaded.begin([text for text, reason in zip(texts, reasons, strict=True) if reason is None])
    return _Part(inputs, masked, languages, reasons, scores, _other_sentiments(masked, languages, reasons, loaded))


def _other_sentiments(
    masked: Sequence[str], languages: Sequence[Language], reasons: Sequence[str | None], loaded: Network
) -> dict[int, dict[str, float]]:
    """Scores by another sentiment model, by the place of the texts that it is asked about."""
    other = loaded.sentiment
    if other is None:
        return {}
    asked = [
        at
        for at, (language, reason) in enumerate(zip(languages, reasons, strict=True))
        if reason != NO_WORDS and other.reads(language.code, plain_latin=language.plain_latin)
    ]
    if not asked:
        return {}
    rows = other.probabilities([masked[at] for at in asked]).tolist()
    return {at: dict(zip(LABELS["sentiment"], row, strict=True)) for at, row in zip(asked, rows, strict=True)}


def _finish(part: _Part, loaded: Network) -> Iterator[Tags]:
    answers = part.scores()
    scores, protected = _scores(answers), iter(answers[PROTECTED][:, 0].tolist())
    rows = zip(part.inputs, part.masked, part.languages, part.reasons, strict=True)
    for at, (one, text, language, reason) in enumerate(rows):
        found, score = (next(scores), next(protected)) if reason is None else ({}, None)
        yield _tags(Reading(one, text, language, reason, found, part.sentiments.get(at), score), loaded)


def _marked(one: TagInput, masked: str) -> str:
    """The masked text with the target marked, before its handles are masked; most texts name it or have no target."""
    names = one.target_names
    if not names:
        return masked
    cleaned = clean(one.text)
    marked = mark_target(cleaned, names)
    return masked if marked == cleaned else mask(marked)


def _unread_reason(text: str, language: Language, loaded: Network) -> str | None:
    """Why the model does not read this text; None when it does.

    Short informal posts seldom settle their language. Where every word is plain Latin letters they are read as the
    model's own language, since that is what nearly all of them are.
    """
    if is_empty(text):
        return NO_WORDS
    if language.code in loaded.meta.languages:
        return None
    if language.code == "und":
        return None if language.plain_latin else "language undetermined"
    return f"language {language.code} not supported"


def _scores(found: Mapping[str, Probabilities]) -> Iterator[dict[str, dict[str, float]]]:
    rows = [found[head].tolist() for head in LABELS]
    for values in zip(*rows, strict=True):
        yield {
            head: dict(zip(labels, row, strict=True))
            for (head, labels), row in zip(LABELS.items(), values, strict=True)
        }


def _tags(one: Reading, loaded: Network) -> Tags:
    thresholds, languages = loaded.thresholds, loaded.meta.languages
    evidence: dict[str, str] = {}
    if one.unread is None:
        verdicts = {
            "sentiment": sentiment_verdict(one.scores["sentiment"], thresholds.sentiment_in(one.language.code)),
            "audience": audience_verdict(one.scores["audience"], thresholds),
            "facet": facet_verdict(one.scores["facet"]),
        }
        if one.language.code not in languages:
            evidence["language"] = "undetermined, read as English"
    else:
        verdicts, evidence = unread(one.unread, empty=one.unread == NO_WORDS)
    if one.sentiment is not None and loaded.sentiment is not None:
        verdicts["sentiment"] = sentiment_verdict(one.sentiment, loaded.sentiment.threshold)
        evidence.pop("sentiment", None)
    verdicts, evidence = apply_stated(verdicts, evidence, stated(one.given.meta))
    facet, audience = verdicts["facet"].label, verdicts["audience"].label
    protected = _protected(one, loaded, staff=speaks_of_work(facet, audience))
    return Tags(
        id=one.given.id,
        lang=one.language.code,
        sentiment=verdicts["sentiment"],
        audience=verdicts["audience"],
        facet=verdicts["facet"],
        themes=find_themes(one.masked, facet, audience, protected=protected is not None),
        evidence=evidence if protected is None else {**evidence, PROTECTED: protected},
        model=loaded.version,
        taxonomy=taxonomy_version(),
        protected=protected is not None,
    )


def _protected(one: Reading, loaded: Network, *, staff: bool) -> str | None:
    stricter = loaded.protected.stricter if loaded.protected else 0.0
    return protected_by(one.given.text, staff=staff, score=one.protected, stricter=stricter)


class LineError(ValueError):
    """An input line that is no text to tag."""


def parse_line(line: str) -> TagInput:
    """One input line; `LineError` names the field that is wrong."""
    raw = json.loads(line)
    if not isinstance(raw, dict):
        raise LineError("not a JSON object")
    if not isinstance(raw.get("id"), str | int) or isinstance(raw.get("id"), bool):
        raise LineError("field id: wanted a string")
    if not isinstance(raw.get("text"), str):
        raise LineError("field text: wanted a string")
    for field in ("source", "target"):
        if not isinstance(raw.get(field), str | None):
            raise LineError(f"field {field}: wanted a string")
    meta = raw.get("meta") or {}
    if not isinstance(meta, dict):
        raise LineError("field meta: wanted an object")
    plain = {str(key): _plain(value) for key, value in meta.items() if value is not None}
    # Cut at once: a chunk of huge posts must not fill the memory.
    return TagInput(str(raw["id"]), cut(raw["text"]), raw.get("source"), raw.get("target"), plain)


def _plain(value: object) -> str:
    """A meta value in the plain words of the contract; JSON's own true and 4 are as good as "yes" and "4"."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def read_lines(stream: BinaryIO, limit: int = MAX_LINE_BYTES) -> Iterator[bytes | None]:
    """Lines of a stream; None in place of one longer than `limit` bytes, which is skipped without being kept."""
    while line := stream.readline(limit):
        if line.endswith(b"\n") or len(line) < limit:
            yield line
            continue
        yield None
        while line and not line.endswith(b"\n"):
            line = stream.readline(limit)


def tag_lines(lines: Iterable[bytes | None], out: TextIO, errors: TextIO, threads: int) -> int:
    """Answer every readable line on `out`; returns how many could not be read (each named on `errors`)."""
    bad = 0
    waiting: list[TagInput] = []
    for number, line in enumerate(lines, start=1):
        if line is not None and not line.strip():
            continue
        try:
            if line is None:
                raise LineError(f"longer than {MAX_LINE_BYTES} bytes")
            waiting.append(parse_line(line.decode("utf-8-sig" if number == 1 else "utf-8")))
        except (ValueError, RecursionError) as error:
            bad += 1
            print(f"line {number}: {error}", file=errors)
        if len(waiting) == CHUNK:
            _answer(waiting, out, threads)
            waiting = []
    _answer(waiting, out, threads)
    return bad


def _answer(inputs: list[TagInput], out: TextIO, threads: int) -> None:
    for tags in tag_posts(inputs, threads):
        out.write(json.dumps(as_json(tags)) + "\n")
    out.flush()


def as_json(tags: Tags) -> dict[str, object]:
    """The public shape of one answer."""
    found = asdict(tags)
    del found["taxonomy"], found["protected"]  # of interest where answers are kept; evidence says what is protected
    for head in LABELS:
        found[head] = _rounded(getattr(tags, head))
    return found


def _rounded(verdict: Verdict) -> dict[str, object]:
    return {"label": verdict.label, "scores": {label: round(score, 5) for label, score in verdict.scores.items()}}


def main() -> int:
    """Command line; status 1 when a line could not be read, 2 when the model cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m nlp.tag", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads of the model")
    given = parser.parse_args()
    try:
        return 1 if tag_lines(read_lines(sys.stdin.buffer), sys.stdout, sys.stderr, given.threads) else 0
    except WeightsError as error:
        sys.stderr.write(f"nlp.tag: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
