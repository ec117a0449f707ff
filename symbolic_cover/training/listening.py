"""Train the listener on training examples made in the studio."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from symbolic_cover.core.errors import UsageError
from symbolic_cover.core.music import CHORD_INTERVALS
from symbolic_cover.listening.audio.bar_pointer import tempo_class
from symbolic_cover.listening.audio.features import RATE_HZ, Features
from symbolic_cover.listening.audio.listener import (
    METER_SIZES,
    N_ROOTS,
    PITCH_MAPS,
    Listener,
    as_input,
)
from symbolic_cover.listening.audio.nets import load_net, save_net
from symbolic_cover.listening.frames import LOWEST_PITCH, N_PITCHES
from symbolic_cover.studio.performance import Truth
from symbolic_cover.studio.training_examples import TrainingExample, load_examples
from symbolic_cover.training.optimizer import MuonWithAdamW
from symbolic_cover.training.train import RunLog, cpu_has_fast_bf16, part_processes

#: 24 seconds.
WINDOW_FRAMES = 1024
#: The weight of each output.
_WEIGHTS = {"beat": 6.0, "meter": 0.3, "root": 0.7, "bass_class": 0.4, "tones": 1.0, "key": 0.2, "tempo": 0.2,
            "pitch": 0.15}  # fmt: skip
_IGNORED = -100
_BESIDE = 0.5  # the target of frames next to an onset
_FURTHEST_UP, _FURTHEST_DOWN = 6, 5
_STRETCH = 0.18
_MUON = 3.0  # Muon's rate relative to AdamW's
_EVENNESS = 0.5  # metres are weighted by their frequency to one minus this power
_TEMPO_BEATS = 5  # a tempo is the mean of this many beats


class Targets:
    """The targets of every frame of an example, by the names of the outputs."""

    def __init__(self, truth: Truth, n_frames: int) -> None:
        beats = truth.beats
        self.beat = np.zeros((n_frames, 2), np.float32)
        mark(self.beat[:, 0], beats[:, 0])
        mark(self.beat[:, 1], beats[beats[:, 1] == 0, 0])
        self.meter = np.full((n_frames, 2), _IGNORED)
        self.tempo = np.full(n_frames, _IGNORED)
        edges = [*frames_of(beats[:, 0], n_frames), n_frames]
        for (_, _, size, ternary), first, last in zip(beats, edges, edges[1:], strict=False):
            self.meter[first:last, 0] = METER_SIZES.index(int(size)) if int(size) in METER_SIZES else _IGNORED
            self.meter[first:last, 1] = int(ternary)
        for bpm, first, last in zip(_tempi(beats[:, 0]), edges, edges[1:], strict=False):
            self.tempo[first:last] = tempo_class(bpm)
        self.root = np.full(n_frames, N_ROOTS - 1)
        self.bass_class = np.full(n_frames, N_ROOTS - 1)
        self.tones = np.zeros((n_frames, 12), np.float32)
        qualities = list(CHORD_INTERVALS.values())
        for start, end, root, quality, bass in truth.chords:
            span = slice(*frames_of(np.array([start, end]), n_frames))
            self.root[span], self.bass_class[span] = int(root), int(bass)
            self.tones[span] = 0
            self.tones[span, [(int(root) + step) % 12 for step in qualities[int(quality)]]] = 1
        self.key = np.full(n_frames, int(truth.key[0]) + 12 * int(truth.key[1]))
        self.pitch = np.zeros((n_frames, N_PITCHES, len(PITCH_MAPS)), np.float32)
        for index, notes in enumerate((truth.notes, truth.melody, truth.bass)):
            for onset, end, pitch in notes:
                key = int(pitch) - LOWEST_PITCH
                if 0 <= key < N_PITCHES:
                    first, last = frames_of(np.array([onset, end]), n_frames)
                    self.pitch[first : max(last, first + 1), key, 2 * index + 1] = 1
                    mark(self.pitch[:, key, 2 * index], np.array([onset]))


def _tempi(beat_sec: np.ndarray) -> np.ndarray:
    """The tempo of every beat but the last, in beats a minute: the mean of `_TEMPO_BEATS` around it."""
    if len(beat_sec) < 2:
        return np.zeros(0)
    reach = _TEMPO_BEATS // 2
    padded = np.pad(np.diff(beat_sec), reach, mode="edge")
    return 60 / np.convolve(padded, np.full(_TEMPO_BEATS, 1 / _TEMPO_BEATS), mode="valid")


def frames_of(sec: np.ndarray, n_frames: int) -> list[int]:
    """Times as frame indices of an example with this many frames."""
    return np.clip(np.round(sec * RATE_HZ), 0, n_frames).astype(int).tolist()


def mark(row: np.ndarray, sec: np.ndarray) -> None:
    """1 at the frames nearest to some times, `_BESIDE` next to them."""
    for frame in np.round(sec * RATE_HZ).astype(int):
        for place, value in ((frame, 1.0), (frame - 1, _BESIDE), (frame + 1, _BESIDE)):
            if 0 <= place < len(row):
                row[place] = max(row[place], value)


class ExampleWindows(torch.utils.data.Dataset[dict[str, Any]]):
    """`length` windows of examples: in order, or, with `augment`, drawn at random and each moved in pitch and stretched
    in time; rare metres are drawn more often than they occur (`_EVENNESS`)."""

    def __init__(self, examples: Sequence[TrainingExample], length: int, seed: int, augment: bool = True) -> None:
        self.examples, self.length, self.seed, self.augment = examples, length, seed, augment
        meters = [
            tuple(np.median(example.truth.beats[:, 2:], axis=0)) if len(example.truth.beats) else ()
            for example in examples
        ]
        sizes = Counter(meters)
        self.chances = np.array([sizes[meter] ** -_EVENNESS for meter in meters])
        self.chances /= self.chances.sum()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng((self.seed, index))
        drawn = int(rng.choice(len(self.examples), p=self.chances)) if self.augment else index % len(self.examples)
        example = self.examples[drawn]
        features, truth = example.features, example.truth
        stretch, steps = 1.0, 0
        if self.augment:
            stretch, steps = float(np.exp(rng.uniform(-_STRETCH, _STRETCH))), self._draw_steps(truth, rng)
        n_frames = len(features.note)
        first = int(rng.integers(max(int(n_frames * stretch) - WINDOW_FRAMES // 2, 1)))
        places = np.minimum(np.round((first + np.arange(WINDOW_FRAMES)) / stretch).astype(int), n_frames - 1)
        beyond = (first + np.arange(WINDOW_FRAMES)) / stretch > n_frames - 1
        sides = [side[places] * ~beyond[:, None] for side in features]
        sides = [moved(side, steps) for side in sides[:2]] + sides[2:]
        targets = Targets(_shifted(truth, stretch, first / RATE_HZ, steps), WINDOW_FRAMES)
        item = {name: torch.from_numpy(np.asarray(value)) for name, value in vars(targets).items()}
        return {"features": as_input(Features(*sides)), **item}

    def _draw_steps(self, truth: Truth, rng: np.random.Generator) -> int:
        """Semitones up or down that keep every note on the keyboard."""
        low, high = (truth.notes[:, 2].min(), truth.notes[:, 2].max()) if len(truth.notes) else (60, 60)
        down = min(_FURTHEST_DOWN, int(low) - LOWEST_PITCH)
        up = min(_FURTHEST_UP, LOWEST_PITCH + N_PITCHES - 1 - int(high))
        return int(rng.integers(-max(down, 0), max(up, 0) + 1))


def moved(keys: np.ndarray, steps: int) -> np.ndarray:
    """Posteriorgrams shifted up by a number of keys."""
    moved = np.zeros_like(keys)
    if steps >= 0:
        moved[:, steps:] = keys[:, : keys.shape[1] - steps]
    else:
        moved[:, :steps] = keys[:, -steps:]
    return moved


def _shifted(truth: Truth, stretch: float, begin_sec: float, steps: int) -> Truth:
    """The annotations of a window that begins at `begin_sec` of the stretched example, transposed by semitones."""

    def timed(rows: np.ndarray, n_times: int) -> np.ndarray:
        rows = rows.astype(float)
        rows[:, :n_times] = rows[:, :n_times] * stretch - begin_sec
        return rows[rows[:, n_times - 1] > 0]

    def pitched(rows: np.ndarray) -> np.ndarray:
        return timed(rows, 2) + np.array([0, 0, steps])

    chords = timed(truth.chords, 2)
    chords[:, [2, 4]] = (chords[:, [2, 4]] + steps) % 12
    key = np.array([(truth.key[0] + steps) % 12, truth.key[1]])
    return Truth(timed(truth.beats, 1), pitched(truth.notes), pitched(truth.melody), pitched(truth.bass), chords, key)


class _Pupil(nn.Module):
    """The listener with its loss, for the Trainer."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self.listener = listener

    def forward(self, features: torch.Tensor, **targets: torch.Tensor) -> dict[str, torch.Tensor]:
        heard = self.listener(features)
        losses = losses_of({name: logits.float() for name, logits in heard.items()}, targets)
        return {"loss": sum((_WEIGHTS[name] * loss for name, loss in losses.items()), torch.zeros(()))}


def losses_of(heard: dict[str, torch.Tensor], targets: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The loss of every output; that of the pitch maps is summed over the keys."""
    sizes, ternary = heard["meter"][..., :-1], heard["meter"][..., -1]
    known = targets["meter"][..., 1] != _IGNORED
    losses = {
        "beat": binary(heard["beat"], targets["beat"]),
        "meter": _one_of(sizes, targets["meter"][..., 0])
        + (binary(ternary[known], targets["meter"][..., 1][known].float()) if known.any() else 0.0),
        "tones": binary(heard["tones"], targets["tones"]),
        "pitch": N_PITCHES * binary(heard["pitch"], targets["pitch"]),
    }
    return losses | {name: _one_of(heard[name], targets[name]) for name in ("root", "bass_class", "key", "tempo")}


def binary(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """The mean loss of binary outputs."""
    return nn.functional.binary_cross_entropy_with_logits(logits, target)


def _one_of(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if not (target != _IGNORED).any():
        return logits.sum() * 0
    return nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=_IGNORED)


_Example = TypeVar("_Example")


def both_splits(examples: Path, load: Callable[[Path], Iterable[_Example]]) -> tuple[list[_Example], list[_Example]]:
    """The training and the validation examples. Raises `UsageError` if either is empty."""
    training, validation = (list(load(examples / split)) for split in ("train", "valid"))
    if not training or not validation:
        raise UsageError(f"There are no training examples in {examples}.", "Make them first.")
    return training, validation


def train_listener(
    examples: Path, out: Path, *, steps: int = 6000, batch_size: int = 8, rate: float = 2e-3, seed: int = 0,
    start_from: Path | None = None, progress: Callable[[int], None] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train on the examples in ``examples/train``, judge on ``examples/valid``, write the weights to ``out/final``.

    A run found in `out` is continued; a new one may begin with the weights in a folder. Returns the last metrics.
    """
    training, validation = both_splits(examples, load_examples)
    set_seed(seed)
    pupil = _Pupil(load_net(Listener, start_from) if start_from else Listener())
    return taught(
        pupil, pupil.listener, out, steps=steps, batch_size=batch_size, rate=rate, seed=seed, progress=progress,
        training=ExampleWindows(training, steps * batch_size, seed),
        validation=ExampleWindows(validation, len(validation), seed=1, augment=False),
        labels=["beat"], about={"lessons": len(training)},
    )  # fmt: skip


def taught(
    pupil: nn.Module, net: Any, out: Path, *, training: torch.utils.data.Dataset[Any],
    validation: torch.utils.data.Dataset[Any], steps: int, batch_size: int, rate: float, seed: int, labels: list[str],
    about: dict[str, Any], progress: Callable[[int], None] | None = None,
) -> dict[str, float]:  # fmt: skip
    """Train `pupil`, a network `net` with its loss, and write the network to ``out/final``; a run in `out` is
    continued."""
    n_processes = int(os.environ.get("WORLD_SIZE", 1))
    on_cpu = not torch.cuda.is_available()
    rates = {"matrix_rate": _MUON * rate, "rate": rate, "weight_decay": 0.01}
    trainer = Trainer(
        model=pupil,
        args=TrainingArguments(
            output_dir=str(out),
            max_steps=steps,
            per_device_train_batch_size=batch_size // n_processes,
            per_device_eval_batch_size=batch_size // n_processes,
            learning_rate=rate,
            warmup_steps=min(200, steps // 10),
            lr_scheduler_type="cosine",
            eval_strategy="steps",
            eval_steps=max(steps // 20, 1),
            save_steps=max(steps // 20, 1),
            save_total_limit=1,
            logging_steps=max(steps // 100, 1),
            label_names=labels,
            prediction_loss_only=True,
            remove_unused_columns=False,
            report_to=[],
            disable_tqdm=True,
            use_cpu=on_cpu,
            bf16=not on_cpu or cpu_has_fast_bf16(),
            ddp_backend="gloo" if n_processes > 1 and on_cpu else None,
            ddp_find_unused_parameters=False,
            seed=seed,
        ),
        train_dataset=training,
        optimizer_cls_and_kwargs=(MuonWithAdamW, {"model": pupil, "edge": net.edge(), **rates}),
        eval_dataset=validation,
        callbacks=[RunLog(out / "log.jsonl", progress=progress)],
    )
    trainer.remove_callback(PrinterCallback)  # the log is in log.jsonl
    found = sorted(out.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    trainer.train(resume_from_checkpoint=str(found[-1]) if found else None)
    metrics: dict[str, Any] = trainer.evaluate()
    if trainer.is_world_process_zero():
        save_net(net, out / "final")
        (out / "final" / "training.json").write_text(
            json.dumps({"steps": steps, **about, "metrics": metrics}, indent=2), encoding="utf-8"
        )
    part_processes()
    return metrics
