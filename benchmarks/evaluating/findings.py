"""Whether findings of `evaluate` are valid: rare in people's pieces, and found where defects are planted.

    python benchmarks/evaluating/findings.py CORPUS --out benchmarks/evaluating/findings.md

CORPUS is a prepared corpus. Of the people's held-out pieces (validation and test) in each style: the share of the
pieces, and the bars in a hundred, with each kind of finding. Then one defect at a time is planted into such a piece,
and is counted as found if a finding of its kind lies in its bars and did not lie there before.

Last, how many of the pieces are within people's range (nine of ten of the training split do) by each measure; and the
same for the rules on the same lead sheets.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic_cover.arrangement.arranger import arrange_by_rules
from symbolic_cover.arrangement.checkpoint import find_checkpoint
from symbolic_cover.core.arrangement import Arrangement
from symbolic_cover.core.controls import Controls
from symbolic_cover.core.music import Note
from symbolic_cover.core.styles import load_style, style_names
from symbolic_cover.corpus.people import arrangement_of, whole_pieces
from symbolic_cover.evaluation.findings import Finding, find_weak_bars
from symbolic_cover.evaluation.human_range import load_ranges
from symbolic_cover.evaluation.judgement import judge
from symbolic_cover.evaluation.measures import DESCRIPTIONS, Case, measure_cover
from symbolic_cover.evaluation.memorisation import PatternIndex
from symbolic_cover.evaluation.people import load_people

KINDS = ("melody", "chords", "octave blip", "repeated figure", "restless end", "form", "unplayable", "empty", "copied")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", help="a folder or a shipped name; otherwise the one that is shipped")
    parser.add_argument("--pieces", type=int, default=6, help="pieces a style, of each of the two splits")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    folder = find_checkpoint(options.checkpoint)
    if folder is None:
        raise SystemExit("There are no weights.")
    people, index, rng = load_people(folder), PatternIndex.load(folder), np.random.default_rng(0)
    pieces, bars, tried, hit = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    within = {row: Counter[tuple[str, str]]() for row in ("people", "rules")}
    profiles = {style: one.profile for style, one in load_ranges(folder).items()}
    n_pieces = n_bars = 0
    for style in style_names():
        for split in ("valid", "test"):
            for piece in whole_pieces(options.corpus, split, style, options.pieces):
                played, sheet = arrangement_of(piece), piece.sheet
                found = find_weak_bars(played, sheet, people.get(style), index)
                n_pieces, n_bars = n_pieces + 1, n_bars + len(sheet.grid.bars)
                pieces.update({one.kind for one in found})
                for one in found:
                    bars[one.kind] += one.last_bar - one.first_bar + 1
                lead_sheet = replace(sheet, bass=(), texture=())
                rows = {"people": played, "rules": arrange_by_rules(lead_sheet, load_style(style), Controls())}
                for row, version in rows.items():
                    measured = measure_cover(Case(version, sheet, profiles.get(style), index))
                    within[row].update((one.name, one.verdict) for one in judge(measured, people.get(style, {})))
                for kind, plant in PLANTERS.items():
                    at = int(rng.integers(2, len(sheet.grid.bars) - 5))
                    if (weak := plant(played, at, rng)) is not None:
                        tried[kind] += 1
                        hit[kind] += new_there(find_weak_bars(weak, sheet, people.get(style), index), found, kind, at)
    lines = ["# Weak bars", "", f"`python benchmarks/evaluating/findings.py CORPUS --pieces {options.pieces}`:"
             f" {n_pieces} held-out pieces by people, {n_bars} bars.", "",
             "| finding | pieces with it | bars in a hundred | planted | found |", "|---|---|---|---|---|"]  # fmt: skip
    for kind in KINDS:
        planted = f"{tried[kind]} | {hit[kind] / tried[kind]:.2f}" if tried[kind] else " | "
        lines.append(f"| {kind} | {pieces[kind] / n_pieces:.2f} | {100 * bars[kind] / n_bars:.1f} | {planted} |")
    text = "\n".join([*lines, "", *within_table(within)]) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def within_table(within: dict[str, Counter[tuple[str, str]]]) -> list[str]:
    """The share of the verdicts that are within, by measure."""
    lines = [
        "# Within people's range",
        "",
        "| measure | " + " | ".join(within) + " |",
        "|---" * (len(within) + 1) + "|",
    ]
    for name in DESCRIPTIONS:
        known = {
            row: sum(counts[name, word] for word in ("within", "below", "above")) for row, counts in within.items()
        }
        if all(known.values()):
            cells = [f"{counts[name, 'within'] / known[row]:.2f}" for row, counts in within.items()]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def new_there(found: list[Finding], before: list[Finding], kind: str, bar: int) -> bool:
    """Whether a finding of a kind is in a bar that had none."""
    return any(one.kind == kind and one.first_bar <= bar <= one.last_bar for one in set(found) - set(before))


def lose_melody(played: Arrangement, bar: int, rng: np.random.Generator) -> Arrangement | None:
    """Two bars without the melody."""
    lost = {(n.onset_tick, n.pitch) for n in played.melody if _inside(n, played, bar, 2)}
    return _kept(played, lambda n: (n.onset_tick, n.pitch) not in lost) if _in_bar(played, lost, bar) else None


def change_chords(played: Arrangement, bar: int, rng: np.random.Generator) -> Arrangement | None:
    """Everything in three bars a tritone off."""
    if not any(chord.start_tick <= played.grid.bars[bar].start_tick < chord.end_tick for chord in played.chords):
        return None
    return _changed(played, lambda n: n._replace(pitch=n.pitch + 6) if _inside(n, played, bar, 3) else n)


def blip(played: Arrangement, bar: int, rng: np.random.Generator) -> Arrangement | None:
    """One note of the melody an octave up, where its neighbours lie within a fourth."""
    melody = sorted(played.melody)
    start = played.grid.bars[bar].start_tick
    near = [
        b for a, b, c in zip(melody, melody[1:], melody[2:], strict=False)
        if _inside(b, played, bar, 1) and max(abs(b.pitch - a.pitch), abs(b.pitch - c.pitch)) <= 3
        and start - a.end_tick <= 48 and c.onset_tick - b.end_tick <= 48
    ]  # fmt: skip
    if not near:
        return None
    chosen = near[int(rng.integers(len(near)))]
    raised = tuple(n._replace(pitch=n.pitch + 12) if n == chosen else n for n in melody)
    return replace(played, melody=raised)


def repeat_figure(played: Arrangement, bar: int, rng: np.random.Generator) -> Arrangement | None:
    """What a part plays in a bar, for the twelve bars from there on."""
    bars = played.grid.bars[bar : bar + 12]
    if len(bars) < 12 or len({one.meter for one in bars}) > 1:
        return None
    melody = {(n.onset_tick, n.pitch) for n in played.melody}
    for number, part in enumerate(played.parts):
        figure = [n for n in part.notes if _inside(n, played, bar, 1) and (n.onset_tick, n.pitch) not in melody]
        if part.is_drums or len({n.onset_tick for n in figure}) < 3:
            continue
        others = [n for n in part.notes if not _inside(n, played, bar, 12) or (n.onset_tick, n.pitch) in melody]
        shifts = [one.start_tick - bars[0].start_tick for one in bars]
        copies = [n._replace(onset_tick=n.onset_tick + shift) for shift in shifts for n in figure]
        parts = list(played.parts)
        parts[number] = replace(part, notes=tuple(sorted(others + copies)))
        return replace(played, parts=tuple(parts))
    return None


def silence(played: Arrangement, bar: int, rng: np.random.Generator) -> Arrangement | None:
    """Two bars without notes."""
    begin, end = played.grid.bars[bar].start_tick, played.grid.bars[bar + 1].end_tick
    held = _changed(played, lambda n: n._replace(duration_tick=min(n.duration_tick, max(begin - n.onset_tick, 1)))
                    if n.onset_tick < begin else n)  # fmt: skip
    return _kept(held, lambda n: not begin <= n.onset_tick < end)


PLANTERS = {"melody": lose_melody, "chords": change_chords, "octave blip": blip, "repeated figure": repeat_figure,
            "empty": silence}  # fmt: skip


def _inside(note: Note, played: Arrangement, bar: int, n_bars: int) -> bool:
    bars = played.grid.bars
    return bars[bar].start_tick <= note.onset_tick < bars[min(bar + n_bars, len(bars)) - 1].end_tick


def _in_bar(played: Arrangement, lost: set[tuple[int, int]], bar: int) -> bool:
    begin, end = played.grid.bars[bar].start_tick, played.grid.bars[bar].end_tick
    return any(begin <= tick < end for tick, _ in lost)


def _kept(played: Arrangement, keep: Callable[[Note], bool]) -> Arrangement:
    parts = tuple(replace(part, notes=tuple(filter(keep, part.notes))) for part in played.parts)
    return replace(played, parts=parts)


def _changed(played: Arrangement, change: Callable[[Note], Note]) -> Arrangement:
    parts = tuple(
        part if part.is_drums else replace(part, notes=tuple(sorted(map(change, part.notes)))) for part in played.parts
    )
    return replace(played, parts=parts)


if __name__ == "__main__":
    main()
