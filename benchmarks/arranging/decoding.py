"""Tokens a second of the decoder that covers use, compared with `generate` of transformers.

    python benchmarks/arranging/decoding.py --threads 1 --corpus CORPUS --out benchmarks/arranging/decoding.md

Both sample 128 tokens after a prompt of 256 with the shipped weights; CPU seconds, best of three. A test compares their
logits (tests/arrangement). With a prepared corpus also the loss from 8-bit products: nats per counted token of held-out
windows, with the model's own arithmetic and as used for covers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from onnxruntime import InferenceSession
from torch.nn import functional as f

from symbolic_cover.arrangement.checkpoint import Checkpoint, find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.decoder import Decoder, step_session
from symbolic_cover.corpus.shards import Shard
from symbolic_cover.training.dataset import IGNORED_LABEL, Vocabulary, WindowDataset

PROMPT, NEW = 256, 128
WINDOW, WINDOWS = 512, 24


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--corpus", type=Path, help="of which held-out songs are read")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    checkpoint = load_checkpoint(folder)
    model, size = checkpoint.model, len(checkpoint.tokenizer)
    lines = [
        "# Decoding",
        "",
        f"`python benchmarks/arranging/decoding.py --threads {options.threads}`: {checkpoint.name},"
        f" {model.num_parameters() / 1e6:.1f} million parameters; tokens a CPU second.",
        "",
        "| rows | generate | decoder | times |",
        "|---|---|---|---|",
    ]
    session = step_session(checkpoint.weights, checkpoint.config, PROMPT + NEW, threads=options.threads)
    for rows in (1, 4, 8):
        prompt = torch.randint(3, size, (rows, PROMPT), generator=torch.Generator().manual_seed(0))
        theirs = rows * NEW / best(lambda p=prompt: by_generate(model, p))
        ours = rows * NEW / best(lambda p=prompt: by_decoder(session, p.numpy()))
        lines.append(f"| {rows} | {theirs:.0f} | {ours:.0f} | {ours / theirs:.1f} |")
    if options.corpus:
        exact, bytes_ = (nats(checkpoint, options.corpus, exact) for exact in (True, False))
        lines += ["", f"Held-out songs, nats a token: {exact:.4f} exactly, {bytes_:.4f} with products in bytes."]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def best(run: Callable[[], None]) -> float:
    """CPU seconds of the fastest of three runs."""
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        with torch.inference_mode():
            run()
        seconds.append(time.process_time() - begun)
    return min(seconds)


def nats(checkpoint: Checkpoint, corpus: Path, exact: bool) -> float:
    """Nats for each counted token of the last `NEW` of `WINDOW` in held-out windows, fed one by one."""
    windows = WindowDataset(
        Shard.load(corpus / "valid"), Vocabulary.load(corpus), context=WINDOW, length=WINDOWS, seed=1, augment=False
    )
    ids, labels = (torch.stack([one[name] for one in (windows[i] for i in range(WINDOWS))])
                   for name in ("input_ids", "labels"))  # fmt: skip
    total, count = 0.0, 0
    with torch.inference_mode():
        decoder = Decoder(step_session(checkpoint.weights, checkpoint.config, WINDOW, exact=exact), WINDOWS, WINDOW)
        logits = torch.from_numpy(decoder.feed(ids[:, : WINDOW - NEW].numpy()))
        for place in range(WINDOW - NEW, WINDOW):
            wanted = labels[:, place]
            counted = wanted != IGNORED_LABEL
            total += float(f.cross_entropy(logits[counted], wanted[counted], reduction="sum"))
            count += int(counted.sum())
            logits = torch.from_numpy(decoder.feed(ids[:, place : place + 1].numpy()))
    return total / count


def by_generate(model, prompt: torch.Tensor) -> None:
    """Sample with transformers."""
    model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=True,
        max_new_tokens=NEW,
        min_new_tokens=NEW,
        pad_token_id=0,
    )


def by_decoder(session: InferenceSession, prompt: np.ndarray) -> None:
    """Sample with our decoder."""
    decoder = Decoder(session, len(prompt), PROMPT + NEW)
    logits = decoder.feed(prompt)
    for _ in range(NEW):
        shares = torch.from_numpy(logits).softmax(dim=-1)
        logits = decoder.feed(torch.multinomial(shares, 1).numpy())


if __name__ == "__main__":
    main()
