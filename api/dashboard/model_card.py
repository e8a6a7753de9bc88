"""What the weights say of themselves: `meta.json` and the tables of the model card beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LARGEST = 200_000  # bytes of a card that are read


@dataclass(frozen=True, slots=True)
class CardTable:
    """One table of the card under its heading."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The model that tags; empty where the folder has none."""

    version: str
    languages: tuple[str, ...]
    base: str
    sets: int
    tables: tuple[CardTable, ...]


@lru_cache(maxsize=2)
def model_card(folder: Path) -> ModelCard | None:
    """Read the card once per process; None when there are no weights."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    try:
        card = (folder / "README.md").read_text(encoding="utf-8")[:_LARGEST]
    except (OSError, UnicodeDecodeError):
        card = ""
    return ModelCard(
        version=str(meta.get("version", "unknown")),
        languages=tuple(str(each) for each in meta.get("languages", ())),
        base=str(meta.get("base", "unknown")),
        sets=len(meta.get("training_sets", ())),
        tables=tuple(_tables(card.splitlines())),
    )


def _tables(lines: Sequence[str]) -> Iterator[CardTable]:
    """Markdown tables: a line of names, a line of dashes, lines of cells."""
    heading, block = "", list[tuple[str, ...]]()
    for line in [*lines, ""]:
        if line.lstrip().startswith("|"):
            block.append(
                tuple(cell.strip().replace("`", "").replace("**", "") for cell in line.strip().strip("|").split("|"))
            )
            continue
        if len(block) > 2 and block[0][0] != "file":  # what lies in the folder is of no use on a page
            yield CardTable(heading, block[0], tuple(row for row in block[2:] if len(row) == len(block[0])))
        block = []
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
