"""The model's forward pass for drawing tokens, without what a library must carry to serve every model.

The same weights and the same arithmetic as `transformers.LlamaForCausalLM` (a test holds the two together),
with a key-value cache that is written in place. A token costs a fraction of the library's call, most of which is
spent outside the matrix products of so small a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn import functional as f

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

#: Added to the score of what may not be attended to: finite, so that rows of padding alone stay numbers.
_UNSEEN = -1e9


class _Layer(NamedTuple):
    """Weights of a block; queries, keys and values in one matrix, gate and up projection in another."""

    attention_norm: torch.Tensor
    query_key_value: torch.Tensor
    output: torch.Tensor
    mlp_norm: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


class Decoder:
    """Feeds tokens to a Llama, row by row of a batch, and gives the logits of what may follow.

    Rows are padded where they have nothing to say; padding is masked out. `context` is the most tokens, padding
    included, that a row takes until `reset`.
    """

    def __init__(self, model: LlamaForCausalLM, n_rows: int, context: int) -> None:
        config = model.config
        self.n_heads, self.context, self.n_rows = config.num_attention_heads, context, n_rows
        self.head_size = config.hidden_size // self.n_heads
        self.eps = config.rms_norm_eps
        self.embedding = model.model.embed_tokens.weight.detach()
        self.head = model.lm_head.weight.detach()
        self.norm = model.model.norm.weight.detach()
        self.layers = [_weights(layer) for layer in model.model.layers]
        shape = (len(self.layers), n_rows, self.n_heads, context, self.head_size)
        self.keys, self.values = self.embedding.new_zeros(shape), self.embedding.new_zeros(shape)
        self.cos, self.sin = _rotations(model, context, self.embedding)
        self.reset()

    def reset(self) -> None:
        """Forget everything fed so far."""
        self.length = 0
        self.bias = self.embedding.new_zeros((self.n_rows, 1, 1, self.context))
        self.positions = torch.zeros((self.n_rows, 1), dtype=torch.long)

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows (n_rows,) instead: row i becomes what row ``rows[i]`` was."""
        for cache in (self.keys, self.values):
            cache[..., : self.length, :] = cache[:, rows, :, : self.length]
        self.bias, self.positions = self.bias[rows], self.positions[rows]

    def feed(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Feed `ids` (rows, tokens), of which `mask` (rows, tokens; 1 or 0) says which are no padding.

        Returns the logits (rows, vocabulary) after the last token.
        """
        n_new = ids.shape[1]
        start, stop = self.length, self.length + n_new
        if stop > self.context:
            raise ValueError(f"{stop} tokens do not fit into a context of {self.context}")
        places = (self.positions + mask.cumsum(dim=1) - 1).clamp(min=0)
        self.positions = self.positions + mask.sum(dim=1, keepdim=True)
        self.bias[:, 0, 0, start:stop] = torch.where(mask.bool(), 0.0, _UNSEEN)
        self.length = stop
        bias = self.bias[..., :stop]
        if n_new > 1:
            future = torch.full((n_new, n_new), _UNSEEN).triu(1)
            bias = bias.repeat(1, 1, n_new, 1)
            bias[..., start:] += future
        cos, sin = self.cos[places][:, None], self.sin[places][:, None]
        x = self.embedding[ids]
        for index, layer in enumerate(self.layers):
            x = x + self._attend(
                index, layer, f.rms_norm(x, x.shape[-1:], layer.attention_norm, self.eps), cos, sin, bias
            )
            gate, up = (f.rms_norm(x, x.shape[-1:], layer.mlp_norm, self.eps) @ layer.gate_up).chunk(2, dim=-1)
            x = x + (f.silu(gate) * up) @ layer.down
        return f.rms_norm(x[:, -1], x.shape[-1:], self.norm, self.eps) @ self.head.T

    def _attend(
        self, index: int, layer: _Layer, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        n_rows, n_new, width = x.shape
        start, stop = self.length - n_new, self.length
        parts = (x @ layer.query_key_value).view(n_rows, n_new, 3, self.n_heads, self.head_size)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        self.keys[index, :, :, start:stop] = _rotated(key, cos, sin)
        self.values[index, :, :, start:stop] = value
        mixed = f.scaled_dot_product_attention(
            _rotated(query, cos, sin), self.keys[index, :, :, :stop], self.values[index, :, :, :stop], attn_mask=bias
        )
        return mixed.transpose(1, 2).reshape(n_rows, n_new, width) @ layer.output


def _weights(layer: Any) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    return _Layer(
        layer.input_layernorm.weight.detach(),
        torch.cat([one.weight.detach() for one in projections]).T.contiguous(),
        attention.o_proj.weight.detach().T.contiguous(),
        layer.post_attention_layernorm.weight.detach(),
        torch.cat([mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach()]).T.contiguous(),
        mlp.down_proj.weight.detach().T.contiguous(),
    )


def _rotations(model: LlamaForCausalLM, context: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines (context, head size) of the model's own rotary embedding."""
    places = torch.arange(context)[None]
    cos, sin = model.model.rotary_emb(like, places)
    return cos[0], sin[0]


def _rotated(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding (Su et al., 2021), halves rotated."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin
