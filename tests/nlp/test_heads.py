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
