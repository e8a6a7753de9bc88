"""How well named persons are found: `python -m nlp.persons_figures`, on short employer-side posts of our own writing.

`--with model` and `--with both` measure the pipeline of `make names-setup`, alone and beside the rules; `--model` names
the folder of another one.

`persons_sample.jsonl` marks names by characters, in English, German, French and Spanish, with months, cities, brands
and job titles beside them. The half "test" was written before the rules were read; "work" is for work on them.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from nlp.figures import rounded
from nlp.persons import TITLES, likely, merged, rule_spans
from nlp.result import Span
from nlp.train.data import read_jsonl

Find = Callable[[str], Sequence[Span]]
SAMPLE = Path(__file__).with_name("persons_sample.jsonl")


@dataclass(frozen=True, slots=True)
class NamingPost:
    """A post and where it names persons; a title before a name belongs to the label."""

    lang: str
    text: str
    names: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class NameFigures:
    """`found` of the `names` are covered wholly but for titles; `right` of the `marked` spans touch one."""

    group: str
    posts: int
    names: int
    found: int
    marked: int
    right: int

    @property
    def recall(self) -> float | None:
        return rounded(self.found / self.names) if self.names else None

    @property
    def precision(self) -> float | None:
        return rounded(self.right / self.marked) if self.marked else None


def sample(half: str) -> list[NamingPost]:
    """One half of the sample: "test" or "work"."""
    posts = []
    for row in read_jsonl(SAMPLE):
        spans = row["names"] if row["half"] == half else None
        if isinstance(spans, list):
            posts.append(NamingPost(str(row["lang"]), str(row["text"]), tuple((int(a), int(b)) for a, b in spans)))
    return posts


def measure(posts: Sequence[NamingPost], find: Find = rule_spans) -> list[NameFigures]:
    """All together, then per language."""
    groups = ["all", *dict.fromkeys(post.lang for post in posts)]
    return [_figures(group, [post for post in posts if group in ("all", post.lang)], find) for group in groups]


def missed(post: NamingPost, find: Find = rule_spans) -> list[str]:
    """The names of a post that stay readable."""
    found = find(post.text)
    return [post.text[start:end] for start, end in post.names if not _covered(post.text, start, end, found)]


def finder(what: str, model: str) -> Find:
    """What finds names: rules, the model as far as it is believed, or both. Raises `NamesError`."""
    if what == "rules":
        return rule_spans
    from nlp.persons_model import loaded

    names = loaded(model)
    if what == "model":
        return lambda text: likely(names.spans(text), text)
    return lambda text: tuple(merged([*rule_spans(text), *likely(names.spans(text), text)], text))


def _figures(group: str, posts: Sequence[NamingPost], find: Find) -> NameFigures:
    spans = [(post, span) for post in posts for span in find(post.text)]
    right = sum(any(span[0] < end and start < span[1] for start, end in post.names) for post, span in spans)
    names = sum(len(post.names) for post in posts)
    found = names - sum(len(missed(post, find)) for post in posts)
    return NameFigures(group, len(posts), names, found, len(spans), right)


def _covered(text: str, start: int, end: int, found: Sequence[Span]) -> bool:
    """Whether each word of a name but its titles lies in a span that was found."""
    at = start
    for word in text[start:end].split(" "):
        bare = word.rstrip(".")
        inside = any(first <= at and at + len(bare) <= last for first, last in found)
        if not inside and bare.casefold() not in TITLES:
            return False
        at += len(word) + 1
    return True


def _lines(half: str, find: Find) -> Iterator[str]:
    yield f"{half:6} posts names recall precision"
    for row in measure(sample(half), find):
        recall, precision = ("–" if value is None else f"{value:.3f}" for value in (row.recall, row.precision))
        yield f"{row.group:6} {row.posts:5} {row.names:5} {recall:>6} {precision:>9}"


def _milliseconds(find: Find) -> float:
    """Per text of the sample, each read for the first time."""
    posts = [*sample("test"), *sample("work")]
    find("Warm up once, Priya.")
    began = perf_counter()
    for post in posts:
        find(post.text)
    return 1000 * (perf_counter() - began) / len(posts)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures of both halves."""
    parser = argparse.ArgumentParser(prog="python -m nlp.persons_figures", description=__doc__.split("\n")[0])
    parser.add_argument("--with", dest="what", choices=("rules", "model", "both"), default="rules")
    parser.add_argument("--model", default="spacy", help="folder of a spaCy pipeline (as the setting NAMES_MODEL)")
    asked = parser.parse_args(arguments)
    find = finder(asked.what, asked.model)
    sys.stdout.write(f"{asked.what}, {_milliseconds(find):.2f} ms per text\n\n")
    for half in ("test", "work"):
        sys.stdout.write("\n".join(_lines(half, find)) + "\n\n")


if __name__ == "__main__":
    main()
