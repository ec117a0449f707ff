"""The model's forward pass for drawing tokens, without what a library must carry to serve every model.

The same weights and the same arithmetic as `transformers.LlamaForCausalLM` (a test holds the two together). What all
rows of a batch have in common is kept once, each row's own tokens beside it: drafts that go on from the best share all
but their last bars, and attending to one past costs a fraction of attending to eight. A row that has nothing to say
leaves the batch until the others are done.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn import functional as f

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

#: Added to the score of what may not be attended to: finite, so that no row of scores is without a number.
_UNSEEN = -1e9


_Product = Callable[[torch.Tensor], torch.Tensor]


class _Layer(NamedTuple):
    """A block's norms, and its products; queries, keys and values are one, gate and up projection another."""

    attention_norm: torch.Tensor
    query_key_value: _Product
    output: _Product
    mlp_norm: torch.Tensor
    gate_up: _Product
    down: _Product


class _Cache(NamedTuple):
    """Keys and values of each layer: (layers, rows, key heads, tokens, head size)."""

    keys: torch.Tensor
    values: torch.Tensor


class Decoder:
    """Feeds tokens to a Llama, to all rows of a batch at once or to each its own, and gives logits of what may follow.

    Tokens are fed to the first rows of the batch; `swap` brings a row that rests behind them. `context` is the most
    tokens a row takes until `reset`, those counted that other rows took while it rested. `exact` keeps to the model's
    own arithmetic.
    """

    def __init__(self, model: LlamaForCausalLM, n_rows: int, context: int, *, exact: bool = False) -> None:
        config = model.config
        self.n_heads: int = config.num_attention_heads
        self.n_key_heads: int = config.num_key_value_heads or self.n_heads
        self.context, self.n_rows = context, n_rows
        self.head_size = config.hidden_size // self.n_heads
        self.eps = config.rms_norm_eps
        self.embedding = model.model.embed_tokens.weight.detach()
        self.head = model.lm_head.weight.detach()
        self.norm = model.model.norm.weight.detach()
        product = _exactly if exact or not has_integer_products() else _in_integers
        self.layers = [_weights(layer, product) for layer in model.model.layers]
        self.shared, self.own = self._new_cache(1), self._new_cache(n_rows)
        self.cos, self.sin = _rotations(model, context, self.embedding)
        self.reset()

    def _new_cache(self, n_rows: int) -> _Cache:
        shape = (len(self.layers), n_rows, self.n_key_heads, self.context, self.head_size)
        return _Cache(self.embedding.new_zeros(shape), self.embedding.new_zeros(shape))

    @property
    def length(self) -> int:
        """How much of the context is taken."""
        return self.n_shared + self.n_own

    def reset(self) -> None:
        """Forget everything fed so far."""
        self.n_shared = self.n_own = 0
        self.seen = torch.zeros((self.n_rows, self.context), dtype=torch.bool)
        self.places = torch.zeros(self.n_rows, dtype=torch.long)

    def swap(self, one: int, other: int) -> None:
        """Exchange two rows."""
        both, turned = [one, other], [other, one]
        for cache in self.own:
            cache[:, both, :, : self.n_own] = cache[:, turned, :, : self.n_own]
        self.seen[both], self.places[both] = self.seen[turned], self.places[turned]

    def settle(self, row: int) -> None:
        """All rows go on from what this one was fed, which they share from now on."""
        kept = torch.nonzero(self.seen[row, : self.n_own])[:, 0]
        stop = self.n_shared + len(kept)
        for shared, own in zip(self.shared, self.own, strict=True):
            shared[:, 0, :, self.n_shared : stop] = own[:, row][:, :, kept]
        self.n_shared, self.n_own = stop, 0
        self.seen[:] = False
        self.places[:] = stop

    def feed_all(self, ids: torch.Tensor) -> torch.Tensor:
        """Feed `ids` (tokens,) to all rows alike, before any has tokens of its own; returns logits (vocabulary,)."""
        if self.n_own:
            raise ValueError("the rows have parted")
        n_new = len(ids)
        start = self._make_room(n_new)
        self.n_shared += n_new
        self.places[:] = self.n_shared
        bias = _causal(n_new, start).to(self.embedding.dtype)
        return self._forward(ids[None], torch.arange(start, start + n_new)[None], bias, is_shared=True)[0]

    def feed(self, ids: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Feed `ids` (rows, tokens), to the first rows each its own; returns logits (rows, vocabulary) after the last.

        `mask` (rows, tokens; 1 or 0) says which are no padding; without it none are.
        """
        n_rows, n_new = ids.shape
        live = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask.bool()
        self._make_room(n_new)
        places = (self.places[:n_rows, None] + live.cumsum(dim=1) - 1).clamp(min=0)
        self.places[:n_rows] += live.sum(dim=1)
        self.seen[:n_rows, self.n_own : self.n_own + n_new] = live
        self.n_own += n_new
        bias = torch.where(self.seen[:n_rows, None, : self.n_own], 0.0, _UNSEEN)
        if n_new > 1:
            bias = bias + _causal(n_new, self.n_own - n_new)
        return self._forward(ids, places, bias, is_shared=False)

    def _make_room(self, n_new: int) -> int:
        if self.length + n_new > self.context:
            raise ValueError(f"{self.length + n_new} tokens do not fit into a context of {self.context}")
        return self.length

    def _forward(self, ids: torch.Tensor, places: torch.Tensor, bias: torch.Tensor, is_shared: bool) -> torch.Tensor:
        cos, sin = self.cos[places][:, :, None], self.sin[places][:, :, None]
        attend = self._attend_shared if is_shared else self._attend_own
        x = self.embedding[ids]
        for index, layer in enumerate(self.layers):
            x = x + layer.output(attend(index, *self._projected(layer, x, cos, sin), bias))
            gate, up = layer.gate_up(f.rms_norm(x, x.shape[-1:], layer.mlp_norm, self.eps)).chunk(2, dim=-1)
            x = x + layer.down(f.silu(gate) * up)
        return f.rms_norm(x[:, -1], x.shape[-1:], self.norm, self.eps) @ self.head.T

    def _projected(
        self, layer: _Layer, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries (rows, tokens, heads, size), keys and values of fewer heads; all but the values rotated."""
        normed = f.rms_norm(x, x.shape[-1:], layer.attention_norm, self.eps)
        heads = layer.query_key_value(normed).view(*x.shape[:2], -1, self.head_size)
        turned = _rotated(heads[:, :, : self.n_heads + self.n_key_heads], cos, sin)
        return (
            turned[:, :, : self.n_heads],
            turned[:, :, self.n_heads :],
            heads[:, :, self.n_heads + self.n_key_heads :],
        )

    def _attend_shared(
        self, index: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        """One row of new tokens looks at itself and at what is shared."""
        n_new = query.shape[1]
        start = self.n_shared - n_new
        keys, values = (cache[index, 0] for cache in self.shared)
        keys[:, start : self.n_shared] = key[0].transpose(0, 1)
        values[:, start : self.n_shared] = value[0].transpose(0, 1)
        mixed = f.scaled_dot_product_attention(
            query.transpose(1, 2), keys[None, :, : self.n_shared], values[None, :, : self.n_shared], attn_mask=bias,
            enable_gqa=True,
        )  # fmt: skip
        return mixed.transpose(1, 2).flatten(2)

    def _attend_own(
        self, index: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, bias: torch.Tensor
    ) -> torch.Tensor:
        """Each row looks at what is shared, all in one product, and at its own tokens."""
        n_rows, n_new = query.shape[:2]
        group, n_key_heads, size = self.n_heads // self.n_key_heads, self.n_key_heads, self.head_size
        start = self.n_own - n_new
        keys, values = (cache[index, :n_rows] for cache in self.own)
        keys[:, :, start : self.n_own] = key.transpose(1, 2)
        values[:, :, start : self.n_own] = value.transpose(1, 2)
        past_keys, past_values = (cache[index, 0, :, : self.n_shared] for cache in self.shared)
        query = query.view(n_rows, n_new, n_key_heads, group, size) * size**-0.5
        by_head = query.permute(2, 0, 3, 1, 4)  # key heads, rows, group, tokens, size
        to_past = by_head.flatten(1, 3) @ past_keys.transpose(1, 2)
        to_own = by_head.transpose(0, 1).flatten(2, 3) @ keys[:, :, : self.n_own].transpose(2, 3)
        to_own = to_own.view(n_rows, n_key_heads, group, n_new, self.n_own) + bias[:, None, None]
        to_past = to_past.view(n_key_heads, n_rows, group, n_new, self.n_shared).transpose(0, 1)
        weights = torch.cat([to_past, to_own], dim=-1).softmax(dim=-1)
        of_past = weights[..., : self.n_shared].transpose(0, 1).flatten(1, 3) @ past_values
        of_own = weights[..., self.n_shared :].flatten(2, 3) @ values[:, :, : self.n_own]
        mixed = of_past.view(n_key_heads, n_rows, group, n_new, size).transpose(0, 1)
        mixed = mixed + of_own.view(n_rows, n_key_heads, group, n_new, size)
        return mixed.permute(0, 3, 1, 2, 4).reshape(n_rows, n_new, -1)


def _causal(n_new: int, n_before: int) -> torch.Tensor:
    """Added to scores: new tokens see all before them, and of each other those that came first; (new, before + new)."""
    return torch.full((n_new, n_before + n_new), _UNSEEN).triu(n_before + 1)


def _weights(layer: Any, product: Callable[[torch.Tensor], _Product]) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    return _Layer(
        layer.input_layernorm.weight.detach(),
        product(torch.cat([one.weight.detach() for one in projections])),
        product(attention.o_proj.weight.detach()),
        layer.post_attention_layernorm.weight.detach(),
        product(torch.cat([mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach()])),
        _exactly(mlp.down_proj.weight.detach()),
    )


def has_integer_products() -> bool:
    """Whether this processor multiplies bytes in the way that was measured, and this PyTorch still does."""
    return torch.backends.quantized.engine in ("x86", "fbgemm") and hasattr(torch, "quantize_per_channel")


def _exactly(weight: torch.Tensor) -> _Product:
    """x -> x W', with `weight` (out, in) laid out for it."""
    turned = weight.T.contiguous()
    return lambda x: x @ turned


def _in_integers(weight: torch.Tensor) -> _Product:
    """The same in bytes: a scale for each row of `weight`, one for all of x.

    x takes seven bits, lest sums overflow.
    """
    scale = weight.abs().amax(dim=1).clamp(min=1e-8).double() / 127
    zero = torch.zeros(len(scale), dtype=torch.long)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.quantize_per_tensor")  # until it is gone, see above
        whole = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
        packed = torch.ops.quantized.linear_prepack(whole, None)
    return lambda x: torch.ops.quantized.linear_dynamic(x, packed, True)


def _rotations(model: LlamaForCausalLM, context: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines (context, head size) of the model's own rotary embedding."""
    places = torch.arange(context)[None]
    cos, sin = model.model.rotary_emb(like, places)
    return cos[0], sin[0]


def _rotated(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary position embedding (Su et al., 2021), halves rotated."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin
