"""What is kept apart for validation: dev splits, unseen companies, an unseen set, batches of our own posts.

`python -m nlp.train.apart --out FOLDER` writes them as files for `nlp.evaluate`.
"""

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nlp.train.data import CORPUS, HELD_OUT_BATCHES, detokenised, read_jsonl, shared_folder
from nlp.train.recipe import HELD_OUT_COMPANIES, RECIPES, Recipe


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text with its plain labels, for the heads where it has any, and who its sentiment is about."""

    text: str
    labels: Mapping[str, str]
    target: str | None = None


ENGLISH = ("en", "und")
UNSEEN_COMPANY_SETS = ("glassdoor_banks", "trustpilot_pet_insurance")
# Five audiences of companies and people never trained on; staff reviews whose own words tell which.
WORDS_TELL = {
    "glassdoor_banks": ("employee", "alumnus"),
    "glassdoor_investment_firm": ("employee", "alumnus"),
    "indeed_bank_pnc": ("employee", "alumnus"),
    "trustpilot_pet_insurance": ("consumer",),
    "interview_reviews": ("candidate",),
    "job_ads": ("other",),
    "linkedin_ibm_company_page": ("other",),
}
MOST_OF_A_LABEL = 150
UNSEEN_SETS = ("airline_tweets",)  # non-commercial licence: looked at, never learnt from


def apart_sets() -> dict[str, list[Labelled]]:
    """Name of the set → rows in a fixed random order; sets that are absent are left out.

    `corpus` is our English posts about one company, `targets` those about several, and what is not English stands by
    language.
    """
    found: dict[str, list[Labelled]] = {"corpus": [], "targets": []}
    for path in sorted(CORPUS.glob("*.jsonl")):
        if path.stem.endswith(HELD_OUT_BATCHES):
            name = "targets" if path.stem.startswith("t") else "corpus"
            for raw in read_jsonl(path):
                found.setdefault(name if raw["lang"] == "en" else f"corpus-{raw['lang']}", []).append(_labelled(raw))
    for recipe in RECIPES:
        if not recipe.non_commercial:
            for language, rows in _public(recipe.file, recipe=recipe).items():
                found[f"{recipe.file}{language}:dev"] = rows
    for name in UNSEEN_COMPANY_SETS:
        found[f"{name}:unseen"] = _public(name, unseen=True)[""]
    found["words_tell:unseen"] = _whose_words_tell()
    for name in UNSEEN_SETS:
        found[f"{name}:unseen"] = _public(name).get("", [])
    for rows in found.values():
        random.Random(7).shuffle(rows)
    return {name: rows for name, rows in found.items() if rows}


def _public(name: str, *, unseen: bool = False, recipe: Recipe | None = None) -> dict[str, list[Labelled]]:
    """Rows by language: "" for English, "-de" for German."""
    found: dict[str, list[Labelled]] = {"": []}
    path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
    if not path.exists():
        return found
    for raw in read_jsonl(path):
        wanted = raw.get("company") in HELD_OUT_COMPANIES if unseen else raw.get("split") == "dev"
        if wanted and raw.get("lang") in (recipe.languages if recipe else ENGLISH):
            language = "" if raw["lang"] in ENGLISH else f"-{raw['lang']}"
            found.setdefault(language, []).extend(_by_target(raw, recipe))
    return found


def _whose_words_tell() -> list[Labelled]:
    """At most `MOST_OF_A_LABEL` rows of each audience; a staff review counts where its words give the same as its tick
    box (`cue`)."""
    by_label: dict[str, list[Labelled]] = {}
    for name, labels in WORDS_TELL.items():
        path = shared_folder() / "data" / "nlp" / f"{name}.jsonl.gz"
        for raw in read_jsonl(path) if path.exists() else ():
            label = str(raw.get("audience"))
            apart = raw.get("company") in HELD_OUT_COMPANIES or raw.get("split") == "dev"
            told = label not in ("employee", "alumnus") or raw.get("cue") == label
            if apart and told and label in labels and raw.get("lang") in ENGLISH:
                by_label.setdefault(label, []).append(Labelled(str(raw["text"]), {"audience": label}))
    return [row for rows in by_label.values() for row in random.Random(7).sample(rows, min(len(rows), MOST_OF_A_LABEL))]


def _by_target(raw: Mapping[str, object], recipe: Recipe | None) -> list[Labelled]:
    row = _labelled(raw, tokenised=recipe is not None and recipe.tokenised)
    aspects = raw.get("aspects")
    if recipe is None or recipe.target is None:
        return [replace(row, target=None)]
    if not isinstance(aspects, list):
        return [row]
    return [Labelled(row.text, {"sentiment": label}, target=word) for word, label in aspects if label != "conflict"]


def _labelled(raw: Mapping[str, object], *, tokenised: bool = False) -> Labelled:
    text = str(raw["text"])
    labels = {head: str(raw[head]) for head in ("sentiment", "audience", "facet") if raw.get(head)}
    target = str(raw.get("target") or raw.get("brand") or "") or None
    return Labelled(detokenised(text) if tokenised else text, labels, target)


def write(folder: Path) -> list[Path]:
    """One `.jsonl` per set that is here."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in apart_sets().items():
        path = folder / f"{name.replace(':', '-')}.jsonl"
        lines = (json.dumps(_line(row), ensure_ascii=False) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        paths.append(path)
    return paths


def _line(row: Labelled) -> dict[str, str]:
    return {"text": row.text, **row.labels} | ({"target": row.target} if row.target else {})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    for path in write(parser.parse_args().out):
        print(path)


if __name__ == "__main__":
    main()
