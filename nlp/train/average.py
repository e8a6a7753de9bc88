"""Average checkpoints of one line of training: `python -m nlp.train.average FILE… --out FILE`.

The mean of the weights of runs that began from one another loses less on what the earlier ones had learnt than the last
run alone (M. Wortsman et al., Model soups, 2022). A file that is named twice counts twice.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor


def averaged(checkpoints: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every weight over the checkpoints that have it; what is no real number is the last one's."""
    found: dict[str, Tensor] = {}
    for name, newest in checkpoints[-1].items():
        values = [one[name] for one in checkpoints if name in one]
        found[name] = torch.stack(values).mean(0) if newest.is_floating_point() else newest
    return found


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="from the first run to the last")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    torch.save(averaged([torch.load(file, map_location="cpu", weights_only=True) for file in given.files]), given.out)


if __name__ == "__main__":
    main()
