from dataclasses import replace

import numpy as np
import pytest

from nlp.heads import Calibration, HeadsError, Layers, Thresholds, TunedHeads, read_heads
from nlp.model import Network, network
from nlp.result import AUDIENCES, LABELS

TEXTS = ["great coffee", "they fired half of my team"]


def heads(base: str, *, bias: float = 0.0) -> TunedHeads:
    """Heads that see nothing in any text; `bias` speaks for the first label of each."""
    width = 384
    layers = {
        head: Layers(
            np.zeros((width, width), np.float32),
            np.zeros(width, np.float32),
            np.zeros((width, len(labels)), np.float32),
            np.array([bias, *[0.0] * (len(labels) - 1)], np.float32),
        )
        for head, labels in LABELS.items()
    }
    flat = {head: Calibration(1.0, (0.0,) * len(labels)) for head, labels in LABELS.items()}
    return TunedHeads("x+1", base, layers, flat, Thresholds(0.5, dict.fromkeys(AUDIENCES, 0.6), 0.6, {"de": 0.7}))


@pytest.fixture
def own_network() -> Network:
    return Network()


def test_heads_survive_being_stored() -> None:
    given = heads("0.2.0", bias=2.0)
    found = read_heads(given.to_bytes())
    assert (found.version, found.base, found.thresholds) == (given.version, given.base, given.thresholds)
    assert found.layers["facet"].second_bias.tolist() == [2.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("document", [b"", b"PK", b"\x00" * 100, heads("0.2.0").to_bytes()[:-200]])
def test_bytes_that_are_no_heads_are_refused(document: bytes) -> None:
    with pytest.raises(HeadsError, match="no tuned heads"):
        read_heads(document)


def _without_sense() -> list[TunedHeads]:
    good = heads("0.2.0")
    layers, flat = good.layers["facet"], good.calibration["facet"]
    wrong = [
        replace(layers, second=np.zeros((384, 5), np.float32)),
        replace(layers, first=np.zeros((384, 10), np.float32)),
        replace(layers, second_bias=np.full(4, np.nan, np.float32)),
        replace(layers, first=np.zeros((384, 384), np.float16)),
    ]
    return [
        *(replace(good, layers={**good.layers, "facet": each}) for each in wrong),
        replace(good, calibration={**good.calibration, "facet": replace(flat, temperature=0.0)}),
    ]


@pytest.mark.parametrize("given", _without_sense())
def test_heads_that_no_text_could_be_tagged_with_are_refused(given: TunedHeads) -> None:
    with pytest.raises(HeadsError, match="facet"):
        read_heads(given.to_bytes())


def test_any_damage_is_one_error() -> None:
    whole = np.frombuffer(heads("0.2.0").to_bytes(), np.uint8)
    rng = np.random.default_rng(4)
    refused = 0
    for _ in range(60):
        damaged = whole.copy()
        damaged[rng.integers(0, 3_000, 5)] = rng.integers(0, 256, 5)
        try:
            read_heads(damaged.tobytes())
        except HeadsError:
            refused += 1
    assert refused > 30


def test_heads_for_vectors_of_another_width_are_refused() -> None:
    given = heads(network().meta.version)
    narrow = {head: replace(each, first=np.zeros((10, 384), np.float32)) for head, each in given.layers.items()}
    with pytest.raises(HeadsError, match="vectors of 384"):
        network().use(replace(given, layers=narrow))


def test_tuned_heads_take_the_place_of_the_networks_own(own_network: Network) -> None:
    before = own_network.probabilities(TEXTS)["sentiment"]
    own_network.use(heads(own_network.meta.version, bias=9.0))
    assert own_network.version == "x+1"
    assert own_network.probabilities(TEXTS)["sentiment"][:, 0].min() > 0.99
    own_network.use(None)
    assert np.allclose(own_network.probabilities(TEXTS)["sentiment"], before, atol=1e-6)


def test_heads_of_another_network_are_refused() -> None:
    with pytest.raises(HeadsError, match=r"tuned on 0\.0\.1, not on"):
        network().use(heads("0.0.1"))
