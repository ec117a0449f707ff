"""Autoregressive decoding of the arranger with onnxruntime (`arrangement.graph`).

The prefix that all rows of a batch share is stored once, the tokens of each row beside it: candidates continued from
the best one share all but their last bars, and attending to one past costs a fraction of attending to eight. A finished
row leaves the batch until the others are done.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime

from symbolic_cover.arrangement.graph import step_graph

#: Added to the scores of masked positions: finite, so that softmax is defined in every row.
_UNSEEN = -1e9
_MOST_THREADS = 4
#: How long a thread spins before it sleeps. Longer is a little faster on an idle machine and takes twice the time
#: beside another program (docs/log/program.md).
_SPIN_US = 20
#: The token axis of keys and values: (rows, heads, size, tokens) and (rows, heads, tokens, size).
_TOKENS_OF_KEYS, _TOKENS_OF_VALUES = 3, 2


def step_session(
    weights: Mapping[str, np.ndarray],
    config: Mapping[str, Any],
    context: int,
    *,
    exact: bool = False,
    every: bool = False,
    threads: int = 1,
) -> onnxruntime.InferenceSession:
    """An onnxruntime session for steps of a Llama with these `weights`, usable by several decoders.

    `exact` keeps single precision; otherwise most products use 8-bit integers. For `every` see `step_graph`.
    """
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_US))
    graph = step_graph(weights, config, context, exact=exact, every=every)
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def log_probabilities(
    weights: Mapping[str, np.ndarray], config: Mapping[str, Any], sequences: Sequence[Sequence[int]]
) -> list[np.ndarray]:
    """The exact log probabilities of the tokens that may follow each token of each sequence, (tokens, vocabulary)."""
    longest = max(map(len, sequences))
    session = step_session(weights, config, longest, exact=True, every=True, threads=n_threads())
    found = []
    for ids in sequences:
        logits = Decoder(session, 1, longest).feed_all(np.array(ids))
        heights = logits - logits.max(axis=-1, keepdims=True)
        found.append(heights - np.log(np.exp(heights).sum(axis=-1, keepdims=True)))
    return found


def n_threads() -> int:
    """The number of threads that the environment allows, limited, since more than a few gain nothing."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(told) if told.isdigit() and int(told) else os.cpu_count() or 1, _MOST_THREADS)


class Decoder:
    """Feeds tokens through a session to all rows of a batch at once, or to each its own.

    Tokens are fed to the first rows of the batch; `swap` moves a resting row behind them. `context` is the most tokens
    a row takes until `reset`, including those that other rows took while it rested.
    """

    def __init__(self, session: onnxruntime.InferenceSession, n_rows: int, context: int) -> None:
        self.session, self.context, self.n_rows = session, context, n_rows
        self.shapes = {one.name: one.shape for one in self.session.get_inputs()}
        self.past = sorted(name for name in self.shapes if name.startswith("past_"))
        self.own = [name.removeprefix("past_") for name in self.past]
        self.outputs = ["logits", *(f"new_{name}" for name in self.own)]
        self.reset()

    @property
    def length(self) -> int:
        """The used length of the context."""
        return self.n_shared + self.n_own

    def reset(self) -> None:
        """Clear the cache."""
        self.n_shared = self.n_own = 0
        self.shared = {name: self._empty(name) for name in self.past}
        self._forget_own()

    def _empty(self, name: str, n_rows: int = 0) -> np.ndarray:
        sizes: dict[Any, int] = {"rows": n_rows, "shared": 0, "own": 0}
        return np.zeros([sizes.get(size, size) for size in self.shapes[name]], dtype=np.float32)

    def _forget_own(self) -> None:
        """All rows start where the shared past ends."""
        self.n_own = 0
        self.kept = {name: self._empty(name, self.n_rows) for name in self.own}
        self.resting: list[dict[str, np.ndarray]] = []
        self.seen = np.zeros((self.n_rows, self.context), dtype=bool)
        self.places = np.full(self.n_rows, self.n_shared)

    def swap(self, one: int, other: int) -> None:
        """Exchange two of the rows that were fed last."""
        both, turned = [one, other], [other, one]
        for values in (*self.kept.values(), self.seen, self.places):
            values[both] = values[turned]

    def settle(self, row: int) -> None:
        """Let all rows continue from this one, whose tokens become the shared past."""
        self._wake(self.n_rows)
        own = np.flatnonzero(self.seen[row, : self.n_own])
        self._share({name: values[row].take(own, axis=_tokens_axis(name) - 1) for name, values in self.kept.items()})
        self._forget_own()

    def _share(self, more: Mapping[str, np.ndarray]) -> None:
        """Append keys and values (without rows) to the shared past."""
        for name, values in more.items():
            past = self.shared[f"past_{name}"]
            self.shared[f"past_{name}"] = np.concatenate([past, values], axis=_tokens_axis(name) - 1)
        self.n_shared = self.shared[self.past[-1]].shape[_TOKENS_OF_VALUES - 1]

    def feed_all(self, ids: np.ndarray) -> np.ndarray:
        """Feed `ids` (tokens,) to all rows before any has tokens of its own; returns logits (vocabulary,). Raises
        `ValueError` after that."""
        if self.n_own:
            raise ValueError("the rows differ already")
        n_new = len(ids)
        self._check_capacity(n_new)
        places = np.arange(self.n_shared, self.n_shared + n_new)
        nothing = {name: self._empty(name, 1) for name in self.own}
        logits, grown = self._run(ids[None], places[None], _causal(n_new, 0)[None], nothing)
        self._share({name: values[0] for name, values in grown.items()})
        self.places[:] = self.n_shared
        return logits[0]

    def feed(self, ids: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """Feed `ids` (rows, tokens) to the first rows, each its own; returns logits (rows, vocabulary) after the last
        token.

        `mask` (rows, tokens; 1 or 0) is 0 for padding; without it there is none.
        """
        n_rows, n_new = ids.shape
        live = np.ones(ids.shape, dtype=bool) if mask is None else mask.astype(bool)
        self._check_capacity(n_new)
        self._rest(n_rows)
        self._wake(n_rows)
        places = np.maximum(self.places[:n_rows, None] + live.cumsum(axis=1) - 1, 0)
        self.places[:n_rows] += live.sum(axis=1)
        self.seen[:n_rows, self.n_own : self.n_own + n_new] = live
        bias = np.where(self.seen[:n_rows, None, : self.n_own + n_new], 0.0, _UNSEEN)
        bias = bias + _causal(n_new, self.n_own) if n_new > 1 else bias
        logits, self.kept = self._run(ids, places, bias, self.kept)
        self.n_own += n_new
        return logits

    def _check_capacity(self, n_new: int) -> None:
        if self.length + n_new > self.context:
            raise ValueError(f"{self.length + n_new} tokens do not fit into a context of {self.context}")

    def _rest(self, n_rows: int) -> None:
        """Set the rows after the first ones aside."""
        if n_rows < len(self.kept[self.own[0]]):
            self.resting.insert(0, {name: values[n_rows:] for name, values in self.kept.items()})
            self.kept = {name: values[:n_rows] for name, values in self.kept.items()}

    def _wake(self, n_rows: int) -> None:
        """Bring resting rows back; they do not see what was fed meanwhile."""
        while len(self.kept[self.own[0]]) < n_rows:
            rested = self.resting.pop(0)
            for name, values in rested.items():
                axis = _tokens_axis(name)
                missing = [(0, 0)] * values.ndim
                missing[axis] = (0, self.n_own - values.shape[axis])
                self.kept[name] = np.concatenate([self.kept[name], np.pad(values, missing)])

    def _run(
        self, ids: np.ndarray, places: np.ndarray, bias: np.ndarray, own: Mapping[str, np.ndarray]
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        told = {"ids": ids, "places": places, "bias": bias[:, None, None].astype(np.float32), **self.shared, **own}
        logits, *grown = self.session.run(self.outputs, told)
        return logits, dict(zip(self.own, grown, strict=True))


def _tokens_axis(name: str) -> int:
    return _TOKENS_OF_KEYS if name.startswith("key") else _TOKENS_OF_VALUES


def _causal(n_new: int, n_before: int) -> np.ndarray:
    """Causal mask for new tokens, which see all before them and each other in order; (new, before + new)."""
    return np.triu(np.full((n_new, n_before + n_new), _UNSEEN), n_before + 1)
