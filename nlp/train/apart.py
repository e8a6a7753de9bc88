"""What is kept apart for validation: dev splits, unseen companies, an unseen set, batches of our own posts.

`python -m nlp.train.apart --out FOLDER` writes them as files for `nlp.evaluate`.
"""

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nlp.train.data import CORPUS, HELD_OUT_BATCHES, detokenised, read_jsonl, shared_folder
from nlp.train.recipe import HELD_OUT_COMPANIES, RECIPES


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text with its plain labels, for the heads where it has any."""

    text: str
    labels: Mapping[str, str]


UNSEEN_COMPANY_SETS = ("glassdoor_banks", "trustpilot_pet_insurance")
UNSEEN_SETS = ("airline_tweets",)  # non-commercial licence: looked at, never learnt from


def apart_sets() -> dict[str, list[Labelled]]:
    """Name of the set → rows in a fixed random order; sets that are absent are left out."""
    found = {"corpus": _corpus()}
    for recipe in RECIPES:
        rows = _public(recipe.file, tokenised=recipe.tokenised)
        if rows:
            found[f"{recipe.file}:dev"] = rows
    for name in UNSEEN_COMPANY_SETS:
        found[f"{name}:unseen"] = _public(name, unseen=True)
    for name in UNSEEN_SETS:
        found[f"{name}:unseen"] = _public(name)
    for rows in found.values():
        random.Random(7).shuffle(rows)
    return {name: rows for name, rows in found.items() if rows}


def _corpus() -> list[Labelled]:
    paths = [path for path in sorted(CORPUS.glob("*.jsonl")) if path.stem.endswith(HELD_OUT_BATCHES)]
    return [_labelled(raw) for path in paths for raw in read_jsonl(path)]


def _public(name: str, *, tokenised: bool = False, unseen: bool = False) -> list[Labelled]:
    path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
    if not path.exists():
        return []
    rows = []
    for raw in read_jsonl(path):
        wanted = raw.get("company") in HELD_OUT_COMPANIES if unseen else raw.get("split") == "dev"
        if wanted and raw.get("lang") in ("en", "und"):
            rows.append(_labelled(raw, tokenised=tokenised))
    return rows


def _labelled(raw: Mapping[str, object], *, tokenised: bool = False) -> Labelled:
    text = str(raw["text"])
    labels = {head: str(raw[head]) for head in ("sentiment", "audience", "facet") if raw.get(head)}
    return Labelled(detokenised(text) if tokenised else text, labels)


def write(folder: Path) -> list[Path]:
    """One `.jsonl` per set that is here."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in apart_sets().items():
        path = folder / f"{name.replace(':', '-')}.jsonl"
        lines = (json.dumps({"text": row.text, **row.labels}, ensure_ascii=False) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        paths.append(path)
    return paths


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    for path in write(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
