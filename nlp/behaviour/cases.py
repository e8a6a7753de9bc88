"""The behavioural test set in the manner of CheckList (Ribeiro et al., 2020): cases by capability and kind.

The cases are data, `*.toml` beside this module, written by hand; they measure and are never learnt from. A file is one
capability. Its lists:

- `mft`, minimal functionality: `text` and the labels that are right (`sentiment`, `audience`, `facet`: one or a list).
- `inv`, invariance: `text` and `variants` that must get the same labels, or `values` that stand for `{}` in the text
  (and in `target`) one after the other; `swap` says what differs.
- `dir`, direction: `text`, `changed`, and `up` or `down`: the class ("sentiment.positive") whose probability must not
  fall, or must not rise.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nlp.result import LABELS, STAFF, UNKNOWN, UNSURE

FOLDER = Path(__file__).parent
SWAPS = (
    "company",
    "other company",
    "first name",
    "pronoun",
    "city",
    "typo",
    "case",
    "quotes",
    "handle",
    "link",
    "hashtag",
    "emoji",
)

Kind = Literal["MFT", "INV", "DIR"]


class CaseError(ValueError):
    """A case that cannot be run; the words name file and case."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A text and who its sentiment is about."""

    text: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """The probability of `label` of `head` must not fall (`up`), or must not rise."""

    head: str
    label: str
    up: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is read first, what it is compared with (INV, DIR), and what must hold."""

    id: str
    capability: str
    kind: Kind
    first: Worded
    others: tuple[Worded, ...] = ()
    swap: str | None = None
    wanted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    moves: tuple[Move, ...] = ()


def load_cases(folder: Path = FOLDER) -> list[Case]:
    """All cases, by file name; `CaseError` names the one that is wrong."""
    cases = [case for path in sorted(folder.glob("*.toml")) for case in _read(path)]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise CaseError(f"{case.id}: this id stands twice")
        seen.add(case.id)
    return cases


def _read(path: Path) -> Iterator[Case]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CaseError(f"{path.name}: {error}") from error
    makers = {"mft": _mft, "inv": _inv, "dir": _dir}
    for key, make in makers.items():
        for number, one in enumerate(raw.get(key, ()), start=1):
            try:
                yield make(str(one["id"]), str(raw["capability"]), one)
            except (KeyError, TypeError, ValueError) as error:
                raise CaseError(f"{path.name}, {key} {number}: {error!r}") from error


def _mft(id_: str, capability: str, raw: Mapping[str, Any]) -> Case:
    wanted = {head: _labels(head, raw[head]) for head in LABELS if head in raw}
    if not wanted:
        raise ValueError("no label is wanted")
    return Case(id_, capability, "MFT", Worded(raw["text"], raw.get("target")), wanted=wanted)


def _labels(head: str, raw: str | list[str]) -> tuple[str, ...]:
    labels = (raw,) if isinstance(raw, str) else tuple(raw)
    also = {"sentiment": (UNSURE,), "audience": (STAFF, UNKNOWN)}.get(head, ())
    if wrong := set(labels) - {*LABELS[head], *also}:
        raise ValueError(f"{head}: no such label: {', '.join(sorted(wrong))}")
    return labels


def _inv(id_: str, capability: str, raw: Mapping[str, Any]) -> Case:
    if raw["swap"] not in SWAPS:
        raise ValueError(f"swap: wanted one of {', '.join(SWAPS)}")
    text, target = str(raw["text"]), raw.get("target")
    if "values" in raw:
        texts = [
            Worded(text.replace("{}", value), target.replace("{}", value) if target else None)
            for value in raw["values"]
        ]
    else:
        texts = [Worded(text, target), *(Worded(variant, target) for variant in raw["variants"])]
    if len({one.text for one in texts}) < max(2, len(texts)):
        raise ValueError("wanted at least two texts that differ")
    return Case(id_, capability, "INV", texts[0], tuple(texts[1:]), swap=raw["swap"])


def _dir(id_: str, capability: str, raw: Mapping[str, Any]) -> Case:
    moves = tuple(_move(raw[way], up=way == "up") for way in ("up", "down") if way in raw)
    if not moves:
        raise ValueError("wanted up or down")
    target = raw.get("target")
    return Case(id_, capability, "DIR", Worded(raw["text"], target), (Worded(raw["changed"], target),), moves=moves)


def _move(raw: str, *, up: bool) -> Move:
    head, _, label = raw.partition(".")
    if label not in LABELS.get(head, ()):
        raise ValueError(f"no such class: {raw}")
    return Move(head, label, up)
