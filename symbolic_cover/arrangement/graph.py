"""A step of the arranger as an ONNX graph: what onnxruntime runs several times as fast as PyTorch feeds it.

The arithmetic of `transformers.LlamaForCausalLM`, from which the weights are (a test holds the two together). What all
rows of a batch have in common, their past, is attended to in one product for all; what each row has of its own, beside
it. Queries come in groups that share a key head.

Inputs, for R rows of N new tokens, S shared and O own ones, L layers, H key heads of size D:

- ``ids``, ``places`` (R, N): tokens and their positions;
- ``bias`` (R, 1, 1, N, O + N): added to scores, very low where a token may not look;
- ``past_key_l`` (H, D, S), ``past_value_l`` (H, S, D): what all rows share;
- ``key_l`` (R, H, D, O), ``value_l`` (R, H, O, D): what each row has.

Outputs: ``logits`` (R, vocabulary) after each row's last token, and ``new_key_l``, ``new_value_l``, each row's own with
the new tokens joined on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Opset 21 is the newest that needs no operator without a kernel; the other holds what onnxruntime adds.
_OPSETS = (helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1))
_IR_VERSION = 10
#: The largest weight in bytes. One bit is left free: sums of two products must fit into sixteen (AVX2).
_MOST_BYTE = 63
_OF_PROJECTIONS = ("q_proj", "k_proj", "v_proj")


def step_graph(
    weights: Mapping[str, np.ndarray], config: Mapping[str, Any], context: int, *, exact: bool, every: bool = False
) -> bytes:
    """The graph, with its weights, for at most `context` positions.

    With `every`, ``logits`` are those after each token, (R, N, vocabulary). Unless `exact`, products that bear it are
    made in bytes (`benchmarks/arranging/decoding.py` tells what that costs).
    """
    return _Step(weights, config, context, exact).model(every).SerializeToString()


class _Step:
    def __init__(self, weights: Mapping[str, np.ndarray], config: Mapping[str, Any], context: int, exact: bool) -> None:
        self.weights, self.exact = weights, exact
        self.n_heads, self.n_key_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.n_layers, self.width = config["num_hidden_layers"], config["hidden_size"]
        self.inner, self.vocabulary = config["intermediate_size"], config["vocab_size"]
        self.size, self.eps = self.width // self.n_heads, float(config["rms_norm_eps"])
        self.group = self.n_heads // self.n_key_heads
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._whole_numbers: dict[tuple[int, ...], str] = {}
        angle = np.outer(np.arange(context), config["rope_parameters"]["rope_theta"] ** -_exponents(self.size))
        self.cos, self.sin = self._constant(np.cos(angle)), self._constant(np.sin(angle))
        self.rows, self.new = (self._size_of("ids", axis) for axis in (0, 1))
        self.shared, self.total = self._size_of("past_value_0", 1), self._size_of("bias", 4)

    def model(self, every: bool) -> onnx.ModelProto:
        x = self._op("Gather", self._constant(self.weights["model.embed_tokens.weight"]), "ids")
        for layer in range(self.n_layers):
            x = self._block(x, layer)
        if not every:
            last = self._op("Slice", x, self._whole(-1), self._whole(2**31 - 1), self._whole(1))
            x = self._op("Reshape", last, self._whole(-1, self.width))
        x = self._norm(x, "model.norm.weight")
        head = self._constant(self.weights["model.embed_tokens.weight"].T)
        self.nodes.append(helper.make_node("MatMul", [x, head], ["logits"]))
        graph = helper.make_graph(self.nodes, "step", self._inputs(), self._outputs(every), self.constants)
        return helper.make_model(graph, opset_imports=_OPSETS, ir_version=_IR_VERSION)

    def _block(self, x: str, layer: int) -> str:
        name = f"model.layers.{layer}"
        mixed = self._attention(self._norm(x, f"{name}.input_layernorm.weight"), layer)
        x = self._op("Add", x, self._product(mixed, self.weights[f"{name}.self_attn.o_proj.weight"]))
        normed = self._norm(x, f"{name}.post_attention_layernorm.weight")
        both = [self.weights[f"{name}.mlp.{one}.weight"] for one in ("gate_proj", "up_proj")]
        gate, up = self._split(self._product(normed, np.concatenate(both)), self.inner, self.inner)
        inner = self._op("Mul", self._op("QuickGelu", gate, domain="com.microsoft", alpha=1.0), up)  # SiLU of the gate
        down = self._constant(self.weights[f"{name}.mlp.down_proj.weight"].T)  # bytes are too coarse for this one
        return self._op("Add", x, self._op("MatMul", inner, down))

    def _attention(self, x: str, layer: int) -> str:
        """Each row looks at what is shared, all in one product, and at its own tokens."""
        heads, group, size = self.n_key_heads, self.group, self.size
        query, key, value = self._heads(x, layer)
        keys = self._op("Concat", f"key_{layer}", key, axis=3, output=f"new_key_{layer}")
        values = self._op("Concat", f"value_{layer}", value, axis=2, output=f"new_value_{layer}")
        by_head = self._op("Transpose", query, perm=[2, 0, 3, 1, 4])  # key heads, rows, group, tokens, size
        to_past = self._op("MatMul", self._op("Reshape", by_head, self._whole(heads, -1, size)), f"past_key_{layer}")
        to_past = self._swapped(self._shaped(to_past, heads, self.rows, group, self.new, self.shared))
        to_own = self._op("MatMul", self._shaped(self._swapped(by_head), self.rows, heads, -1, size), keys)
        to_own = self._op("Add", self._shaped(to_own, self.rows, heads, group, self.new, self.total), "bias")
        weights = self._op("Softmax", self._op("Concat", to_past, to_own, axis=4), axis=-1)
        parts = self._op("Concat", self.shared, self.total, axis=0)
        of_past, of_own = self._op("Split", weights, parts, axis=-1, n_outputs=2)
        queries = self._op("Mul", self._op("Mul", self.rows, self.new), self._whole(group))
        of_past = self._shaped(self._swapped(of_past), heads, queries, self.shared)
        of_past = self._shaped(
            self._op("MatMul", of_past, f"past_value_{layer}"), heads, self.rows, group, self.new, size
        )
        of_own = self._op("MatMul", self._shaped(of_own, self.rows, heads, -1, self.total), values)
        of_own = self._shaped(of_own, self.rows, heads, group, self.new, size)
        mixed = self._op("Add", self._swapped(of_past), of_own)
        return self._op("Reshape", self._op("Transpose", mixed, perm=[0, 3, 1, 2, 4]), self._whole(0, 0, self.width))

    def _heads(self, x: str, layer: int) -> tuple[str, str, str]:
        """Queries (rows, tokens, key heads, group, size), keys (rows, key heads, size, tokens) and values (rows, key
        heads, tokens, size); all but the values rotated (Su et al., 2021), queries scaled."""
        query, key, value = (self.weights[f"model.layers.{layer}.self_attn.{name}.weight"] for name in _OF_PROJECTIONS)
        width, narrow = self.width, self.n_key_heads * self.size
        made = self._product(x, np.concatenate([query * self.size**-0.5, key, value]))
        turning, values = self._split(made, width + narrow, narrow)
        turned = self._op(
            "RotaryEmbedding", turning, "places", self.cos, self.sin, domain="com.microsoft",
            num_heads=self.n_heads + self.n_key_heads, rotary_embedding_dim=self.size,
        )  # fmt: skip
        queries, keys = self._split(turned, width, narrow)
        by_head = self._whole(0, 0, self.n_key_heads, self.size)
        return (
            self._op("Reshape", queries, self._whole(0, 0, self.n_key_heads, self.group, self.size)),
            self._op("Transpose", self._op("Reshape", keys, by_head), perm=[0, 2, 3, 1]),
            self._op("Transpose", self._op("Reshape", values, by_head), perm=[0, 2, 1, 3]),
        )

    def _product(self, x: str, weight: np.ndarray) -> str:
        """x W' for `weight` (out, in): in bytes with a scale for each row of it and one for all of x, or exactly."""
        if self.exact:
            return self._op("MatMul", x, self._constant(weight.T))
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / _MOST_BYTE
        whole = np.round(weight / scale[:, None]).astype(np.int8)
        zero = np.zeros(len(scale), dtype=np.int8)
        constants = (self._constant(whole.T), self._constant(scale), self._constant(zero))
        return self._op("DynamicQuantizeMatMul", x, *constants, domain="com.microsoft")

    def _norm(self, x: str, name: str) -> str:
        return self._op(
            "SimplifiedLayerNormalization", x, self._constant(self.weights[name]), axis=-1, epsilon=self.eps
        )

    def _split(self, x: str, *sizes: int) -> list[str]:
        return self._op("Split", x, self._whole(*sizes), axis=-1, n_outputs=len(sizes))

    def _swapped(self, x: str) -> str:
        """The first two of five axes exchanged."""
        return self._op("Transpose", x, perm=[1, 0, 2, 3, 4])

    def _shaped(self, x: str, *sizes: int | str) -> str:
        """A shape of numbers and of sizes known when it runs; nothing at all may be shared yet."""
        told = [size if isinstance(size, str) else self._whole(size) for size in sizes]
        return self._op("Reshape", x, self._op("Concat", *told, axis=0), allowzero=1)

    def _size_of(self, name: str, axis: int) -> str:
        return self._op("Gather", self._op("Shape", name), self._whole(axis))

    def _whole(self, *values: int) -> str:
        """A constant of whole numbers; the same ones are kept once."""
        if values not in self._whole_numbers:
            self._whole_numbers[values] = self._constant(np.array(values, dtype=np.int64))
        return self._whole_numbers[values]

    def _constant(self, values: np.ndarray) -> str:
        """Real numbers in single precision."""
        kept = values.astype(np.float32) if values.dtype.kind == "f" else values
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
        return name

    def _op(self, kind: str, *inputs: str, n_outputs: int = 1, output: str = "", domain: str = "", **told: Any) -> Any:
        """Add a node; returns its output's name, or a list of `n_outputs`."""
        outputs = [output or f"{kind}_{len(self.nodes)}_{index}" for index in range(n_outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **told))
        return outputs if n_outputs > 1 else outputs[0]

    def _inputs(self) -> list[onnx.ValueInfoProto]:
        heads, size = self.n_key_heads, self.size
        told = [
            _value("ids", ["rows", "new"], TensorProto.INT64),
            _value("places", ["rows", "new"], TensorProto.INT64),
            _value("bias", ["rows", 1, 1, "new", "total"]),
        ]
        for layer in range(self.n_layers):
            told += [
                _value(f"past_key_{layer}", [heads, size, "shared"]),
                _value(f"past_value_{layer}", [heads, "shared", size]),
            ]
            told += [
                _value(f"key_{layer}", ["rows", heads, size, "own"]),
                _value(f"value_{layer}", ["rows", heads, "own", size]),
            ]
        return told

    def _outputs(self, every: bool) -> list[onnx.ValueInfoProto]:
        heads, size = self.n_key_heads, self.size
        told = [_value("logits", ["rows", *(["new"] if every else []), self.vocabulary])]
        for layer in range(self.n_layers):
            told += [
                _value(f"new_key_{layer}", ["rows", heads, size, "total"]),
                _value(f"new_value_{layer}", ["rows", heads, "total", size]),
            ]
        return told


def _value(name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, list(shape))


def _exponents(size: int) -> np.ndarray:
    return np.arange(0, size, 2) / size
