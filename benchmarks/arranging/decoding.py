"""Tokens a second of the decoder that covers use, beside `generate` of transformers, in one run.

    python benchmarks/arranging/decoding.py --threads 1 --out benchmarks/arranging/decoding.md

Both draw 128 tokens after a prompt of 256 with the shipped weights; CPU seconds, best of three. Their logits are held
together by a test (tests/arrange).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch

from symbolic_cover.arrangement.checkpoint import find_checkpoint, load_checkpoint
from symbolic_cover.arrangement.decoder import Decoder

PROMPT, NEW = 256, 128


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--threads", type=int, default=1)
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
    for rows in (1, 4, 8):
        prompt = torch.randint(3, size, (rows, PROMPT), generator=torch.Generator().manual_seed(0))
        theirs = rows * NEW / best(lambda p=prompt: by_generate(model, p))
        ours = rows * NEW / best(lambda p=prompt: by_decoder(model, p))
        lines.append(f"| {rows} | {theirs:.0f} | {ours:.0f} | {ours / theirs:.1f} |")
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


def by_generate(model, prompt: torch.Tensor) -> None:
    """Draw with the library."""
    model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=True,
        max_new_tokens=NEW,
        min_new_tokens=NEW,
        pad_token_id=0,
    )


def by_decoder(model, prompt: torch.Tensor) -> None:
    """Draw with ours."""
    decoder = Decoder(model, len(prompt), PROMPT + NEW)
    one = torch.ones((len(prompt), 1), dtype=torch.long)
    logits = decoder.feed(prompt, torch.ones_like(prompt))
    for _ in range(NEW):
        logits = decoder.feed(torch.multinomial(logits.softmax(dim=-1), 1), one)


if __name__ == "__main__":
    main()
