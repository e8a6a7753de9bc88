"""Calibrate exported weights: `python -m nlp.train.calibrate --weights FOLDER`. No torch: it measures what is served.

Every head gets a vector scaling (one temperature, one bias per class) that minimises the weighted log loss on the parts
kept apart; sets count by `SET_WEIGHTS`, and within a sentiment set all classes count alike, since services meet other
mixes of classes than the sets have. Then the thresholds:

- audience: the lowest threshold per class (not under `LOWEST`) at which `AUDIENCE_PRECISION` of our own posts that get
  the label are right and at most `GENERAL_SHARE` of general tweets get it; for employee and alumnus also
  `TENSE_PRECISION` of the staff reviews, whose words mostly do not tell the two apart;
- staff: the same for employee and alumnus together;
- sentiment: the lowest confidence at which the sentiment said is right for `SENTIMENT_ACCURACY` of general tweets, in
  every language for itself.

A language other than English is supported when the macro recall of its sentiment on tweets kept apart, less a standard
error, reaches `LANGUAGE_RECALL`, and the audience of our own posts in it is right for `AUDIENCE_PRECISION`. Else the
service tags it `unsure` and `unknown`, and it takes no part in the fit.
"""

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.heads import Calibration
from nlp.model import Network, calibrated
from nlp.result import AUDIENCES, LABELS
from nlp.text import model_text
from nlp.train.apart import Labelled, apart_sets
from nlp.train.recipe import FLAT_AUDIENCE, FLAT_FACET

PER_SET = 2_000
FIT_STEPS, FIT_RATE, SMALL_BIAS = 600, 0.01, 0.002
LOWEST = 0.5
GENERAL_SHARE = 0.002
AUDIENCE_PRECISION = 0.66
TENSE_PRECISION = 0.75
SENTIMENT_ACCURACY = 0.82
LANGUAGE_RECALL = 0.55
LANGUAGE_TWEETS = "umsab-{}:dev"
LANGUAGE_POSTS = "corpus-{}"
LANGUAGES = ("de", "es", "fr", "it", "pt")
OUR_POSTS = "corpus"
GENERAL_TALK = "semeval2013_2016:dev"
STAFF_REVIEWS = (
    "glassdoor_banks:dev",
    "glassdoor_investment_firm:dev",
    "indeed_bank_pnc:dev",
    "indeed_city_governments:dev",
)
# The sets that the service's posts are most like count more than each of the others.
SET_WEIGHTS = {OUR_POSTS: 7.0, GENERAL_TALK: 45.0}
# Looked at in evaluation only; a company that calibration has seen is no longer unseen.
UNSEEN_SUFFIX = ":unseen"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Logits of one head (rows × labels) with soft targets and weights."""

    logits: Floats
    targets: Floats
    weights: Floats


def fit(sample: Sample) -> Calibration:
    """The vector scaling with the least log loss, by Adam over all rows at once."""
    weights = (sample.weights / sample.weights.sum())[:, None]
    values = np.zeros(sample.logits.shape[1] + 1)  # 1/T, then the biases
    values[0] = 1.0
    first, second = np.zeros_like(values), np.zeros_like(values)
    for step in range(1, FIT_STEPS + 1):
        chances = calibrated(sample.logits.astype(np.float32), Calibration(1.0 / values[0], tuple(values[1:])))
        excess = (chances - sample.targets) * weights
        slope = np.concatenate([[(excess * sample.logits).sum()], excess.sum(axis=0) + SMALL_BIAS * values[1:]])
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        values -= FIT_RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
        values[0] = max(values[0], 0.05)
    return Calibration(float(1.0 / values[0]), tuple(float(one) for one in values[1:]))


def lowest_threshold(scores: Floats, right: NDArray[np.bool_], wanted: float, floor: float = LOWEST) -> float:
    """The lowest threshold (steps of 0.01, from `floor`) at which the rows at or over it are right often enough."""
    for threshold in np.arange(floor, 0.96, 0.01):
        over = scores >= threshold
        if over.sum() == 0 or right[over].mean() >= wanted:
            return round(float(threshold), 2)
    return 0.95


def quiet_threshold(scores: Floats, share: float, floor: float = LOWEST) -> float:
    """The lowest threshold (from `floor`) that at most `share` of the scores reach."""
    return round(max(floor, float(np.quantile(scores, 1.0 - share)) + 0.005), 2)


class Apart:
    """Logits of all heads on the parts kept apart, computed once."""

    def __init__(self, loaded: Network) -> None:
        self.sets = {name: rows[:PER_SET] for name, rows in apart_sets().items() if not name.endswith(UNSEEN_SUFFIX)}
        self.logits: dict[str, dict[str, Floats]] = {}
        for name, rows in self.sets.items():
            read = loaded.read([model_text(row.text, row.target) for row in rows])
            self.logits[name] = {
                head: np.stack([np.mean([one.logits[head] for one in windows], axis=0) for windows in read]).astype(
                    np.float64
                )
                for head in LABELS
            }
        self.languages = [code for code in LANGUAGES if self._is_read(code)]

    def _is_read(self, code: str) -> bool:
        tweets, posts = LANGUAGE_TWEETS.format(code), LANGUAGE_POSTS.format(code)
        if tweets not in self.sets or posts not in self.sets:
            return False
        recall = self._recall(tweets)
        error = (recall * (1 - recall) / len(self.sets[tweets])) ** 0.5
        return recall - error >= LANGUAGE_RECALL and self._right(posts, "audience") >= AUDIENCE_PRECISION

    def _right(self, name: str, head: str) -> float:
        """Share of the rows of one set whose likeliest class is their label."""
        labelled = [at for at, row in enumerate(self.sets[name]) if row.labels.get(head) in LABELS[head]]
        best = self.logits[name][head][labelled].argmax(axis=1)
        wanted = [LABELS[head].index(self.sets[name][at].labels[head]) for at in labelled]
        return float(np.mean(best == np.array(wanted)))

    def _recall(self, name: str) -> float:
        """Macro recall of the sentiment of one set by the likeliest class."""
        best = self.logits[name]["sentiment"].argmax(axis=1)
        wanted = np.array([LABELS["sentiment"].index(row.labels["sentiment"]) for row in self.sets[name]])
        return float(np.mean([(best[wanted == label] == label).mean() for label in np.unique(wanted)]))

    def _takes_part(self, name: str) -> bool:
        language = re.search(r"-([a-z]{2})(?::|$)", name)
        return language is None or language[1] in self.languages

    def sample(self, head: str) -> Sample:
        """All rows with a target for a head, sets weighted alike."""
        logits, targets, weights = [], [], []
        for name, rows in self.sets.items():
            if not self._takes_part(name):
                continue
            found = [(at, target) for at, row in enumerate(rows) if (target := _target(name, row, head)) is not None]
            if not found:
                continue
            wanted = np.array([target for _, target in found])
            logits.append(self.logits[name][head][[at for at, _ in found]])
            targets.append(wanted)
            weights.append(_weights(wanted, SET_WEIGHTS.get(name, 1.0), balanced=head == "sentiment"))
        return Sample(np.concatenate(logits), np.concatenate(targets), np.concatenate(weights))

    def labelled(self, head: str, scaling: Calibration, only: Sequence[str]) -> tuple[Floats, list[str]]:
        """Calibrated scores and labels of the rows that carry a label for a head (with "unknown" of our own corpus)."""
        scores: list[Floats] = []
        labels: list[str] = []
        for name, rows in self.sets.items():
            if name in only:
                found = calibrated(self.logits[name][head].astype(np.float32), scaling)
                known = [at for at, row in enumerate(rows) if row.labels.get(head)]
                scores.append(found[known].astype(np.float64))
                labels.extend(rows[at].labels[head] for at in known)
        return np.concatenate(scores), labels

    def general(self, scaling: Calibration) -> Floats:
        """Audience scores of general tweets, which declare no standpoint."""
        return calibrated(self.logits[GENERAL_TALK]["audience"].astype(np.float32), scaling).astype(np.float64)


def _target(name: str, row: Labelled, head: str) -> tuple[float, ...] | None:
    label, labels = row.labels.get(head), LABELS[head]
    if label in labels:
        return tuple(1.0 if one == label else 0.0 for one in labels)
    if head == "audience" and (name == GENERAL_TALK or label == "unknown"):
        return FLAT_AUDIENCE
    if head == "facet" and name == GENERAL_TALK:
        return FLAT_FACET
    return None


def _weights(targets: Floats, total: float, *, balanced: bool) -> Floats:
    even = np.full(len(targets), 1.0 / len(targets))
    if not balanced:
        return total * even
    # How many of a company's mentions are negative is not known beforehand and changes; so no class is likelier.
    classes = targets.argmax(axis=1)
    counts = np.bincount(classes, minlength=targets.shape[1])
    return np.asarray(total / (counts[classes] * np.count_nonzero(counts)))


def thresholds(apart: Apart, scaling: dict[str, Calibration]) -> dict[str, object]:
    """The named thresholds of `meta.json`."""
    scores, labels = apart.labelled("audience", scaling["audience"], [OUR_POSTS])
    reviews, tenses = apart.labelled("audience", scaling["audience"], STAFF_REVIEWS)
    general = apart.general(scaling["audience"])
    wanted = np.array(labels)
    audience = {}
    for column, label in enumerate(AUDIENCES):
        precise = lowest_threshold(scores[:, column], wanted == label, AUDIENCE_PRECISION)
        if label in ("employee", "alumnus"):
            told = lowest_threshold(reviews[:, column], np.array(tenses) == label, TENSE_PRECISION)
            precise = max(precise, told)
        # Calling general talk a customer's or a bystander's does no harm; calling it staff's does.
        quiet = quiet_threshold(general[:, column], GENERAL_SHARE if label in ("employee", "alumnus") else 0.05)
        audience[label] = max(precise, quiet)
    staff_columns = [AUDIENCES.index("employee"), AUDIENCES.index("alumnus")]
    is_staff = np.isin(wanted, ["employee", "alumnus"])
    precise = lowest_threshold(scores[:, staff_columns].sum(axis=1), is_staff, AUDIENCE_PRECISION)
    quiet = quiet_threshold(general[:, staff_columns].sum(axis=1), GENERAL_SHARE)
    return {
        "sentiment": sentiment_threshold(apart, scaling, GENERAL_TALK),
        "audience": audience,
        "staff": max(precise, quiet),
        "languages": {
            code: sentiment_threshold(apart, scaling, LANGUAGE_TWEETS.format(code)) for code in apart.languages
        },
    }


def sentiment_threshold(apart: Apart, scaling: dict[str, Calibration], name: str) -> float:
    """The lowest confidence at which `SENTIMENT_ACCURACY` of a set's sentiments are right."""
    scores, truth = apart.labelled("sentiment", scaling["sentiment"], [name])
    right = np.array([LABELS["sentiment"][best] for best in scores.argmax(axis=1)]) == np.array(truth)
    return lowest_threshold(scores.max(axis=1), right, SENTIMENT_ACCURACY, floor=0.34)


def calibrate(folder: Path) -> None:
    """Fit on the parts kept apart and write calibration and thresholds into `meta.json`."""
    apart = Apart(Network(folder, threads=2))
    scaling = {head: fit(apart.sample(head)) for head in LABELS}
    path = folder / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta["calibration"] = {
        head: {"temperature": round(one.temperature, 4), "bias": [round(value, 4) for value in one.bias]}
        for head, one in scaling.items()
    }
    meta["thresholds"] = thresholds(apart, scaling)
    meta["languages"] = ["en", *apart.languages]
    path.write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({name: meta[name] for name in ("languages", "calibration", "thresholds")}, indent=1))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    calibrate(parser.parse_args().weights)


if __name__ == "__main__":
    main()
