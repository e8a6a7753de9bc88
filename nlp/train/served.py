"""The trained network written anew for ONNX Runtime on a processor: the same answers, fewer and faster operators.

Measured on tweets with one thread, int8, beside the graph that ONNX Runtime's own BERT fusion makes
(`docs/model.md` has the figures):
- Normalisation by the vector's length: `SkipLayerNormalization` adds up value by value, `ReduceL2` does not.
- Attention in plain products: the fused operator of quantized attention loses more than it saves on short texts.
- The bias stays outside the activation, so that it goes into the integer product before it.
- The wide layer reads the normalised vector before its learned scale, which has one dimension forty times as large as
  the others: eight bits then hold it twice as finely.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlp.train.network import HEADS, Tagger

_PADDING = -10_000.0  # added to the attention on padding: its weight becomes zero


class Served(nn.Module):
    """`forward(input_ids, attention_mask)` answers as `Tagger` does, to rounding."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        embeddings = tagger.encoder.embeddings
        self.words = embeddings.word_embeddings
        first_type = embeddings.token_type_embeddings.weight[0]
        self.positions = nn.Parameter(embeddings.position_embeddings.weight + first_type)
        self.norm = _Norm(embeddings.LayerNorm)
        count = tagger.encoder.config.num_attention_heads
        self.layers = nn.ModuleList(_Layer(layer, count) for layer in tagger.encoder.encoder.layer)
        self.heads = tagger.heads

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        hidden = self.norm(self.words(input_ids) + self.positions[: input_ids.shape[1]])
        kept = attention_mask.to(hidden.dtype)
        padding = ((1.0 - kept) * _PADDING).unsqueeze(1).unsqueeze(1)
        for layer in self.layers:
            hidden = layer(hidden, padding)
        weights = kept.unsqueeze(-1)
        pooled = (hidden * weights).sum(1) / weights.sum(1)
        return (*(self.heads[name](pooled) for name in HEADS), pooled)


class _Norm(nn.Module):
    """Layer normalisation: the centred vector over its length (`plain`), times root of width and learned scale."""

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.scale = nn.Parameter(norm.weight * norm.weight.numel() ** 0.5)
        self.bias = norm.bias

    def plain(self, hidden: Tensor) -> Tensor:
        centred = hidden - hidden.mean(-1, keepdim=True)
        return centred / torch.linalg.vector_norm(centred, dim=-1, keepdim=True)

    def scaled(self, plain: Tensor) -> Tensor:
        return plain * self.scale + self.bias

    def forward(self, hidden: Tensor) -> Tensor:
        return self.scaled(self.plain(hidden))


class _Layer(nn.Module):
    def __init__(self, layer: nn.Module, heads: int) -> None:
        super().__init__()
        attention = layer.attention
        parts = [attention.self.query, attention.self.key, attention.self.value]
        width = int(parts[0].out_features)
        self.heads, self.width = heads, width // heads
        self.query, self.key, self.value = copy.deepcopy(parts[0]), parts[1], parts[2]
        with torch.no_grad():
            self.query.weight.mul_(self.width**-0.5)
            self.query.bias.mul_(self.width**-0.5)
        self.mixed, self.mixed_norm = attention.output.dense, _Norm(attention.output.LayerNorm)
        self.wide, self.narrow = _after(self.mixed_norm, layer.intermediate.dense), layer.output.dense
        self.norm = _Norm(layer.output.LayerNorm)

    def forward(self, hidden: Tensor, padding: Tensor) -> Tensor:
        texts, tokens = hidden.shape[:2]
        shape = (texts, tokens, self.heads, self.width)
        query = self.query(hidden).view(shape).permute(0, 2, 1, 3)
        key = self.key(hidden).view(shape).permute(0, 2, 3, 1)
        value = self.value(hidden).view(shape).permute(0, 2, 1, 3)
        attention = torch.softmax(query @ key + padding, dim=-1)
        seen = (attention @ value).transpose(1, 2).reshape(texts, tokens, self.heads * self.width)
        plain = self.mixed_norm.plain(self.mixed(seen) + hidden)
        return self.norm(self.narrow(functional.gelu(self.wide(plain))) + self.mixed_norm.scaled(plain))


def _after(norm: _Norm, dense: nn.Linear) -> nn.Linear:
    """A layer that reads what `norm` has before scale and bias."""
    found = copy.deepcopy(dense)
    with torch.no_grad():
        found.weight.mul_(norm.scale)
        found.bias.add_(dense.weight @ norm.bias)
    return found
