"""Compare formulations of a song and its arrangement as tokens for a small model.

    python benchmarks/archive/formulation.py CORPUS --steps 800 --out benchmarks/archive/formulation.md

Every variant trains the same tiny model from scratch with the same number of tokens on the training split of a prepared
corpus, all styles together, and is evaluated by the nats per bar of accompaniment (Y) on the same eight-bar excerpts of
the validation split, chords and melody given. This compares tokenizations of any length. The last variants change the
model's shape or the optimizer instead; their seconds a step are listed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, models, trainers
from transformers import LlamaConfig, LlamaForCausalLM

from symbolic_cover.training.dataset import Shard, Shown, Vocabulary, WindowDataset
from symbolic_cover.training.optimizer import MuonWithAdamW

BARS, EXCERPTS = 8, 120
#: Characters that stand for token ids where a library wants text.
FIRST_CHARACTER = 0x4E00
Bar = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Variant:
    """One way to write songs. `rewrite` changes the bars (X, Y) of a window; `merges` are BPE's."""

    name: str
    home: bool = False
    look_ahead: bool = False
    texture: bool = True
    controls: bool = True
    rewrite: Callable[[Songs, int, list[Bar]], list[Bar]] | None = None
    merges: int = 0
    width: int = 128
    layers: int = 4
    matrix_rate: float | None = None  # Muon's; AdamW alone without one
    rate: float = 3e-3


class Songs:
    """The windows of one split, before a variant is applied."""

    def __init__(self, corpus: Path, split: str) -> None:
        self.shard, self.vocabulary = Shard.load(corpus / split), Vocabulary.load(corpus)
        self.windows = WindowDataset(self.shard, self.vocabulary, context=1, length=1, seed=0)

    def bars(self, song: int, first: int, count: int, shown: Shown, rng: np.random.Generator) -> list[Bar]:
        """Bars of a song as (X, Y)."""
        end = min(first + count, int(self.shard.song_start[song + 1]))
        return [self.windows.bar(bar, shown, rng)[1:] for bar in range(first, end)]


def main() -> None:
    """Train, judge, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--context", type=int, default=640)
    parser.add_argument("--excerpts", type=int, default=EXCERPTS)
    parser.add_argument("--only", nargs="+", help="names of variants")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    training, validation = Songs(options.corpus, "train"), Songs(options.corpus, "valid")
    lines = [
        "# Formulation",
        "",
        f"`python benchmarks/archive/formulation.py CORPUS --steps {options.steps}`: {options.steps} steps of"
        f" {options.batch} x {options.context} tokens from scratch; nats for a bar of Y on held-out excerpts,"
        " one thread.",
        "",
        "| variant | parameters | tokens a bar (X and Y) | nats a bar | seconds a step |",
        "|---|---|---|---|---|",
    ]
    for variant in VARIANTS:
        if options.only and variant.name not in options.only:
            continue
        lines.append(try_out(variant, training, validation, options))
        print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def try_out(variant: Variant, training: Songs, validation: Songs, options: argparse.Namespace) -> str:
    """Train and evaluate one variant; a line of the table."""
    torch.manual_seed(0)
    size = training.vocabulary.size + 256
    bpe = learn_merges(variant, training) if variant.merges else None
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=bpe.get_vocab_size() + 1 if bpe else size, hidden_size=variant.width,
        num_hidden_layers=variant.layers, num_attention_heads=variant.width // 32, intermediate_size=3 * variant.width,
        max_position_embeddings=4096, tie_word_embeddings=True, pad_token_id=0))  # fmt: skip
    optimizer = optimizer_of(variant, model)
    rates = [group["lr"] for group in optimizer.param_groups]
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates, total_steps=options.steps, pct_start=0.1,
                                               cycle_momentum=False)  # fmt: skip
    rng = np.random.default_rng(0)
    windows = endless(variant, training, rng)
    begun = time.process_time()
    for _ in range(options.steps):
        rows = [packed(windows, options.context, bpe) for _ in range(options.batch)]
        ids, labels = (torch.from_numpy(np.stack(side)) for side in zip(*rows, strict=True))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=torch.cpu._is_avx512_bf16_supported()):
            loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        rate.step()
    seconds = (time.process_time() - begun) / options.steps
    nats, tokens = judge(variant, model.eval(), validation, bpe, options.excerpts)
    parameters = model.num_parameters() / 1e6
    return f"| {variant.name} | {parameters:.2f} M | {tokens:.1f} | {nats:.2f} | {seconds:.2f} |"


def optimizer_of(variant: Variant, model: LlamaForCausalLM) -> torch.optim.Optimizer:
    """AdamW, or Muon for the matrices inside."""
    if variant.matrix_rate is None:
        return torch.optim.AdamW(model.parameters(), lr=variant.rate, betas=(0.9, 0.98), weight_decay=0.05)
    return MuonWithAdamW(
        model,
        edge=[*model.get_input_embeddings().parameters()],
        matrix_rate=variant.matrix_rate,
        rate=variant.rate,
        weight_decay=0.05,
    )


def judge(
    variant: Variant, model: LlamaForCausalLM, songs: Songs, bpe: Tokenizer | None, excerpts: int
) -> tuple[float, float]:
    """Nats and tokens for a bar of the excerpts."""
    rng = np.random.default_rng(1)
    nats, tokens, n_bars = 0.0, 0, 0
    weights = songs.windows.song_weight
    for _ in range(excerpts):
        song = int(rng.choice(len(weights), p=weights))
        first, end = (int(bar) for bar in songs.shard.song_start[song : song + 2])
        first = int(rng.integers(first, max(first, end - BARS) + 1))
        bars = songs.bars(song, first, BARS, Shown(True, False, 0.0), rng)
        ids, counted = encoded(*written(variant, songs, song, bars, rng, augment=False), bpe)
        with torch.inference_mode():
            logits = model(input_ids=torch.from_numpy(ids)[None]).logits[0, :-1].float().log_softmax(dim=-1)
        each = -logits[torch.arange(len(ids) - 1), torch.from_numpy(ids[1:])]
        nats += float(each[torch.from_numpy(counted[1:])].sum())
        tokens, n_bars = tokens + len(ids), n_bars + len(bars)
    return nats / n_bars, tokens / n_bars


def endless(variant: Variant, songs: Songs, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Windows of training bars as ids and a mask of those that count."""
    weights = songs.windows.song_weight
    while True:
        song = int(rng.choice(len(weights), p=weights))
        first, end = (int(bar) for bar in songs.shard.song_start[song : song + 2])
        first = int(rng.integers(first, max(first, end - BARS) + 1))
        shown = songs.windows.draw_shown(rng)
        if not variant.texture:
            shown = shown._replace(texture=0.0, bass=False, chords=True)
        if not variant.controls:
            shown = shown._replace(controls=0.0)
        bars = songs.bars(song, first, BARS, shown, rng)
        yield written(variant, songs, song, bars, rng, augment=True)


def written(
    variant: Variant, songs: Songs, song: int, bars: list[Bar], rng: np.random.Generator, augment: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A window as one row of ids, and a mask of those to be predicted."""
    v = songs.vocabulary
    if variant.rewrite:
        bars = variant.rewrite(songs, song, bars)
    pieces = [(songs.shard.headers[song].astype(np.int64), False)]
    xs, ys = [x for x, _ in bars], [y for _, y in bars]
    if variant.look_ahead:
        pieces.append((xs[0], False))
        xs = [*xs[1:], np.array([v.eos])]
    for x, y in zip(xs, ys, strict=True):
        pieces += [(x, False), (y, True)]
    pieces.append((np.array([v.end_of_bar]), True))
    ids = np.concatenate([piece for piece, _ in pieces])
    counted = np.concatenate([np.full(len(piece), count) for piece, count in pieces])
    after = np.flatnonzero(counted[:-1] & ~counted[1:]) + 1  # what follows a bar of Y is its end
    counted[after] = True
    ids[after] = v.end_of_bar
    shift = songs.shard.steps_home[song] if variant.home else 0
    if augment and not variant.home:
        shift = int(rng.integers(-5, 7))
    return moved(ids, v, shift), counted


def moved(ids: np.ndarray, v: Vocabulary, shift: int) -> np.ndarray:
    """Transposed if every pitch stays in the vocabulary, else unchanged."""
    low, high = v.pitch
    pitches = ids[(ids >= low) & (ids < high)]
    fits = len(pitches) == 0 or (pitches.min() + shift >= low and pitches.max() + shift < high)
    return v.transposed(ids, int(shift)) if fits else ids


def packed(windows: Iterator[tuple[np.ndarray, np.ndarray]], context: int, bpe: Tokenizer | None) -> Bar:
    """A row of `context` tokens: one window, cut or padded; labels count Y."""
    ids, counted = encoded(*next(windows), bpe)
    ids, counted = ids[:context], counted[:context]
    labels = np.where(counted, ids, -100)
    fill = context - len(ids)
    return np.pad(ids, (0, fill)), np.pad(labels, (0, fill), constant_values=-100)


# --- rewriting ------------------------------------------------------------------------------


def parts_of(y: np.ndarray, v: Vocabulary) -> list[np.ndarray]:
    """Y part by part."""
    starts = np.flatnonzero((y >= v.part[0]) & (y < v.part[1]))
    return np.split(y, starts)[1:] if len(starts) else []


def other_order(songs: Songs, song: int, bars: list[Bar]) -> list[Bar]:
    """The parts of a bar in reverse order."""
    joined = [parts_of(y, songs.vocabulary)[::-1] for _, y in bars]
    return [(x, np.concatenate(parts) if parts else y) for (x, y), parts in zip(bars, joined, strict=True)]


def without_velocity(songs: Songs, song: int, bars: list[Bar]) -> list[Bar]:
    """Without velocity tokens."""
    low, high = songs.vocabulary.velocity
    return [(x, y[(y < low) | (y >= high)]) for x, y in bars]


def with_melody(songs: Songs, song: int, bars: list[Bar]) -> list[Bar]:
    """The melody in the part that carries it, as well as in X."""
    v, lead = songs.vocabulary, int(songs.shard.leads[song])
    found = []
    for x, y in bars:
        _, moved_y = songs.windows.without_melody(x, y, lead) if lead else (x, y)
        if len(moved_y) == len(y) and lead:  # the part plays already: its notes come first, then the melody's
            melody = melody_of(x, v)
            parts = [np.concatenate([p, melody]) if p[0] == lead else p for p in parts_of(y, v)]
            moved_y = np.concatenate(parts) if parts else y
        found.append((x, moved_y))
    return found


def melody_of(x: np.ndarray, v: Vocabulary) -> np.ndarray:
    """The tokens of the melody in X."""
    sections = np.flatnonzero(np.isin(x, list(v.section.values())))
    for start, stop in zip(sections, [*sections[1:], len(x)], strict=True):
        if x[start] == v.section["melody"]:
            return x[start + 1 : stop]
    return x[:0]


def note_offs(songs: Songs, song: int, bars: list[Bar]) -> list[Bar]:
    """Note-offs instead of durations: a token for the end of each pitch, in the bar in which it ends."""
    v = songs.vocabulary
    duration, pitch, position = v.range("Duration"), v.pitch, v.position
    off = v.size  # 88 words beyond the vocabulary
    held: dict[int, list[tuple[int, int]]] = {}
    found = []
    for number, (x, y) in enumerate(bars):
        name = next(name for name, i in v.ids.items() if i == x[1]).split("_")[1]
        length = int(name.split("/")[0]) * 48 // int(name.split("/")[1])
        blocks = {int(p[0]): p for p in parts_of(y, v)}
        tokens: list[int] = []
        for part in sorted({*blocks, *(name for name, ends in held.items() if ends)}):
            events: list[tuple[int, int, int]] = []
            ends = held.pop(part, [])
            at = 0
            for token in blocks.get(part, [part])[2:]:
                if position[0] <= token < position[1]:
                    at = int(token - position[0])
                elif pitch[0] <= token < pitch[1]:
                    events.append((at, 1, int(token)))
                elif duration[0] <= token < duration[1]:
                    ends.append((at + int(token - duration[0]) + 1, events[-1][2]))
                else:
                    events.append((at, 1, int(token)))
            last = number == len(bars) - 1
            for tick, key in ends:
                if tick <= length or last:
                    events.append((min(tick, length), 0, off + key - pitch[0]))
                else:
                    held.setdefault(part, []).append((tick - length, key))
            tokens += [*blocks[part][:2]] if part in blocks else [part]
            at = -1
            for tick, _, token in sorted(events):
                if tick != at:
                    tokens.append(position[0] + tick)
                    at = tick
                tokens.append(token)
        found.append((x, np.array(tokens, dtype=np.int64)))
    return found


# --- byte-pair encoding ---------------------------------------------------------------------


def learn_merges(variant: Variant, songs: Songs) -> Tokenizer:
    """BPE over bars as words, on 4000 windows."""
    windows = endless(variant, songs, np.random.default_rng(2))
    bpe = Tokenizer(models.BPE())
    alphabet = [chr(FIRST_CHARACTER + i) for i in range(songs.vocabulary.size)]
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet) + variant.merges, initial_alphabet=alphabet,
                                  show_progress=False, max_token_length=8)  # fmt: skip
    bpe.train_from_iterator((run for _ in range(4000) for run in runs(*next(windows))), trainer)
    return bpe


def runs(ids: np.ndarray, counted: np.ndarray) -> list[str]:
    """The row as text, cut where Y begins and ends."""
    cuts = np.flatnonzero(np.diff(counted.astype(int))) + 1
    return ["".join(chr(FIRST_CHARACTER + int(i)) for i in run) for run in np.split(ids, cuts)]


def encoded(ids: np.ndarray, counted: np.ndarray, bpe: Tokenizer | None) -> Bar:
    """The row in BPE tokens, if there are any."""
    if bpe is None:
        return ids, counted
    cuts = np.flatnonzero(np.diff(counted.astype(int))) + 1
    flags = [bool(run[0]) for run in np.split(counted, cuts)]
    words = [np.array(bpe.encode(text).ids, dtype=np.int64) + 1 for text in runs(ids, counted)]
    return np.concatenate(words), np.concatenate([np.full(len(w), f) for w, f in zip(words, flags, strict=True)])


VARIANTS = (
    Variant("plain: any key, no look-ahead"),
    Variant("home key", home=True),
    Variant("look-ahead of one bar", look_ahead=True),
    Variant("home key, look-ahead", home=True, look_ahead=True),
    Variant("trained on lead sheets alone", texture=False),
    Variant("no controls", controls=False),
    Variant("parts the other way round", rewrite=other_order),
    Variant("no loudness", rewrite=without_velocity),
    Variant("tune in Y too", rewrite=with_melody),
    Variant("note-offs", rewrite=note_offs),
    Variant("1000 merges (BPE)", merges=1000),
    Variant("wide: 192 x 2", width=192, layers=2),
    Variant("deep: 96 x 8", width=96, layers=8),
    Variant("home key, wide", home=True, width=192, layers=2),
    Variant("home key, wide, AdamW .01", home=True, width=192, layers=2, rate=0.01),
    Variant("home key, wide, Muon .003", home=True, width=192, layers=2, matrix_rate=0.003),
    Variant("home key, wide, Muon .01", home=True, width=192, layers=2, matrix_rate=0.01),
    Variant("home key, wide, Muon .025", home=True, width=192, layers=2, matrix_rate=0.025),
    Variant("home key, 144 x 4, Muon .003", home=True, width=144, layers=4, matrix_rate=0.003),
    Variant("home key, 144 x 4, Muon .01", home=True, width=144, layers=4, matrix_rate=0.01),
)


if __name__ == "__main__":
    main()
